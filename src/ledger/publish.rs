//! Publishing a run: everything is written aside and brought to the disk, then named.

use std::fs;
use std::path::Path;

use rayon::prelude::*;

use super::canonical::sha256;
use super::columns::TABLES;
use super::file::{make_folder, put, shown, sync_folder, unwritten, write_table};
use super::manifest::{Manifest, Pins, to_json};
use super::row::Tables;
use super::run::{MANIFEST, PINS, RunDir, is_inside, table_file};
use super::store::{Draft, Store};
use crate::error::{Error, Result};
use crate::period::Period;

/// A run that was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    pub run_id: String,
    pub root: String,
    /// Was the identical result published before?
    pub already: bool,
}

impl Store {
    /// The run id and root that [`Store::publish`] would publish; writes nothing.
    ///
    /// # Errors
    /// As [`Manifest::complete`].
    pub fn prepare(
        &self,
        tables: &Tables,
        manifest: Manifest,
        pins: &Pins,
        copies: &[(String, Vec<u8>)],
        secret: &[u8],
    ) -> Result<(String, String)> {
        let manifest = with_files(manifest, pins, copies)?.complete(tables, secret)?;
        Ok((manifest.run_id, manifest.root))
    }

    /// Publishes a run and makes it its period's draft. The caller holds the lock.
    ///
    /// `copies` are names in the run's folder and bytes: `policies/…`, `queries/…`, `references/…`.
    ///
    /// # Errors
    /// The disk refuses (resources); the run id was published with another content (bug), or its files were changed
    /// since (input).
    pub fn publish(
        &self,
        tables: &Tables,
        manifest: Manifest,
        pins: &Pins,
        copies: &[(String, Vec<u8>)],
        secret: &[u8],
    ) -> Result<Published> {
        let manifest = with_files(manifest, pins, copies)?.complete(tables, secret)?;
        let period: Period = manifest.period.parse()?;
        let temporary = self.folder.join(format!("tmp-{}", manifest.run_id));
        make_folder(&self.folder)?;
        fs::create_dir(&temporary).map_err(|e| unwritten(&temporary, &e))?;
        let manifest = write_run(&temporary, tables, manifest, pins, copies)?;
        let manifest_sha256 = sha256(&manifest.to_bytes()?);
        let already = self.put_run(&temporary, &manifest, &manifest_sha256)?;
        let (run_id, root) = (manifest.run_id, manifest.root);
        let (provisional, as_of) = (manifest.provisional, manifest.as_of);
        self.put_draft(
            period,
            &Draft { run_id: run_id.clone(), root: root.clone(), manifest_sha256, provisional, as_of },
        )?;
        Ok(Published { run_id, root, already })
    }

    /// Renames a complete folder to its run, or removes it where the identical run is there.
    fn put_run(&self, temporary: &Path, manifest: &Manifest, manifest_sha256: &str) -> Result<bool> {
        let runs = self.folder.join("runs");
        make_folder(&runs)?;
        let folder = runs.join(&manifest.run_id);
        if !folder.exists() {
            fs::rename(temporary, &folder).map_err(|e| unwritten(&folder, &e))?;
            sync_folder(&runs)?;
            return Ok(false);
        }
        fs::remove_dir_all(temporary).map_err(|e| unwritten(temporary, &e))?;
        let run = RunDir::open(folder.clone(), &manifest.run_id)?;
        run.check()?;
        if run.manifest_sha256() == manifest_sha256 {
            return Ok(true);
        }
        Err(Error::bug("the same inputs gave another ledger")
            .at(shown(&folder))
            .expected(format!("root {}, manifest {}", run.manifest()?.root, run.manifest_sha256()))
            .found(format!("root {}, manifest {manifest_sha256}", manifest.root))
            .next("nothing was published; please report it with both"))
    }

    fn put_draft(&self, period: Period, draft: &Draft) -> Result<()> {
        let temporary = self.folder.join(format!("tmp-draft-{period}.json"));
        put(&temporary, &to_json(draft)?)?;
        let path = self.draft_path(period);
        let drafts = self.folder.join("draft");
        make_folder(&drafts)?;
        fs::rename(&temporary, &path).map_err(|e| unwritten(&path, &e))?;
        sync_folder(&drafts)
    }
}

/// A manifest with the hashes of copies and pins.
fn with_files(mut manifest: Manifest, pins: &Pins, copies: &[(String, Vec<u8>)]) -> Result<Manifest> {
    manifest.files.clear();
    for (name, bytes) in copies {
        let new = manifest.files.insert(name.clone(), sha256(bytes)).is_none();
        if !new || !is_inside(name) || !name.contains('/') {
            return Err(Error::bug("a copy has a name that a run's folder can't take").found(name.clone()));
        }
    }
    manifest.files.insert(PINS.to_owned(), sha256(&to_json(pins)?));
    Ok(manifest)
}

/// Writes a run's files into an empty folder, the manifest last; returns it with the hashes of the tables' files.
fn write_run(
    folder: &Path,
    tables: &Tables,
    mut manifest: Manifest,
    pins: &Pins,
    copies: &[(String, Vec<u8>)],
) -> Result<Manifest> {
    let written: Vec<Result<String>> =
        TABLES.par_iter().map(|name| write_table(&folder.join(table_file(name)), tables, name)).collect();
    for (name, hash) in TABLES.into_iter().zip(written) {
        let hash = hash?;
        let info = manifest.tables.get_mut(name).ok_or_else(|| Error::bug(format!("no table {name}")))?;
        info.file_sha256 = hash;
    }
    for (name, bytes) in copies {
        let path = folder.join(name);
        path.parent().map_or(Ok(()), make_folder)?;
        put(&path, bytes)?;
        path.parent().map_or(Ok(()), sync_folder)?;
    }
    put(&folder.join(PINS), &to_json(pins)?)?;
    put(&folder.join(MANIFEST), &manifest.to_bytes()?)?;
    sync_folder(folder)?;
    Ok(manifest)
}
