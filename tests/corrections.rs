//! What is changed after a close: policies only when signed for, references only within a bound, each as its own cause.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::support::sheet::Line;
use crate::support::tables::{Tables, read_run};

struct Book(tempfile::TempDir);

impl Book {
    /// The sample with January closed.
    fn with_january_closed() -> Self {
        let book = Self(tempfile::tempdir().expect("a folder"));
        let path = book.at("");
        let path = path.to_str().expect("UTF-8");
        assert_eq!(everycent(&["init", path]).0, Some(0));
        for verb in ["run", "close"] {
            let (code, said) = everycent(&[verb, "--period", "2026-01", "--book", path]);
            assert_eq!(code, Some(0), "{said}");
        }
        book
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join("book").join(name)
    }

    fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.at(name)).expect("a file of the book");
        assert!(text.contains(from), "{name} has no {from}");
        fs::write(self.at(name), text.replacen(from, to, 1)).expect("a file of the book");
    }

    fn run_february(&self) -> (Option<i32>, String) {
        everycent(&["run", "--period", "2026-02", "--book", self.at("").to_str().expect("UTF-8")])
    }

    fn february(&self) -> Tables {
        let (code, said) = self.run_february();
        assert_eq!(code, Some(0), "{said}");
        let draft = fs::read_to_string(self.at("ledger/draft/2026-02.json")).expect("a draft");
        let draft: serde_json::Value = serde_json::from_str(&draft).expect("JSON");
        read_run(&self.at("ledger/runs").join(draft["run_id"].as_str().expect("a run")))
    }
}

fn everycent(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_everycent")).args(arguments).output().expect("starts");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn caused<'a>(tables: &'a Tables, cause: &str) -> Vec<&'a Line> {
    tables["earnings"].iter().filter(|row| row["cause"] == cause).collect()
}

fn minor(row: &Line, column: &str) -> i64 {
    row.get(column).map_or(0, |v| v.parse().expect("minor units"))
}

#[test]
fn a_changed_policy_needs_two_names_and_is_its_own_cause() {
    let book = Book::with_january_closed();
    book.edit("policies/live.toml", "# LIVE", "# A comment changes nothing. LIVE");
    assert!(caused(&book.february(), "policy_correction").is_empty());
    book.edit("policies/live.toml", "share = \"70 %\"", "share = \"71 %\"");
    let (code, said) = book.run_february();
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("program live_subs version 1 differs") && said.contains("corrections.toml"), "{said}");
    let signed = "[[correction]]\nprogram = \"live_subs\"\nversion = \"1\"\nreason = \"the contract says 71\"\nrequested_by = \"Rita\"\napproved_by = \"Hugo\"\n";
    fs::write(book.at("corrections.toml"), signed.replace("Hugo", " rita ")).expect("written");
    assert_eq!(book.run_february().0, Some(2));
    fs::write(book.at("corrections.toml"), signed).expect("written");
    let tables = book.february();
    let rows = caused(&tables, "policy_correction");
    assert!(!rows.is_empty());
    for row in rows {
        assert_eq!((row["program"].as_str(), row["earning_period"].as_str()), ("live_subs", "2026-01"));
        assert_eq!((minor(row, "events"), minor(row, "gross_minor")), (0, 0), "{row:?}");
        assert!(
            minor(row, "creator_minor") >= 0 && minor(row, "platform_minor") == -minor(row, "creator_minor"),
            "{row:?}"
        );
    }
}

#[test]
fn an_open_version_may_end_in_the_open_time() {
    let book = Book::with_january_closed();
    book.edit(
        "policies/live.toml",
        "valid_from = 2026-01-01\nlog = \"subscriptions\"\nwhere = \"tier = 'live'\"",
        "valid_from = 2026-01-01\nvalid_to = 2026-02-15\nlog = \"subscriptions\"\nwhere = \"tier = 'live'\"",
    );
    let next = "\n[[program]]\nname = \"live_subs\"\nversion = \"2\"\nvalid_from = 2026-02-15\nlog = \"subscriptions\"\nwhere = \"tier = 'live'\"\nshare = \"80 %\"\n";
    let text = fs::read_to_string(book.at("policies/live.toml")).expect("policies");
    fs::write(book.at("policies/live.toml"), text + next).expect("written");
    let tables = book.february();
    assert!(caused(&tables, "policy_correction").is_empty());
    let versions = |v: &str| {
        tables["earnings"]
            .iter()
            .any(|r| r["program"] == "live_subs" && r["policy_version"] == v && r["cause"] == "current")
    };
    assert!(versions("1") && versions("2"));
}

#[test]
fn a_changed_reference_is_refused_beyond_its_bound_and_is_its_own_cause() {
    let book = Book::with_january_closed();
    book.edit("refs/creators.csv", "dara,1988-07-01,120000", "dara,1988-07-01,900");
    book.edit("everycent.toml", "[reference]", "[gates]\nreference_correction = \"0.1 %\"\n\n[reference]");
    let (code, said) = book.run_february();
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("a changed reference would move closed periods") && said.contains("USD"), "{said}");
    let bound = "\n[[bound]]\ngate = \"reference_correction\"\nscope = \"USD\"\nvalue = \"50 %\"\nreason = \"dara's followers were wrong\"\nexpires = \"2026-02\"\nrequested_by = \"Rita\"\napproved_by = \"Hugo\"\n";
    let text = fs::read_to_string(book.at("everycent.toml")).expect("settings");
    fs::write(book.at("everycent.toml"), text + bound).expect("written");
    let tables = book.february();
    let rows = caused(&tables, "reference_correction");
    assert!(!rows.is_empty());
    assert!(
        rows.iter().all(|r| r["creator_id"] == "dara" && r["program"] == "live_subs" && minor(r, "creator_minor") < 0),
        "{rows:?}"
    );
    let retained: i64 = tables["journal"]
        .iter()
        .filter(|r| {
            r.get("cause").is_some_and(|c| c == "reference_correction")
                && r["kind"] == "ineligible"
                && r["account"] == "payer_clearing"
        })
        .map(|r| minor(r, "amount_minor"))
        .sum();
    let gross: i64 = rows.iter().map(|r| minor(r, "gross_minor")).sum();
    assert_eq!(retained, -gross, "what leaves the lines stands among ineligible money");
}

#[test]
fn a_file_that_a_close_read_must_stay_or_be_cut_anew() {
    let book = Book::with_january_closed();
    let file = book.at("logs/brand_deals/2026-01.parquet");
    fs::rename(&file, book.at("logs/brand_deals/renamed.parquet")).expect("renamed");
    assert_eq!(book.run_february().0, Some(0), "a renamed file is the same file");
    fs::remove_file(book.at("logs/brand_deals/renamed.parquet")).expect("removed");
    let (code, said) = book.run_february();
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.contains("a file that a closed period read is missing or changed") && said.contains("brand_deals"),
        "{said}"
    );
}
