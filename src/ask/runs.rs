//! Which runs answer: one of each period, the close or else the draft; or one run and what it stood on.

use crate::book::Book;
use crate::error::{Error, Result};
use crate::ledger::{RunDir, Store};
use crate::period::Period;

/// What a question looks at.
#[derive(Clone, Debug, Default)]
pub enum Scope {
    /// Every closed period, and the drafts of those still open.
    #[default]
    Everything,
    /// One period: its close, or else its draft.
    Period(Period),
    /// Every period up to this one, which must have been run.
    Until(Period),
    /// As of a run: it, and the closed periods that it stood on. The beginning of its id is enough.
    Run(String),
}

/// One period's run.
#[derive(Clone, Debug)]
pub struct RunOf {
    pub period: Period,
    /// `closed`, `draft`, or `provisional` (a draft whose earlier period is open).
    pub state: &'static str,
    pub run_id: String,
    pub root: String,
    pub seal: Option<String>,
    /// The day that bounds a draft's events.
    pub as_of: Option<String>,
    pub run: RunDir,
}

/// Chooses them, in the order of periods.
///
/// # Errors
/// The ledger was changed (input); no such period or run (usage).
pub fn runs(book: &Book, scope: &Scope) -> Result<Vec<RunOf>> {
    let store = Store::open(&book.ledger)?;
    let all = current(&store)?;
    match scope {
        Scope::Everything => Ok(all),
        Scope::Period(period) => {
            let own: Vec<RunOf> = all.into_iter().filter(|r| r.period == *period).collect();
            if own.is_empty() { Err(not_run(*period)) } else { Ok(own) }
        }
        Scope::Until(period) => {
            let until: Vec<RunOf> = all.into_iter().filter(|r| r.period <= *period).collect();
            if until.last().is_some_and(|r| r.period == *period) { Ok(until) } else { Err(not_run(*period)) }
        }
        Scope::Run(id) => as_of(&store, all, id),
    }
}

fn not_run(period: Period) -> Error {
    Error::usage(format!("{period} has not been run")).next(format!("`everycent run --period {period}` first"))
}

fn current(store: &Store) -> Result<Vec<RunOf>> {
    let mut runs = Vec::new();
    for closed in store.closed_periods()? {
        let run = store.run(&closed.run_id)?;
        runs.push(RunOf {
            period: closed.period,
            state: "closed",
            run_id: closed.run_id,
            root: closed.root,
            seal: Some(closed.seal),
            as_of: None,
            run,
        });
    }
    let last = runs.last().map(|r| r.period);
    for (period, draft) in store.drafts()?.into_iter().filter(|(p, _)| last.is_none_or(|last| *p > last)) {
        let run = store.run(&draft.run_id)?;
        runs.push(draft_of(period, run, draft.provisional, draft.as_of)?);
    }
    Ok(runs)
}

fn draft_of(period: Period, run: RunDir, provisional: bool, as_of: Option<String>) -> Result<RunOf> {
    let manifest = run.manifest()?;
    let state = if provisional { "provisional" } else { "draft" };
    Ok(RunOf { period, state, run_id: manifest.run_id, root: manifest.root, seal: None, as_of, run })
}

fn as_of(store: &Store, all: Vec<RunOf>, id: &str) -> Result<Vec<RunOf>> {
    let ids = store.run_ids()?;
    let found: Vec<&String> = ids.iter().filter(|run| run.starts_with(id)).collect();
    let [one] = found.as_slice() else {
        let what = if found.is_empty() { "no such run" } else { "several runs begin so" };
        return Err(Error::usage(what)
            .expected("the beginning of one run's id")
            .found(id)
            .next("`everycent status` lists the runs of all periods; runs/ in the ledger holds the others"));
    };
    if let Some(at) = all.iter().position(|r| r.run_id == **one && r.state == "closed") {
        return Ok(all.into_iter().take(at + 1).collect());
    }
    let run = store.run(one)?;
    let manifest = run.manifest()?;
    let period: Period = manifest.period.parse()?;
    let before = manifest.opening.as_ref().map(|o| o.period.parse::<Period>()).transpose()?;
    let mut runs: Vec<RunOf> =
        all.into_iter().filter(|r| r.state == "closed" && before.is_some_and(|b| r.period <= b)).collect();
    let stands = runs.last().map(|r| r.run_id.as_str()) == manifest.opening.as_ref().map(|o| o.run_id.as_str());
    if !stands {
        return Err(Error::usage("the run stands on a close that was rejected").found(one.to_string()));
    }
    runs.push(draft_of(period, run, manifest.provisional, manifest.as_of)?);
    Ok(runs)
}
