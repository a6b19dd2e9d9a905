//! A party's account in one currency while its settlement is worked out.

use crate::error::Result;
use crate::ledger::Statement;
use crate::money::{Currency, to_minor};

/// The steps so far; minor units, signed as the columns of `statements`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    pub opening: i128,
    pub earned: i128,
    pub corrections: i128,
    pub adjustments: i128,
    pub moved: i128,
    pub stand_in: i128,
    pub held: i128,
    pub hold_released: i128,
    pub recouped: i128,
    pub withheld: i128,
    pub reserved: i128,
    pub reserve_released: i128,
    pub payout: i128,
    pub forfeited: i128,
}

impl Row {
    /// What the steps so far leave to be paid.
    pub fn payable(&self) -> i128 {
        let came = self.opening + self.earned + self.corrections + self.adjustments + self.moved + self.stand_in;
        let waits = self.hold_released - self.held + self.reserve_released - self.reserved;
        came + waits - self.recouped - self.withheld
    }

    /// What this period earned or corrected, as far as it can be paid now: the base of recoupment, withholding, reserve.
    pub fn due(&self) -> i128 {
        self.earned + self.corrections - self.held + self.hold_released
    }

    /// What may still be taken without a debt.
    pub fn room(&self) -> i128 {
        self.payable().max(0)
    }

    /// As a row of `statements`.
    ///
    /// # Errors
    /// An amount beyond Int64 (gate).
    pub fn statement(&self, party: &str, currency: Currency) -> Result<Statement> {
        let minor = |value: i128| to_minor(value, "a statement's amount");
        Ok(Statement {
            party_id: party.to_owned(),
            currency: currency.code().to_owned(),
            opening_minor: minor(self.opening)?,
            earned_minor: minor(self.earned)?,
            corrections_minor: minor(self.corrections)?,
            adjustments_minor: minor(self.adjustments)?,
            moved_minor: minor(self.moved)?,
            stand_in_minor: minor(self.stand_in)?,
            held_minor: minor(self.held)?,
            hold_released_minor: minor(self.hold_released)?,
            recouped_minor: minor(self.recouped)?,
            withheld_minor: minor(self.withheld)?,
            reserved_minor: minor(self.reserved)?,
            reserve_released_minor: minor(self.reserve_released)?,
            payable_minor: minor(self.payable())?,
            payout_minor: minor(self.payout)?,
            forfeited_minor: minor(self.forfeited)?,
            closing_minor: minor(self.payable() - self.payout - self.forfeited)?,
        })
    }

    /// Is any step, or what they give, not 0?
    pub fn has_amounts(&self) -> bool {
        *self != Self::default()
    }
}
