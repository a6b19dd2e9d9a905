//! What stays of a file's canonical rows when they have become numbers: the columns that a policy names, packed, the
//! ids, and the rows that numbers can't stand for.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, UInt32Array, new_null_array};
use arrow::compute::{CastOptions, cast, cast_with_options, concat, concat_batches, take_record_batch};
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
    /// The place of a file's row among the odd ones.
    #[must_use]
    pub fn at(&self, row: usize) -> Option<usize> {
        self.rows.binary_search(&u32::try_from(row).ok()?).ok()
    }
}

/// What stays of a file, gathered from its pieces.
pub(super) struct Keeper {
    schema: SchemaRef,
    /// Places of the columns that stay.
    staying: Vec<usize>,
    /// Of every piece, those columns.
    kept: Vec<RecordBatch>,
    rows: usize,
    odd: Vec<u32>,
    /// Of every piece, the odd rows with all columns.
    odd_rows: Vec<RecordBatch>,
}

impl Keeper {
    /// For a log whose canonical columns are these.
    pub fn new(log: Log, schema: &SchemaRef, words: &BTreeSet<String>) -> Self {
        let all = 0..schema.fields().len();
        let staying = all.filter(|at| stays(log, schema.field(*at).name(), words)).collect();
        Self { schema: Arc::clone(schema), staying, kept: Vec::new(), rows: 0, odd: Vec::new(), odd_rows: Vec::new() }
    }

    /// The canonical columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Takes what stays of a piece, of which these rows are odd.
    pub fn add(&mut self, piece: &RecordBatch, odd: Vec<u32>) -> Result<()> {
        let bug = |e: arrow::error::ArrowError| Error::bug(e.to_string());
        if piece.schema() != self.schema {
            return Err(Error::bug("the pieces of a file have different columns"));
        }
        self.kept.push(piece.project(&self.staying).map_err(bug)?);
        let first = u32::try_from(self.rows).map_err(|e| Error::bug(e.to_string()))?;
        self.odd.extend(odd.iter().map(|row| first + row));
        if !odd.is_empty() {
            self.odd_rows.push(take_record_batch(piece, &UInt32Array::from(odd)).map_err(bug)?);
        }
        self.rows += piece.num_rows();
        Ok(())
    }

    /// What stays: columns, packed, and odd rows.
    pub fn finish(self) -> Result<(Columns, Odd)> {
        let bug = |e: arrow::error::ArrowError| Error::bug(e.to_string());
        let schema = Arc::new(self.schema.project(&self.staying).map_err(bug)?);
        let pack_all = |at: usize| {
            let pieces: Vec<&dyn Array> = self.kept.iter().map(|piece| piece.column(at).as_ref()).collect();
            concat(&pieces).map(|whole| pack(&whole)).map_err(bug)
        };
        let packed = (0..self.staying.len()).map(pack_all).collect::<Result<_>>()?;
        let columns = Columns { schema, packed, rows: self.rows };
        let odd = concat_batches(&self.schema, &self.odd_rows).map_err(bug)?;
        let (packed, rows) = (odd.columns().to_vec(), odd.num_rows());
        Ok((columns, Odd { rows: self.odd, columns: Columns { schema: self.schema, packed, rows } }))
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
