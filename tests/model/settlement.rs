//! Statements, payouts, balances and their ages.

use std::collections::{BTreeMap, BTreeSet};

use super::before::Before;
use super::calendar::{Month, day_text, last_day, month_text};
use super::journal::{Earned, Entry, Journal, Place};
use super::output::{Lines, line};
use super::policy::Terms;
use super::references::{Rates, References};
use super::release::Release;
use super::steps::Carried;

/// Account, party, currency.
pub type Account = (String, Option<String>, String);

/// What a close leaves: balances, and the months in which what is left was booked, oldest first.
#[derive(Clone, Default)]
pub struct Balances {
    pub closing: BTreeMap<Account, i64>,
    pub ages: BTreeMap<Account, Vec<(Month, i64)>>,
}

/// Party and currency.
pub type Key = (String, String);

/// Adjustments by party and currency.
pub type Adjusted = BTreeMap<Key, i64>;

/// The columns of a statement, each with its sign in what can be paid.
const COLUMNS: [(&str, i64); 15] = [
    ("opening", 1),
    ("earned", 1),
    ("corrections", 1),
    ("adjustments", 1),
    ("moved", 1),
    ("stand_in", 1),
    ("held", -1),
    ("hold_released", 1),
    ("recouped", -1),
    ("withheld", -1),
    ("reserved", -1),
    ("reserve_released", 1),
    ("payable", 0),
    ("payout", 0),
    ("forfeited", 0),
];

/// A party's account so far: amounts by the names of the columns.
#[derive(Clone, Default)]
pub struct Row(BTreeMap<&'static str, i64>);

impl Row {
    /// The amount of a column.
    pub fn get(&self, column: &str) -> i64 {
        self.0.get(column).copied().unwrap_or(0)
    }

    /// Adds to a column.
    pub fn add(&mut self, column: &'static str, minor: i64) {
        *self.0.entry(column).or_default() += minor;
    }

    /// What could be paid by now.
    pub fn payable(&self) -> i64 {
        COLUMNS.iter().map(|(column, sign)| sign * self.get(column)).sum()
    }

    /// What the month earned and corrected, as far as it can be paid now.
    pub fn due(&self) -> i64 {
        self.get("earned") + self.get("corrections") - self.get("held") + self.get("hold_released")
    }

    /// What may be taken without a debt.
    pub fn room(&self) -> i64 {
        self.payable().max(0)
    }
}

/// What a settlement goes by.
pub struct Given<'a> {
    pub terms: &'a Terms,
    pub refs: &'a References,
    pub rates: &'a Rates<'a>,
    pub month: Month,
    pub before: &'a Before,
    pub prior: &'a Balances,
    /// None in the first month.
    pub carried: Option<&'a Carried>,
}

/// What the month books.
#[derive(Default)]
pub struct Inputs {
    pub earned: Earned,
    pub adjusted: Adjusted,
    /// Of all that is booked by now: party, currency, program, release, payers' country.
    pub spread: BTreeMap<(String, String, String, Release, Option<String>), i64>,
    /// The platform's part by creator, currency and program.
    pub platform: BTreeMap<(String, String, String), i64>,
}

/// A settlement while its steps are taken.
pub struct Settlement<'a> {
    pub journal: &'a mut Journal,
    pub given: &'a Given<'a>,
    pub inputs: &'a Inputs,
    pub rows: BTreeMap<Key, Row>,
    pub carried: Carried,
    /// Entries so far.
    pub entries: usize,
}

impl Settlement<'_> {
    /// An account, which there is from now on.
    pub fn row(&mut self, party: &str, cur: &str) -> &mut Row {
        self.rows.entry((party.to_owned(), cur.to_owned())).or_default()
    }

    /// Debits one place and credits another, as an entry of its own.
    pub fn post(&mut self, kind: &'static str, program: Option<&str>, debit: Place, credit: Place, minor: i64) {
        self.entries += 1;
        let apart = vec![self.entries.to_string()];
        let entry = Entry { kind, program: program.map(str::to_owned), apart, ..Entry::default() };
        self.journal.post(&entry, debit, minor);
        self.journal.post(&entry, credit, -minor);
    }

    fn open(&mut self) {
        for ((account, party, cur), minor) in &self.given.prior.closing {
            if account == "party_payable" {
                self.row(party.as_ref().expect("a party"), cur).add("opening", -minor);
            }
        }
        for ((party, cur, _, now, _), minor) in &self.inputs.earned {
            self.row(party, cur).add(if *now { "earned" } else { "corrections" }, *minor);
        }
        for ((party, cur), minor) in &self.inputs.adjusted {
            self.row(party, cur).add("adjustments", *minor);
        }
    }
}

/// Settles every party: statements, payouts, and what the next settlement goes on from.
pub fn settle(journal: &mut Journal, given: &Given, inputs: &Inputs) -> ([Lines; 2], Carried) {
    let carried = given.carried.cloned().unwrap_or_else(|| Carried::opened(given));
    let mut s = Settlement { journal, given, inputs, rows: BTreeMap::new(), carried, entries: 0 };
    s.open();
    s.hold_without_rate();
    s.hold();
    s.move_debts();
    for step in &given.terms.order {
        match step.as_str() {
            "stand_in" => s.stand_in(),
            "recoupment" => s.recoup(),
            "withholding" => s.withhold(),
            "reserve" => s.reserve(),
            other => panic!("no step {other:?}"),
        }
    }
    s.pay();
    let due = day_text(last_day(given.month) + given.terms.due_days);
    let kept = s.rows.iter().filter(|(_, row)| row.payable() != 0 || row.0.values().any(|minor| *minor != 0));
    let statements = kept.map(|((party, cur), row)| statement(party, cur, row)).collect();
    let paid = s.rows.iter().filter(|(_, row)| row.get("payout") != 0);
    let payout = |((party, cur), row): (&Key, &Row)| {
        let minor = row.get("payout").to_string();
        line(&[("party_id", party), ("currency", cur), ("amount_minor", &minor), ("due_date", &due)])
    };
    ([statements, paid.map(payout).collect()], s.carried)
}

fn statement(party: &str, cur: &str, row: &Row) -> super::output::Line {
    let mut out = line(&[("party_id", party), ("currency", cur)]);
    out.extend(COLUMNS.iter().map(|(column, _)| (format!("{column}_minor"), row.get(column).to_string())));
    let payable = row.payable();
    let closing = payable - row.get("payout") - row.get("forfeited");
    out.insert("payable_minor".to_owned(), payable.to_string());
    out.insert("closing_minor".to_owned(), closing.to_string());
    out
}

/// The roll-forward of every account, and what the next period opens with.
pub fn balances(journal: &Journal, prior: &Balances, month: Month) -> (Lines, Balances) {
    let mut moved: BTreeMap<Account, (i64, i64)> = BTreeMap::new();
    for ((_, place), minor) in &journal.0 {
        let sums = moved.entry((place.account.clone(), place.party.clone(), place.currency.clone())).or_default();
        *sums = (sums.0 + minor.max(&0), sums.1 - minor.min(&0));
    }
    let accounts: BTreeSet<Account> = moved.keys().chain(prior.closing.keys()).cloned().collect();
    let (mut rows, mut next) = (Lines::new(), Balances::default());
    for account in accounts {
        let opening = prior.closing.get(&account).copied().unwrap_or(0);
        let (debit, credit) = moved.get(&account).copied().unwrap_or_default();
        let closing = opening + debit - credit;
        let age = aged(prior.ages.get(&account).cloned().unwrap_or_default(), debit - credit, month);
        assert_eq!(age.iter().map(|(_, minor)| minor).sum::<i64>(), closing, "the age of {account:?}");
        if opening != 0 || debit != 0 || credit != 0 {
            rows.push(balance(&account, [opening, debit, credit, closing], &age));
        }
        if closing != 0 {
            next.closing.insert(account.clone(), closing);
            next.ages.insert(account, age);
        }
    }
    (rows, next)
}

/// First in, first out: a change of the other sign uses up the oldest amounts.
pub fn aged(mut queue: Vec<(Month, i64)>, mut change: i64, month: Month) -> Vec<(Month, i64)> {
    while change != 0 && queue.first().is_some_and(|(_, oldest)| (*oldest > 0) != (change > 0)) {
        let used = change.abs().min(queue[0].1.abs()) * change.signum();
        queue[0].1 += used;
        change -= used;
        queue.retain(|(_, minor)| *minor != 0);
    }
    queue.extend((change != 0).then_some((month, change)));
    queue
}

fn balance(account: &Account, amounts: [i64; 4], age: &[(Month, i64)]) -> super::output::Line {
    let names = ["opening_minor", "debit_minor", "credit_minor", "closing_minor"];
    let mut row = line(&[("account", &account.0), ("currency", &account.2)]);
    row.extend(account.1.clone().map(|party| ("party_id".to_owned(), party)));
    row.extend(names.iter().zip(amounts).map(|(name, minor)| ((*name).to_owned(), minor.to_string())));
    let oldest = age.first().filter(|_| account.0.starts_with("party_"));
    row.extend(oldest.map(|(month, _)| ("oldest_period".to_owned(), month_text(*month))));
    row
}
