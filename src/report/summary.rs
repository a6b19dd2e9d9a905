//! The payout summary: what each closed month earned and paid, by currency.

use std::collections::BTreeMap;

use crate::book::Book;
use crate::error::Result;
use crate::ledger::{State, Store};
use crate::money::major_of;
use crate::period::Period;

/// Rows of the summary: period, currency, and amounts in major units.
pub type Summary = Vec<[String; 9]>;

#[derive(Default)]
struct Sums {
    earned: i128,
    corrections: i128,
    adjustments: i128,
    held: i128,
    paid: i128,
    parties: usize,
    carried: i128,
}

/// Sums every closed period's statements and payouts.
///
/// # Errors
/// The ledger can't be read.
pub fn payout_summary(book: &Book) -> Result<Summary> {
    let store = Store::open(&book.ledger)?;
    let state = State::of_ledger(&store, book.first_period)?;
    let mut sums: BTreeMap<(Period, String), Sums> = BTreeMap::new();
    for closed in state.closed() {
        let tables = store.run(&closed.run_id)?.tables()?;
        for s in &tables.statements {
            let sum = sums.entry((closed.period, s.currency.clone())).or_default();
            sum.earned += i128::from(s.earned_minor);
            sum.corrections += i128::from(s.corrections_minor);
            sum.adjustments += i128::from(s.adjustments_minor);
            sum.held += i128::from(s.held_minor);
            sum.paid += i128::from(s.payout_minor);
            sum.parties += usize::from(s.payout_minor != 0);
            sum.carried += i128::from(s.closing_minor);
        }
    }
    Ok(sums.into_iter().map(|((period, currency), sum)| row(period, &currency, &sum)).collect())
}

fn row(period: Period, currency: &str, sum: &Sums) -> [String; 9] {
    let text = |minor: i128| major_of(minor, currency);
    [
        period.to_string(),
        currency.to_owned(),
        text(sum.earned),
        text(sum.corrections),
        text(sum.adjustments),
        text(sum.held),
        text(sum.paid),
        sum.parties.to_string(),
        text(sum.carried),
    ]
}
