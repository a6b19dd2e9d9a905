//! A party's statement: every step of its account, and the earning lines behind each.

use std::collections::BTreeSet;

use serde::Serialize;

use super::brought_over::{BroughtOver, brought_over};
use super::events::{EventLine, LineEvents};
use super::explain::{Explained, explain};
use super::moves::{
    HELD, Move, RECOUPED, RELEASED, RESERVE_RELEASED, RESERVED, STAND_IN, WITHHELD, Waiting, moves, waiting,
};
use super::without_part::{account_of, is_without_part, no_part, why_without_part};
use crate::book::Book;
use crate::error::{Error, Result};
use crate::ledger::{CarriedAmount, Earning, EarningView, Part, Statement, Store, Tables};
use crate::money::{Currency, major_of};
use crate::period::{Period, day_text};
use crate::pipeline::{Behind, pinned_policies};
use crate::policy::Policies;
use crate::publish::behind_run;
use crate::query::Engine;

/// The step that an account begins with.
pub(super) const OPENING: &str = "opening balance";
pub(super) const EARNED: &str = "earned";
pub(super) const CORRECTIONS: &str = "corrections of earlier periods";
pub(super) const ADJUSTMENTS: &str = "adjustments";

/// One document: all currencies of one party.
#[derive(Debug, Serialize)]
pub struct StatementDocument {
    pub book: String,
    pub party_id: String,
    pub period: String,
    /// `closed`, or `draft`.
    pub state: String,
    /// What the system before handed over, on the statement of the book's first period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brought_over: Option<BroughtOver>,
    pub accounts: Vec<AccountSection>,
}

/// A party's account in one currency.
#[derive(Debug, Serialize)]
pub struct AccountSection {
    pub currency: String,
    /// The steps that are not 0 or have lines, and always opening, payable and closing; minor units.
    pub steps: Vec<StepLine>,
    /// What earned and corrections are made of.
    pub lines: Vec<EarningLine>,
    /// The events behind the adjustments, where they are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adjustments: Option<Vec<AdjustmentLine>>,
    /// What the steps between are made of: holds, advances, tax, reserves.
    pub moves: Vec<Move>,
    /// What the party is owed and cannot be paid yet, and what it still has of advances.
    pub waiting: Vec<Waiting>,
    pub due_date: Option<String>,
}

/// One step of the account.
#[derive(Debug, Serialize)]
pub struct StepLine {
    pub step: &'static str,
    /// As it counts: what is taken away is negative.
    pub amount_minor: i64,
    pub amount: String,
}

/// One adjustment.
#[derive(Debug, Serialize)]
pub struct AdjustmentLine {
    pub event_id: String,
    pub day: String,
    pub amount_minor: i64,
    pub amount: String,
}

/// One earning line's part for this party.
#[derive(Clone, Debug, Serialize)]
pub struct EarningLine {
    pub earning_period: String,
    pub cause: String,
    pub program: String,
    pub policy_version: String,
    pub creator_id: String,
    pub events: i64,
    /// The part in event currency.
    pub part: String,
    /// Why nobody has a part of the line, where nobody has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_part: Option<&'static str>,
    pub rate: Option<String>,
    pub amount_minor: i64,
    pub amount: String,
    /// From what was paid to the part, in event currency.
    pub explanation: Vec<Explained>,
    /// The events behind it, where they are asked for and there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behind: Option<Vec<EventLine>>,
}

/// Builds a party's statement from the period's close, or else its draft.
///
/// # Errors
/// No run of the period, or the party has no account in it (usage).
pub fn statement(book: &Book, party: &str, period: Period) -> Result<StatementDocument> {
    document(book, party, period, &|_| Ok(None))
}

/// [`statement`] with the events behind each line: the run's inputs are read and rated again.
///
/// # Errors
/// As [`statement`]; a file of the run's logs is gone or was changed (input); the events do not add up to a line (difference).
pub fn statement_with_events(
    book: &Book,
    engine: Engine,
    party: &str,
    period: Period,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<StatementDocument> {
    document(book, party, period, &|tables| {
        let ours = tables.earnings.iter().filter(|e| e.parts().any(|part| part.party_id == party));
        let mut creators: BTreeSet<String> = ours.map(|e| e.head().creator_id.to_owned()).collect();
        creators.insert(party.to_owned());
        behind_run(book, engine, period, &creators, progress).map(Some)
    })
}

fn document(
    book: &Book,
    party: &str,
    period: Period,
    behind: &dyn Fn(&Tables) -> Result<Option<Behind>>,
) -> Result<StatementDocument> {
    let store = Store::open(&book.ledger)?;
    let (run_id, state) = store.current(period)?.ok_or_else(|| {
        Error::usage(format!("{period} has not been run")).next(format!("`everycent run --period {period}` first"))
    })?;
    let run = store.run(&run_id)?;
    let tables = run.tables()?;
    let policies = pinned_policies(&run)?;
    let brought_over = brought_over(book, &run, party, period)?;
    let own: Vec<&Statement> = tables.statements.iter().filter(|s| s.party_id == party).collect();
    let empty = empty_accounts(party, &own, &tables, &policies);
    if own.is_empty() && empty.is_empty() && brought_over.is_none() {
        return Err(unknown(party, &tables));
    }
    let carried = run.pins()?.carried;
    let behind = behind(&tables)?;
    let from = From { tables: &tables, carried: &carried, policies: &policies, behind: behind.as_ref(), own: &own };
    Ok(StatementDocument {
        book: book.name.clone(),
        party_id: party.to_owned(),
        period: period.to_string(),
        state: state.to_owned(),
        accounts: own.iter().copied().chain(&empty).map(|s| section(s, &from)).collect::<Result<_>>()?,
        brought_over,
    })
}

/// Accounts on which nothing moved: a party without any reads there of lines without parts.
fn empty_accounts(party: &str, own: &[&Statement], tables: &Tables, policies: &Policies) -> Vec<Statement> {
    let lines = tables.earnings.iter().filter(|e| e.head().creator_id == party && is_without_part(policies, e));
    let currencies: BTreeSet<&str> = lines.map(|e| e.head().currency.code()).filter(|_| own.is_empty()).collect();
    let empty = |currency: &str| Statement {
        party_id: party.to_owned(),
        currency: currency.to_owned(),
        ..Statement::default()
    };
    currencies.into_iter().map(empty).collect()
}

fn unknown(party: &str, tables: &Tables) -> Error {
    let nearest = tables.statements.iter().min_by_key(|s| strsim::damerau_levenshtein(&s.party_id, party));
    let error = Error::usage("the party has no account in this period").found(party);
    match nearest {
        Some(near) => error.next(format!("did you mean {}?", near.party_id)),
        None => error,
    }
}

/// What a statement is made from.
struct From<'a> {
    tables: &'a Tables,
    carried: &'a [CarriedAmount],
    policies: &'a Policies,
    behind: Option<&'a Behind>,
    /// The party's accounts in the ledger.
    own: &'a [&'a Statement],
}

impl From<'_> {
    /// Whether an account shows a line: one with a part for its party, or one that its party earned and nobody has a part of.
    fn shows(&self, s: &Statement, line: &EarningView<'_>) -> bool {
        let head = line.head();
        line.parts().any(|part| part.party_id == s.party_id)
            || head.creator_id == s.party_id
                && account_of(self.own, head.currency.code()) == s.currency
                && is_without_part(self.policies, line)
    }
}

fn section(s: &Statement, from: &From<'_>) -> Result<AccountSection> {
    let tables = from.tables;
    let ours = tables.earnings.iter().filter(|e| from.shows(s, e));
    let lines = ours.map(|e| earning_lines(&e.to_row(), s, from)).collect::<Result<Vec<_>>>()?.concat();
    let all = [
        (OPENING, s.opening_minor, true),
        (EARNED, s.earned_minor, lines.iter().any(EarningLine::is_current)),
        (CORRECTIONS, s.corrections_minor, lines.iter().any(|line| !line.is_current())),
        (ADJUSTMENTS, s.adjustments_minor, false),
        ("moved from another currency", s.moved_minor, false),
        (STAND_IN, s.stand_in_minor, false),
        (HELD, -s.held_minor, false),
        (RELEASED, s.hold_released_minor, false),
        (RECOUPED, -s.recouped_minor, false),
        (WITHHELD, -s.withheld_minor, false),
        (RESERVED, -s.reserved_minor, false),
        (RESERVE_RELEASED, s.reserve_released_minor, false),
        ("payable", s.payable_minor, true),
        ("paid out", -s.payout_minor, false),
        ("forfeited", -s.forfeited_minor, false),
        ("closing balance", s.closing_minor, true),
    ];
    let line = |(step, minor, _): (&'static str, i64, bool)| StepLine {
        step,
        amount_minor: minor,
        amount: major_of(minor, &s.currency),
    };
    let due = tables.payouts.iter().find(|p| p.party_id == s.party_id && p.currency == s.currency);
    Ok(AccountSection {
        currency: s.currency.clone(),
        steps: all.into_iter().filter(|(_, minor, always)| *minor != 0 || *always).map(line).collect(),
        lines,
        adjustments: from.behind.map(|behind| adjustments(s, behind)).transpose()?,
        moves: moves(&s.party_id, &s.currency, &tables.journal),
        waiting: waiting(&s.party_id, &s.currency, from.carried),
        due_date: due.map(|p| day_text(p.due_date)),
    })
}

/// The events behind the adjustments of an account.
fn adjustments(s: &Statement, behind: &Behind) -> Result<Vec<AdjustmentLine>> {
    let key = Currency::parse(&s.currency).map(|currency| (s.party_id.clone(), currency));
    let events = key.and_then(|key| behind.adjustments.get(&key)).map_or(&[][..], Vec::as_slice);
    let line = |(event_id, day, minor): &(String, i32, i64)| AdjustmentLine {
        event_id: event_id.clone(),
        day: day_text(*day),
        amount_minor: *minor,
        amount: major_of(*minor, &s.currency),
    };
    let sum: i128 = events.iter().map(|(_, _, minor)| i128::from(*minor)).sum();
    if sum != i128::from(s.adjustments_minor) {
        return Err(Error::difference("the events of the adjustments do not add up to them")
            .at(format!("{} {}", s.party_id, s.currency))
            .expected(s.adjustments_minor.to_string())
            .found(sum.to_string()));
    }
    Ok(events.iter().map(line).collect())
}

/// The parts of an earning line that belong to this party's account in this currency.
fn earning_lines(e: &Earning, s: &Statement, from: &From<'_>) -> Result<Vec<EarningLine>> {
    let events = match from.behind {
        None => None,
        Some(behind) => LineEvents::of(behind, from.policies, e)?,
    };
    let listed = events.as_ref().map(|events| events.lines(&s.party_id));
    let line = |p: &Part, without_part: Option<&'static str>| {
        let minor = p.payout_minor.unwrap_or(p.minor);
        EarningLine {
            earning_period: e.earning_period.to_string(),
            cause: e.cause.to_owned(),
            program: e.program.clone(),
            policy_version: e.policy_version.clone(),
            creator_id: e.creator_id.clone(),
            events: e.events,
            part: format!("{} {}", major_of(p.minor, &e.currency), e.currency),
            without_part,
            rate: p.rate.clone().filter(|r| r != "1"),
            amount_minor: minor,
            amount: major_of(minor, &s.currency),
            explanation: explain(from.policies, e, p, events.as_ref()),
            behind: listed.clone(),
        }
    };
    if e.parts.is_empty() {
        return Ok(vec![line(&no_part(e), Some(why_without_part(e, events.as_ref())))]);
    }
    let ours = e.parts.iter().filter(|p| {
        let currency = if p.payout_minor.is_some() { &p.payout_currency } else { &e.currency };
        p.party_id == s.party_id && *currency == s.currency
    });
    Ok(ours.map(|p| line(p, None)).collect())
}

impl StatementDocument {
    /// As JSON.
    ///
    /// # Errors
    /// Never but for a bug.
    pub fn json(&self) -> Result<String> {
        serde_json::to_string_pretty(self).map_err(|e| Error::bug(e.to_string()))
    }
}

impl EarningLine {
    pub(super) fn is_current(&self) -> bool {
        self.cause == "current"
    }
}
