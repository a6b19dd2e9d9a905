//! Facts and fates: gathered when a question asks for them, for the last period that it looks at.

use std::sync::{Arc, OnceLock};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::ledger::{LEDGER, STORED, with_major};
use super::{Answers, RunOf};
use crate::book::Book;
use crate::error::{Error, Result};
use crate::pipeline::{Looked, look};
use crate::query::{Engine, LazyTable};

const FACTS: [(&str, DataType); 12] = [
    ("creator_id", DataType::Utf8),
    ("program", DataType::Utf8),
    ("policy_version", DataType::Utf8),
    ("currency", DataType::Utf8),
    ("day", DataType::Date32),
    ("log", DataType::Utf8),
    ("channel", DataType::Utf8),
    ("events", DataType::Int64),
    ("gross_minor", DataType::Int64),
    ("tax_minor", DataType::Int64),
    ("channel_fee_minor", DataType::Int64),
    ("event_id", DataType::Utf8),
];
const FATES: [(&str, DataType); 12] = [
    ("log", DataType::Utf8),
    ("event_id", DataType::Utf8),
    ("kind", DataType::Utf8),
    ("creator_id", DataType::Utf8),
    ("day", DataType::Date32),
    ("amount_minor", DataType::Int64),
    ("currency", DataType::Utf8),
    ("fate", DataType::Utf8),
    ("reason", DataType::Utf8),
    ("file", DataType::Utf8),
    ("row_group", DataType::Int64),
    ("row", DataType::Int64),
];

/// What is gathered once for both tables.
type Gathered = Arc<OnceLock<Result<Looked>>>;

/// Lays both tables on the desk.
pub fn put(answers: &mut Answers, book: &Book, engine: Engine, runs: &[RunOf]) -> Result<()> {
    let period = runs.last().map_or(book.first_period, |run| run.period);
    let gathered: Gathered = Arc::new(OnceLock::new());
    let table = |columns: &[(&str, DataType)], of: fn(&Looked) -> &RecordBatch| {
        let fields: Vec<Field> = columns.iter().map(|(name, kind)| Field::new(*name, kind.clone(), true)).collect();
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let (book, gathered) = (book.clone(), Arc::clone(&gathered));
        let read = move |wanted: &[usize]| {
            let looked = gathered.get_or_init(|| look(engine, &book, period)).clone()?;
            of(&looked).project(wanted).map(|b| vec![b]).map_err(|e| Error::bug(e.to_string()))
        };
        LazyTable { schema, parts: vec![Arc::new(read)] }
    };
    let list = [
        ("facts", "events summed to what is rated alike, as the logs are now", table(&FACTS, |l| &l.facts)),
        ("fates", "where every row of every log ends, as the logs are now", table(&FATES, |l| &l.fates)),
    ];
    for (name, about, table) in list {
        let schema = Arc::clone(&table.schema);
        answers.put(STORED, name, about, table)?;
        answers.put_view(LEDGER, name, about, &with_major(&format!("{STORED}.{name}"), &schema))?;
    }
    Ok(())
}
