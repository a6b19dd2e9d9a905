//! The ledger's tables over several runs: each row with its period and state, each amount in major units beside it.

use std::sync::{Arc, OnceLock};

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::Answers;
use super::runs::RunOf;
use crate::error::{Error, Result};
use crate::ledger::{BATCH_ROWS, TABLES, schema};
use crate::query::{LazyTable, Read};

/// The schema of what lies on the disk, behind the views with major units.
pub const STORED: &str = "stored";
/// The schema of the ledger's tables; it need not be named.
pub const LEDGER: &str = "ledger";

const ABOUT: [(&str, &str); 9] = [
    ("earnings", "what each program yields for each creator: one net row per earning line and cause"),
    ("journal", "postings of balanced entries, debit positive"),
    ("statements", "each party's account, step by step"),
    ("payouts", "instructions to pay"),
    ("balances", "accounts rolled forward, with the age of what is left"),
    ("quarantine", "rows that can't be rated, why, and where they stand"),
    ("waiting", "reversals whose charge has not arrived"),
    ("ineligible", "rows that a program's rule refused, since the close before"),
    ("control", "where every row read ended, with its money"),
];

/// Lays the tables of the runs on the desk.
pub fn put(answers: &mut Answers, runs: &[RunOf]) -> Result<()> {
    answers.put(LEDGER, "periods", "the periods of the book: state, run, root, seal", periods(runs)?)?;
    for (name, about) in ABOUT {
        let columns = with_period(name)?;
        let parts = runs.iter().flat_map(|run| parts(run, name, &columns)).collect();
        answers.put(STORED, name, about, LazyTable { schema: Arc::clone(&columns), parts })?;
        answers.put_view(LEDGER, name, about, &with_major(&format!("{STORED}.{name}"), &columns))?;
    }
    answers.put_view(LEDGER, "earning_parts", "who receives what of each earning line", PARTS)?;
    answers.put_view(LEDGER, "earning_deductions", "the deductions of each earning line", DEDUCTIONS)
}

const PARTS: &str = "
select period, state, creator_id, program, policy_version, currency, earning_period, fx_date, cause,
    part['party_id'] as party_id, part['minor'] as part_minor, major(part['minor'], currency) as part,
    part['payout_currency'] as payout_currency, part['rate'] as rate, part['payout_minor'] as payout_minor,
    major(part['payout_minor'], part['payout_currency']) as payout
from (select *, unnest(parts) as part from stored.earnings)";

const DEDUCTIONS: &str = "
select period, state, creator_id, program, policy_version, currency, earning_period, fx_date, cause,
    deduction['name'] as name, deduction['account'] as account, deduction['minor'] as deduction_minor,
    major(deduction['minor'], currency) as deduction
from (select *, unnest(deductions) as deduction from stored.earnings)";

fn periods(runs: &[RunOf]) -> Result<LazyTable> {
    let text =
        |of: &dyn Fn(&RunOf) -> Option<String>| Arc::new(runs.iter().map(of).collect::<StringArray>()) as ArrayRef;
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("period", text(&|r| Some(r.period.to_string()))),
        ("state", text(&|r| Some(r.state.to_owned()))),
        ("run_id", text(&|r| Some(r.run_id.clone()))),
        ("root", text(&|r| Some(r.root.clone()))),
        ("seal", text(&|r| r.seal.clone())),
        ("as_of", text(&|r| r.as_of.clone())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .map(LazyTable::of_batch)
        .map_err(|e| Error::bug(e.to_string()))
}

/// Period and state before a table's own columns.
fn with_period(table: &str) -> Result<SchemaRef> {
    let own = schema(table)?;
    let mut fields = vec![Arc::new(Field::new("period", DataType::Utf8, false))];
    fields.push(Arc::new(Field::new("state", DataType::Utf8, false)));
    fields.extend(own.fields().iter().filter(|f| f.name() != "period").cloned());
    Ok(Arc::new(Schema::new(fields)))
}

/// A query that puts the major units of every `x_minor` beside it, as `x`.
pub fn with_major(table: &str, schema: &Schema) -> String {
    let column = |field: &Arc<Field>| {
        let name = field.name();
        match name.strip_suffix("_minor").filter(|_| *field.data_type() == DataType::Int64) {
            Some(major) => format!("\"{name}\", major(\"{name}\", currency) as \"{major}\""),
            None => format!("\"{name}\""),
        }
    };
    let columns: Vec<String> = schema.fields().iter().map(column).collect();
    format!("select {} from {table}", columns.join(", "))
}

/// One part for each row group of a run's table. The file is read, and its hash compared, once.
fn parts(run: &RunOf, table: &'static str, columns: &SchemaRef) -> Vec<Read> {
    let rows = run.run.manifest().ok().and_then(|m| m.tables.get(table).map(|t| t.rows)).unwrap_or(0);
    let groups = usize::try_from(rows).unwrap_or(usize::MAX).div_ceil(BATCH_ROWS);
    let bytes: Arc<OnceLock<Result<Bytes>>> = Arc::new(OnceLock::new());
    let part = |group: usize| {
        let (run, columns, bytes) = (run.clone(), Arc::clone(columns), Arc::clone(&bytes));
        let read = move |wanted: &[usize]| {
            let bytes = bytes.get_or_init(|| run.run.table_bytes(table)).clone()?;
            row_group(bytes, group, &run, &columns, wanted).map_err(|e| e.at(format!("{}, {table}", run.period)))
        };
        Arc::new(read) as Read
    };
    (0..groups).map(part).collect()
}

/// The wanted columns of a row group.
fn row_group(
    bytes: Bytes,
    group: usize,
    run: &RunOf,
    columns: &SchemaRef,
    wanted: &[usize],
) -> Result<Vec<RecordBatch>> {
    let fault = |found: String| Error::input("a published table can't be read").found(found);
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(|e| fault(e.to_string()))?;
    let names: Vec<&str> = wanted.iter().map(|at| columns.field(*at).name().as_str()).collect();
    let stored = builder.schema().fields().iter().enumerate();
    let roots = stored.filter(|(_, f)| names.contains(&f.name().as_str())).map(|(at, _)| at).collect::<Vec<_>>();
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
    let reader = builder.with_projection(mask).with_row_groups(vec![group]).with_batch_size(1 << 16).build();
    let schema: SchemaRef = Arc::new(columns.project(wanted).map_err(|e| Error::bug(e.to_string()))?);
    let mut batches = Vec::new();
    for batch in reader.map_err(|e| fault(e.to_string()))? {
        let batch = batch.map_err(|e| fault(e.to_string()))?;
        let column = |name: &&str| constant_or_stored(name, run, &batch);
        let arrays = names.iter().map(column).collect::<Result<Vec<_>>>()?;
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let whole = RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &options);
        batches.push(whole.map_err(|e| fault(e.to_string()))?);
    }
    Ok(batches)
}

fn constant_or_stored(name: &str, run: &RunOf, batch: &RecordBatch) -> Result<ArrayRef> {
    let constant = |text: &str| Arc::new(StringArray::from(vec![text; batch.num_rows()])) as ArrayRef;
    match (name, batch.column_by_name(name)) {
        (_, Some(array)) => Ok(Arc::clone(array)),
        ("period", None) => Ok(constant(&run.period.to_string())),
        ("state", None) => Ok(constant(run.state)),
        _ => Err(Error::input("a published table lacks a column").found(name)),
    }
}

/// Every table of the ledger is laid on the desk.
const _: () = assert!(ABOUT.len() == TABLES.len());
