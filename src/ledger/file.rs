//! Table files: Parquet with everything pinned, so that the same rows give the same bytes.
//!
//! One writer, batches and row groups of [`BATCH_ROWS`] rows, zstd level 3, statistics by page, `created_by` pinned, no
//! key-value metadata. The Parquet library writes no page checksums: a file is read only after its whole hash has been
//! compared with the manifest's, which covers every byte.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Field, SchemaRef};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, ArrowWriterOptions, compute_leaves};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::canonical::sha256;
use super::columns::{BATCH_ROWS, schema};
use super::row::Tables;
use crate::error::{Error, Result};

/// Writes batches to a new file, down to the disk, and returns the SHA-256 of its bytes.
///
/// # Errors
/// The file exists, or the disk refuses (resources); a batch that can't be had (as it says).
pub fn write(path: &Path, schema: SchemaRef, batches: impl Iterator<Item = Result<RecordBatch>>) -> Result<String> {
    let mut writer = writer(path, schema)?;
    for batch in batches {
        writer.write(&batch?).map_err(|e| refused(path, &e))?;
    }
    finished(path, writer.into_inner().map_err(|e| refused(path, &e))?)
}

/// Writes a table to a new file, its columns side by side: the bytes are those of [`write`].
///
/// # Errors
/// As [`write`].
pub fn write_table(path: &Path, tables: &Tables, table: &'static str) -> Result<String> {
    let (schema, rows) = (schema(table)?, tables.rows(table)?);
    let writer = writer(path, Arc::clone(&schema))?;
    let (mut writer, factory) = writer.into_serialized_writer().map_err(|e| refused(path, &e))?;
    for (group, from) in (0..rows).step_by(BATCH_ROWS).enumerate() {
        let range = from..rows.min(from.saturating_add(BATCH_ROWS));
        let mut leaves = factory.create_column_writers(group).map_err(|e| refused(path, &e))?.into_iter();
        let columns: Vec<_> =
            schema.fields().iter().map(|field| (field, leaves.by_ref().take(leaves_of(field)).collect())).collect();
        let encoded: Vec<Result<Vec<ArrowColumnChunk>>> = columns
            .into_par_iter()
            .enumerate()
            .map(|(at, (field, leaves))| {
                let array = tables.column(table, at, range.clone())?;
                encode(field, &array, leaves).map_err(|e| refused(path, &e))
            })
            .collect();
        let mut group = writer.next_row_group().map_err(|e| refused(path, &e))?;
        for column in encoded {
            for chunk in column? {
                chunk.append_to_row_group(&mut group).map_err(|e| refused(path, &e))?;
            }
        }
        group.close().map_err(|e| refused(path, &e))?;
    }
    finished(path, writer.into_inner().map_err(|e| refused(path, &e))?)
}

/// How many columns of a file a column of a table becomes: a list of structs one for each field.
fn leaves_of(field: &Field) -> usize {
    match field.data_type() {
        DataType::List(element) => leaves_of(element),
        DataType::Struct(fields) => fields.iter().map(|field| leaves_of(field)).sum(),
        _ => 1,
    }
}

fn encode(
    field: &Field,
    array: &ArrayRef,
    writers: Vec<ArrowColumnWriter>,
) -> std::result::Result<Vec<ArrowColumnChunk>, ParquetError> {
    let mut chunks = Vec::with_capacity(writers.len());
    for (mut writer, leaf) in writers.into_iter().zip(compute_leaves(field, array)?) {
        writer.write(&leaf)?;
        chunks.push(writer.close()?);
    }
    Ok(chunks)
}

type Out = Hashed<BufWriter<File>>;

fn writer(path: &Path, schema: SchemaRef) -> Result<ArrowWriter<Out>> {
    let file = File::create_new(path).map_err(|e| unwritten(path, &e))?;
    let out = Hashed { inner: BufWriter::new(file), hash: Sha256::new() };
    let options = ArrowWriterOptions::new().with_properties(properties()?).with_skip_arrow_metadata(true);
    ArrowWriter::try_new_with_options(out, schema, options).map_err(|e| refused(path, &e))
}

/// Brings a file to the disk, and returns the SHA-256 of its bytes.
fn finished(path: &Path, out: Out) -> Result<String> {
    let file = out.inner.into_inner().map_err(|e| unwritten(path, e.error()))?;
    file.sync_all().map_err(|e| unwritten(path, &e))?;
    Ok(hex::encode(out.hash.finalize()))
}

fn refused(path: &Path, e: &ParquetError) -> Error {
    Error::resources("a table can't be written").at(shown(path)).found(e.to_string())
}

fn properties() -> Result<WriterProperties> {
    let level = ZstdLevel::try_new(3).map_err(|e| Error::bug(e.to_string()))?;
    Ok(WriterProperties::builder()
        .set_created_by("everycent".to_owned())
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(BATCH_ROWS))
        .set_data_page_size_limit(1 << 20)
        .set_data_page_row_count_limit(20_000)
        .set_write_batch_size(1024)
        .set_dictionary_enabled(true)
        .set_dictionary_page_size_limit(1 << 20)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_statistics_truncate_length(Some(64))
        .set_column_index_truncate_length(Some(64))
        .build())
}

/// Writes bytes to a new file, down to the disk.
///
/// # Errors
/// The file exists, or the disk refuses (resources).
pub fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = File::create_new(path).map_err(|e| unwritten(path, &e))?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(|e| unwritten(path, &e))
}

/// Brings a folder's list of names to the disk.
///
/// # Errors
/// The disk refuses (resources).
pub fn sync_folder(path: &Path) -> Result<()> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(|e| unwritten(path, &e))
}

/// Creates a folder and those above it that are missing, down to the disk.
///
/// # Errors
/// The disk refuses (resources).
pub fn make_folder(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        make_folder(above)?;
    }
    fs::create_dir(path).map_err(|e| unwritten(path, &e))?;
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    sync_folder(above.unwrap_or(Path::new(".")))
}

/// The bytes of a published file, whose hash is compared first.
///
/// # Errors
/// The file is missing, or its bytes are others (input).
pub fn get(path: &Path, expected_sha256: &str) -> Result<Vec<u8>> {
    let bytes = read(path)?;
    let found = sha256(&bytes);
    if found == expected_sha256 {
        return Ok(bytes);
    }
    Err(Error::input("a published file was changed")
        .at(shown(path))
        .expected(format!("SHA-256 {expected_sha256}"))
        .found(format!("SHA-256 {found}"))
        .next("restore the file from a copy of the ledger; nothing was published"))
}

/// The bytes of a published file.
///
/// # Errors
/// The file is missing or unreadable (input).
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|e| {
        Error::input("a published file can't be read")
            .at(shown(path))
            .expected("a file that was published and is never removed")
            .found(e.to_string())
            .next("restore the file from a copy of the ledger; nothing was published")
    })
}

/// The rows of a published table, whose file's hash is compared before anything of it is parsed.
///
/// # Errors
/// The file is missing, changed, or no such table (input).
pub fn read_table(path: &Path, expected_sha256: &str) -> Result<Vec<RecordBatch>> {
    let bytes = Bytes::from(get(path, expected_sha256)?);
    let no_table = |found: String| Error::input("a published table can't be read").at(shown(path)).found(found);
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(|e| no_table(e.to_string()))?;
    let batches = reader.with_batch_size(1 << 16).build().map_err(|e| no_table(e.to_string()))?;
    batches.map(|batch| batch.map_err(|e| no_table(e.to_string()))).collect()
}

/// An error for a path that can't be written.
#[must_use]
pub fn unwritten(path: &Path, e: &std::io::Error) -> Error {
    Error::resources("the ledger can't be written")
        .at(shown(path))
        .found(e.to_string())
        .next("check space and permissions, then run again; nothing was published")
}

/// A path for messages.
#[must_use]
pub fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// A writer that hashes what passes through.
struct Hashed<W> {
    inner: W,
    hash: Sha256,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}
