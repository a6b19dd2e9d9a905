//! What the system before the book handed over.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::book::TextBook;
use crate::support::sheet::Line;

use super::calendar::{Month, parse_month};
use super::event::Key;
use super::settlement::{Account, Balances, aged};

/// Creator, program, window, currency, basis.
type Volume = (String, String, String, String, String);

/// Balances, volumes, ids that were paid.
pub struct Before {
    /// The book's first month.
    pub first: Month,
    pub balances: Balances,
    pub volumes: BTreeMap<Volume, i64>,
    pub paid: BTreeSet<Key>,
}

impl Before {
    /// As the book's sheets say.
    pub fn new(book: &TextBook) -> Self {
        let lines = |sheet: &str| book.cutover.sheets[sheet].lines();
        let key = |line: &Line, names: [&str; 5]| names.map(|name| line[name].clone());
        let volume = |line: Line| {
            let [a, b, c, d, e] = key(&line, ["creator_id", "program", "window", "currency", "basis"]);
            ((a, b, c, d, e), int(&line))
        };
        Self {
            first: parse_month(&book.first_period),
            balances: balances(lines("balances")),
            volumes: lines("volumes").into_iter().map(volume).collect(),
            paid: lines("paid_ids").into_iter().map(|line| (line["log"].clone(), line["event_id"].clone())).collect(),
        }
    }
}

fn int(line: &Line) -> i64 {
    line["amount_minor"].parse().expect("minor units")
}

/// Oldest first, each against `brought_forward`; debit positive.
fn balances(mut lines: Vec<Line>) -> Balances {
    lines.sort_by_key(|line| parse_month(&line["booked_period"]));
    let mut balances = Balances::default();
    for line in lines {
        let (month, currency) = (parse_month(&line["booked_period"]), line["currency"].clone());
        let own: Account = (line["account"].clone(), Some(line["party_id"].clone()), currency.clone());
        for (account, minor) in [(own, -int(&line)), (("brought_forward".to_owned(), None, currency), int(&line))] {
            *balances.closing.entry(account.clone()).or_default() += minor;
            let age = balances.ages.remove(&account).unwrap_or_default();
            balances.ages.insert(account, aged(age, minor, month));
        }
    }
    balances.closing.retain(|_, minor| *minor != 0);
    balances
}
