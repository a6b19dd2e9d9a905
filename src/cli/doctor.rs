//! `everycent doctor`: everything that a run would stumble over, all at once.

use super::Common;
use super::output::{Format, Rows};
use super::talk::Progress;
use crate::book::Book;
use crate::cutover::Cutover;
use crate::error::Result;
use crate::ledger::{State, Store};
use crate::pipeline::{log_schema, look_at_logs, policy_files};
use crate::policy::Policies;
use crate::redrive::{REDRIVE_FILE, Redrive};
use crate::reference::References;

/// Looks at everything.
///
/// # Errors
/// Something is wrong; the exit code is the first finding's.
pub fn perform(common: &Common) -> Result<()> {
    let book = common.book()?;
    let mut rows = Vec::new();
    let mut worst = None;
    let mut note = |what: &str, outcome: Result<String>| match outcome {
        Ok(found) => rows.push(vec![what.to_owned(), "ok".to_owned(), found]),
        Err(error) => {
            rows.push(vec![what.to_owned(), "wrong".to_owned(), error.to_string().replace('\n', "; ")]);
            worst.get_or_insert(error);
        }
    };
    note("everycent.toml", Ok(format!("{}, {}, from {}", book.name, book.zone.name(), book.first_period)));
    note("policies", policies(common, &book));
    let references = References::read(common.engine(), &book);
    note("references", references.as_ref().map(|r| format!("{} files", r.files.len())).map_err(Clone::clone));
    if book.root.join(REDRIVE_FILE).is_file() {
        note(REDRIVE_FILE, decisions(&book));
    }
    note("ledger", ledger(&book));
    if let Ok(references) = &references {
        if let Some(found) = cutover(&book, references).transpose() {
            note("cut-over", found);
        }
        let progress = Progress::new(common, "reading every file");
        for (log, outcome) in look_at_logs(common.engine(), &book, references, &|rows| progress.add(rows)) {
            note(log.name(), outcome);
        }
    }
    Rows { headings: vec!["what", "state", "found"], numbers: vec![], rows }.print(Format::Table)?;
    worst.map_or(Ok(()), Err)
}

fn policies(common: &Common, book: &Book) -> Result<String> {
    let policies = Policies::read(policy_files(&book.policies)?)?;
    for (log, source) in &book.logs {
        let schema = log_schema(common.engine(), book, *log, source)?;
        crate::facts::check_log(common.engine(), &policies, *log, &schema)?;
    }
    Ok(format!("{} program versions, {} measures", policies.programs.len(), policies.measures.len()))
}

/// What is brought over, in sums; none where the book begins from nothing.
fn cutover(book: &Book, references: &References) -> Result<Option<String>> {
    let store = Store::open(&book.ledger)?;
    let state = State::of_ledger(&store, book.first_period)?;
    let policies = Policies::read(policy_files(&book.policies)?)?;
    let cutover = Cutover::open(book, &store, &state, references, &policies)?;
    let sums: Vec<String> = cutover.summary().iter().map(|[what, sum]| format!("{what}: {sum}")).collect();
    Ok((!cutover.is_empty()).then(|| format!("from {}; {}", cutover.record.system, sums.join("; "))))
}

fn decisions(book: &Book) -> Result<String> {
    let redrive = Redrive::of_book(&book.root)?;
    Ok(format!("{} rows stand, {} bounds are waived", redrive.stands.len(), redrive.waived.len()))
}

fn ledger(book: &Book) -> Result<String> {
    let state = State::of_ledger(&Store::open(&book.ledger)?, book.first_period)?;
    let closed = state.closed().len();
    if closed == 0 { Ok("nothing closed yet".into()) } else { Ok(format!("{closed} closed periods, chain sound")) }
}
