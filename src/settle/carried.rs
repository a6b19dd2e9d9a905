//! What one settlement hands to the next: holds, reserves, advances, and rests of bases.

use std::collections::{BTreeMap, BTreeSet};

use super::Key;
use crate::error::{Error, Result};
use crate::ledger::{Account, CarriedAmount, OpeningBalance};
use crate::money::{Currency, to_minor};
use crate::period::{Period, day_text, parse_day};
use crate::reference::{Advances, From};

/// Party, currency, program, and the period that releases it; none: its days have not begun.
pub type HeldKey = (String, Currency, String, Option<Period>);
/// Party, currency, the period that kept it, and the day of its release; none: no terms have said yet.
pub type ReserveKey = (String, Currency, Period, Option<i32>);
/// Party, currency, and the payers' country.
pub type PayersKey = (String, Currency, String);

/// An advance so far, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recouped {
    pub granted: i128,
    pub recouped: i128,
}

/// What a settlement goes on from; amounts in minor units, in the party's favour positive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Parts that wait for their release.
    pub held: BTreeMap<HeldKey, i128>,
    pub reserve: BTreeMap<ReserveKey, i128>,
    /// All that became payable of what payers of a country brought, since the first settlement that asked.
    pub payers: BTreeMap<PayersKey, i128>,
    /// By party, currency and id.
    pub advances: BTreeMap<PayersKey, Recouped>,
    /// What a base fell short of nothing, by party, currency and advance: below 0.
    pub recoupment_rests: BTreeMap<PayersKey, i128>,
    /// The same of withholding, by party, currency and tax; the only one has no name.
    pub withholding_rests: BTreeMap<PayersKey, i128>,
}

impl Carried {
    /// What the settlement before recorded.
    ///
    /// # Errors
    /// A row can't be read (input).
    pub fn read(rows: &[CarriedAmount]) -> Result<Self> {
        let mut carried = Self::default();
        for row in rows {
            carried.add(row).ok_or_else(|| {
                Error::input("what a settlement carries can't be read")
                    .at("pins.json")
                    .found(format!("{} {} {:?} {:?}", row.what, row.currency, row.detail, row.until))
            })?;
        }
        Ok(carried)
    }

    fn add(&mut self, row: &CarriedAmount) -> Option<()> {
        let (party, minor) = (row.party_id.clone(), i128::from(row.amount_minor));
        let (currency, detail) = (Currency::parse(&row.currency)?, row.detail.clone());
        match row.what.as_str() {
            "held" => {
                let until = row.until.as_ref().map_or(Some(None), |text| text.parse().ok().map(Some))?;
                self.held.insert((party, currency, detail, until), minor);
            }
            "reserve" => {
                let until = row.until.as_ref().map_or(Some(None), |text| parse_day(text).map(Some))?;
                self.reserve.insert((party, currency, detail.parse().ok()?, until), minor);
            }
            "payers" => drop(self.payers.insert((party, currency, detail), minor)),
            "advance_granted" => self.advances.entry((party, currency, detail)).or_default().granted = minor,
            "advance_recouped" => self.advances.entry((party, currency, detail)).or_default().recouped = minor,
            "recoupment_rest" => drop(self.recoupment_rests.insert((party, currency, detail), minor)),
            "withholding_rest" => drop(self.withholding_rests.insert((party, currency, detail), minor)),
            _ => return None,
        }
        Some(())
    }

    /// As rows to record, without zeros, sorted.
    ///
    /// # Errors
    /// An amount beyond Int64 (gate).
    pub fn rows(&self) -> Result<Vec<CarriedAmount>> {
        let mut rows = Vec::new();
        let mut put = |what: &str, key: (&String, &Currency, &str), until: Option<String>, minor: i128| -> Result<()> {
            let (party, currency, detail) = key;
            if minor != 0 {
                rows.push(CarriedAmount {
                    what: what.to_owned(),
                    party_id: party.clone(),
                    currency: currency.code().to_owned(),
                    detail: detail.to_owned(),
                    until,
                    amount_minor: to_minor(minor, "what a settlement carries")?,
                });
            }
            Ok(())
        };
        for ((party, currency, program, until), minor) in &self.held {
            put("held", (party, currency, program), until.map(|p| p.to_string()), *minor)?;
        }
        for ((party, currency, kept, until), minor) in &self.reserve {
            put("reserve", (party, currency, &kept.to_string()), until.map(day_text), *minor)?;
        }
        for ((party, currency, country), minor) in &self.payers {
            put("payers", (party, currency, country), None, *minor)?;
        }
        for ((party, currency, id), so_far) in &self.advances {
            put("advance_granted", (party, currency, id), None, so_far.granted)?;
            put("advance_recouped", (party, currency, id), None, so_far.recouped)?;
        }
        for ((party, currency, id), minor) in &self.recoupment_rests {
            put("recoupment_rest", (party, currency, id), None, *minor)?;
        }
        for ((party, currency, tax), minor) in &self.withholding_rests {
            put("withholding_rest", (party, currency, tax), None, *minor)?;
        }
        rows.sort();
        Ok(rows)
    }

    /// What the first settlement of a book goes on from: reserves and advances that the system before handed over.
    ///
    /// An advance of before the book has been recouped up to what was brought over of it, the oldest one first. In a
    /// book that nothing was brought over to, it is granted with the first period.
    ///
    /// # Errors
    /// A balance can't be read (input).
    pub fn opened(opening: &[OpeningBalance], advances: &Advances, first: Period) -> Result<Self> {
        let mut carried = Self::default();
        let mut owed: BTreeMap<Key, i128> = BTreeMap::new();
        for row in opening {
            let currency = Currency::parse(&row.currency)
                .ok_or_else(|| Error::input("a currency in the ledger is unknown").found(row.currency.clone()))?;
            let (party, minor) = (row.party_id.clone(), i128::from(row.amount_minor));
            if row.account == Account::PartyReserve.name() {
                *carried.reserve.entry((party, currency, row.booked_period.parse()?, None)).or_default() += minor;
            } else if row.account == Account::AdvanceReceivable.name() {
                *owed.entry((party, currency)).or_default() -= minor;
            }
        }
        if !opening.is_empty() {
            carried.advances = before_the_book(&owed, advances, first);
        }
        Ok(carried)
    }

    /// Parties whose settlement asks what each program paid: those with an advance, or with a hold without an end.
    #[must_use]
    pub fn by_program(&self, advances: &Advances) -> BTreeSet<String> {
        let open = self.held.keys().filter(|key| key.3.is_none()).map(|key| key.0.clone());
        open.chain(advances.iter().map(|advance| advance.party.clone())).collect()
    }
}

/// Advances of before the book: the newest hold what is still owed.
fn before_the_book(owed: &BTreeMap<Key, i128>, advances: &Advances, first: Period) -> BTreeMap<PayersKey, Recouped> {
    let (mut owed, mut so_far) = (owed.clone(), BTreeMap::new());
    let older = |a: &&crate::reference::Advance| a.span.0 < first.first_day() && a.from == From::Creator;
    let older: Vec<_> = advances.iter().filter(older).collect();
    for advance in older.into_iter().rev() {
        let granted = i128::from(advance.granted);
        let left = owed.entry((advance.party.clone(), advance.currency)).or_default();
        let open = granted.min(*left);
        *left -= open;
        let key = (advance.party.clone(), advance.currency, advance.id.clone());
        so_far.insert(key, Recouped { granted, recouped: granted - open });
    }
    so_far
}
