//! Referrals: who brought a creator, and what the platform pays for it.

use super::parties::Parties;
use super::table::Table;
use crate::error::Result;
use crate::money::{Currency, Exact};
use crate::period::Period;

/// What a referral's percentage is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferralBasis {
    /// What payers paid.
    Gross,
    /// The creator side.
    Earned,
}

/// One referral.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referral {
    pub id: String,
    /// Who is paid.
    pub party: String,
    /// Who was brought.
    pub creator: String,
    /// Above 0, at most 1.
    pub rate: Exact,
    pub basis: ReferralBasis,
    /// Earning periods, the one of the first day among them.
    pub months: i32,
    /// The most that is paid in all, minor units of the currency.
    pub cap: Option<(i64, Currency)>,
    /// Empty: what all programs pay.
    pub programs: Vec<String>,
    from: i32,
}

/// All referrals by id.
#[derive(Clone, Debug, Default)]
pub struct Referrals(Vec<Referral>);

impl Referrals {
    pub(super) fn read(table: Option<&Table>, parties: &Parties) -> Result<Self> {
        let mut referrals: Vec<Referral> = Vec::new();
        let Some(table) = table else { return Ok(Self(referrals)) };
        let needed = ["referral_id", "party_id", "creator_id", "rate", "months", "valid_from"];
        for row in table.rows(&needed)? {
            let id = row.need("referral_id")?.to_owned();
            if referrals.iter().any(|r| r.id == id) {
                return Err(row.fault("referral_id", "an id that no other referral has", &id));
            }
            let months = row.whole("months")?.filter(|m| (1..=1200).contains(m));
            let months = months.ok_or_else(|| row.fault("months", "1 to 1200 months", row.get("months").unwrap_or("")));
            let cap = match row.get("cap_minor") {
                None => None,
                Some(_) => Some((row.amount("cap_minor")?, row.currency("cap_currency")?)),
            };
            referrals.push(Referral {
                id,
                party: row.party("party_id", parties)?,
                creator: row.need("creator_id")?.to_owned(),
                rate: row.share("rate")?,
                basis: match row.get("basis") {
                    None | Some("earned") => ReferralBasis::Earned,
                    Some("gross") => ReferralBasis::Gross,
                    Some(other) => return Err(row.fault("basis", "gross or earned", other)),
                },
                months: i32::try_from(months?).unwrap_or(i32::MAX),
                cap,
                programs: row.names("programs"),
                from: row.need_day("valid_from")?,
            });
        }
        referrals.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Self(referrals))
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Referral> {
        self.0.iter()
    }
}

impl Referral {
    /// Is it paid for what is earned in a period? The month of its first day is the first.
    #[must_use]
    pub fn is_paid_for(&self, earned: Period) -> bool {
        let month = earned.ordinal() - Period::of_day(self.from).ordinal();
        (0..self.months).contains(&month)
    }

    /// Does what a program pays count?
    #[must_use]
    pub fn is_of(&self, program: &str) -> bool {
        self.programs.is_empty() || self.programs.iter().any(|p| p == program)
    }
}
