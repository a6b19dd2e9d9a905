//! `*.examples.toml`: worked examples that stand beside policies.

use std::collections::BTreeMap;

use super::explained::{EXPLAINED, LISTS, column as explained_column, is_list};
use super::value::Cell;
use crate::book::REFERENCES;
use crate::error::Result;
use crate::ledger::TABLES;
use crate::log::{Log, Type};
use crate::money::{Currency, parse_major};
use crate::period::Period;
use crate::policy::{Faults, Place, PolicyFile, Table, Value, first_error, parse, place_of};

/// Columns and cells of one row.
pub type Cells = BTreeMap<String, Cell>;

/// One worked example.
#[derive(Clone, Debug)]
pub struct Example {
    pub name: String,
    /// Where the numbers were published, if they were.
    pub source: Option<String>,
    /// `file:line:column`.
    pub place: String,
    pub zone: String,
    /// The book's first period: of the first event, unless the example says otherwise.
    pub first_period: Period,
    /// The period whose tables are looked at, unless an expectation names another.
    pub period: Period,
    pub events: Vec<Event>,
    /// Rows of references by name.
    pub references: BTreeMap<String, Vec<Cells>>,
    /// Rows of the book's own references by name: rates that a share is locked to.
    pub own_references: BTreeMap<String, Vec<Cells>>,
    /// Bounds of gates, as `[gates]` of a book has them; all others are open.
    pub gates: BTreeMap<String, String>,
    pub expected: Vec<Expected>,
    /// Words of the message with which the run is refused.
    pub refused: Option<String>,
}

/// One event, or several alike.
#[derive(Clone, Debug)]
pub struct Event {
    pub log: Log,
    /// Canonical columns and attributes.
    pub cells: Cells,
    pub times: i64,
}

/// What a row of a table must hold.
#[derive(Clone, Debug)]
pub struct Expected {
    pub table: &'static str,
    pub period: Option<Period>,
    /// Must there be no such row?
    pub none: bool,
    /// Columns with text: which row it is.
    pub key: BTreeMap<String, String>,
    /// Columns with numbers: major units as text, or counts.
    pub values: BTreeMap<String, String>,
    /// Lists of the row: `deductions` and `parts`, by name; of an explanation its steps.
    pub lists: BTreeMap<String, BTreeMap<String, String>>,
}

/// All examples of a file.
#[derive(Clone, Debug)]
pub struct Examples(pub Vec<Example>);

/// The keys of an example besides the names of references and tables.
const OWN_KEYS: [&str; 11] = [
    "name",
    "source",
    "date",
    "zone",
    "first_period",
    "period",
    "events",
    "own_reference",
    "gates",
    "refused",
    EXPLAINED,
];
/// More events than an example needs are a slip of the pen.
const MOST_TIMES: i64 = 1_000_000;

impl Examples {
    /// Reads a file: its relative name and its text.
    ///
    /// # Errors
    /// The first fault, with its place and a caret (usage).
    pub fn read(name: String, text: String) -> Result<Self> {
        let files = vec![PolicyFile { name, text }];
        let mut faults = Faults::default();
        let read = read(&files, &mut faults);
        match first_error(&files, faults) {
            None => Ok(Self(read)),
            Some(error) => Err(error),
        }
    }
}

fn read(files: &[PolicyFile], faults: &mut Faults) -> Vec<Example> {
    let Some(root) = files.first().and_then(|file| parse(0, &file.text, faults)) else { return Vec::new() };
    let root = Table::root(0, &root, "a file of examples", &["example"], faults);
    let mut known: Vec<&str> = OWN_KEYS.to_vec();
    known.extend(REFERENCES.iter().chain(&TABLES));
    let tables = root.tables("example", "an example", &known, faults);
    tables.iter().filter_map(|table| example(files, table, faults)).collect()
}

fn example(files: &[PolicyFile], table: &Table<'_>, faults: &mut Faults) -> Option<Example> {
    let name = table.need("name", faults).and_then(|v| text(v, faults));
    let source = table.get("source").and_then(|v| text(v, faults));
    if let Some(date) = table.get("date") {
        Cell::read(date, faults);
    }
    let zone = table.get("zone").map_or(Some("UTC".to_owned()), |v| text(v, faults));
    let events = events(table, faults);
    let mut references = BTreeMap::new();
    for reference in REFERENCES {
        if let Some(value) = table.get(reference) {
            references.insert(reference.to_owned(), rows(value, faults));
        }
    }
    let own = table.get("own_reference").map(|v| named(v, "own_reference = { commission = [{ … }] }", faults));
    let own_references = own.unwrap_or_default().into_iter().map(|(name, v)| (name, rows(v, faults))).collect();
    let gates = table.get("gates").map(|v| named(v, "gates = { fx_change = \"20 %\" }", faults)).unwrap_or_default();
    let gates = gates.into_iter().filter_map(|(name, v)| Some((name, text(v, faults)?))).collect();
    let (expected, refused) = outcome(table, faults);
    let (first, last) = span(&events, table.place, faults)?;
    let period = |key: &str, or: Period, faults: &mut Faults| match table.get(key) {
        None => Some(or),
        Some(value) => month(value, faults),
    };
    Some(Example {
        name: name?,
        source,
        place: place_of(files, table.place),
        zone: zone?,
        first_period: period("first_period", first, faults)?,
        period: period("period", last, faults)?,
        events,
        references,
        own_references,
        gates,
        expected,
        refused,
    })
}

/// What must be found, or the words with which the run must be refused.
fn outcome(table: &Table<'_>, faults: &mut Faults) -> (Vec<Expected>, Option<String>) {
    let mut expected = Vec::new();
    for name in TABLES.into_iter().chain([EXPLAINED]) {
        let items = table.get(name).and_then(|v| v.items("a list of rows", faults)).unwrap_or_default();
        expected.extend(items.into_iter().filter_map(|row| expectation(name, row, faults)));
    }
    let refused = table.get("refused");
    match refused {
        None if expected.is_empty() => {
            let help = format!("name at least one row: {}, {EXPLAINED}; or refused = \"…\"", TABLES.join(", "));
            faults.error(table.place, "this example expects nothing", help);
        }
        Some(value) if !expected.is_empty() => {
            let help = "leave the rows out, or make two examples of this one";
            faults.error(value.place, "a run that is refused finds no rows", help);
        }
        _ => {}
    }
    (expected, refused.and_then(|v| text(v, faults)))
}

/// The entries of a table.
fn named<'v>(value: Value<'v>, expected: &str, faults: &mut Faults) -> Vec<(String, Value<'v>)> {
    match Table::any(value) {
        Some(table) => table.entries().map(|(_, name, value)| (name.to_owned(), value)).collect(),
        None => {
            value.wrong_type(expected, faults);
            Vec::new()
        }
    }
}

/// The first and the last month that has events; times of day near midnight are the example's own care.
fn span(events: &[Event], at: Place, faults: &mut Faults) -> Option<(Period, Period)> {
    let days = || {
        events.iter().filter_map(|e| {
            if let Some(Cell::Time { day, .. }) = e.cells.get("event_time") { Some(*day) } else { None }
        })
    };
    if events.is_empty() {
        faults.error(at, "this example has no events", "add events = [{ log = \"subscriptions\", … }]");
    }
    Some((Period::of_day(days().min()?), Period::of_day(days().max()?)))
}

fn text(value: Value<'_>, faults: &mut Faults) -> Option<String> {
    value.text("text", faults).map(str::to_owned)
}

fn month(value: Value<'_>, faults: &mut Faults) -> Option<Period> {
    let period = value.text("a period such as \"2026-10\"", faults)?.parse().ok();
    if period.is_none() {
        faults.error(value.place, "this is no period", "write a month such as \"2026-10\"");
    }
    period
}

fn rows(value: Value<'_>, faults: &mut Faults) -> Vec<Cells> {
    let items = value.items("a list of rows: [{ creator_id = \"ada\", … }]", faults).unwrap_or_default();
    items.into_iter().map(|row| in_minor(cells(row, &[], faults), row, faults)).collect()
}

/// All cells of a row but these.
fn cells(row: Value<'_>, but: &[&str], faults: &mut Faults) -> Cells {
    let Some(table) = Table::any(row) else {
        row.wrong_type("a row: { column = value, … }", faults);
        return Cells::new();
    };
    let own = table.entries().filter(|(_, key, _)| !but.contains(key));
    own.filter_map(|(_, key, value)| Some((key.to_owned(), Cell::read(value, faults)?))).collect()
}

/// `amount`, `tax`, `channel_fee` and a referral's `cap` in major units become the columns in minor units.
fn in_minor(mut cells: Cells, row: Value<'_>, faults: &mut Faults) -> Cells {
    for (name, currency) in
        [("amount", "currency"), ("tax", "currency"), ("channel_fee", "currency"), ("cap", "cap_currency")]
    {
        let Some(Cell::Text(major)) = cells.get(name).cloned() else { continue };
        cells.remove(name);
        let currency = cells.get(currency).and_then(|c| Currency::parse(&c.text()));
        let at = row.key(name).unwrap_or(row).place;
        match currency.and_then(|currency| parse_major(&major, currency)) {
            Some(minor) => drop(cells.insert(format!("{name}_minor"), Cell::Int(minor))),
            None => faults.error(
                at,
                format!("\"{major}\" is no amount"),
                "write money in major units, such as \"4.99\", and a currency",
            ),
        }
    }
    cells
}

fn events(table: &Table<'_>, faults: &mut Faults) -> Vec<Event> {
    let items = table.get("events").and_then(|v| v.items("a list of events", faults)).unwrap_or_default();
    let numbered = items.into_iter().enumerate();
    numbered.filter_map(|(at, item)| event(at, item, faults)).collect()
}

fn event(at: usize, row: Value<'_>, faults: &mut Faults) -> Option<Event> {
    let mut cells = in_minor(cells(row, &["log", "times"], faults), row, faults);
    let named = row.key("log").and_then(|v| v.text("the name of a log", faults));
    let Some(log) = named.and_then(|name| name.parse::<Log>().ok()) else {
        let help = format!("log = one of {}", Log::ALL.map(Log::name).join(", "));
        faults.error(row.key("log").unwrap_or(row).place, "this event is of no log", help);
        return None;
    };
    for (column, kind) in log.columns().iter().map(|c| (c.name, c.kind)) {
        let fits = cells.get(column).is_none_or(|cell| fits(cell, kind));
        if !fits {
            let at = row.key(column).unwrap_or(row).place;
            faults.error(at, format!("{column} can't hold this"), "see the columns of the log in the contract of data");
        }
    }
    if !matches!(cells.get("event_time"), Some(Cell::Time { .. })) {
        faults.error(row.place, "an event needs an event_time", "event_time = 2026-10-05");
        return None;
    }
    cells.entry("event_id".into()).or_insert_with(|| Cell::Text(format!("e{}", at + 1)));
    cells.entry("kind".into()).or_insert_with(|| Cell::Text(log.kinds().first().map_or("", |(kind, _)| kind).into()));
    let times = row.key("times").map_or(Some(1), |v| whole(v, faults))?;
    Some(Event { log, cells, times })
}

fn whole(value: Value<'_>, faults: &mut Faults) -> Option<i64> {
    match Cell::read(value, faults)? {
        Cell::Int(number) if (1..=MOST_TIMES).contains(&number) => Some(number),
        _ => {
            faults.error(value.place, "this is no number of events", format!("write 1 to {MOST_TIMES}"));
            None
        }
    }
}

fn fits(cell: &Cell, kind: Type) -> bool {
    match kind {
        Type::Id | Type::Text => matches!(cell, Cell::Text(_)),
        Type::Int | Type::Money => matches!(cell, Cell::Int(_)),
        Type::Time | Type::Day => matches!(cell, Cell::Time { .. }),
    }
}

/// A row of a table: amounts and counts are values, everything else says which row is meant.
fn expectation(table: &'static str, row: Value<'_>, faults: &mut Faults) -> Option<Expected> {
    let fields = Table::any(row).or_else(|| {
        row.wrong_type("a row: { creator_id = \"ada\", creator = \"2.45\" }", faults);
        None
    })?;
    let mut expected = Expected {
        table,
        period: None,
        none: false,
        key: BTreeMap::new(),
        values: BTreeMap::new(),
        lists: BTreeMap::new(),
    };
    for (place, key, value) in fields.entries() {
        if key == "period" {
            expected.period = month(value, faults);
        } else if key == "none" {
            expected.none = is_true(value, faults);
        } else if table == EXPLAINED && is_list(key) != Table::any(value).is_some() {
            faults.error(place, format!("{key} can't hold this"), format!("tables by step are {}", LISTS.join(", ")));
        } else if let Some(list) = Table::any(value) {
            let named = list.entries().filter_map(|(_, name, v)| Some((name.to_owned(), text(v, faults)?)));
            expected.lists.insert(key.to_owned(), named.collect());
        } else if let Some(cell) = Cell::read(value, faults) {
            match column(table, key) {
                Some(Holds::Key) => drop(expected.key.insert(key.to_owned(), cell.text())),
                Some(Holds::Number) => drop(expected.values.insert(key.to_owned(), cell.text())),
                None => faults.error(place, format!("{table} has no column {key}"), "amounts stand without _minor"),
            }
        }
    }
    if expected.none && !(expected.values.is_empty() && expected.lists.is_empty()) {
        faults.error(row.place, "a row that is not there has no numbers", "leave them out, or leave out `none`");
    }
    Some(expected)
}

fn is_true(value: Value<'_>, faults: &mut Faults) -> bool {
    let is_true = matches!(Cell::read(value, faults), Some(Cell::Text(text)) if text == "true");
    if !is_true {
        faults.error(value.place, "`none` can only be true", "leave it out where there is a row");
    }
    is_true
}

/// What a column of a row is for.
pub enum Holds {
    Key,
    Number,
}

/// What a column of a table holds, its amounts named without `_minor`.
fn column(table: &'static str, key: &str) -> Option<Holds> {
    if table == EXPLAINED {
        return explained_column(key);
    }
    let schema = crate::ledger::schema(table).ok()?;
    let has = |name: &str| schema.fields().iter().any(|f| f.name() == name);
    match key {
        "events" | "rows" if has(key) => Some(Holds::Number),
        _ if has(&format!("{key}_minor")) => Some(Holds::Number),
        _ => has(key).then_some(Holds::Key),
    }
}
