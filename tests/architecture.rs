//! The house as a test: who may import whom, and what must be absent.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms in order; each may import only what stands before it, itself, and its own floor's elders.
const ROOMS: [&str; 27] = [
    "error",
    "picture",
    "period",
    "log",
    "country",
    "fate",
    "money",
    "book",
    "redrive",
    "query",
    "policy",
    "ledger",
    "reference",
    "cutover",
    "intake",
    "facts",
    "earn",
    "settle",
    "pipeline",
    "audit",
    "publish",
    "report",
    "ask",
    "synth",
    "quarantine",
    "trial",
    "draft",
];
/// Rooms on one floor: neither imports the other.
const FLOORS: [(&str, &str); 5] =
    [("policy", "ledger"), ("query", "ledger"), ("earn", "settle"), ("intake", "ledger"), ("money", "log")];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn all_sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    sources(&root().join("src"), &mut found);
    let room = |path: &Path| {
        let relative = path.strip_prefix(root().join("src")).expect("under src").to_string_lossy().into_owned();
        let first = relative.split('/').next().expect("a name");
        first.strip_suffix(".rs").unwrap_or(first).to_owned()
    };
    found.iter().map(|p| (room(p), fs::read_to_string(p).expect("a source"))).collect()
}

/// Every room that a source names after `crate::`.
fn imports(text: &str) -> Vec<&str> {
    let name = |rest: &&str| rest.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(rest.len());
    text.split("crate::").skip(1).map(|rest| &rest[..name(&rest)]).collect()
}

#[test]
fn no_room_imports_what_stands_behind_it() {
    let place = |room: &str| ROOMS.iter().position(|r| *r == room);
    for (room, text) in all_sources() {
        let Some(own) = place(&room) else { continue };
        for imported in imports(&text) {
            let other = place(imported).unwrap_or_else(|| panic!("{room} imports crate::{imported}, which is no room"));
            assert!(other <= own, "{room} imports {imported}, which stands behind it");
            let same_floor = FLOORS.iter().any(|(a, b)| (*a, *b) == (&room, imported) || (*b, *a) == (&room, imported));
            assert!(!same_floor, "{room} and {imported} stand on one floor");
        }
    }
}

#[test]
fn only_the_query_room_sees_datafusion_and_tokio() {
    for (room, text) in all_sources() {
        assert!(
            room == "query" || !(text.contains("datafusion::") || text.contains("tokio::")),
            "{room} sees the engine"
        );
    }
}

#[test]
fn no_float_stands_in_the_sources() {
    for (room, text) in all_sources() {
        let float = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').find(|w| *w == "f32" || *w == "f64");
        assert!(float.is_none(), "{room} has a {}", float.unwrap_or(""));
    }
}

#[test]
fn rules_read_no_clock_file_or_environment() {
    for (room, text) in
        all_sources().into_iter().filter(|(r, _)| ["earn", "settle", "facts", "money"].contains(&r.as_str()))
    {
        for word in ["std::fs", "std::env::", "SystemTime", "Instant::now", "Timestamp::now"] {
            assert!(!text.contains(word), "{room} has {word}");
        }
    }
}

#[test]
fn every_query_says_grain_key_reads_and_why() {
    let mut queries = Vec::new();
    for dir in ["queries", "data/sample/queries", "data/books/online_retail/queries", "benches"] {
        sql(&root().join(dir), &mut queries);
    }
    assert!(queries.len() > 10, "the queries were not found");
    for path in queries {
        let text = fs::read_to_string(&path).expect("a query");
        for word in ["-- Grain:", "-- Key:", "-- Reads:", "-- Why:"] {
            assert!(text.contains(word), "{} does not say {word}", path.display());
        }
    }
}

fn sql(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a folder of queries") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sql(&path, found);
        } else if path.extension().is_some_and(|e| e == "sql") {
            found.push(path);
        }
    }
}
