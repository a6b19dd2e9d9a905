//! An example as a book in a folder: policies, references as CSV, events as Parquet.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Field, Schema};

use super::example::{Cells, Event, Example};
use super::value::Cell;
use crate::book::Book;
use crate::error::{Error, Result};
use crate::log::{Log, Type};

/// Writes an example's book into a folder, and opens it.
///
/// # Errors
/// As [`stage_as`].
pub fn stage(folder: &Path, policies: &[(String, String)], example: &Example) -> Result<Book> {
    let secret = b"worked examples hold no secrets";
    stage_as(folder, policies, example, &Named { name: "example", open: true, secret })
}

/// What a staged book is called.
pub struct Named<'a> {
    pub name: &'a str,
    /// Are the gates open but those of conservation? An example is small, and says what it expects.
    pub open: bool,
    pub secret: &'a [u8],
}

/// [`stage`] under a name of its own.
///
/// # Errors
/// The folder can't be written (resources); the example makes no book (usage).
pub fn stage_as(folder: &Path, policies: &[(String, String)], example: &Example, named: &Named<'_>) -> Result<Book> {
    let write = |name: &str, bytes: &[u8]| -> Result<()> {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
        Ok(std::fs::write(path, bytes)?)
    };
    for (name, text) in policies {
        write(name, text.as_bytes())?;
    }
    let mut logs: BTreeMap<Log, Vec<&Event>> = BTreeMap::new();
    for event in &example.events {
        logs.entry(event.log).or_default().push(event);
    }
    let references = references(example);
    let own = own_references(example);
    for (name, rows) in references.iter().chain(&own) {
        write(&format!("refs/{name}.csv"), &csv(name, rows)?)?;
    }
    let mut attributes = BTreeMap::new();
    for (log, events) in &logs {
        let (batch, own) = batch(*log, events)?;
        let path = folder.join("logs").join(log.name());
        std::fs::create_dir_all(&path)?;
        crate::ledger::write(&path.join("events.parquet"), batch.schema(), std::iter::once(Ok(batch)))?;
        attributes.insert(*log, own);
    }
    write("book.secret", named.secret)?;
    write("everycent.toml", toml(example, named, &attributes, [&references, &own]).as_bytes())?;
    Book::open(Some(folder))
}

/// The book's own file.
fn toml(
    example: &Example,
    named: &Named<'_>,
    logs: &BTreeMap<Log, Vec<String>>,
    [references, own]: [&BTreeMap<String, Vec<Cells>>; 2],
) -> String {
    let (name, zone, first) = (named.name, &example.zone, example.first_period);
    let mut text =
        format!("[book]\nname = {name:?}\nzone = {zone:?}\nfirst_period = \"{first}\"\nsecret = \"book.secret\"\n");
    for (log, attributes) in logs {
        let quoted: Vec<String> = attributes.iter().map(|a| format!("{a:?}")).collect();
        text.push_str(&format!("\n[log.{0}]\npath = \"logs/{0}\"\n", log.name()));
        if !quoted.is_empty() {
            text.push_str(&format!("attributes = [{}]\n", quoted.join(", ")));
        }
        if named.open {
            text.push_str("max_quarantine = { rows = \"100 %\", amount = \"100 %\" }\n");
        }
    }
    for (section, rows) in [("reference", references), ("own_reference", own)] {
        text.push_str(&format!("\n[{section}]\n"));
        for name in rows.keys() {
            text.push_str(&format!("{name} = \"refs/{name}.csv\"\n"));
        }
    }
    let mut gates = example.gates.clone();
    if named.open {
        gates.entry("fx_change".into()).or_insert_with(|| "100000 %".into());
    }
    text.push_str("\n[gates]\n");
    for (gate, bound) in gates {
        text.push_str(&format!("{gate} = {bound:?}\n"));
    }
    text
}

/// Events of one log as Arrow: the contract's columns, then attributes; and the attributes' names.
fn batch(log: Log, events: &[&Event]) -> Result<(RecordBatch, Vec<String>)> {
    let contract: Vec<(&str, Type)> = log.columns().iter().map(|c| (c.name, c.kind)).collect();
    let is_own = |name: &&String| !contract.iter().any(|(column, _)| column == &name.as_str());
    let own: BTreeSet<&String> = events.iter().flat_map(|e| e.cells.keys()).filter(is_own).collect();
    let rows: Vec<Cells> = events.iter().flat_map(|e| repeated(e)).collect();
    let mut columns: Vec<(&str, ArrayRef)> =
        contract.iter().map(|(name, kind)| (*name, column(&rows, name, *kind))).collect();
    for name in &own {
        let ints = rows.iter().filter_map(|r| r.get(*name)).all(|cell| matches!(cell, Cell::Int(_)));
        columns.push((name, column(&rows, name, if ints { Type::Int } else { Type::Text })));
    }
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(|e| Error::bug(e.to_string()))?;
    Ok((batch, own.into_iter().cloned().collect()))
}

/// An event as often as it says, each with an id of its own; `{n}` in a text is its number.
fn repeated(event: &Event) -> Vec<Cells> {
    let numbered = |n: i64| {
        let mut cells = event.cells.clone();
        if event.times > 1 {
            for (name, cell) in &mut cells {
                let Cell::Text(text) = cell else { continue };
                let own_id = name == "event_id" && !text.contains("{n}");
                *text = if own_id { format!("{text}-{n}") } else { text.replace("{n}", &n.to_string()) };
            }
        }
        cells
    };
    (1..=event.times).map(numbered).collect()
}

fn column(rows: &[Cells], name: &str, kind: Type) -> ArrayRef {
    let cells = || rows.iter().map(|row| row.get(name));
    let int = |cell: Option<&Cell>| if let Some(Cell::Int(n)) = cell { Some(*n) } else { None };
    let micros = |cell: Option<&Cell>| if let Some(Cell::Time { micros, .. }) = cell { Some(*micros) } else { None };
    match kind {
        Type::Int | Type::Money => Arc::new(cells().map(int).collect::<Int64Array>()),
        Type::Time => Arc::new(cells().map(micros).collect::<TimestampMicrosecondArray>().with_timezone("UTC")),
        Type::Id | Type::Text | Type::Day => Arc::new(cells().map(|c| c.map(Cell::text)).collect::<StringArray>()),
    }
}

/// The example's references, with everybody that it does not describe.
fn references(example: &Example) -> BTreeMap<String, Vec<Cells>> {
    let mut all = example.references.clone();
    let referred = example.references.values().flatten();
    let mut rows = example.events.iter().map(|e| &e.cells).chain(referred);
    let currency = rows.find_map(|cells| cells.get("currency")).map_or("EUR".to_owned(), Cell::text);
    let id = |cells: &Cells, column: &str| cells.get(column).map(Cell::text);
    let creators: BTreeSet<String> = example.events.iter().filter_map(|e| id(&e.cells, "creator_id")).collect();
    let mut parties: BTreeSet<String> = creators.clone();
    parties.extend(example.events.iter().filter_map(|e| id(&e.cells, "party_id")));
    for rows in example.references.values() {
        parties.extend(rows.iter().filter_map(|r| id(r, "party_id").or_else(|| id(r, "creator_id"))));
    }
    let creator = [("birth_date", "1990-01-01"), ("followers", "0"), ("country", ""), ("status", "active")];
    let always = [("valid_from", ""), ("valid_to", "")];
    fill(all.entry("creators".into()).or_default(), "creator_id", &creators, &[&creator[..], &always[..]].concat());
    let party =
        [("kind", "creator"), ("payout_currency", &currency), ("country", ""), ("tax_form", ""), ("status", "active")];
    fill(all.entry("parties".into()).or_default(), "party_id", &parties, &[&party[..], &always[..]].concat());
    if let Some(agreements) = all.get_mut("agreements") {
        for (at, row) in agreements.iter_mut().enumerate() {
            row.entry("level".into()).or_insert(Cell::Int(1));
            row.entry("position".into()).or_insert_with(|| Cell::Int(i64::try_from(at).unwrap_or(0) + 1));
            complete(row, &[&[("programs", "")], &always[..]].concat());
        }
    }
    all.get_mut("pots").into_iter().flatten().for_each(|row| complete(row, &[("country", "")]));
    all.retain(|_, rows| !rows.is_empty());
    all
}

/// The book's own references, open at both ends where nothing else is said.
fn own_references(example: &Example) -> BTreeMap<String, Vec<Cells>> {
    let mut all = example.own_references.clone();
    all.values_mut().flatten().for_each(|row| complete(row, &[("valid_from", ""), ("valid_to", "")]));
    all
}

/// Adds those who have no row, and what rows leave out.
fn fill(rows: &mut Vec<Cells>, key: &str, everybody: &BTreeSet<String>, defaults: &[(&str, &str)]) {
    let described: BTreeSet<String> = rows.iter().filter_map(|r| r.get(key)).map(Cell::text).collect();
    rows.extend(everybody.difference(&described).map(|id| Cells::from([(key.to_owned(), Cell::Text(id.clone()))])));
    rows.iter_mut().for_each(|row| complete(row, defaults));
}

fn complete(row: &mut Cells, defaults: &[(&str, &str)]) {
    for (column, value) in defaults {
        row.entry((*column).to_owned()).or_insert_with(|| Cell::Text((*value).to_owned()));
    }
}

/// Rows as CSV under all of their columns.
fn csv(name: &str, rows: &[Cells]) -> Result<Vec<u8>> {
    let all: BTreeSet<&str> = rows.iter().flat_map(|r| r.keys()).map(String::as_str).collect();
    // A file of rates is known by its header.
    let columns: Vec<&str> =
        if name == "fx_rates" { vec!["date", "currency", "rate"] } else { all.into_iter().collect() };
    let mut writer = csv::Writer::from_writer(Vec::new());
    let bug = |e: csv::Error| Error::bug(e.to_string());
    writer.write_record(&columns).map_err(bug)?;
    for row in rows {
        writer.write_record(columns.iter().map(|c| row.get(*c).map(Cell::text).unwrap_or_default())).map_err(bug)?;
    }
    writer.into_inner().map_err(|e| Error::bug(e.to_string()))
}
