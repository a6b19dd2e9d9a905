//! Statements, payouts, balances and their ages.

use std::collections::{BTreeMap, BTreeSet};

use super::calendar::{Month, day_text, last_day, month_text};
use super::journal::{Earned, Entry, Journal, Place};
use super::number::{half_even, q, ten_to};
use super::output::{Lines, line};
use super::policy::{Fx, Terms};
use super::references::{Rates, References, digits};

/// Account, party, currency.
pub type Account = (String, Option<String>, String);

/// What a close leaves: balances, and the months in which what is left was booked, oldest first.
#[derive(Clone, Default)]
pub struct Balances {
    pub closing: BTreeMap<Account, i64>,
    pub ages: BTreeMap<Account, Vec<(Month, i64)>>,
}

/// Party and currency.
type Row = (String, String);

/// Adjustments by party and currency.
pub type Adjusted = BTreeMap<Row, i64>;

/// Settles every party; the holds and payouts go to the journal.
pub fn settle(
    journal: &mut Journal,
    prior: &Balances,
    earned: &Earned,
    adjusted: &Adjusted,
    paper: &Paper,
) -> [Lines; 2] {
    let month = paper.month;
    let opening = prior.closing.keys().filter(|(account, ..)| account == "party_payable");
    let mut rows: BTreeSet<Row> = opening.map(|(_, p, c)| (p.clone().expect("a party"), c.clone())).collect();
    rows.extend(earned.keys().map(|(p, c, ..)| (p.clone(), c.clone())));
    rows.extend(adjusted.keys().cloned());
    let balance = |(party, cur): &Row| {
        let key = ("party_payable".to_owned(), Some(party.clone()), cur.clone());
        let earned =
            earned.iter().filter(|((p, c, ..), _)| (p, c) == (party, cur)).map(|(_, minor)| minor).sum::<i64>();
        let adjusted = adjusted.get(&(party.clone(), cur.clone())).copied().unwrap_or(0);
        earned + adjusted - prior.closing.get(&key).copied().unwrap_or(0)
    };
    let mut moved = BTreeMap::new();
    for row in &rows {
        move_debt(journal, paper, row, balance(row), &mut moved);
    }
    rows.extend(moved.keys().cloned());
    let (mut statements, mut payouts) = (Lines::new(), Lines::new());
    for (party, cur) in rows {
        let key = ("party_payable".to_owned(), Some(party.clone()), cur.clone());
        let moved = moved.get(&(party.clone(), cur.clone())).copied().unwrap_or(0);
        let sum = |wanted: &dyn Fn(bool, bool) -> bool| {
            let hit =
                earned.iter().filter(|((p, c, now, no_rate), _)| (p, c) == (&party, &cur) && wanted(*now, *no_rate));
            hit.map(|(_, minor)| minor).sum::<i64>()
        };
        let opening = -prior.closing.get(&key).copied().unwrap_or(0);
        let (earned, corrections, held) = (sum(&|now, _| now), sum(&|now, _| !now), sum(&|_, no_rate| no_rate));
        let adjustments = adjusted.get(&(party.clone(), cur.clone())).copied().unwrap_or(0);
        let payable = opening + earned + corrections + adjustments + moved - held;
        let payout = if paper.is_paid(&party, payable, &cur) { payable } else { 0 };
        move_held_and_paid(journal, &party, &cur, held, payout);
        let amounts = [
            ("opening_minor", opening),
            ("earned_minor", earned),
            ("corrections_minor", corrections),
            ("adjustments_minor", adjustments),
            ("moved_minor", moved),
            ("held_minor", held),
            ("payable_minor", payable),
            ("payout_minor", payout),
            ("closing_minor", payable - payout),
        ];
        if amounts.iter().any(|(_, minor)| *minor != 0) {
            statements.push(statement(&party, &cur, &amounts));
        }
        if payout != 0 {
            let due = day_text(last_day(month) + paper.terms.due_days);
            payouts.push(line(&[
                ("party_id", &party),
                ("currency", &cur),
                ("amount_minor", &payout.to_string()),
                ("due_date", &due),
            ]));
        }
    }
    [statements, payouts]
}

/// What a settlement goes by.
pub struct Paper<'a> {
    pub terms: &'a Terms,
    pub refs: &'a References,
    pub rates: &'a Rates<'a>,
    pub month: Month,
}

impl Paper<'_> {
    /// The currency that a party is paid in, if `cur` is one that it no longer is.
    fn in_place_of(&self, party: &str, cur: &str) -> Option<&str> {
        let day = last_day(self.month);
        let now = self.refs.payout_currency(party, day)?;
        (now != cur && self.refs.was_paid_in(party, cur, day)).then_some(now)
    }

    /// In a currency that the party is no longer paid in there is no minimum.
    fn is_paid(&self, party: &str, payable: i64, cur: &str) -> bool {
        let least = self.terms.minimum.get(cur).map(|m| m * ten_to(digits(cur).expect("a currency")));
        let least = least.filter(|_| self.in_place_of(party, cur).is_none());
        payable > 0 && least.is_none_or(|least| q(payable) >= least)
    }
}

/// A debt in a currency that the party is no longer paid in goes over to the one that it is, at the month's last rate.
fn move_debt(journal: &mut Journal, paper: &Paper, row: &Row, balance: i64, moved: &mut BTreeMap<Row, i64>) {
    let (party, cur) = row;
    let Some(now) = paper.in_place_of(party, cur).filter(|_| balance < 0) else { return };
    let Some(there) = paper.rates.convert(&q(balance), cur, now, last_day(paper.month), Fx::PeriodEnd) else { return };
    let there = half_even(&there);
    let entry = Entry { kind: "move", apart: vec![party.clone(), cur.clone()], ..Entry::default() };
    for (currency, minor) in [(cur.as_str(), -balance), (now, there)] {
        journal.post(&entry, Place::party("party_payable", currency, party), -minor);
        journal.post(&entry, Place::account("fx", currency), minor);
        *moved.entry((party.clone(), currency.to_owned())).or_default() += minor;
    }
}

fn move_held_and_paid(journal: &mut Journal, party: &str, cur: &str, held: i64, payout: i64) {
    let entry = |kind| Entry { kind, apart: vec![party.to_owned(), cur.to_owned()], ..Entry::default() };
    journal.post(&entry("hold"), Place::party("party_payable", cur, party), held);
    journal.post(&entry("hold"), Place::party("party_held", cur, party), -held);
    journal.post(&entry("payout"), Place::party("party_payable", cur, party), payout);
    journal.post(&entry("payout"), Place::account("payout_clearing", cur), -payout);
}

fn statement(party: &str, cur: &str, amounts: &[(&str, i64)]) -> super::output::Line {
    let mut row = line(&[("party_id", party), ("currency", cur)]);
    let unused = "stand_in hold_released recouped withheld reserved reserve_released forfeited";
    row.extend(unused.split_whitespace().map(|name| (format!("{name}_minor"), "0".to_owned())));
    row.extend(amounts.iter().map(|(name, minor)| ((*name).to_owned(), minor.to_string())));
    row
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
