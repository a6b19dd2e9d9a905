//! What differs in the pinned form.

use std::collections::BTreeSet;

use serde_json::Value;

use super::HEADING;
use super::words::plain;

/// The keys of two pinned forms that differ; what headings say is none.
pub(super) fn keys<'a>(old: &'a Value, new: &'a Value) -> BTreeSet<&'a str> {
    let differ = both(old, new).into_iter().filter(|key| old.get(key) != new.get(key));
    differ.filter(|key| !HEADING.contains(key)).collect()
}

/// Each place under a key where two values differ, with both: `` `pool.late` is rerate. Before: next_period. ``
pub(super) fn places(key: &str, old: Option<&Value>, new: Option<&Value>) -> Vec<String> {
    let text = |value: Option<&Value>| value.map_or("not given".to_owned(), plain);
    match (old, new) {
        _ if old == new => Vec::new(),
        (Some(a @ Value::Object(_)), Some(b @ Value::Object(_))) => {
            both(a, b).into_iter().flat_map(|k| places(&format!("{key}.{k}"), a.get(k), b.get(k))).collect()
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) if a.len() == b.len() => {
            let pairs = a.iter().zip(b).enumerate();
            pairs.flat_map(|(at, (a, b))| places(&format!("{key}[{}]", at + 1), Some(a), Some(b))).collect()
        }
        _ => vec![format!("`{key}` is {}. Before: {}.", text(new), text(old))],
    }
}

fn both<'a>(old: &'a Value, new: &'a Value) -> BTreeSet<&'a str> {
    [old, new].into_iter().flat_map(Value::as_object).flatten().map(|(key, _)| key.as_str()).collect()
}
