//! The ledger on a disk: runs put once, drafts replaced whole, decisions put if absent.
//!
//! ```text
//! ledger/.lock                       held by whoever writes
//! ledger/tmp-*                       what a killed run left; removed by the next one
//! ledger/runs/<run id>/*.parquet     the tables, manifest.json, pins.json, policies/, queries/, references/
//! ledger/draft/<period>.json         the current run of a period
//! ledger/periods/<period>/<n>.json   decisions
//! ledger/cache/rows/<log>/<SHA-256>  the rows of a log's file, by their hashes; only needed where files are cut anew
//! ```
//! Files and folders reach the disk before a name points at them: a killed run leaves nothing but `tmp-*`.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::decision::{Action, Chain, Closed, Decision};
use super::file::{make_folder, put, read, shown, sync_folder, unwritten};
use super::manifest::{from_json, to_json};
use super::run::RunDir;
use crate::error::{Error, Result};
use crate::period::Period;

/// A ledger's folder; nothing is created before something is locked or published.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) folder: PathBuf,
}

/// Held by whoever writes to a ledger; released when it is dropped, or its process ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// What a period's draft names: `draft/<period>.json`, in the form of the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    pub run_id: String,
    pub root: String,
    pub manifest_sha256: String,
    pub provisional: bool,
    /// The day that bounds event time, that day excluded.
    pub as_of: Option<String>,
}

impl Store {
    /// The ledger in a folder, which need not exist yet.
    ///
    /// # Errors
    /// The path is something else than a folder (usage).
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref().to_path_buf();
        if folder.exists() && !folder.is_dir() {
            return Err(Error::usage("the ledger is no folder").at(shown(&folder)));
        }
        Ok(Self { folder })
    }

    /// Locks the ledger for writing, and removes what killed runs left.
    ///
    /// # Errors
    /// Another run holds it (busy); the disk refuses (resources).
    pub fn lock(&self) -> Result<Lock> {
        make_folder(&self.folder)?;
        let path = self.folder.join(".lock");
        let file =
            File::options().create(true).write(true).truncate(false).open(&path).map_err(|e| unwritten(&path, &e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::busy("another run holds the book")
                    .at(shown(&path))
                    .next("wait until it ends, then run again; nothing was published"));
            }
            Err(TryLockError::Error(e)) => return Err(unwritten(&path, &e)),
        }
        self.remove_leftovers()?;
        Ok(Lock { _file: file })
    }

    fn remove_leftovers(&self) -> Result<()> {
        for name in names(&self.folder)?.iter().filter(|name| name.starts_with("tmp-")) {
            let path = self.folder.join(name);
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(|e| unwritten(&path, &e))?;
        }
        Ok(())
    }

    pub(super) fn draft_path(&self, period: Period) -> PathBuf {
        self.folder.join("draft").join(format!("{period}.json"))
    }

    /// The draft of a period, held against its run.
    ///
    /// # Errors
    /// The draft or its run was changed (input).
    pub fn draft(&self, period: Period) -> Result<Option<Draft>> {
        let path = self.draft_path(period);
        let Some(draft) = self.read_draft(period)? else { return Ok(None) };
        let manifest = self.run_named_by(&path, &draft.run_id)?.manifest()?;
        let said = (&manifest.period, &manifest.root, manifest.provisional, &manifest.as_of);
        if said == (&period.to_string(), &draft.root, draft.provisional, &draft.as_of) {
            return Ok(Some(draft));
        }
        Err(Error::input("a draft is not what its run's manifest says")
            .at(shown(&path))
            .expected(format!("{said:?}"))
            .found(format!("{:?}", (period.to_string(), &draft.root, draft.provisional, &draft.as_of))))
    }

    fn read_draft(&self, period: Period) -> Result<Option<Draft>> {
        let path = self.draft_path(period);
        if !path.exists() {
            return Ok(None);
        }
        from_json(&read(&path)?).map(Some).map_err(|e| e.at(shown(&path)))
    }

    /// All drafts, by period.
    ///
    /// # Errors
    /// As [`Store::draft`].
    pub fn drafts(&self) -> Result<Vec<(Period, Draft)>> {
        let mut drafts = Vec::new();
        for name in names(&self.folder.join("draft"))? {
            let period = period_of(&self.folder.join("draft"), name.trim_end_matches(".json"))?;
            drafts.extend(self.draft(period)?.map(|draft| (period, draft)));
        }
        Ok(drafts)
    }

    /// The run that stands for a period: its close, or else its draft; and which of both (`closed`, `draft`).
    ///
    /// # Errors
    /// As [`Store::closed_periods`] and [`Store::draft`].
    pub fn current(&self, period: Period) -> Result<Option<(String, &'static str)>> {
        let closed = self.closed_periods()?.into_iter().find(|closed| closed.period == period);
        if let Some(closed) = closed {
            return Ok(Some((closed.run_id, "closed")));
        }
        Ok(self.draft(period)?.map(|draft| (draft.run_id, "draft")))
    }

    /// A published run, its manifest held against every draft and decision on its period that names it.
    ///
    /// # Errors
    /// No such run, or a manifest that was changed (input).
    pub fn run(&self, run_id: &str) -> Result<RunDir> {
        if run_id.len() != 64 || !run_id.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Error::input("not a run id").expected("64 hexadecimal digits").found(run_id));
        }
        let run = RunDir::open(self.folder.join("runs").join(run_id), run_id)?;
        let period: Period = run.manifest()?.period.parse()?;
        if let Some(draft) = self.read_draft(period)?.filter(|draft| draft.run_id == run_id) {
            run.expect_manifest(&self.draft_path(period), &draft.manifest_sha256)?;
        }
        for (path, _, decision) in self.read_decisions(period)?.iter().filter(|(_, _, d)| d.run_id == run_id) {
            run.expect_manifest(path, &decision.manifest_sha256)?;
        }
        Ok(run)
    }

    /// The ids of all runs that were published, whatever became of them.
    ///
    /// # Errors
    /// The folder can't be read (input).
    pub fn run_ids(&self) -> Result<Vec<String>> {
        names(&self.folder.join("runs"))
    }

    /// The decisions on a period, in order.
    ///
    /// # Errors
    /// A decision is missing among them, or can't be read (input).
    pub fn decisions(&self, period: Period) -> Result<Vec<Decision>> {
        Ok(self.read_decisions(period)?.into_iter().map(|(_, _, decision)| decision).collect())
    }

    fn read_decisions(&self, period: Period) -> Result<Vec<(PathBuf, Vec<u8>, Decision)>> {
        let decision = |n| {
            let path = self.decision_path(period, n);
            let bytes = read(&path)?;
            let decision = from_json(&bytes).map_err(|e| e.at(shown(&path)))?;
            Ok((path, bytes, decision))
        };
        (1..).take(names(&self.decisions_folder(period))?.len()).map(decision).collect()
    }

    fn decisions_folder(&self, period: Period) -> PathBuf {
        self.folder.join("periods").join(period.to_string())
    }

    fn decision_path(&self, period: Period, n: u32) -> PathBuf {
        self.decisions_folder(period).join(format!("{n}.json"))
    }

    /// The closed periods in order, after the whole chain of decisions, seals and manifests has been checked.
    ///
    /// # Errors
    /// The chain is broken (input: the file, expected, found).
    pub fn closed_periods(&self) -> Result<Vec<Closed>> {
        Ok(self.chain()?.into_closed())
    }

    fn chain(&self) -> Result<Chain> {
        let mut chain = Chain::default();
        for name in names(&self.folder.join("periods"))? {
            let period = period_of(&self.folder.join("periods"), &name)?;
            for (path, bytes, decision) in self.read_decisions(period)? {
                chain.add(period, &decision, &bytes).map_err(|e| e.at(shown(&path)))?;
                self.check_run(&path, period, &decision)?;
            }
        }
        Ok(chain)
    }

    fn run_named_by(&self, path: &Path, run_id: &str) -> Result<RunDir> {
        if !self.folder.join("runs").join(run_id).is_dir() {
            let what = "a draft or decision names a run that is not there";
            return Err(Error::input(what).at(shown(path)).expected("a folder in runs/").found(run_id));
        }
        self.run(run_id)
    }

    fn check_run(&self, path: &Path, period: Period, decision: &Decision) -> Result<()> {
        let manifest = self.run_named_by(path, &decision.run_id)?.manifest()?;
        if (&manifest.root, &manifest.period) == (&decision.root, &period.to_string()) {
            return Ok(());
        }
        Err(Error::input("a decision is not on the run that it names")
            .at(shown(path))
            .expected(format!("{}, root {}", manifest.period, manifest.root))
            .found(format!("{period}, root {}", decision.root)))
    }

    /// Decides on a run of a period: works out seal and chain, and puts the decision. The caller holds the lock.
    ///
    /// # Errors
    /// The decision may not follow what was decided (input); as [`Store::put_decision`].
    pub fn decide(&self, period: Period, action: Action, run_id: &str, reason: Option<String>) -> Result<Decision> {
        let mut chain = self.chain()?;
        let run = self.run(run_id)?;
        run.check()?;
        let manifest = run.manifest()?;
        let decision = chain.next(period, action, (run_id, &manifest.root, run.manifest_sha256()), reason);
        chain.add(period, &decision, &to_json(&decision)?)?;
        self.check_run(&self.decision_path(period, decision.n), period, &decision)?;
        self.put_decision(period, &decision)?;
        Ok(decision)
    }

    /// Keeps the list of the rows of a log's file, unless it is kept already. The caller holds the lock.
    ///
    /// # Errors
    /// The disk refuses (resources).
    pub fn keep_rows(&self, log: &str, sha256: &str, rows: impl FnOnce() -> Vec<u64>) -> Result<()> {
        let path = self.row_list(log, sha256);
        if path.exists() {
            return Ok(());
        }
        path.parent().map_or(Ok(()), make_folder)?;
        let temporary = self.folder.join(format!("tmp-rows-{sha256}"));
        put(&temporary, &rows().into_iter().flat_map(u64::to_be_bytes).collect::<Vec<u8>>())?;
        fs::rename(&temporary, &path).map_err(|e| unwritten(&path, &e))
    }

    /// The kept list of a file's rows.
    ///
    /// # Errors
    /// It can't be read (input).
    pub fn kept_rows(&self, log: &str, sha256: &str) -> Result<Option<Vec<u64>>> {
        let path = self.row_list(log, sha256);
        if !path.exists() {
            return Ok(None);
        }
        Ok(Some(read(&path)?.as_chunks().0.iter().map(|row| u64::from_be_bytes(*row)).collect()))
    }

    fn row_list(&self, log: &str, sha256: &str) -> PathBuf {
        self.folder.join("cache/rows").join(log).join(sha256)
    }

    /// Puts a decision under its number, if that is free.
    ///
    /// # Errors
    /// The number is taken (closed); the disk refuses (resources).
    pub fn put_decision(&self, period: Period, decision: &Decision) -> Result<()> {
        let path = self.decision_path(period, decision.n);
        let folder = self.decisions_folder(period);
        make_folder(&folder)?;
        let temporary = self.folder.join(format!("tmp-decision-{period}-{}.json", decision.n));
        put(&temporary, &to_json(decision)?)?;
        let linked = fs::hard_link(&temporary, &path);
        fs::remove_file(&temporary).map_err(|e| unwritten(&temporary, &e))?;
        match linked {
            Ok(()) => sync_folder(&folder),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Err(Error::closed("the decision was taken before")
                .at(shown(&path))
                .next("look at `everycent status`; nothing was published")),
            Err(e) => Err(unwritten(&path, &e)),
        }
    }
}

fn period_of(folder: &Path, name: &str) -> Result<Period> {
    name.parse().map_err(|_| {
        let what = "the ledger holds a file that is none of its own";
        Error::input(what).at(shown(folder)).expected("names of periods, as 2026-10").found(name)
    })
}

/// The names in a folder, sorted; none where there is no folder.
fn names(folder: &Path) -> Result<Vec<String>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let refused = |e: std::io::Error| Error::input("the ledger can't be read").at(shown(folder)).found(e.to_string());
    let entries = fs::read_dir(folder).map_err(refused)?;
    let name = |entry: std::io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
    let mut names = entries.map(name).collect::<std::io::Result<Vec<_>>>().map_err(refused)?;
    names.sort();
    Ok(names)
}
