//! What stays of a file's canonical rows when they have become numbers: the columns that a policy names, packed, the
//! ids, and the rows that numbers can't stand for.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, UInt32Array, new_null_array};
use arrow::compute::{CastOptions, cast, cast_with_options, take_record_batch};
use arrow::datatypes::{DataType, Int16Type, Int32Type, Int64Type, Schema, SchemaRef};

use crate::error::{Error, Result};
use crate::log::Log;
use crate::policy::words_of;

/// Words of the policies; a canonical column that is none of them is not asked for again.
pub type Words = Arc<BTreeSet<String>>;

/// Columns that code reads by name, whatever the policies say.
const ALWAYS: [&str; 1] = ["event_id"];

/// Does a column stay?
fn stays(log: Log, column: &str, words: &BTreeSet<String>) -> bool {
    log == Log::Adjustments || ALWAYS.contains(&column) || words_of(column).all(|word| words.contains(&word))
}

/// Canonical columns of a file, each in the smallest form that holds it.
#[derive(Clone, Debug)]
pub struct Columns {
    schema: SchemaRef,
    packed: Vec<ArrayRef>,
    rows: usize,
}

impl Columns {
    /// The columns that stay.
    pub(super) fn of(log: Log, batch: &RecordBatch, words: &BTreeSet<String>) -> Result<Self> {
        let schema = batch.schema();
        let kept: Vec<usize> =
            (0..schema.fields().len()).filter(|at| stays(log, schema.field(*at).name(), words)).collect();
        let packed = kept.iter().map(|at| pack(batch.column(*at))).collect();
        let schema = schema.project(&kept).map_err(|e| Error::bug(e.to_string()))?;
        Ok(Self { schema: Arc::new(schema), packed, rows: batch.num_rows() })
    }

    /// Their names and canonical types.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns in their canonical types; those that are not `wanted`, by place, are empty.
    ///
    /// # Errors
    /// Never but for a bug.
    pub fn unpacked(&self, wanted: impl Fn(usize) -> bool) -> Result<Vec<ArrayRef>> {
        let unpack = |(at, (array, field)): (usize, (&ArrayRef, &Arc<arrow::datatypes::Field>))| match wanted(at) {
            true => cast(array, field.data_type()).map_err(|e| Error::bug(e.to_string())),
            false => Ok(new_null_array(field.data_type(), self.rows)),
        };
        self.packed.iter().zip(self.schema.fields()).enumerate().map(unpack).collect()
    }

    /// Did the column stay?
    #[must_use]
    pub fn has(&self, column: &str) -> bool {
        self.find(column).is_some()
    }

    fn find(&self, column: &str) -> Option<&ArrayRef> {
        self.packed.get(self.schema.index_of(column).ok()?)
    }

    /// A value of a text column.
    #[must_use]
    pub fn text(&self, column: &str, row: usize) -> Option<&str> {
        let array = self.find(column)?;
        if array.is_null(row) {
            return None;
        }
        if let Some(text) = array.as_string_opt::<i32>() {
            return Some(text.value(row));
        }
        let dictionary = array.as_dictionary_opt::<Int16Type>()?;
        let words = dictionary.values().as_string_opt::<i32>()?;
        Some(words.value(usize::try_from(dictionary.keys().value(row)).ok()?))
    }

    /// A value of an integer column.
    #[must_use]
    pub fn int(&self, column: &str, row: usize) -> Option<i64> {
        let array = self.find(column)?;
        if array.is_null(row) {
            return None;
        }
        match array.data_type() {
            DataType::Int16 => array.as_primitive_opt::<Int16Type>().map(|a| i64::from(a.value(row))),
            DataType::Int32 => array.as_primitive_opt::<Int32Type>().map(|a| i64::from(a.value(row))),
            _ => array.as_primitive_opt::<Int64Type>().map(|a| a.value(row)),
        }
    }
}

/// The first smaller form that holds every value, or the column as it is.
fn pack(array: &ArrayRef) -> ArrayRef {
    let forms = match array.data_type() {
        DataType::Int64 => vec![DataType::Int16, DataType::Int32],
        DataType::Utf8 if repeats(array) => {
            vec![DataType::Dictionary(Box::new(DataType::Int16), Box::new(DataType::Utf8))]
        }
        _ => Vec::new(),
    };
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let packed = forms.iter().find_map(|form| cast_with_options(array, form, &strict).ok());
    packed.unwrap_or_else(|| Arc::clone(array))
}

/// Do few texts stand in many rows? Looks at the first thousand.
fn repeats(array: &ArrayRef) -> bool {
    let Some(text) = array.as_string_opt::<i32>() else { return false };
    let first = text.iter().take(1000);
    let (rows, different) = (first.len(), first.collect::<BTreeSet<_>>().len());
    different * 4 <= rows.max(16)
}

/// Rows of a file that break the contract, that staging leaves out, or whose text no number stands for; all columns.
#[derive(Clone, Debug)]
pub struct Odd {
    /// Ascending.
    rows: Vec<u32>,
    pub columns: Columns,
}

impl Odd {
    /// These rows of a file.
    pub(super) fn of(batch: &RecordBatch, rows: Vec<u32>) -> Result<Self> {
        let taken =
            take_record_batch(batch, &UInt32Array::from(rows.clone())).map_err(|e| Error::bug(e.to_string()))?;
        let columns = Columns { schema: taken.schema(), packed: taken.columns().to_vec(), rows: taken.num_rows() };
        Ok(Self { rows, columns })
    }

    /// The place of a file's row among the odd ones.
    #[must_use]
    pub fn at(&self, row: usize) -> Option<usize> {
        self.rows.binary_search(&u32::try_from(row).ok()?).ok()
    }
}

/// Columns as a batch, also where there are none.
///
/// # Errors
/// They do not fit the schema (a bug).
pub fn batch_of(schema: Schema, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(schema), columns, &options).map_err(|e| Error::bug(e.to_string()))
}
