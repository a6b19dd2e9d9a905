//! A row as it stands in its Parquet file, before staging and contract: for people who must decide about it.

use std::path::Path;

use arrow::array::{Array, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::snapshot::{RawFile, locate, open_file};
use crate::error::{Error, Result};

/// Name and value of each column, in the file's order; `None` is a null.
pub type RawRow = Vec<(String, Option<String>)>;

/// The rows of one file, whose bytes are held against the hash that a run recorded.
pub struct RawRows {
    file: RawFile,
    name: String,
}

impl RawRows {
    /// Opens a file of the log in `root`.
    ///
    /// # Errors
    /// The file is gone, or is not the one that the run read (input).
    pub fn open(root: &Path, name: &str, sha256: &str, place: &str) -> Result<Self> {
        let path = locate(root, name);
        let next = "restore the file; or run the period again, and list the rows of that run";
        if !path.is_file() {
            return Err(Error::input("the file of a listed row is gone").at(place).expected(sha(sha256)).next(next));
        }
        let file = open_file(&path, place)?;
        if file.sha256 == sha256 {
            return Ok(Self { file, name: place.to_owned() });
        }
        Err(Error::input("the file of a listed row was changed since the run")
            .at(place)
            .expected(sha(sha256))
            .found(sha(&file.sha256))
            .next(next))
    }

    /// The row in this row group.
    ///
    /// # Errors
    /// There is none (input).
    pub fn row(&self, group: i64, row: i64) -> Result<RawRow> {
        let none = || Error::input("a listed row is not in its file").at(format!("{}, {group}, {row}", self.name));
        let (group, row) = (usize::try_from(group).map_err(|_| none())?, usize::try_from(row).map_err(|_| none())?);
        let before: u64 = self.file.groups.iter().take(group).sum();
        let at = usize::try_from(before).map_err(|_| none())? + row;
        if at >= self.file.rows.num_rows() {
            return Err(none());
        }
        cells(&self.file.rows, at)
    }
}

fn sha(sha256: &str) -> String {
    format!("SHA-256 {sha256}")
}

fn cells(batch: &RecordBatch, row: usize) -> Result<RawRow> {
    let unreadable = |e: arrow::error::ArrowError| Error::input(format!("a value can't be shown: {e}"));
    let options = FormatOptions::default();
    let cell = |(field, array): (&arrow::datatypes::FieldRef, &arrow::array::ArrayRef)| {
        let text = match array.is_null(row) {
            true => None,
            false => {
                let value = ArrayFormatter::try_new(array.as_ref(), &options).map_err(unreadable)?;
                Some(value.value(row).try_to_string().map_err(unreadable)?)
            }
        };
        Ok((field.name().clone(), text))
    };
    batch.schema().fields().iter().zip(batch.columns()).map(cell).collect()
}
