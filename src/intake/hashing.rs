//! Hashes of ids and rows: SHA-256, cut to its first 16 bytes.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// The first 16 bytes of a SHA-256, as a number; never 0.
pub fn hash(bytes: &[u8]) -> u128 {
    let digest = Sha256::digest(bytes);
    let mut first = [0_u8; 16];
    first.copy_from_slice(&digest[..16]);
    u128::from_be_bytes(first).max(1)
}

/// The number that an id is known by, from its ledger form.
#[must_use]
pub fn id_hash(id: &str) -> u128 {
    hash(id.as_bytes())
}

/// A column's values, and which are null.
struct Values {
    nulls: Option<NullBuffer>,
    kind: Kind,
}

enum Kind {
    Text(StringArray),
    Whole(ScalarBuffer<i64>),
    Truth(BooleanBuffer),
}

/// Writes the canonical bytes of rows: each column 0 for null, else 1 and the value (text: length as 4 bytes, little
/// end first, and UTF-8; whole numbers and instants: 8 bytes, little end first; truth values: one byte).
pub struct RowBytes {
    columns: Vec<Values>,
    buffer: Vec<u8>,
}

impl RowBytes {
    /// For the columns of a batch, in the order given.
    pub fn of(batch: &RecordBatch, order: impl Iterator<Item = usize>) -> Result<Self> {
        let columns = order.map(|at| values(batch.column(at))).collect::<Result<_>>()?;
        Ok(Self { columns, buffer: Vec::with_capacity(256) })
    }

    /// The hash of a row.
    pub fn hash(&mut self, row: usize) -> u128 {
        self.buffer.clear();
        for column in &self.columns {
            put(&mut self.buffer, column, row);
        }
        hash(&self.buffer)
    }
}

fn values(array: &ArrayRef) -> Result<Values> {
    let nulls = array.logical_nulls().filter(|nulls| nulls.null_count() > 0);
    let to = match array.data_type() {
        DataType::Boolean => return Ok(Values { nulls, kind: Kind::Truth(array.as_boolean().values().clone()) }),
        DataType::Timestamp(..) | DataType::Int64 => DataType::Int64,
        _ => DataType::Utf8,
    };
    let array = cast(array, &to).map_err(|e| Error::input(format!("a column can't be hashed: {e}")))?;
    let kind = match to {
        DataType::Int64 => Kind::Whole(array.as_primitive::<Int64Type>().values().clone()),
        _ => Kind::Text(array.as_string::<i32>().clone()),
    };
    Ok(Values { nulls, kind })
}

fn put(buffer: &mut Vec<u8>, column: &Values, row: usize) {
    if column.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
        buffer.push(0);
        return;
    }
    buffer.push(1);
    match &column.kind {
        Kind::Text(texts) => {
            let text = texts.value(row).as_bytes();
            buffer.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
            buffer.extend_from_slice(text);
        }
        Kind::Whole(numbers) => buffer.extend_from_slice(&numbers[row].to_le_bytes()),
        Kind::Truth(truths) => buffer.push(u8::from(truths.value(row))),
    }
}
