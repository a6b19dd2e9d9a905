//! A published run: a folder that never changes, every file of it checked before it is believed.

use std::path::{Component, Path, PathBuf};

use arrow::array::RecordBatch;
use bytes::Bytes;

use super::canonical::sha256;
use super::columns::TABLES;
use super::file::{get, read, read_table, shown};
use super::manifest::{Manifest, Pins, control_totals, from_json};
use super::row::Tables;
use crate::error::{Error, Result};

/// The manifest's name in a run's folder.
pub const MANIFEST: &str = "manifest.json";
/// The name of what a run recorded for later ones.
pub const PINS: &str = "pins.json";

/// A published run.
#[derive(Clone, Debug)]
pub struct RunDir {
    folder: PathBuf,
    manifest: Manifest,
    manifest_sha256: String,
}

impl RunDir {
    /// Opens the run in a folder, and holds its manifest against itself and the run id.
    ///
    /// # Errors
    /// No such run, or a manifest that was changed (input).
    pub(super) fn open(folder: PathBuf, run_id: &str) -> Result<Self> {
        let path = folder.join(MANIFEST);
        let bytes = read(&path)?;
        let manifest = Manifest::from_bytes(&bytes).map_err(|e| e.at(shown(&path)))?;
        if manifest.run_id != run_id {
            return Err(Error::input("a run's folder holds another run")
                .at(shown(&path))
                .expected(format!("run {run_id}"))
                .found(format!("run {}", manifest.run_id)));
        }
        Ok(Self { folder, manifest, manifest_sha256: sha256(&bytes) })
    }

    /// Refuses a manifest whose bytes are not those that a draft or decision names.
    ///
    /// # Errors
    /// They are others (input).
    pub(super) fn expect_manifest(&self, named_by: &Path, manifest_sha256: &str) -> Result<()> {
        if self.manifest_sha256 == manifest_sha256 {
            return Ok(());
        }
        Err(Error::input(format!("a manifest is not the one that {} names", shown(named_by)))
            .at(shown(&self.folder.join(MANIFEST)))
            .expected(format!("SHA-256 {manifest_sha256}"))
            .found(format!("SHA-256 {}", self.manifest_sha256))
            .next("restore both from a copy of the ledger; nothing was published"))
    }

    /// Its manifest.
    ///
    /// # Errors
    /// None: it was read and checked when the run was opened.
    pub fn manifest(&self) -> Result<Manifest> {
        Ok(self.manifest.clone())
    }

    /// SHA-256 of the bytes of its manifest.
    #[must_use]
    pub fn manifest_sha256(&self) -> &str {
        &self.manifest_sha256
    }

    /// A table's batches.
    ///
    /// # Errors
    /// No such table (bug); its file is missing or was changed (input).
    pub fn table(&self, name: &str) -> Result<Vec<RecordBatch>> {
        let info = self.manifest.tables.get(name).ok_or_else(|| Error::bug(format!("the run has no table {name}")))?;
        let path = self.folder.join(table_file(name));
        let batches = read_table(&path, &info.file_sha256)?;
        let rows: u64 = batches.iter().map(|batch| batch.num_rows() as u64).sum();
        if rows == info.rows {
            return Ok(batches);
        }
        let (expected, found) = (format!("{} rows", info.rows), format!("{rows} rows"));
        Err(Error::input("a published table is not the one of its manifest")
            .at(shown(&path))
            .expected(expected)
            .found(found))
    }

    /// The bytes of a table's file, whose hash has been compared.
    ///
    /// # Errors
    /// As [`RunDir::table`].
    pub fn table_bytes(&self, name: &str) -> Result<Bytes> {
        let info = self.manifest.tables.get(name).ok_or_else(|| Error::bug(format!("the run has no table {name}")))?;
        get(&self.folder.join(table_file(name)), &info.file_sha256).map(Bytes::from)
    }

    /// All tables.
    ///
    /// # Errors
    /// A file is missing or was changed (input).
    pub fn tables(&self) -> Result<Tables> {
        let mut batches = Vec::new();
        for name in TABLES {
            batches.extend(self.table(name)?.into_iter().map(|batch| (name, batch)));
        }
        let tables = Tables::from_batches(batches).map_err(|e| e.at(shown(&self.folder)))?;
        if control_totals(&tables) != self.manifest.control {
            return Err(Error::input("a manifest's control totals are not those of its table control")
                .at(shown(&self.folder.join(MANIFEST))));
        }
        Ok(tables)
    }

    /// The copies in a folder of the run, `policies/` say: name within that folder, bytes; by name.
    ///
    /// # Errors
    /// A copy is missing or was changed (input).
    pub fn copies(&self, folder: &str) -> Result<Vec<(String, Vec<u8>)>> {
        let copies =
            self.manifest.files.iter().filter_map(|(name, hash)| Some((name, name.strip_prefix(folder)?, hash)));
        copies.map(|(name, short, hash)| Ok((short.to_owned(), self.copy(name, hash)?))).collect()
    }

    fn copy(&self, name: &str, hash: &str) -> Result<Vec<u8>> {
        if !is_inside(name) {
            return Err(Error::input("a manifest names a file outside its run").at(shown(&self.folder)).found(name));
        }
        get(&self.folder.join(name), hash)
    }

    /// What the run recorded for later ones.
    ///
    /// # Errors
    /// The file is missing or was changed (input).
    pub fn pins(&self) -> Result<Pins> {
        let at = |e: Error| e.at(shown(&self.folder.join(PINS)));
        let hash = self.manifest.files.get(PINS).ok_or_else(|| at(Error::input("a manifest names no pins")))?;
        from_json(&self.copy(PINS, hash)?).map_err(at)
    }

    /// Reads every file of the run and compares its hash.
    ///
    /// # Errors
    /// A file is missing or was changed (input).
    pub fn check(&self) -> Result<()> {
        for (name, info) in &self.manifest.tables {
            get(&self.folder.join(table_file(name)), &info.file_sha256)?;
        }
        self.manifest.files.iter().try_for_each(|(name, hash)| self.copy(name, hash).map(drop))
    }
}

/// The file of a table.
#[must_use]
pub fn table_file(table: &str) -> String {
    format!("{table}.parquet")
}

/// Does a relative name stay inside its folder?
#[must_use]
pub fn is_inside(name: &str) -> bool {
    !name.is_empty() && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}
