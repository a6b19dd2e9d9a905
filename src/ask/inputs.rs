//! What went in: logs (canonical and raw), references, and the policies in force.

use std::sync::{Arc, OnceLock};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::Answers;
use super::ledger::{LEDGER, STORED, with_major};
use crate::book::{Book, LogSource};
use crate::error::{Error, Result};
use crate::intake::{LogReader, canonical_file, canonical_schema, list, locate, open_file, schema_of_file};
use crate::log::Log;
use crate::period::day_text;
use crate::pipeline::{log_readers, log_schema, policy_files};
use crate::policy::Policies;
use crate::query::{Engine, LazyTable, Read};
use crate::reference::{Table, reference_file, reference_query};

/// The schema of logs as the contract has them.
const CANONICAL: &str = "canonical";
/// The schema of logs as files have them.
const RAW: &str = "raw";
/// File and row, before a log's own columns.
const PLACE: [(&str, DataType); 2] = [("file", DataType::Utf8), ("row", DataType::Int64)];

/// References, what they hold, and their columns where the book has none.
const ABOUT_REFERENCES: [(&str, &str, &[&str]); 7] = [
    ("creators", "who earns, as of days", &["creator_id", "valid_from", "valid_to"]),
    (
        "parties",
        "who is paid, and in which currency, as of days",
        &["party_id", "kind", "payout_currency", "country", "tax_form", "status", "valid_from", "valid_to"],
    ),
    ("agreements", "how creator sides are divided, as of days", &["creator_id", "party_id", "part"]),
    (
        "pots",
        "what pools divide, by earning period",
        &["program", "country", "earning_period", "currency", "amount_minor"],
    ),
    (
        "advances",
        "money paid before it was earned, and how it is recouped",
        &["advance_id", "party_id", "currency", "amount_minor", "rate", "from", "programs", "valid_from", "valid_to"],
    ),
    (
        "referrals",
        "who brought a creator, and what the platform pays for it",
        &["referral_id", "party_id", "creator_id", "rate", "months", "valid_from"],
    ),
    ("fx_rates", "reference rates: units for 1 EUR by day", &["date", "currency", "rate"]),
];

/// The book's log readers, made when a question first asks for a log.
type Readers = Arc<OnceLock<Result<Vec<LogReader>>>>;

/// Lays logs, references and policies on the desk.
pub fn put(answers: &mut Answers, book: &Book, engine: Engine) -> Result<()> {
    let readers: Readers = Arc::new(OnceLock::new());
    for (log, source) in &book.logs {
        put_log(answers, book, engine, *log, source, &readers)?;
    }
    for (name, about, columns) in ABOUT_REFERENCES {
        let table = match book.references.get(name) {
            Some(path) => reference(engine, book, name, path)?,
            None => nothing(columns),
        };
        answers.put(LEDGER, name, about, table)?;
    }
    let known = |name: &str| ABOUT_REFERENCES.iter().any(|(own, ..)| *own == name);
    for (name, path) in book.references.iter().filter(|(name, _)| !known(name)) {
        answers.put(LEDGER, name, "a reference of the book's own", reference(engine, book, name, path)?)?;
    }
    let about = "programs, measures and terms, and when they are in force";
    let (names, own) = (POLICY_COLUMNS, book.clone());
    let read: Read = Arc::new(move |wanted: &[usize]| {
        let batch = policies(&own)?;
        batch.project(wanted).map(|b| vec![b]).map_err(|e| Error::bug(e.to_string()))
    });
    answers.put(LEDGER, "policies", about, LazyTable { parts: vec![read], ..nothing(&names) })
}

const POLICY_COLUMNS: [&str; 7] = ["kind", "name", "version", "log", "valid_from", "valid_to", "definition"];

fn put_log(
    answers: &mut Answers,
    book: &Book,
    engine: Engine,
    log: Log,
    source: &LogSource,
    readers: &Readers,
) -> Result<()> {
    let (name, root) = (log.name(), book.root.join(&source.path));
    let files = list(&root);
    let schema = placed(log_schema(engine, book, log, source).unwrap_or_else(|_| canonical_schema(log, &[])).as_ref());
    let parts = match &files {
        Ok(files) => files.iter().map(|path| canonical(book, engine, log, path.clone(), readers)).collect(),
        Err(error) => vec![refusing(error)],
    };
    let table = LazyTable { schema: Arc::clone(&schema), parts };
    let stored = format!("{name}_log");
    answers.put(STORED, &stored, "", table)?;
    let sql = match log.has_money() {
        true => with_major(&format!("{STORED}.{stored}"), &schema),
        false => format!("select * from {STORED}.{stored}"),
    };
    answers.put_view(CANONICAL, name, "the log with the contract's columns, every file and row", &sql)?;
    let files = files.unwrap_or_default();
    let Some(first) = files.first() else { return Ok(()) };
    let Ok(own) = schema_of_file(&locate(&root, first), first) else { return Ok(()) };
    let schema = placed(own.as_ref());
    let part = |path: &String| raw(root.clone(), log, path.clone(), Arc::clone(&schema));
    let table = LazyTable { schema: Arc::clone(&schema), parts: files.iter().map(part).collect() };
    answers.put(RAW, name, "the log with its producer's columns, every file and row", table)
}

/// What can't be listed is an error for those who ask for it, and for nobody else.
fn refusing(error: &Error) -> Read {
    let error = error.clone();
    Arc::new(move |_: &[usize]| Err(error.clone()))
}

/// File and row before a log's own columns; a column of the log's that has one of these names gives way.
fn placed(own: &Schema) -> SchemaRef {
    let place = PLACE.into_iter().map(|(name, kind)| Arc::new(Field::new(name, kind, false)));
    let rest = own.fields().iter().filter(|f| PLACE.iter().all(|(name, _)| f.name() != name)).cloned();
    Arc::new(Schema::new(place.chain(rest).collect::<Vec<_>>()))
}

fn canonical(book: &Book, engine: Engine, log: Log, path: String, readers: &Readers) -> Read {
    let (book, readers) = (book.clone(), Arc::clone(readers));
    Arc::new(move |wanted: &[usize]| {
        let readers = readers.get_or_init(|| log_readers(engine, &book)).as_ref().map_err(Clone::clone)?;
        let reader = readers.iter().find(|r| r.log == log).ok_or_else(|| Error::bug("a log without a reader"))?;
        let batch = canonical_file(engine, reader, &path)?;
        let schema = placed(batch.schema().as_ref());
        aligned(&batch, &schema, &path, wanted)
    })
}

fn raw(root: std::path::PathBuf, log: Log, path: String, schema: SchemaRef) -> Read {
    Arc::new(move |wanted: &[usize]| {
        let batch = open_file(&locate(&root, &path), &format!("{} {path}", log.name()))?.rows;
        aligned(&batch, &schema, &path, wanted)
    })
}

/// The wanted columns of a schema; one that the file lacks is null, one of another type is cast.
fn aligned(batch: &RecordBatch, schema: &SchemaRef, file: &str, wanted: &[usize]) -> Result<Vec<RecordBatch>> {
    let rows = batch.num_rows();
    let column = |at: &usize| -> Result<ArrayRef> {
        let field = schema.field(*at);
        match (field.name().as_str(), batch.column_by_name(field.name())) {
            ("file", _) => Ok(Arc::new(StringArray::from(vec![file; rows]))),
            ("row", _) => Ok(Arc::new(Int64Array::from_iter_values(0..i64::try_from(rows).unwrap_or(0)))),
            (_, None) => Ok(new_null_array(field.data_type(), rows)),
            (name, Some(array)) => cast(array, field.data_type()).map_err(|e| {
                Error::input("files of a log differ").at(format!("{file}, column {name}")).found(e.to_string())
            }),
        }
    };
    let arrays = wanted.iter().map(column).collect::<Result<Vec<_>>>()?;
    let fields: Vec<Field> = wanted.iter().map(|at| schema.field(*at).clone().with_nullable(true)).collect();
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options);
    batch.map(|b| vec![b]).map_err(|e| Error::bug(e.to_string()))
}

fn nothing(columns: &[&str]) -> LazyTable {
    let fields: Vec<Field> = columns.iter().map(|c| Field::new(*c, DataType::Utf8, true)).collect();
    LazyTable { schema: Arc::new(Schema::new(fields)), parts: Vec::new() }
}

fn reference(engine: Engine, book: &Book, name: &str, path: &str) -> Result<LazyTable> {
    let has_query = reference_query(book, name).is_file();
    let (own, name) = (book.clone(), name.to_owned());
    if name == "fx_rates" {
        return Ok(rates(engine, own));
    }
    let read = move || {
        let (file, bytes) = reference_file(engine, &own, &name)?;
        Table::read(&file, &bytes)?.batch()
    };
    if has_query {
        return read().map(LazyTable::of_batch);
    }
    let columns = Table::columns_of(&book.root.join(path), path)?;
    let fields: Vec<Field> = columns.iter().map(|c| Field::new(c, DataType::Utf8, true)).collect();
    let read = move |wanted: &[usize]| {
        let changed = |e: arrow::error::ArrowError| Error::input("a reference changed").found(e.to_string());
        read()?.project(wanted).map(|b| vec![b]).map_err(changed)
    };
    Ok(LazyTable { schema: Arc::new(Schema::new(fields)), parts: vec![Arc::new(read)] })
}

/// Rates as exact decimals.
fn rates(engine: Engine, book: Book) -> LazyTable {
    let fields = [("date", DataType::Utf8), ("currency", DataType::Utf8), ("rate", DataType::Decimal128(38, 12))];
    let fields: Vec<Field> = fields.into_iter().map(|(name, kind)| Field::new(name, kind, true)).collect();
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let read = move |wanted: &[usize]| {
        let (file, bytes) = reference_file(engine, &book, "fx_rates")?;
        let table = crate::money::FxTable::read(&bytes, &file)?;
        let rows: Vec<_> = table.canonical_rows().collect();
        let text = rows.iter().map(|r| Some(r.2.as_str())).collect::<StringArray>();
        let rate = cast(&text, &DataType::Decimal128(38, 12)).map_err(|e| Error::bug(e.to_string()))?;
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("date", Arc::new(rows.iter().map(|r| Some(day_text(r.0))).collect::<StringArray>())),
            ("currency", Arc::new(rows.iter().map(|r| Some(r.1.code())).collect::<StringArray>())),
            ("rate", rate),
        ];
        let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true)));
        batch.and_then(|b| b.project(wanted)).map(|b| vec![b]).map_err(|e| Error::bug(e.to_string()))
    };
    LazyTable { schema, parts: vec![Arc::new(read)] }
}

/// Every version of programs, measures and terms, with its parsed form as JSON.
fn policies(book: &Book) -> Result<RecordBatch> {
    let read = Policies::read(policy_files(&book.policies)?)?;
    let mut rows: Vec<[Option<String>; 7]> = Vec::new();
    let row = |kind: &str, name: &str| [Some(kind.to_owned()), Some(name.to_owned()), None, None, None, None, None];
    for p in &read.programs {
        let mut r = row("program", &p.name);
        r[2..].clone_from_slice(&[
            Some(p.version.clone()),
            Some(p.log.clone()),
            Some(day_text(p.valid_from)),
            p.valid_to.map(day_text),
            Some(p.canonical().to_string()),
        ]);
        rows.push(r);
    }
    for m in &read.measures {
        let mut r = row("measure", &m.name);
        (r[3], r[6]) = (Some(m.log.clone()), Some(m.canonical().to_string()));
        rows.push(r);
    }
    for e in &read.enrolments {
        let mut r = row("measure", &e.name);
        r[6] = Some(e.canonical().to_string());
        rows.push(r);
    }
    for t in &read.terms {
        let mut r = row("terms", "terms");
        (r[2], r[4]) = (Some(t.version.clone()), Some(day_text(t.valid_from)));
        (r[5], r[6]) = (t.valid_to.map(day_text), Some(t.canonical().to_string()));
        rows.push(r);
    }
    let column = |at: usize| Arc::new(rows.iter().map(|r| r[at].clone()).collect::<StringArray>()) as ArrayRef;
    let columns = POLICY_COLUMNS.iter().enumerate().map(|(at, name)| (*name, column(at), true));
    RecordBatch::try_from_iter_with_nullable(columns).map_err(|e| Error::bug(e.to_string()))
}
