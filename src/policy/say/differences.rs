//! What changes from one set of policies to another, in sentences.

use std::collections::BTreeMap;

use super::super::model::Policies;
use super::{Said, days};

/// What changes from one set of policies to another, owner by owner; nothing where they say the same.
#[must_use]
pub fn differences(before: &Policies, after: &Policies) -> Vec<String> {
    let (then, now) = (keyed(before), keyed(after));
    let mut keys: Vec<&(String, Option<String>)> = then.keys().chain(now.keys()).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter()
        .flat_map(|key| match (then.get(key), now.get(key)) {
            (Some(old), Some(new)) => changes(old, new),
            (None, Some(new)) => added(new, &now, &then),
            (Some(old), None) => vec![format!("{} is gone.", old.heading())],
            (None, None) => Vec::new(),
        })
        .collect()
}

type Keyed = BTreeMap<(String, Option<String>), Said>;

fn keyed(policies: &Policies) -> Keyed {
    policies.said(None).into_iter().map(|said| ((said.owner.clone(), said.version.clone()), said)).collect()
}

/// One owner and version, then and now.
fn changes(old: &Said, new: &Said) -> Vec<String> {
    let mut lines = Vec::new();
    if (old.from, old.to) != (new.from, new.to) {
        lines.push(format!(
            "{} was in force {}; it is now in force {}.",
            new.name(),
            days(old.from, old.to),
            days(new.from, new.to)
        ));
    }
    lines.extend(clauses(old, new).into_iter().map(|change| format!("{}: {change}", new.name())));
    let silent = lines.is_empty() && old.pinned != new.pinned;
    lines.extend(silent.then(|| format!("{} is written otherwise, and says the same in words.", new.name())));
    lines
}

/// A version that was not there: against the version before it, if there is one.
fn added(new: &Said, now: &Keyed, then: &Keyed) -> Vec<String> {
    let earlier = |said: &&Said| said.owner == new.owner && said.from < new.from;
    let before = now.values().chain(then.values()).filter(earlier).max_by_key(|said| said.from);
    let mut lines = vec![format!("{} is new.", new.heading())];
    match before {
        Some(before) => {
            let against = format!("{} against version {}", new.name(), before.version.as_deref().unwrap_or(""));
            lines.extend(clauses(before, new).into_iter().map(|change| format!("{against}: {change}")));
        }
        None => lines.extend(new.sentences.iter().map(|s| format!("{}: {}", new.name(), s.text))),
    }
    lines
}

fn clauses(old: &Said, new: &Said) -> Vec<String> {
    let find = |said: &Said, clause: &str| said.sentences.iter().find(|s| s.clause == clause).cloned();
    let changed = new.sentences.iter().filter_map(|s| match find(old, &s.clause) {
        None => Some(format!("new: {}", s.text)),
        Some(was) if was.text != s.text => Some(format!("{} Before: {}", s.text, was.text)),
        Some(_) => None,
    });
    let gone = old.sentences.iter().filter(|s| find(new, &s.clause).is_none());
    changed.chain(gone.map(|s| format!("no longer: {}", s.text))).collect()
}
