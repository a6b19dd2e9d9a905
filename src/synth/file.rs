//! One delivered file: Parquet with everything pinned, written as rows come, so that memory holds one row group at most.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};

use super::columns::Columns;
use super::event::Event;
use crate::error::{Error, Result};
use crate::log::Log;

/// Rows that go to the writer at once.
const BATCH_ROWS: usize = 8192;
/// Rows of a row group.
const GROUP_ROWS: usize = 131_072;

/// A file that is made when its first row comes.
pub struct Delivery {
    path: PathBuf,
    columns: Columns,
    writer: Option<ArrowWriter<BufWriter<File>>>,
}

impl Delivery {
    /// A file of a log that does not exist yet.
    #[must_use]
    pub fn new(path: PathBuf, log: Log) -> Self {
        Self { path, columns: Columns::new(log), writer: None }
    }

    /// Adds an event.
    ///
    /// # Errors
    /// The disk refuses (resources).
    pub fn push(&mut self, event: &Event) -> Result<()> {
        self.columns.push(event)?;
        if self.columns.len() == BATCH_ROWS { self.flush() } else { Ok(()) }
    }

    /// Writes what is left; without rows there is no file.
    ///
    /// # Errors
    /// The disk refuses (resources).
    pub fn finish(mut self) -> Result<()> {
        if self.columns.len() > 0 {
            self.flush()?;
        }
        match self.writer {
            None => Ok(()),
            Some(writer) => writer.close().map(|_| ()).map_err(|e| refused(&self.path, &e)),
        }
    }

    fn flush(&mut self) -> Result<()> {
        let batch = self.columns.take()?;
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => self.writer.insert(open(&self.path, &batch.schema())?),
        };
        writer.write(&batch).map_err(|e| refused(&self.path, &e))
    }
}

fn open(path: &Path, schema: &arrow::datatypes::SchemaRef) -> Result<ArrowWriter<BufWriter<File>>> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let file = BufWriter::new(File::create_new(path)?);
    let options = ArrowWriterOptions::new().with_properties(properties()).with_skip_arrow_metadata(true);
    ArrowWriter::try_new_with_options(file, schema.clone(), options).map_err(|e| refused(path, &e))
}

fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_created_by("everycent synth".to_owned())
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_data_page_size_limit(1 << 20)
        .set_data_page_row_count_limit(20_000)
        .set_write_batch_size(1024)
        .set_dictionary_enabled(true)
        .set_dictionary_page_size_limit(1 << 20)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .build()
}

fn refused(path: &Path, e: &ParquetError) -> Error {
    Error::resources("a generated file can't be written")
        .at(path.display().to_string())
        .found(e.to_string())
        .next("check space and permissions, remove the folder, and make the book again")
}
