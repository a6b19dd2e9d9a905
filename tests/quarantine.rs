//! Rows that are not rated: listed with what stands in their files, decided on by two people, released as a cause.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::book::TextBook;
use crate::support::engine::Outcome;
use crate::support::folder::{Folder, Layout};
use crate::support::sheet::{Line, Sheet};

const POLICIES: &str = r#"
[[program]]
name = "gifts"
version = "1"
valid_from = 2026-01-01
log = "gifts"
share = "50 %"
[[terms]]
version = "1"
valid_from = 2026-01-01
fx_date = "period_end"
fx_max_days_back = 7
minimum_payout = {  }
due_days = 15
"#;

fn line(cells: &[(&str, &str)]) -> Line {
    cells.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

/// October: g1 says 7.00 and 8.00, g2 5.00. Then November's g3 of 4.00; then g2 again, with 6.00; g9 in both months.
fn book() -> TextBook {
    let mut book = TextBook::empty("redrive", "Europe/Berlin", "2026-10");
    POLICIES.clone_into(&mut book.policies);
    let since = ("valid_from", "2026-01-01");
    book.reference(
        "creators",
        &line(&[("creator_id", "ben"), ("birth_date", "1990-01-01"), ("status", "active"), since]),
    );
    book.reference("parties", &line(&[("party_id", "ben"), ("kind", "creator"), ("payout_currency", "USD"), since]));
    let gifts = [
        ("1", "g1", "2026-10-05", "700"),
        ("1", "g1", "2026-10-05", "800"),
        ("1", "g2", "2026-10-06", "500"),
        ("2", "g3", "2026-11-10", "400"),
        ("3", "g2", "2026-10-06", "600"),
        ("4", "g9", "2026-10-31", "100"),
        ("4", "g9", "2026-11-01", "300"),
    ];
    for (arrival, id, day, minor) in gifts {
        let time = format!("{day}T12:00:00Z");
        book.event(
            "gifts",
            &line(&[
                ("event_id", id),
                ("event_time", &time),
                ("kind", "send"),
                ("creator_id", "ben"),
                ("payer_id", "fan"),
                ("amount_minor", minor),
                ("currency", "USD"),
                ("arrival", arrival),
            ]),
        );
    }
    book
}

/// `everycent quarantine VERB --book DIR …`, the rest separated by bars.
fn quarantine(dir: &Path, verb: &str, rest: &str) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_everycent"));
    command.args(["quarantine", verb, "--book"]).arg(dir).env("NO_COLOR", "1");
    let output = command.args(rest.split('|').filter(|a| !a.is_empty())).output().expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Outcome { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn listed(dir: &Path, rest: &str) -> Vec<Line> {
    Sheet::parse(&quarantine(dir, "list", &format!("--format|csv|{rest}")).succeeded("list").stdout).lines()
}

/// The hash of the listed row of this event and amount.
pub fn hash_of(dir: &Path, event: &str, minor: &str) -> String {
    let rows = listed(dir, "--rows");
    let row = rows.iter().find(|row| row["event_id"] == event && row["amount_minor"] == minor);
    row.unwrap_or_else(|| panic!("no {event} of {minor} in {rows:?}"))["row_hash"].clone()
}

/// Who signs, and why.
pub const SIGNED: &str = "--reason|the shop confirmed it|--requested-by|Rita Moura|--approved-by|Hugo Sá";

/// `quarantine redrive` that lets a row stand.
pub fn stands(dir: &Path, log: &str, event: &str, hash: &str, signed: &str) -> Outcome {
    quarantine(dir, "redrive", &format!("--log|{log}|--event-id|{event}|--stands|{hash}|{signed}"))
}

#[track_caller]
fn refused(outcome: &Outcome, code: i32, words: &[&str]) {
    assert_eq!(outcome.code, Some(code), "{}{}", outcome.stdout, outcome.stderr);
    for word in words {
        assert!(outcome.stderr.contains(word), "not said: {word}\n{}", outcome.stderr);
    }
}

fn delivered(dir: &Path, layout: Layout, delivery: u32) -> Folder {
    let mut folder = Folder::create(dir, &book(), layout);
    folder.deliver(delivery);
    folder
}

fn run_and_close(folder: &Folder, period: &str) {
    folder.run(period).succeeded(period);
    folder.close(period).succeeded(period);
}

/// October closed with its conflict; then the row of 8.00 stands.
fn october_closed_and_decided(dir: &Path, layout: Layout) -> Folder {
    let mut folder = delivered(dir, layout, 1);
    run_and_close(&folder, "2026-10");
    stands(dir, "gifts", "g1", &hash_of(dir, "g1", "800"), SIGNED).succeeded("redrive");
    folder.deliver(2);
    folder
}

fn cell<'a>(rows: &'a [Line], wanted: &[(&str, &str)], column: &str) -> Option<&'a str> {
    let fits = |row: &&Line| wanted.iter().all(|(name, text)| row.get(*name).map(String::as_str) == Some(*text));
    rows.iter().find(fits)?.get(column).map(String::as_str)
}

#[test]
fn a_conflict_is_listed_summed_filtered_and_as_it_stands_in_its_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    refused(&quarantine(dir, "list", ""), 2, &["no book here"]);
    let folder = delivered(dir, Layout::Plain, 1);
    refused(&quarantine(dir, "list", ""), 2, &["nothing was run yet"]);
    folder.run("2026-10").succeeded("run");
    let sums = listed(dir, "");
    let expected = [
        ("log", "gifts"),
        ("reason", "conflict"),
        ("day", "2026-10-05"),
        ("currency", "USD"),
        ("rows", "2"),
        ("amount_minor", "1500"),
        ("amount", "15.00"),
        ("unreadable", "0"),
    ];
    assert_eq!(sums, [line(&expected)]);
    assert_eq!(listed(dir, "--min-amount|701").len(), 1);
    let all = "--period|2026-10|--log|gifts|--reason|conflict|--day|2026-10-05|--currency|USD|--min-amount|700";
    assert_eq!(listed(dir, all).len(), 2);
    for none in ["--log|commerce", "--reason|no_policy", "--day|2026-10-06", "--currency|EUR", "--waiting"] {
        assert!(listed(dir, none).is_empty(), "{none}");
    }
    refused(&quarantine(dir, "list", "--reason|confict"), 2, &["unknown reason", "conflict", "confict"]);
    refused(&quarantine(dir, "list", "--period|2026-12"), 2, &["2026-12 was not run"]);
    let raw = quarantine(dir, "list", "--raw|--min-amount|701").succeeded("raw").stdout;
    for words in ["row_group 0, row 1", "event_id = g1", "amount_minor = 800", "payer_id = fan", "tax_minor = null"] {
        assert!(raw.contains(words), "not said: {words}\n{raw}");
    }
    let json = quarantine(dir, "list", "--raw|--format|json").succeeded("raw").stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((json[0]["raw"]["event_id"].as_str(), json[0]["raw"]["tax_minor"].is_null()), (Some("g1"), true));
}

#[test]
fn a_raw_row_comes_from_the_very_file_that_the_run_read() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = delivered(dir.path(), Layout::Plain, 1);
    folder.run("2026-10").succeeded("run");
    let file = dir.path().join("logs/gifts/delivery-01.parquet");
    let bytes = fs::read(&file).expect("a log");
    fs::remove_file(&file).expect("removed");
    refused(&quarantine(dir.path(), "list", "--raw"), 3, &["is gone", "gifts delivery-01.parquet", "SHA-256"]);
    let other = delivered(&dir.path().join("other"), Layout::Plain, 2);
    fs::copy(other.dir.join("logs/gifts/delivery-02.parquet"), &file).expect("copied");
    refused(&quarantine(dir.path(), "list", "--raw"), 3, &["was changed since the run", "gifts delivery-01.parquet"]);
    assert_eq!(listed(dir.path(), "--rows").len(), 2, "the list itself needs no file");
    fs::write(&file, bytes).expect("restored");
    quarantine(dir.path(), "list", "--raw").succeeded("raw");
}

#[test]
fn what_two_people_let_stand_is_released_next_month_and_the_rest_stays() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = october_closed_and_decided(dir.path(), Layout::Plain);
    folder.run("2026-11").succeeded("run");
    let tables = folder.tables("2026-11");
    // 8.00 at 50 %: 4.00 for October, released; 4.00 at 50 %: 2.00 of November's own
    let released = [("earning_period", "2026-10"), ("cause", "released"), ("gross_minor", "800"), ("events", "1")];
    assert_eq!(cell(&tables["earnings"], &released, "creator_minor"), Some("400"));
    let current = [("earning_period", "2026-11"), ("cause", "current"), ("gross_minor", "400")];
    assert_eq!(cell(&tables["earnings"], &current, "creator_minor"), Some("200"));
    assert_eq!(tables["earnings"].len(), 2);
    // 7.00 + 8.00 stood on suspense; 8.00 leaves it
    let suspense = [("account", "suspense"), ("opening_minor", "-1500"), ("debit_minor", "800")];
    assert_eq!(cell(&tables["balances"], &suspense, "closing_minor"), Some("-700"));
    let left = [("kind", "suspense"), ("account", "suspense"), ("earning_period", "2026-10"), ("cause", "released")];
    assert_eq!(cell(&tables["journal"], &left, "amount_minor"), Some("800"));
    let account = [("party_id", "ben"), ("earned_minor", "200"), ("corrections_minor", "400")];
    assert_eq!(cell(&tables["statements"], &account, "payout_minor"), Some("600"));
    assert_eq!(tables["quarantine"].len(), 1);
    assert_eq!(cell(&tables["quarantine"], &[("reason", "conflict")], "amount_minor"), Some("700"));
    let manifest = fs::read_to_string(folder.run_dir("2026-11").join("manifest.json")).expect("a manifest");
    assert!(manifest.contains("\"redrive.toml\"") && manifest.contains("redrive/redrive.toml"), "{manifest}");
    let root = folder.draft("2026-11", "root");
    folder.close("2026-11").succeeded("close");
    folder.run("2026-12").succeeded("run");
    assert!(folder.tables("2026-12")["earnings"].is_empty(), "it is released once");
    for seed in 0..3 {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = october_closed_and_decided(dir.path(), Layout::Shuffled(seed));
        folder.run("2026-11").succeeded("run");
        assert_eq!(folder.draft("2026-11", "root"), root, "how rows are cut decides nothing");
    }
}

#[test]
fn a_decision_in_time_is_the_periods_own() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = delivered(dir.path(), Layout::Plain, 1);
    folder.run("2026-10").succeeded("run");
    let before = folder.draft("2026-10", "root");
    stands(dir.path(), "gifts", "g1", &hash_of(dir.path(), "g1", "700"), SIGNED).succeeded("redrive");
    refused(&folder.close("2026-10"), 6, &["gives another ledger", &before]);
    run_and_close(&folder, "2026-10");
    let tables = folder.tables("2026-10");
    let current = [("cause", "current"), ("gross_minor", "1200"), ("events", "2")];
    assert_eq!(cell(&tables["earnings"], &current, "creator_minor"), Some("600"));
    assert_eq!(cell(&tables["balances"], &[("account", "suspense")], "closing_minor"), Some("-800"));
}

#[test]
fn a_chosen_row_of_a_later_month_leaves_its_id_open_until_then() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = delivered(dir.path(), Layout::Plain, 4);
    folder.run("2026-11").succeeded("provisional");
    stands(dir.path(), "gifts", "g9", &hash_of(dir.path(), "g9", "300"), SIGNED).succeeded("redrive");
    run_and_close(&folder, "2026-10");
    let october = folder.tables("2026-10");
    assert_eq!(cell(&october["quarantine"], &[("event_id", "g9")], "amount_minor"), Some("100"));
    assert!(october["earnings"].is_empty(), "g1, g2 and g9 are all open: {:?}", october["earnings"]);
    folder.run("2026-11").succeeded("run");
    // g9 3.00 and g3 4.00 at 50 %
    let current = [("cause", "current"), ("earning_period", "2026-11"), ("gross_minor", "700")];
    assert_eq!(cell(&folder.tables("2026-11")["earnings"], &current, "creator_minor"), Some("350"));
}

#[test]
fn an_impossible_decision_is_refused_and_not_recorded() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    let mut folder = delivered(dir, Layout::Plain, 1);
    folder.run("2026-10").succeeded("run");
    let (hash, other) = (hash_of(dir, "g1", "800"), hash_of(dir, "g1", "700"));
    let one = "--reason|x|--requested-by|Rita Moura|--approved-by| rita moura ";
    refused(&stands(dir, "gifts", "g1", &hash, one), 2, &["needs two names", "rita moura"]);
    let unsaid = SIGNED.replace("the shop confirmed it", " ");
    refused(&stands(dir, "gifts", "g1", &hash, &unsaid), 2, &["needs a reason"]);
    let unknown = "0".repeat(32);
    refused(&stands(dir, "gifts", "g1", &unknown, SIGNED), 2, &["a row that is not there", "gifts g1", &hash, &other]);
    refused(&stands(dir, "gifts", "g7", &hash, SIGNED), 2, &["a row that is not there", "no row of this event"]);
    refused(&stands(dir, "gifts", "g1", "8a", SIGNED), 2, &["32 lower-case hexadecimal digits"]);
    assert!(!dir.join("redrive.toml").exists(), "nothing was recorded");
    stands(dir, "gifts", "g1", &hash, SIGNED).succeeded("redrive");
    refused(&stands(dir, "gifts", "g1", &other, SIGNED), 2, &["one event is decided twice", &hash, "Rita Moura"]);
    run_and_close(&folder, "2026-10");
    folder.deliver(4);
    folder.run("2026-11").succeeded("run");
    refused(
        &stands(dir, "gifts", "g2", &hash_of(dir, "g2", "600"), SIGNED),
        5,
        &["can't overrule what a closed period rated"],
    );
    assert_eq!(fs::read_to_string(dir.join("redrive.toml")).expect("decisions").matches("[[stands]]").count(), 1);
    let text = fs::read_to_string(dir.join("redrive.toml")).expect("decisions");
    // written by hand, past the command: the run refuses it as well
    let decision = &text[text.find("[[stands]]").expect("a decision")..];
    let forced = decision.replace("g1", "g2").replace(&hash, &hash_of(dir, "g2", "600"));
    fs::write(dir.join("redrive.toml"), format!("{text}\n{forced}")).expect("written");
    refused(&folder.run("2026-11"), 5, &["can't overrule what a closed period rated", "gifts g2"]);
}

#[test]
fn a_decision_that_a_close_used_stays_as_it_is() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = october_closed_and_decided(dir.path(), Layout::Plain);
    run_and_close(&folder, "2026-11");
    let path = dir.path().join("redrive.toml");
    let text = fs::read_to_string(&path).expect("decisions");
    fs::write(&path, text.replace("Hugo Sá", "Eva Brandt")).expect("written");
    refused(&folder.run("2026-12"), 2, &["was changed or removed", "[[stands]] gifts g1"]);
    fs::remove_file(&path).expect("removed");
    refused(&folder.run("2026-12"), 2, &["was changed or removed", "[[stands]] gifts g1"]);
    fs::write(&path, format!("# a remark changes nothing\n{text}")).expect("written");
    folder.run("2026-12").succeeded("run");
    fs::write(&path, text.replace("[[stands]]", "[[stand]]")).expect("written");
    refused(&folder.run("2026-12"), 2, &["unknown field `stand`", "did you mean `stands`?", "redrive.toml:4:3"]);
}

#[test]
fn a_waived_bound_lets_a_run_pass_and_is_in_its_manifest() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = delivered(dir.path(), Layout::Plain, 1);
    let settings = dir.path().join("everycent.toml");
    let text = fs::read_to_string(&settings).expect("settings");
    fs::write(&settings, text.replace("rows = \"100 %\", amount = \"100 %\"", "rows = \"10 %\", amount = \"10 %\""))
        .expect("written");
    // 2 of 3 rows, 15.00 of 20.00
    refused(&folder.run("2026-10"), 4, &["too much of gifts is quarantined (rows)", "66.67 %", "redrive --waive"]);
    let waive = |gate: &str, scope: &str, value: &str, signed: &str| {
        let what = format!("--waive|{gate}|--scope|{scope}|--value|{value}|--expires|2026-10|{signed}");
        quarantine(dir.path(), "redrive", &what)
    };
    refused(&waive("rows", "gifts", "70 %", SIGNED), 2, &["unknown gate", "quarantined_rows"]);
    refused(&waive("quarantined_rows", "gfits", "70 %", SIGNED), 2, &["unknown log", "gfits"]);
    refused(&waive("fx_change", "gifts", "70 %", SIGNED), 2, &["scope is unknown", "a currency"]);
    refused(&waive("quarantined_rows", "gifts", "much", SIGNED), 2, &["not a share"]);
    refused(&waive("quarantined_rows", "gifts", "5 %", SIGNED), 2, &["allows less than the book does"]);
    let one = SIGNED.replace("Hugo Sá", "RITA MOURA");
    refused(&waive("quarantined_rows", "gifts", "70 %", &one), 2, &["needs two names"]);
    waive("quarantined_rows", "gifts", "70 %", SIGNED).succeeded("waive");
    refused(&folder.run("2026-10"), 4, &["too much of gifts is quarantined (USD)", "75.00 %"]);
    waive("quarantined_amount", "gifts", "75 %", SIGNED).succeeded("waive");
    run_and_close(&folder, "2026-10");
    let manifest = fs::read_to_string(folder.run_dir("2026-10").join("manifest.json")).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    let bounds = manifest["bounds"].as_array().expect("bounds");
    let said: Vec<_> =
        bounds.iter().map(|b| (b["gate"].as_str(), b["value"].as_str(), b["approved_by"].as_str())).collect();
    let hugo = Some("Hugo Sá");
    let expected = [(Some("quarantined_rows"), Some("70 %"), hugo), (Some("quarantined_amount"), Some("75 %"), hugo)];
    assert_eq!(said, expected);
    refused(&waive("quarantined_rows", "gifts", "90 %", SIGNED), 2, &["has expired", "2026-11"]);
}
