//! The canonical schema of a log before its rows are read: the contract's columns, and the attributes as files have them.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::canonical::{Source, canonical_schema, canonicalize};
use super::snapshot::{list, locate, schema_of_file};
use crate::book::{Book, LogSource};
use crate::error::Result;
use crate::log::Log;
use crate::query::{Engine, Staging};

/// The canonical schema of a log of a book. Attributes take their types from the log's first file, through its staging
/// query where it has one.
///
/// # Errors
/// The log can't be listed, its first file is damaged, or staging refuses its columns.
pub fn attribute_schema(
    engine: Engine,
    book: &Book,
    log: Log,
    source: &LogSource,
    staging: Option<&Staging>,
) -> Result<SchemaRef> {
    let plain = canonical_schema(log, &[]);
    if source.attributes.is_empty() {
        return Ok(plain);
    }
    let root = book.root.join(&source.path);
    let Some(first) = list(&root)?.into_iter().next() else { return Ok(plain) };
    let empty = RecordBatch::new_empty(schema_of_file(&locate(&root, &first), &first)?);
    let columns = match staging {
        Some(staging) => staging.map(engine, &first, &empty, &[])?,
        None => empty,
    };
    let from = Source { file: &first, staging };
    Ok(canonicalize(log, &source.attributes, &columns, &from)?.batch.schema())
}

/// Do columns of these names and types keep a log's contract without a staging query?
#[must_use]
pub fn fits_contract(log: Log, columns: &[(String, DataType)]) -> bool {
    let fields: Vec<Field> = columns.iter().map(|(name, kind)| Field::new(name, kind.clone(), true)).collect();
    let empty = RecordBatch::new_empty(Arc::new(Schema::new(fields)));
    canonicalize(log, &[], &empty, &Source { file: "", staging: None }).is_ok()
}
