//! Creators: what eligibility asks of them, as of a day.

use std::collections::BTreeMap;

use super::table::Table;
use super::{as_of, without_overlaps};
use crate::error::Result;
use crate::period::{date_of, day_of};

/// A creator as known for a span of days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creator {
    pub birth_date: Option<i32>,
    pub followers: Option<i64>,
    pub country: Option<String>,
    pub status: Option<String>,
    span: (i32, Option<i32>),
}

/// All creators by id.
#[derive(Clone, Debug, Default)]
pub struct Creators(BTreeMap<String, Vec<Creator>>);

impl Creators {
    pub(super) fn read(table: Option<&Table>) -> Result<Self> {
        let mut creators: BTreeMap<String, Vec<Creator>> = BTreeMap::new();
        let Some(table) = table else { return Ok(Self(creators)) };
        for row in
            table.rows(&["creator_id", "birth_date", "followers", "country", "status", "valid_from", "valid_to"])?
        {
            creators.entry(row.need("creator_id")?.to_owned()).or_default().push(Creator {
                birth_date: row.day("birth_date")?,
                followers: row.whole("followers")?,
                country: row.get("country").map(str::to_owned),
                status: row.get("status").map(str::to_owned),
                span: row.validity()?,
            });
        }
        without_overlaps("creators", &mut creators, |c| c.span)?;
        Ok(Self(creators))
    }

    /// All versions of a creator, by first day.
    #[must_use]
    pub fn versions(&self, creator: &str) -> &[Creator] {
        self.0.get(creator).map_or(&[], Vec::as_slice)
    }

    /// The version among `versions` that holds on `day`.
    #[must_use]
    pub fn on(versions: &[Creator], day: i32) -> Option<&Creator> {
        as_of(versions, day, |c| c.span)
    }
}

impl Creator {
    /// Full years on a day. A year is full on the birthday; for 29 February, in other years, on 1 March.
    #[must_use]
    pub fn age(&self, day: i32) -> Option<i64> {
        let (birth, today) = (date_of(self.birth_date?), date_of(day));
        let birthday = jiff::civil::Date::new(today.year(), birth.month(), birth.day())
            .or_else(|_| jiff::civil::Date::new(today.year(), 3, 1))
            .ok()?;
        let years = i64::from(today.year()) - i64::from(birth.year());
        Some(years - i64::from(day < day_of(birthday)))
    }
}
