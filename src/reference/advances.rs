//! Advances: money that was paid before it was earned, and how it is recouped.

use super::parties::Parties;
use super::table::Table;
use crate::error::Result;
use crate::money::{Currency, Exact};
use crate::period::Period;

/// Whose part an advance is recouped from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// The party had the money in advance: it is kept back of what the party earns.
    Creator,
    /// The party paid in advance: it gets back what the platform earns with it.
    Platform,
}

/// One advance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advance {
    pub id: String,
    pub party: String,
    pub currency: Currency,
    /// Minor units, above 0.
    pub granted: i64,
    /// Of what is earned, the part that recoups it: above 0, at most 1.
    pub rate: Exact,
    pub from: From,
    /// Empty: what all programs pay.
    pub programs: Vec<String>,
    /// Granted in the period of the first day; recouped while in force on a period's last day.
    pub span: (i32, Option<i32>),
}

/// All advances, the oldest first; of one day by id.
#[derive(Clone, Debug, Default)]
pub struct Advances(Vec<Advance>);

impl Advances {
    pub(super) fn read(table: Option<&Table>, parties: &Parties) -> Result<Self> {
        let mut advances: Vec<Advance> = Vec::new();
        let Some(table) = table else { return Ok(Self(advances)) };
        let needed = ["advance_id", "party_id", "currency", "amount_minor", "rate", "from", "programs", "valid_from"];
        for row in table.rows(&needed)? {
            let id = row.need("advance_id")?.to_owned();
            if advances.iter().any(|a| a.id == id) {
                return Err(row.fault("advance_id", "an id that no other advance has", &id));
            }
            advances.push(Advance {
                id,
                party: row.party("party_id", parties)?,
                currency: row.currency("currency")?,
                granted: row.amount("amount_minor")?,
                rate: row.share("rate")?,
                from: match row.need("from")? {
                    "creator" => From::Creator,
                    "platform" => From::Platform,
                    other => return Err(row.fault("from", "creator or platform: whose part", other)),
                },
                programs: row.names("programs"),
                span: (row.need_day("valid_from")?, row.validity()?.1),
            });
        }
        advances.sort_by(|a, b| (a.span.0, &a.id).cmp(&(b.span.0, &b.id)));
        Ok(Self(advances))
    }

    /// All of them, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Advance> {
        self.0.iter()
    }
}

impl Advance {
    /// Was it granted in or before a period?
    #[must_use]
    pub fn is_granted_by(&self, period: Period) -> bool {
        self.span.0 <= period.last_day()
    }

    /// May it be recouped in a period?
    #[must_use]
    pub fn is_recouped_in(&self, period: Period) -> bool {
        self.is_granted_by(period) && self.span.1.is_none_or(|to| period.last_day() < to)
    }

    /// Does what a program pays recoup it?
    #[must_use]
    pub fn is_of(&self, program: &str) -> bool {
        self.programs.is_empty() || self.programs.iter().any(|p| p == program)
    }
}
