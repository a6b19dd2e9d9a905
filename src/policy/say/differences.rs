//! What changes from one set of policies to another, in sentences.

use std::collections::{BTreeMap, BTreeSet};

use super::super::model::Policies;
use super::{Said, days, unsaid};

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

/// What changes between two versions: clause by clause, then what comes before what, then what no sentence tells apart.
fn clauses(old: &Said, new: &Said) -> Vec<String> {
    let differ = unsaid::keys(&old.pinned, &new.pinned);
    let mut changes = sentences(old, new, &differ);
    for order in &new.orders {
        let before = old.orders.iter().find(|before| before.done == order.done);
        let change = before.and_then(|before| order.since(before));
        changes.extend(change.map(|text| Change { text, keys: vec![order.key.to_owned()] }));
    }
    let is_told = |key: &&str| changes.iter().any(|change| change.keys.iter().any(|k| k == key));
    let silent: Vec<&str> = differ.iter().copied().filter(|key| !is_told(key)).collect();
    let silent = silent.into_iter().flat_map(|key| unsaid::places(key, old.pinned.get(key), new.pinned.get(key)));
    let silent: Vec<String> = silent.collect();
    changes.into_iter().map(|change| change.text).chain(silent).collect()
}

/// A change, and the keys of the pinned form that it tells of.
struct Change {
    text: String,
    keys: Vec<String>,
}

/// Sentences that are new, gone, or other than before; not where only white space or comments of SQL are.
fn sentences(old: &Said, new: &Said, differ: &BTreeSet<&str>) -> Vec<Change> {
    let find = |said: &Said, clause: &str| said.sentences.iter().find(|s| s.clause == clause).cloned();
    let means = |keys: &[String]| keys.iter().any(|key| differ.contains(key.as_str()));
    let changed = new.sentences.iter().filter_map(|s| match find(old, &s.clause) {
        None => Some(Change { text: format!("new: {}", s.text), keys: s.keys.clone() }),
        Some(was) if was.text != s.text => {
            Some(Change { text: format!("{} Before: {}", s.text, was.text), keys: [s.keys.clone(), was.keys].concat() })
        }
        Some(_) => None,
    });
    let gone = old.sentences.iter().filter(|s| find(new, &s.clause).is_none());
    let gone = gone.map(|s| Change { text: format!("no longer: {}", s.text), keys: s.keys.clone() });
    changed.chain(gone).filter(|change| means(&change.keys)).collect()
}
