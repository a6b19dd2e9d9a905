//! Balances: accounts rolled forward, and how old what is left of them is.

use std::collections::{BTreeMap, BTreeSet};

use super::account::Account;
use super::journal::Journal;
use super::manifest::OpeningBalance;
use super::row::Balance;
use crate::error::{Error, Result};
use crate::money::{Currency, to_minor};
use crate::period::Period;

/// Amounts by the period that booked them, oldest first; all of one sign.
pub type Layers = Vec<(Period, i128)>;

/// Account, party, currency.
type Key = (Account, Option<String>, Currency);

/// Layers after a change booked in `period`: what has the other sign uses up the oldest layers first, and what is left
/// of it is the newest one.
#[must_use]
pub fn age_layers(old: &[(Period, i128)], change: i128, period: Period) -> Layers {
    let mut rest = change;
    let mut layers = Layers::new();
    for (booked, minor) in old.iter().copied() {
        let opposite = (minor > 0) != (rest > 0);
        let used = if opposite { minor.abs().min(rest.abs()) * rest.signum() } else { 0 };
        rest -= used;
        layers.push((booked, minor + used));
    }
    layers.push((period, rest));
    layers.retain(|(_, minor)| *minor != 0);
    layers
}

/// What an account stands at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Standing {
    minor: i128,
    /// Of accounts that stand for a party.
    layers: Layers,
}

/// Every account that is not 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balances(BTreeMap<Key, Standing>);

impl Balances {
    /// What the system before handed over, oldest first, against `brought_forward`: each currency sums to 0.
    ///
    /// # Errors
    /// An unknown account, currency or period (input).
    pub fn brought_over(rows: &[OpeningBalance]) -> Result<Self> {
        let read = |row: &OpeningBalance| {
            let booked: Period = row.booked_period.parse()?;
            let key = key_of(&row.account, Some(&row.party_id), &row.currency)?;
            Ok((booked, key, -i128::from(row.amount_minor)))
        };
        let mut rows = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
        rows.sort();
        let mut balances = Self::default();
        for (booked, key, minor) in rows {
            balances.post((Account::BroughtForward, None, key.2), -minor, booked);
            balances.post(key, minor, booked);
        }
        balances.0.retain(|_, standing| standing.minor != 0);
        Ok(balances)
    }

    fn post(&mut self, key: Key, minor: i128, booked: Period) {
        let account = key.0;
        let standing = self.0.entry(key).or_default();
        *standing = standing.then(account, minor, booked);
    }

    /// What parties are owed in one account, in their favour positive.
    #[must_use]
    pub fn owed(&self, account: Account) -> BTreeMap<(String, Currency), i128> {
        let of = |((own, party, currency), standing): (&Key, &Standing)| {
            let key = (party.clone().filter(|_| *own == account)?, *currency);
            Some((key, -standing.minor))
        };
        self.0.iter().filter_map(of).collect()
    }

    /// The layers of an account that stands for a party.
    #[must_use]
    pub fn layers(&self, account: Account, party: &str, currency: Currency) -> &[(Period, i128)] {
        let key = (account, Some(party.to_owned()), currency);
        self.0.get(&key).map_or(&[], |standing| &standing.layers)
    }

    /// The table `balances` of a period: a row where opening, debit, credit or closing is not 0, sorted by key.
    ///
    /// # Errors
    /// A sum beyond Int64 (gate).
    pub fn after(&self, period: Period, postings: &Journal) -> Result<Vec<Balance>> {
        let turnover = postings.turnover().map(|(account, party, currency, sides)| {
            let key: Key = (account, party.map(str::to_owned), currency);
            (key, sides)
        });
        let moves: BTreeMap<Key, (i128, i128)> = turnover.collect();
        let keys: BTreeSet<&Key> = self.0.keys().chain(moves.keys()).collect();
        let row = |key: &Key| self.row(key, moves.get(key).copied().unwrap_or_default(), period);
        let mut rows = keys.into_iter().map(row).collect::<Result<Vec<_>>>()?;
        rows.sort_by(|a, b| (&a.account, &a.party_id, &a.currency).cmp(&(&b.account, &b.party_id, &b.currency)));
        Ok(rows)
    }

    fn row(&self, key: &Key, (debit, credit): (i128, i128), period: Period) -> Result<Balance> {
        let (account, party, currency) = key;
        let old = self.0.get(key).cloned().unwrap_or_default();
        let minor = |value: i128| to_minor(value, "a balance").map_err(|e| e.at(account.name()));
        let layers = old.then(*account, debit - credit, period).layers;
        Ok(Balance {
            account: account.name().to_owned(),
            party_id: party.clone(),
            currency: currency.code().to_owned(),
            opening_minor: minor(old.minor)?,
            debit_minor: minor(debit)?,
            credit_minor: minor(credit)?,
            closing_minor: minor(old.minor + debit - credit)?,
            oldest_period: layers.first().map(|(booked, _)| *booked),
        })
    }

    /// Takes over the table `balances` of a period, after holding it against what stood before.
    ///
    /// # Errors
    /// A row that does not continue what stood before, or a balance without a row (input).
    pub fn follow(&mut self, period: Period, rows: &[Balance]) -> Result<()> {
        let mut before = std::mem::take(&mut self.0);
        for row in rows {
            let key = key_of(&row.account, row.party_id.as_deref(), &row.currency)?;
            let old = before.remove(&key).unwrap_or_default();
            let new = old.then(key.0, i128::from(row.debit_minor) - i128::from(row.credit_minor), period);
            continues(row, &old, &new)?;
            if new.minor != 0 {
                self.0.insert(key, new);
            }
        }
        match before.first_key_value() {
            None => Ok(()),
            Some(((account, _, currency), standing)) => Err(Error::input("a balance of the period before is missing")
                .at(format!("balances, {account} {currency}"))
                .expected(format!("a row that opens with {}", standing.minor))),
        }
    }
}

impl Standing {
    fn then(&self, account: Account, change: i128, period: Period) -> Self {
        let layers = if account.is_of_party() { age_layers(&self.layers, change, period) } else { Layers::new() };
        Self { minor: self.minor + change, layers }
    }
}

fn continues(row: &Balance, old: &Standing, new: &Standing) -> Result<()> {
    let oldest = new.layers.first().map(|(booked, _)| *booked);
    let found = (i128::from(row.opening_minor), i128::from(row.closing_minor), row.oldest_period);
    if found == (old.minor, new.minor, oldest) {
        return Ok(());
    }
    let text = |(opening, closing, oldest): (i128, i128, Option<Period>)| {
        format!("opening {opening}, closing {closing}, oldest {}", oldest.map_or("none".to_owned(), |p| p.to_string()))
    };
    Err(Error::input("a balance does not continue the period before")
        .at(format!("balances, {} {}", row.account, row.currency))
        .expected(text((old.minor, new.minor, oldest)))
        .found(text(found)))
}

fn key_of(account: &str, party: Option<&str>, currency: &str) -> Result<Key> {
    let account = account.parse().map_err(|_| Error::input("an account in the ledger is unknown").found(account))?;
    let unknown = || Error::input("a currency in the ledger is unknown").found(currency);
    Ok((account, party.map(str::to_owned), Currency::parse(currency).ok_or_else(unknown)?))
}
