//! Canonical bytes: what every hash of the ledger is taken over.
//!
//! A number is 8 bytes, big-endian, two's complement. A text is the number of its bytes, then its UTF-8 bytes. A value
//! that may be missing is one byte 0, or one byte 1 and the value. A list is the number of its elements, then they.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Schema};
use sha2::{Digest, Sha256};

use super::cell::{Cell, cell};
use crate::error::{Error, Result};

/// Columns that say where a row stood; no hash of rows takes them.
pub const WHERE_IT_STOOD: [&str; 3] = ["file", "row_group", "row"];

/// Canonical bytes while they are written.
#[derive(Clone, Debug, Default)]
pub struct Canonical(Vec<u8>);

impl Canonical {
    /// Bytes of one domain; hashes of different domains never meet.
    #[must_use]
    pub fn of(domain: &str) -> Self {
        Self::default().text(domain)
    }

    /// Adds a text.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        put_text(&mut self.0, text);
        self
    }

    /// Adds a text that may be missing.
    #[must_use]
    pub fn maybe(mut self, text: Option<&str>) -> Self {
        self.0.push(u8::from(text.is_some()));
        text.into_iter().fold(self, Self::text)
    }

    /// Adds a list of texts.
    #[must_use]
    pub fn texts<'a>(mut self, texts: impl IntoIterator<Item = &'a str>) -> Self {
        let texts: Vec<&str> = texts.into_iter().collect();
        put_length(&mut self.0, texts.len());
        texts.into_iter().fold(self, Self::text)
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Their SHA-256, lower-case hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> String {
        sha256(&self.0)
    }
}

/// SHA-256 of bytes, lower-case hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The canonical-row hash of a table, lower-case hexadecimal.
///
/// SHA-256 over: text `everycent rows 1`; text name of the table; list of the names of the columns, without those of
/// [`WHERE_IT_STOOD`]; then for each row, in the order of the key, the number of bytes that follow, and [`row_bytes`].
///
/// # Errors
/// A batch that can't be had, or holds what no table holds (bug).
pub fn rows_sha256(table: &str, schema: &Schema, batches: impl Iterator<Item = Result<RecordBatch>>) -> Result<String> {
    let mut hash = table_hash(table, schema);
    for batch in batches {
        let batch = batch?;
        for at in 0..batch.num_rows() {
            let bytes = row_bytes(&batch, at)?;
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(&bytes);
        }
    }
    Ok(hex::encode(hash.finalize()))
}

/// The hash of a table before its first row.
pub(super) fn table_hash(table: &str, schema: &Schema) -> Sha256 {
    let names = schema.fields().iter().map(|field| field.name().as_str());
    let head = Canonical::of("everycent rows 1").text(table).texts(names.filter(|name| !WHERE_IT_STOOD.contains(name)));
    Sha256::new_with_prefix(head.bytes())
}

/// Adds what is written by `put`, after the number of its bytes.
pub(super) fn put_counted(bytes: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) {
    let at = bytes.len();
    put_length(bytes, 0);
    put(bytes);
    let length = (bytes.len() - at - 8) as u64;
    bytes[at..at + 8].copy_from_slice(&length.to_be_bytes());
}

/// A row's canonical bytes: its values in the order of the columns, without those of [`WHERE_IT_STOOD`], each as a value
/// that may be missing. Days are days, instants nanoseconds since 1970; a struct is its values, one after the other.
///
/// # Errors
/// A column of a type that no table has (bug).
pub fn row_bytes(batch: &RecordBatch, at: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        if !WHERE_IT_STOOD.contains(&field.name().as_str()) {
            put_value(&mut bytes, column, at)?;
        }
    }
    Ok(bytes)
}

fn put_value(bytes: &mut Vec<u8>, array: &dyn Array, at: usize) -> Result<()> {
    bytes.push(u8::from(array.is_valid(at)));
    match (array.data_type(), cell(array, at)) {
        _ if array.is_null(at) => {}
        (_, Some(Cell::Text(text))) => put_text(bytes, &text),
        (_, Some(Cell::Int(value))) => bytes.extend(value.to_be_bytes()),
        (DataType::List(_), _) => put_list(bytes, &array.as_list::<i32>().value(at))?,
        (other, _) => return Err(Error::bug(format!("no canonical bytes for {other}"))),
    }
    Ok(())
}

fn put_list(bytes: &mut Vec<u8>, elements: &dyn Array) -> Result<()> {
    let structs = elements.as_struct_opt().ok_or_else(|| Error::bug("a list of something else than structs"))?;
    put_length(bytes, structs.len());
    for at in 0..structs.len() {
        for column in structs.columns() {
            put_value(bytes, column, at)?;
        }
    }
    Ok(())
}

pub(super) fn put_length(bytes: &mut Vec<u8>, length: usize) {
    bytes.extend((length as u64).to_be_bytes());
}

pub(super) fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_length(bytes, text.len());
    bytes.extend(text.as_bytes());
}
