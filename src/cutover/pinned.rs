//! What the first close pinned: today's files must still say the same.

use super::{Cutover, sources};
use crate::book::Book;
use crate::error::{Error, Result};
use crate::ledger::RunDir;

/// The cut-over as the first closed run pinned it, if the book still says the same: order, white space and the form of
/// the files may differ.
///
/// # Errors
/// It was changed, removed, or added since (usage).
pub(super) fn unchanged(book: &Book, first_closed: &RunDir) -> Result<Cutover> {
    let pinned = Cutover::of_copies(first_closed.copies("cutover/")?, book.first_period)?;
    if pinned.is_empty() {
        return if book.cutover.is_none() { Ok(pinned) } else { Err(too_late(book)) };
    }
    let today = sources(book).map_err(|e| changed(book, e.what()))?;
    let bytes = |name: &str| today.iter().find(|source| source.name == name).map(|source| source.bytes.as_slice());
    let same_files = today.len() == pinned.files.len() && pinned.files.iter().all(|(n, b)| bytes(n) == Some(b));
    if same_files {
        return Ok(pinned);
    }
    let today = Cutover::read(&today, book.first_period, None).map_err(|e| changed(book, e.what()))?;
    match differs(&pinned, &today) {
        None => Ok(pinned),
        Some(what) => Err(changed(book, what)),
    }
}

/// The first part that says something else.
fn differs(pinned: &Cutover, today: &Cutover) -> Option<&'static str> {
    let parts = [
        ("another record", pinned.record == today.record),
        ("other balances", pinned.balances == today.balances),
        ("other volumes", pinned.volumes == today.volumes),
        ("other paid ids", pinned.paid == today.paid),
    ];
    parts.into_iter().find(|(_, same)| !same).map(|(what, _)| what)
}

fn changed(book: &Book, found: &str) -> Error {
    Error::usage("what was brought over is closed; use an adjustment")
        .at("everycent.toml, [cutover]")
        .expected(format!("what the close of {} pinned", book.first_period))
        .found(found)
        .next("put [cutover] and its files back as they were, and book the difference in the log adjustments")
}

fn too_late(book: &Book) -> Error {
    Error::usage("what was brought over is closed; use an adjustment")
        .at("everycent.toml, [cutover]")
        .expected(format!("no [cutover]: the close of {} pinned that nothing is brought over", book.first_period))
        .next("take [cutover] out, and book what was forgotten in the log adjustments")
}
