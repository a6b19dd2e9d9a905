//! Opening balances: what each party was owed, or owed, when the system before stopped.

use std::collections::{BTreeMap, BTreeSet};

use super::Against;
use crate::error::Result;
use crate::ledger::{Account, OpeningBalance};
use crate::money::{Currency, major_of};
use crate::period::{Period, day_text};
use crate::reference::{Row, Table};

/// The accounts that can be brought over. What stood on hold cannot: a release follows from lines of this ledger.
const ACCOUNTS: [Account; 3] = [Account::PartyPayable, Account::PartyReserve, Account::AdvanceReceivable];
/// The largest magnitude of an amount, as in logs.
pub(super) const MOST: i64 = 1_000_000_000_000_000;

/// Reads the table `account, party_id, currency, amount_minor, booked_period`; sorted.
///
/// # Errors
/// A row breaks the contract of docs/book.md (input, with file, line and column).
pub(super) fn read(table: &Table, first: Period, against: Option<Against<'_>>) -> Result<Vec<OpeningBalance>> {
    let (mut balances, mut seen) = (Vec::new(), BTreeSet::new());
    for row in table.rows(&["account", "party_id", "currency", "amount_minor", "booked_period"])? {
        let balance = balance(&row, first)?;
        if let Some(against) = against {
            party(&row, &balance, first, against)?;
        }
        let key = [&balance.account, &balance.party_id, &balance.currency, &balance.booked_period].map(Clone::clone);
        if !seen.insert(key) {
            let expected = "one row for each account, party, currency and period";
            return Err(row.fault("booked_period", expected, "a second one"));
        }
        balances.push(balance);
    }
    balances.sort();
    Ok(balances)
}

fn balance(row: &Row<'_>, first: Period) -> Result<OpeningBalance> {
    let account = account(row)?;
    Ok(OpeningBalance {
        account: account.name().to_owned(),
        party_id: row.need("party_id")?.to_owned(),
        currency: currency(row)?.code().to_owned(),
        booked_period: booked(row, first)?.to_string(),
        amount_minor: amount(row, account)?,
    })
}

fn account(row: &Row<'_>) -> Result<Account> {
    let name = row.need("account")?;
    let known = ACCOUNTS.into_iter().find(|account| account.name() == name);
    known.ok_or_else(|| row.fault("account", &ACCOUNTS.map(Account::name).join(", "), name))
}

pub(super) fn currency(row: &Row<'_>) -> Result<Currency> {
    let code = row.need("currency")?;
    Currency::parse(code).ok_or_else(|| row.fault("currency", "an ISO 4217 code", code))
}

fn booked(row: &Row<'_>, first: Period) -> Result<Period> {
    let text = row.need("booked_period")?;
    let period = text.parse::<Period>().ok().filter(|period| *period < first);
    period.ok_or_else(|| row.fault("booked_period", &format!("a period before {first}, the book's first one"), text))
}

/// In the party's favour positive, on every account: a reserve is owed to it, an advance is owed by it.
fn amount(row: &Row<'_>, account: Account) -> Result<i64> {
    let text = row.need("amount_minor")?;
    let minor = row.whole("amount_minor")?.filter(|minor| (-MOST..=MOST).contains(minor));
    let minor = minor.ok_or_else(|| row.fault("amount_minor", "minor units, at most 10^15 of them", text))?;
    match account {
        Account::PartyReserve if minor < 0 => {
            Err(row.fault("amount_minor", "0 or more: what is kept back is owed to the party", text))
        }
        Account::AdvanceReceivable if minor > 0 => {
            Err(row.fault("amount_minor", "0 or less: an advance is owed by the party", text))
        }
        _ => Ok(minor),
    }
}

/// The party is known on the book's first day, and is or was paid in the currency: otherwise nobody could be paid.
fn party(row: &Row<'_>, balance: &OpeningBalance, first: Period, against: Against<'_>) -> Result<()> {
    let (parties, day) = (&against.references.parties, first.first_day());
    if parties.on(&balance.party_id, day).is_none() {
        let expected = format!("a party of the reference on {}", day_text(day));
        return Err(row.fault("party_id", &expected, &balance.party_id));
    }
    let paid_in = parties.currencies_until(&balance.party_id, day);
    if paid_in.iter().any(|currency| currency.code() == balance.currency) {
        return Ok(());
    }
    let known: Vec<&str> = paid_in.into_iter().map(Currency::code).collect();
    let expected = format!("a currency that the party is or was paid in by {}: {}", day_text(day), known.join(", "));
    Err(row.fault("currency", &expected, &balance.currency))
}

/// For people: rows and sum by account and currency.
pub(super) fn sums(balances: &[OpeningBalance]) -> Vec<[String; 2]> {
    let mut sums: BTreeMap<(&str, &str), (usize, i128)> = BTreeMap::new();
    for balance in balances {
        let sum = sums.entry((&balance.account, &balance.currency)).or_default();
        *sum = (sum.0 + 1, sum.1 + i128::from(balance.amount_minor));
    }
    let row = |((account, code), (rows, minor)): ((&str, &str), (usize, i128))| {
        let amount = major_of(minor, code);
        [account.to_owned(), format!("{amount} {code} in the parties' favour (rows: {rows})")]
    };
    sums.into_iter().map(row).collect()
}
