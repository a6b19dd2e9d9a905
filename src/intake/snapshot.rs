//! The list of a log's files, and the bytes of one: read whole, hashed, and held against the file's state before.

use std::fs;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// A file as it was read: its rows, and where its row groups begin.
pub struct RawFile {
    pub sha256: String,
    pub rows: RecordBatch,
    /// Rows in each row group.
    pub groups: Vec<u64>,
}

impl RawFile {
    /// Row group and row within it of the `n`-th row.
    #[must_use]
    pub fn provenance(&self, n: u64) -> (i64, i64) {
        place_in_groups(&self.groups, n)
    }
}

/// Row group and row within it of the `n`-th row of a file whose row groups have these rows.
#[must_use]
pub fn place_in_groups(groups: &[u64], n: u64) -> (i64, i64) {
    let mut rest = n;
    for (group, rows) in groups.iter().enumerate() {
        if rest < *rows {
            return (group as i64, rest as i64);
        }
        rest -= rows;
    }
    (0, n as i64)
}

/// All Parquet files of a log, by path relative to `root`, in byte order; `root` may be one file.
///
/// # Errors
/// The folder is missing or unreadable, or holds a file that is no Parquet file by name (input).
pub fn list(root: &Path) -> Result<Vec<String>> {
    if root.is_file() {
        return Ok(vec![file_name(root)]);
    }
    let mut found = Vec::new();
    walk(root, root, &mut found)?;
    found.sort();
    Ok(found)
}

/// The file behind a name that [`list`] gave.
#[must_use]
pub fn locate(root: &Path, name: &str) -> PathBuf {
    if root.is_file() { root.to_path_buf() } else { root.join(name) }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

fn walk(root: &Path, dir: &Path, found: &mut Vec<String>) -> Result<()> {
    let entries = fs::read_dir(dir).map_err(|e| missing(dir, &e))?;
    for entry in entries {
        let path = entry.map_err(|e| missing(dir, &e))?.path();
        let name = file_name(&path);
        if name.starts_with('.') || name.starts_with('_') {
            continue;
        }
        if path.is_dir() {
            walk(root, &path, found)?;
        } else if path.extension().is_some_and(|e| e == "parquet") {
            found.push(relative(root, &path));
        } else {
            return Err(Error::input("a log's folder holds a file that is not Parquet")
                .at(path.display().to_string())
                .expected("files named *.parquet (names that begin with . or _ are passed over)")
                .found(name)
                .next("move it out of the log's folder"));
        }
    }
    Ok(())
}

fn relative(root: &Path, path: &Path) -> String {
    let parts = path.strip_prefix(root).unwrap_or(path).components();
    parts.map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn missing(path: &Path, e: &std::io::Error) -> Error {
    Error::input("a log can't be read")
        .at(path.display().to_string())
        .expected("a readable folder or file")
        .found(e.to_string())
        .next("restore it, or correct [log.*] path in everycent.toml")
}

/// The raw schema of one file, from its footer.
///
/// # Errors
/// No sound Parquet file (input).
pub fn schema_of_file(path: &Path, name: &str) -> Result<arrow::datatypes::SchemaRef> {
    let file = fs::File::open(path).map_err(|e| missing(path, &e))?;
    let size = file.metadata().map_err(|e| missing(path, &e))?.len();
    let metadata = sound(|| ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(|e| e.to_string()));
    metadata.map(|m| m.schema().clone()).map_err(|found| damaged(name, size, &found))
}

/// The rows that a file's footer promises; 0 where it can't be read or can't be true, which [`OpenFile`] will say.
#[must_use]
pub fn rows_promised(path: &Path) -> u64 {
    let promised = || {
        let file = fs::File::open(path).ok()?;
        let footer = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).ok()?;
        groups_of(footer.metadata(), file.metadata().ok()?.len()).ok()
    };
    sum(&std::panic::catch_unwind(promised).ok().flatten().unwrap_or_default())
}

/// Rows in each row group by a file's footer; what is wrong with it where it contradicts itself, or promises more than
/// so few bytes hold. Room is made for what it promises, before a page is read.
fn groups_of(footer: &ParquetMetaData, bytes: u64) -> std::result::Result<Vec<u64>, String> {
    let rows_of = |group: &RowGroupMetaData| {
        let rows = group.num_rows();
        let held = |values: i64| values >= rows && (rows > 0 || values == 0);
        let sound = group.columns().iter().all(|column| held(column.num_values()));
        u64::try_from(rows)
            .ok()
            .filter(|_| sound)
            .ok_or_else(|| format!("a footer that says {rows} rows where columns have others"))
    };
    let groups = footer.row_groups().iter().map(rows_of).collect::<std::result::Result<Vec<u64>, String>>()?;
    let (rows, said) = (sum(&groups), footer.file_metadata().num_rows());
    if u64::try_from(said).ok() != Some(rows) {
        return Err(format!("a footer that says {said} rows, and {rows} in its row groups"));
    }
    if rows > bytes.saturating_mul(MOST_IN_A_BYTE) {
        return Err(format!("a footer that says {rows} rows in {bytes} bytes"));
    }
    Ok(groups)
}

fn sum(groups: &[u64]) -> u64 {
    groups.iter().fold(0, |sum, rows| sum.saturating_add(*rows))
}

/// A byte holds fewer rows than this, however alike they are: ids and times differ.
const MOST_IN_A_BYTE: u64 = 1000;

/// A file whose bytes were read and hashed; its rows are decoded when they are asked for.
///
/// The bytes that are hashed are the bytes that are decoded, so a file that changes afterwards changes nothing here;
/// one that changes meanwhile is refused.
pub struct OpenFile {
    pub sha256: String,
    pub bytes: u64,
    /// Rows in each row group.
    pub groups: Vec<u64>,
    name: String,
    data: Bytes,
    metadata: ArrowReaderMetadata,
}

impl OpenFile {
    /// Reads a file, and its footer.
    ///
    /// # Errors
    /// Unreadable, empty, truncated, changing, or no Parquet (input).
    pub fn open(path: &Path, name: &str) -> Result<Self> {
        let before = stamp(path)?;
        let data = fs::read(path).map_err(|e| missing(path, &e))?;
        if stamp(path)? != before || data.len() as u64 != before.0 {
            return Err(changed_meanwhile(name));
        }
        let (sha256, bytes, data) = (hex::encode(Sha256::digest(&data)), data.len() as u64, Bytes::from(data));
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(false);
        let metadata = sound(|| ArrowReaderMetadata::load(&data, options).map_err(|e| e.to_string()));
        let metadata = metadata.map_err(|found| damaged(name, bytes, &found))?;
        let groups = groups_of(metadata.metadata(), bytes).map_err(|found| damaged(name, bytes, &found))?;
        Ok(Self { sha256, bytes, groups, name: name.to_owned(), data, metadata })
    }

    /// The rows that its footer promises; a file is damaged where its pages hold others.
    #[must_use]
    pub fn rows(&self) -> u64 {
        sum(&self.groups)
    }

    /// Its rows, at most so many at a time; a file without rows gives one piece without rows.
    ///
    /// # Errors
    /// Damaged (input); so may each piece be.
    pub fn pieces(&self, at_most: usize) -> Result<impl Iterator<Item = Result<RecordBatch>>> {
        let wanted = usize::try_from(self.rows()).unwrap_or(usize::MAX).clamp(1, at_most);
        let build = || {
            ParquetRecordBatchReaderBuilder::new_with_metadata(self.data.clone(), self.metadata.clone())
                .with_batch_size(wanted)
                .build()
                .map_err(|e| e.to_string())
        };
        let mut reader = Some(sound(build).map_err(|found| self.damaged(&found))?);
        let mut read = 0;
        let mut next = move || -> Result<Option<RecordBatch>> {
            let Some(open) = &mut reader else { return Ok(None) };
            let piece = sound(|| open.next().transpose().map_err(|e| e.to_string()));
            let piece = piece.map_err(|found| self.damaged(&found)).inspect_err(|_| reader = None)?;
            if let Some(piece) = piece {
                read += piece.num_rows() as u64;
                if read > self.rows() {
                    reader = None;
                    return Err(self.damaged(&format!("more rows than the {} of the footer", self.rows())));
                }
                return Ok(Some(piece));
            }
            reader = None;
            match (read == self.rows(), read) {
                (true, 0) => Ok(Some(RecordBatch::new_empty(self.metadata.schema().clone()))),
                (true, _) => Ok(None),
                (false, _) => Err(self.damaged(&format!("{read} rows where the footer says {}", self.rows()))),
            }
        };
        Ok(std::iter::from_fn(move || next().transpose()))
    }

    /// All its rows.
    ///
    /// # Errors
    /// Damaged (input).
    pub fn whole(&self) -> Result<RecordBatch> {
        let pieces = self.pieces(AT_ONCE)?.collect::<Result<Vec<_>>>()?;
        match <[RecordBatch; 1]>::try_from(pieces) {
            Ok([rows]) => Ok(rows),
            Err(pieces) => concat_batches(self.metadata.schema(), &pieces).map_err(|e| self.damaged(&e.to_string())),
        }
    }

    fn damaged(&self, found: &str) -> Error {
        damaged(&self.name, self.bytes, found)
    }
}

/// Decoding, of which no damage of a file may make a panic.
fn sound<T>(decode: impl FnOnce() -> std::result::Result<T, String>) -> std::result::Result<T, String> {
    let decoded = std::panic::catch_unwind(std::panic::AssertUnwindSafe(decode));
    decoded.unwrap_or_else(|_| Err("its pages contradict themselves".to_owned()))
}

/// Reads and decodes one file.
///
/// # Errors
/// Unreadable, empty, truncated, damaged, changing, or no Parquet (input).
pub fn open_file(path: &Path, name: &str) -> Result<RawFile> {
    let file = OpenFile::open(path, name)?;
    Ok(RawFile { rows: file.whole()?, sha256: file.sha256, groups: file.groups })
}

/// A file that is not what it was a moment ago.
pub fn changed_meanwhile(name: &str) -> Error {
    Error::input("a file changed while it was read")
        .at(name.to_owned())
        .next("deliver files under another name and rename them when they are complete, then run again")
}

fn damaged(name: &str, size: u64, found: &str) -> Error {
    Error::input("a file is no sound Parquet file")
        .at(name.to_owned())
        .expected("a complete Parquet file")
        .found(if size == 0 { "an empty file".to_owned() } else { found.lines().next().unwrap_or("").to_owned() })
        .next("have it delivered again")
}

fn stamp(path: &Path) -> Result<(u64, Option<std::time::SystemTime>)> {
    let meta = fs::metadata(path).map_err(|e| missing(path, &e))?;
    Ok((meta.len(), meta.modified().ok()))
}

/// So many rows of a whole file are decoded at once, at most: those of most files, so that batches need not be put together.
const AT_ONCE: usize = 1 << 20;
