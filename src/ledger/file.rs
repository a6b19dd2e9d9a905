//! Table files: Parquet with everything pinned, so that the same rows give the same bytes.
//!
//! One writer, batches and row groups of [`BATCH_ROWS`] rows, zstd level 3, statistics by page, `created_by` pinned, no
//! key-value metadata. The Parquet library writes no page checksums: a file is read only after its whole hash has been
//! compared with the manifest's, which covers every byte.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use sha2::{Digest, Sha256};

use super::canonical::sha256;
use super::columns::BATCH_ROWS;
use crate::error::{Error, Result};

/// Writes a table to a new file, down to the disk, and returns the SHA-256 of its bytes.
///
/// # Errors
/// The file exists, or the disk refuses (resources); a batch that can't be had (as it says).
pub fn write(path: &Path, schema: SchemaRef, batches: impl Iterator<Item = Result<RecordBatch>>) -> Result<String> {
    let refused = |e: parquet::errors::ParquetError| {
        Error::resources("a table can't be written").at(shown(path)).found(e.to_string())
    };
    let file = File::create_new(path).map_err(|e| unwritten(path, &e))?;
    let out = Hashed { inner: BufWriter::new(file), hash: Sha256::new() };
    let options = ArrowWriterOptions::new().with_properties(properties()?).with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(out, schema, options).map_err(refused)?;
    for batch in batches {
        writer.write(&batch?).map_err(refused)?;
    }
    let Hashed { inner, hash } = writer.into_inner().map_err(refused)?;
    let file = inner.into_inner().map_err(|e| unwritten(path, e.error()))?;
    file.sync_all().map_err(|e| unwritten(path, &e))?;
    Ok(hex::encode(hash.finalize()))
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
