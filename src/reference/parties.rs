//! Parties: who is paid, and in which currency, as of a day.

use std::collections::{BTreeMap, BTreeSet};

use super::table::Table;
use super::{as_of, without_overlaps};
use crate::error::Result;
use crate::money::Currency;

/// A party as known for a span of days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    pub kind: Option<String>,
    pub payout_currency: Currency,
    pub country: Option<String>,
    pub tax_form: Option<String>,
    pub status: Option<String>,
    /// The party that what this one owes is taken from.
    pub stand_in: Option<String>,
    span: (i32, Option<i32>),
}

/// All parties by id.
#[derive(Clone, Debug, Default)]
pub struct Parties(BTreeMap<String, Vec<Party>>);

impl Parties {
    pub(super) fn read(table: Option<&Table>) -> Result<Self> {
        let mut parties: BTreeMap<String, Vec<Party>> = BTreeMap::new();
        let Some(table) = table else { return Ok(Self(parties)) };
        for row in table.rows(&[
            "party_id",
            "kind",
            "payout_currency",
            "country",
            "tax_form",
            "status",
            "valid_from",
            "valid_to",
        ])? {
            let code = row.need("payout_currency")?;
            let currency =
                Currency::parse(code).ok_or_else(|| row.fault("payout_currency", "an ISO 4217 code", code))?;
            let id = row.need("party_id")?;
            if id == "platform" {
                return Err(row.fault("party_id", "another name: `platform` is reserved", id));
            }
            parties.entry(id.to_owned()).or_default().push(Party {
                kind: row.get("kind").map(str::to_owned),
                payout_currency: currency,
                country: row.get("country").map(str::to_owned),
                tax_form: row.get("tax_form").map(str::to_owned),
                status: row.get("status").map(str::to_owned),
                stand_in: match row.get("stand_in") {
                    Some(other) if other == id => {
                        return Err(row.fault("stand_in", "another party: nobody stands in for itself", other));
                    }
                    other => other.map(str::to_owned),
                },
                span: row.validity()?,
            });
        }
        without_overlaps("parties", &mut parties, |p| p.span)?;
        let parties = Self(parties);
        for row in table.rows(&["party_id"])?.filter(|row| row.get("stand_in").is_some()) {
            row.party("stand_in", &parties)?;
            let from = row.validity()?.0;
            if let Some(circle) = parties.circle(row.need("party_id")?, from) {
                let expected = "a chain of parties with an end: the last one keeps the debt";
                return Err(row.fault("stand_in", expected, &circle.join(" -> ")));
            }
        }
        Ok(parties)
    }

    /// The parties that stand in for each other, one for the next, from a party back to it. A circle is there as soon as the
    /// last of its rows holds, so that it is enough to look at the first day of each.
    fn circle(&self, party: &str, day: i32) -> Option<Vec<String>> {
        let mut chain = vec![party.to_owned()];
        while let Some(second) = chain.last().and_then(|last| self.on(last, day)?.stand_in.clone()) {
            let is_closed = second == party;
            let is_seen = chain.contains(&second);
            chain.push(second);
            if is_closed || is_seen {
                return is_closed.then_some(chain);
            }
        }
        None
    }

    /// Is there such a party on any day?
    #[must_use]
    pub fn has(&self, party: &str) -> bool {
        self.0.contains_key(party)
    }

    /// The party on a day.
    #[must_use]
    pub fn on(&self, party: &str, day: i32) -> Option<&Party> {
        as_of(self.0.get(party)?, day, |p| p.span)
    }

    /// Every party with its versions; one of them for each day at most.
    pub fn all(&self) -> impl Iterator<Item = (&str, &[Party])> {
        self.0.iter().map(|(id, versions)| (id.as_str(), versions.as_slice()))
    }

    /// The version of a party on a day.
    #[must_use]
    pub fn version(versions: &[Party], day: i32) -> Option<&Party> {
        as_of(versions, day, |p| p.span)
    }

    /// In which currency a party of these versions is paid, and from which day to which (not with it), where it is one
    /// currency without a gap.
    #[must_use]
    pub fn only_currency(versions: &[Party]) -> Option<(Currency, [i32; 2])> {
        let ([first, ..], [.., last]) = (versions, versions) else { return None };
        let is_one = |pair: &[Party]| {
            pair[0].span.1 == Some(pair[1].span.0) && pair[0].payout_currency == pair[1].payout_currency
        };
        let days = [first.span.0, last.span.1.unwrap_or(i32::MAX)];
        versions.windows(2).all(is_one).then_some((first.payout_currency, days))
    }

    /// The ids of all parties.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Every currency that the party was paid in by a version that began on or before `day`.
    #[must_use]
    pub fn currencies_until(&self, party: &str, day: i32) -> BTreeSet<Currency> {
        let versions = self.0.get(party).map_or(&[][..], Vec::as_slice);
        versions.iter().filter(|p| p.span.0 <= day).map(|p| p.payout_currency).collect()
    }
}
