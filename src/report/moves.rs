//! What the steps of a settlement are made of, from the journal, and what is still to come, from what settlements carry.

use serde::Serialize;

use crate::ledger::{Account, CarriedAmount, HELD_UNTIL_DELIVERY, Journal, PostingView, details};
use crate::money::{Exact, major_of};

/// Steps that have moves behind them, as statements name them.
pub const STAND_IN: &str = "taken over between parties";
pub const HELD: &str = "held";
pub const RELEASED: &str = "hold released";
pub const RECOUPED: &str = "advance recouped";
pub const WITHHELD: &str = "tax withheld";
pub const RESERVED: &str = "kept in reserve";
pub const RESERVE_RELEASED: &str = "reserve released";

/// One move behind a step; in the party's favour positive.
#[derive(Debug, Serialize)]
pub struct Move {
    pub step: &'static str,
    pub what: String,
    pub amount_minor: i64,
    pub amount: String,
}

/// Something that no step of the account holds.
#[derive(Debug, Serialize)]
pub struct Waiting {
    pub what: String,
    pub amount_minor: i64,
    pub amount: String,
}

/// The moves of a party in a currency, in the journal's order.
pub fn moves(party: &str, currency: &str, journal: &Journal) -> Vec<Move> {
    let ours = journal
        .iter()
        .filter(|p| p.account == Account::PartyPayable && p.party_id == Some(party) && p.currency.code() == currency);
    ours.filter_map(|posting| {
        let (step, what) = meaning(&posting)?;
        let minor = posting.amount_minor.checked_neg()?;
        Some(Move { step, what, amount_minor: minor, amount: major_of(minor, currency) })
    })
    .collect()
}

/// The step behind which a posting stands, and what the details of its entry say.
fn meaning(posting: &PostingView<'_>) -> Option<(&'static str, String)> {
    let program = posting.program;
    let details = details(posting.entry_id);
    let detail = |at: usize| details.get(at).map(String::as_str).unwrap_or_default();
    let until = |text: &str| match text {
        HELD_UNTIL_DELIVERY => "until its delivery".to_owned(),
        period => format!("until {period}"),
    };
    let part = |at: usize| {
        let base = detail(at + 1)
            .parse()
            .map_or_else(|_| String::new(), |minor: i64| major_of(minor, posting.currency.code()));
        format!("{} of {base}", percent(detail(at)))
    };
    Some(match posting.kind {
        "hold" => match program {
            None => (HELD, "without a rate".to_owned()),
            Some(program) if posting.amount_minor > 0 => (HELD, format!("{program}, {}", until(detail(2)))),
            Some(program) => (HELD, format!("{program}, cancelled: was held {}", until(detail(2)))),
        },
        "release" => (RELEASED, format!("{}, was held {}", program.unwrap_or_default(), until(detail(2)))),
        "stand_in" => (STAND_IN, format!("{} stands in for {}", detail(1), detail(0))),
        "recoup" => (RECOUPED, format!("advance {}, at most {}", detail(2), part(3))),
        "withhold" if detail(5).is_empty() => (WITHHELD, format!("{}, {}", detail(2), part(3))),
        "withhold" => (WITHHELD, format!("{}: {}, {}", detail(5), detail(2), part(3))),
        "reserve" if detail(0) == "kept" => (RESERVED, format!("until {}, at most {}", detail(3), part(4))),
        "reserve" => (RESERVE_RELEASED, format!("kept in {}, until {}", detail(3), detail(4))),
        _ => return None,
    })
}

/// A fraction as a percentage, where that is a decimal.
fn percent(fraction: &str) -> String {
    let hundred = Exact::read_back(fraction).and_then(|f| (&f * &Exact::from(100_i64)).to_decimal());
    hundred.map_or_else(|| fraction.to_owned(), |percent| format!("{percent} %"))
}

/// What a party is owed and cannot be paid yet, and what is open of its advances.
pub fn waiting(party: &str, currency: &str, carried: &[CarriedAmount]) -> Vec<Waiting> {
    let ours = carried.iter().filter(|row| row.party_id == party && row.currency == currency);
    let recouped = |id: &str| -> i64 {
        let same = ours.clone().filter(|row| row.what == "advance_recouped" && row.detail == id);
        same.map(|row| row.amount_minor).sum()
    };
    let of = |row: &CarriedAmount| {
        let until = row.until.as_deref();
        let (what, minor) = match row.what.as_str() {
            "held" => {
                let until = until.map_or_else(|| "its delivery".to_owned(), str::to_owned);
                (format!("on hold until {until}: {}", row.detail), row.amount_minor)
            }
            "reserve" => {
                let until = until.map_or_else(String::new, |day| format!(" until {day}"));
                (format!("in reserve{until}, of {}", row.detail), row.amount_minor)
            }
            "advance_granted" => {
                (format!("advance {} still open", row.detail), row.amount_minor.checked_sub(recouped(&row.detail))?)
            }
            _ => return None,
        };
        (minor != 0).then(|| Waiting { what, amount_minor: minor, amount: major_of(minor, currency) })
    };
    ours.clone().filter_map(of).collect()
}
