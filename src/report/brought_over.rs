//! What the system before handed over for a party, as its statement of the book's first period shows it.

use serde::Serialize;

use crate::book::Book;
use crate::cutover::{Cutover, Volume};
use crate::error::Result;
use crate::ledger::{Account, OpeningBalance, RunDir};
use crate::money::{Currency, major_grouped};
use crate::period::Period;

/// What was brought over for one party.
#[derive(Debug, Serialize)]
pub struct BroughtOver {
    /// The system before.
    pub system: String,
    pub balances: Vec<BalanceLine>,
    pub volumes: Vec<VolumeLine>,
}

/// One balance and its age.
#[derive(Debug, Serialize)]
pub struct BalanceLine {
    pub account: String,
    pub currency: String,
    /// The period of the system before that booked it.
    pub booked_period: String,
    /// In the party's favour positive.
    pub amount_minor: i64,
    pub amount: String,
}

/// What counts towards tiers.
#[derive(Debug, Serialize)]
pub struct VolumeLine {
    pub program: String,
    pub window: String,
    pub basis: String,
    pub currency: String,
    pub amount_minor: i64,
    pub amount: String,
}

/// What was brought over for a party; none in another period than the book's first, or where there was nothing.
///
/// # Errors
/// The run's copies can't be read (input).
pub fn brought_over(book: &Book, run: &RunDir, party: &str, period: Period) -> Result<Option<BroughtOver>> {
    if period != book.first_period {
        return Ok(None);
    }
    let mut copies = run.copies("cutover/")?;
    copies.retain(|(name, _)| !name.starts_with("paid_ids."));
    let cutover = Cutover::of_copies(copies, period)?;
    let own = cutover.balances.iter().filter(|b| b.party_id == party);
    let balances: Vec<BalanceLine> = own.map(balance_line).collect();
    let volumes: Vec<VolumeLine> = cutover.volumes.of(party).iter().map(volume_line).collect();
    let any = !balances.is_empty() || !volumes.is_empty();
    Ok(any.then_some(BroughtOver { system: cutover.record.system, balances, volumes }))
}

fn balance_line(b: &OpeningBalance) -> BalanceLine {
    let amount = Currency::parse(&b.currency).map(|currency| major_grouped(b.amount_minor, currency));
    BalanceLine {
        account: b.account.clone(),
        currency: b.currency.clone(),
        booked_period: b.booked_period.clone(),
        amount_minor: b.amount_minor,
        amount: amount.unwrap_or_else(|| b.amount_minor.to_string()),
    }
}

fn volume_line(v: &Volume) -> VolumeLine {
    VolumeLine {
        program: v.program.clone(),
        window: v.window.to_string(),
        basis: v.basis.to_string(),
        currency: v.currency.code().to_owned(),
        amount_minor: v.amount_minor,
        amount: major_grouped(v.amount_minor, v.currency),
    }
}

impl BroughtOver {
    /// What the opening balance of an account is made of.
    pub fn payable<'a>(&'a self, currency: &'a str) -> impl Iterator<Item = &'a BalanceLine> {
        let payable = Account::PartyPayable.name();
        self.balances.iter().filter(move |b| b.account == payable && b.currency == currency)
    }

    /// The lines behind an opening balance: where it comes from, and how old it is.
    pub fn behind(&self, currency: &str, width: usize) -> String {
        let line = |b: &BalanceLine| {
            format!("      {:>width$}   brought over from {}, booked in {}\n", b.amount, self.system, b.booked_period)
        };
        self.payable(currency).map(line).collect()
    }

    /// What was brought over beside opening balances.
    pub fn beside(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        let payable = Account::PartyPayable.name();
        for b in self.balances.iter().filter(|b| b.account != payable) {
            let what = if b.account == Account::PartyReserve.name() { "kept in reserve" } else { "advance" };
            lines.push(format!("{what} {} {}, booked in {}", b.amount, b.currency, b.booked_period));
        }
        for v in &self.volumes {
            lines.push(format!("{} of {}: {} {} {}", v.window, v.program, v.amount, v.currency, v.basis));
        }
        match lines.is_empty() {
            true => String::new(),
            false => format!("\n  brought over from {}\n    {}\n", self.system, lines.join("\n    ")),
        }
    }
}
