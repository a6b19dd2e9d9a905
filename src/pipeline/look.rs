//! What would be rated if a period were run now: the facts, and the fate of every row. For questions; nothing is booked.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray};

use super::evaluate::all_fates;
use super::known::known;
use super::lists::reason_of;
use super::prepare::{Prepared, prepare};
use super::state::knowledge;
use crate::book::Book;
use crate::error::{Error, Result};
use crate::facts::{Fact, Pieces, classify, link, measure};
use crate::fate::Fate;
use crate::intake::{NONE, NULL, Stage, stand};
use crate::ledger::{State, Store};
use crate::period::Period;
use crate::query::Engine;

/// Facts and fates as tables.
#[derive(Clone)]
pub struct Looked {
    /// `creator_id, program, policy_version, currency, day, log, channel, events, gross_minor, tax_minor,
    /// channel_fee_minor, event_id`; the last only where a fact is one event.
    pub facts: RecordBatch,
    /// `log, event_id, kind, creator_id, day, amount_minor, currency, fate, reason, file, row_group, row`.
    pub fates: RecordBatch,
}

/// Reads everything and gathers, up to the end of a period.
///
/// # Errors
/// Whatever inputs and policies stand in the way.
pub fn look(engine: Engine, book: &Book, period: Period) -> Result<Looked> {
    let store = Store::open(&book.ledger)?;
    let state = State::of_ledger(&store, book.first_period)?;
    let input = prepare(engine, book, &store, &state, None, &|_| {})?;
    let knowledge = knowledge(&input, &state)?;
    let end = book.zone.start_of(period.next().first_day());
    let standing = stand(&input.rows, &knowledge, &input.decided, end)?;
    let stood = standing.memory.at(Stage::Reversal, &knowledge);
    let known = known(&input, &standing.rows, &stood, &knowledge, period.last_day());
    let measures = measure(&known)?;
    let classes = classify(&known, &measures)?;
    let mut linked = link(&known, &classes)?;
    super::pools::judge(&known, &measures, &classes, &mut linked)?;
    let fates = all_fates(standing.fates, &linked.fates);
    let pieces_of = Pieces::of(&known, &classes, &linked, Vec::new());
    let (mut facts, mut piece) = (Vec::new(), Vec::new());
    for number in 0..pieces_of.len() {
        pieces_of.facts(number, &mut piece)?;
        facts.append(&mut piece);
    }
    Ok(Looked { facts: facts_table(&input, &facts)?, fates: fates_table(&input, &fates)? })
}

fn table(columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch> {
    let nullable = columns.into_iter().map(|(name, array)| (name, array, true));
    RecordBatch::try_from_iter_with_nullable(nullable).map_err(|e| Error::bug(e.to_string()))
}

fn facts_table(input: &Prepared, facts: &[Fact<'_>]) -> Result<RecordBatch> {
    let rows = &input.rows;
    let text =
        |of: &dyn Fn(&Fact<'_>) -> Option<String>| Arc::new(facts.iter().map(of).collect::<StringArray>()) as ArrayRef;
    let int =
        |of: &dyn Fn(&Fact<'_>) -> i64| Arc::new(facts.iter().map(|f| Some(of(f))).collect::<Int64Array>()) as ArrayRef;
    let program = |f: &Fact<'_>| &input.policies.programs[usize::from(f.program)];
    table(vec![
        ("creator_id", text(&|f| Some(rows.names.text(f.creator).to_owned()))),
        ("program", text(&|f| Some(program(f).name.clone()))),
        ("policy_version", text(&|f| Some(program(f).version.clone()))),
        ("currency", text(&|f| Some(f.currency.code().to_owned()))),
        ("day", Arc::new(facts.iter().map(|f| Some(f.day)).collect::<Date32Array>())),
        ("log", text(&|f| Some(f.log.name().to_owned()))),
        ("channel", text(&|f| (f.channel != NONE).then(|| rows.names.text(f.channel).to_owned()))),
        ("events", int(&|f| f.events)),
        ("gross_minor", int(&|f| f.gross)),
        ("tax_minor", int(&|f| f.tax)),
        ("channel_fee_minor", int(&|f| f.fee)),
        ("event_id", text(&|f| f.row.and_then(|row| rows.text(row, "event_id")).map(str::to_owned))),
    ])
}

fn fates_table(input: &Prepared, fates: &[Fate]) -> Result<RecordBatch> {
    let rows = &input.rows;
    let all = || 0..u32::try_from(rows.len()).unwrap_or(0);
    let column = |name: &str| Arc::new(all().map(|r| rows.text(r, name)).collect::<StringArray>()) as ArrayRef;
    let dated = |r: u32| {
        Some(rows.records[r as usize].day).filter(|_| rows.time[r as usize] != NULL && rows.time[r as usize] >= 0)
    };
    let place = |of: &dyn Fn(u32) -> i64| Arc::new(all().map(|r| Some(of(r))).collect::<Int64Array>()) as ArrayRef;
    table(vec![
        ("log", Arc::new(all().map(|r| Some(rows.records[r as usize].log.name())).collect::<StringArray>())),
        ("event_id", column("event_id")),
        ("kind", column("kind")),
        ("creator_id", column("creator_id")),
        ("day", Arc::new(all().map(dated).collect::<Date32Array>())),
        ("amount_minor", Arc::new(all().map(|r| rows.int(r, "amount_minor")).collect::<Int64Array>())),
        ("currency", column("currency")),
        ("fate", Arc::new(fates.iter().map(|f| Some(f.name())).collect::<StringArray>())),
        ("reason", Arc::new(all().map(|r| reason_of(input, r, fates[r as usize])).collect::<StringArray>())),
        ("file", Arc::new(all().map(|r| Some(rows.source(r).0.path.as_str())).collect::<StringArray>())),
        ("row_group", place(&|r| rows.provenance(r).0)),
        ("row", place(&|r| rows.provenance(r).1)),
    ])
}
