//! A real book: 541,909 invoice lines. What is known of them is in ../shared/real/README.md; skipped without it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::tables::{Tables, read_run};

fn lines() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/real/online_retail/lines");
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: ../shared/real/online_retail is not here");
    None
}

/// A copy of the committed book whose log is `lines`, in a folder of its own.
fn book(dir: &Path, lines: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/books/online_retail");
    for name in
        ["queries/staging/commerce.sql", "refs/creators.csv", "refs/parties.csv", "policies/shop.toml", "book.secret"]
    {
        let to = dir.join(name);
        fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        fs::copy(from.join(name), to).expect("a copy");
    }
    let settings = fs::read_to_string(from.join("everycent.toml")).expect("settings");
    let path = settings.lines().find(|l| l.starts_with("path = ")).expect("a path");
    fs::write(dir.join("everycent.toml"), settings.replace(path, &format!("path = {:?}", lines.display().to_string())))
        .expect("settings");
}

fn everycent(dir: &Path, arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_everycent")).args(arguments).arg("--book").arg(dir).output().expect("starts");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {text}");
    text
}

fn tables(dir: &Path, period: &str) -> Tables {
    let draft = fs::read_to_string(dir.join(format!("ledger/draft/{period}.json"))).expect("a draft");
    let draft: serde_json::Value = serde_json::from_str(&draft).expect("JSON");
    read_run(&dir.join("ledger/runs").join(draft["run_id"].as_str().expect("a run")))
}

/// Rows, amount and unreadable amounts of the cumulative control, by fate.
fn totals(tables: &Tables) -> BTreeMap<String, (i64, i64, i64)> {
    let mut totals: BTreeMap<String, (i64, i64, i64)> = BTreeMap::new();
    for row in &tables["control"] {
        let number = |column: &str| row.get(column).map_or(0, |v| v.parse::<i64>().expect("a number"));
        let sum = totals.entry(row["fate"].clone()).or_default();
        sum.0 += number("total_rows");
        sum.1 += number("total_amount_minor");
        sum.2 += number("total_unreadable");
    }
    totals
}

#[test]
fn all_months_count_every_line_and_every_penny() {
    let Some(lines) = lines() else { return };
    let dir = tempfile::tempdir().expect("a folder");
    book(dir.path(), &lines);
    everycent(dir.path(), &["run", "--period", "2011-12"]);
    let tables = tables(dir.path(), "2011-12");
    let totals = totals(&tables);
    let sum = totals.values().fold((0, 0, 0), |a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2));
    // published: 541,909 lines, 9,747,747.93 without four lines at a price of 0.001
    assert_eq!(sum, (541_909, 974_774_793, 4), "{totals:?}");
    let reasons: Vec<&str> = tables["quarantine"].iter().map(|r| r["reason"].as_str()).collect();
    assert_eq!(reasons, ["sub_minor"; 4]);
    assert!(!totals.contains_key("duplicate"), "honest repetitions were merged: {totals:?}");
}

#[test]
fn two_closes_with_a_late_day_and_a_day_delivered_twice() {
    let Some(all) = lines() else { return };
    let dir = tempfile::tempdir().expect("a folder");
    let lines = dir.path().join("lines");
    let deliver = |day: &str, name: &str| {
        let to = lines.join(name);
        fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        fs::copy(all.join(format!("dt={day}/part-0.parquet")), to).expect("a day");
    };
    for day in ["2010-12-01", "2010-12-02", "2010-12-05"] {
        deliver(day, &format!("dt={day}/part-0.parquet"));
    }
    book(dir.path(), &lines);
    everycent(dir.path(), &["run", "--period", "2010-12"]);
    everycent(dir.path(), &["close", "--period", "2010-12"]);
    let rated = |t: &Tables| totals(t)["rated"];
    let december = rated(&tables(dir.path(), "2010-12"));
    deliver("2010-12-03", "late/day-3.parquet");
    deliver("2010-12-02", "again/under-another-name.parquet");
    deliver("2011-01-04", "dt=2011-01-04/part-0.parquet");
    everycent(dir.path(), &["run", "--period", "2011-01"]);
    everycent(dir.path(), &["close", "--period", "2011-01"]);
    let january = tables(dir.path(), "2011-01");
    let causes: Vec<(&str, &str)> =
        january["earnings"].iter().map(|r| (r["earning_period"].as_str(), r["cause"].as_str())).collect();
    assert!(causes.contains(&("2010-12", "late_event")) && causes.contains(&("2011-01", "current")), "{causes:?}");
    assert!(totals(&january)["duplicate"].0 > 2000, "the second delivery of a day is all duplicates");
    // what a book that had everything at once says of December and January together
    let once = tempfile::tempdir().expect("a folder");
    book(once.path(), &lines);
    everycent(once.path(), &["run", "--period", "2011-01"]);
    assert_eq!(rated(&january), rated(&tables(once.path(), "2011-01")));
    assert!(rated(&january).0 > december.0);
    let again = everycent(dir.path(), &["run", "--period", "2011-02"]);
    assert!(again.contains("2011-02"), "{again}");
}
