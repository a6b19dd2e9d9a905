//! What a run would refuse because a close has used it otherwise, and corrections that correct nothing.

use std::collections::BTreeSet;

use super::prepare::{corrections, pinned_policies};
use crate::book::Book;
use crate::error::Result;
use crate::ledger::Store;
use crate::policy::{Change, Finding, Level, Policies, changed};

/// Changes of what the last close has used that nobody has signed for; corrections of what neither it nor the files know.
///
/// # Errors
/// The ledger or corrections.toml can't be read.
pub fn lint_closed(book: &Book, policies: &Policies) -> Result<Vec<Finding>> {
    let signed = corrections(book)?;
    let store = Store::open(&book.ledger)?;
    let closes = store.closed_periods()?;
    let mut known: BTreeSet<_> = policies.change_keys();
    let mut findings = Vec::new();
    if let Some(last) = closes.last() {
        let pinned = pinned_policies(&store.run(&last.run_id)?)?;
        let changes = changed(&pinned, policies, last.period.next().first_day());
        let unsigned = changes.iter().filter(|change| !signed.allows(change));
        findings.extend(unsigned.filter_map(|change| unsigned_finding(change, &pinned, policies)));
        known.extend(pinned.change_keys());
    }
    findings.extend(signed.unknown(&known));
    Ok(findings)
}

/// A change with its place; of what is gone, the place that it had.
fn unsigned_finding(change: &Change, pinned: &Policies, now: &Policies) -> Option<Finding> {
    let help = "put it back and write a new version with a later valid_from; or sign for it in corrections.toml";
    let (of, place, differs) = match now.place_of_change(&change.key) {
        Some(place) => (now, place, "differs from what a closed period used"),
        None => (pinned, pinned.place_of_change(&change.key)?, "is gone, and a closed period used it"),
    };
    Some(of.finding_at(place, Level::Error, format!("{} {differs}", change.what), help.into()))
}
