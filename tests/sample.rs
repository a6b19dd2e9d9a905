//! The sample, as the README runs it: every month to a payout summary, every log, every fate.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::tables::read_run;

fn everycent(arguments: &[&str]) -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_everycent")).args(arguments).output().expect("starts");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{arguments:?}: {err}");
    (out, err)
}

#[test]
fn the_sample_runs_through_all_months_and_shows_every_log_and_fate() {
    let dir = tempfile::tempdir().expect("a folder");
    let book = dir.path().join("book");
    let book = book.to_str().expect("UTF-8");
    everycent(&["init", book]);
    let (summary, _) = everycent(&["run", "--all", "--close", "--book", book]);
    for word in ["2026-01", "2026-02", "2026-03", "EUR", "USD", "JPY", "paid", "carried"] {
        assert!(summary.contains(word), "no {word} in\n{summary}");
    }
    let (mut fates, mut logs) = (BTreeSet::new(), BTreeSet::new());
    for period in ["2026-01", "2026-02", "2026-03"] {
        let draft = fs::read_to_string(Path::new(book).join(format!("ledger/draft/{period}.json"))).expect("a draft");
        let draft: serde_json::Value = serde_json::from_str(&draft).expect("JSON");
        let tables = read_run(&Path::new(book).join("ledger/runs").join(draft["run_id"].as_str().expect("a run")));
        for row in &tables["control"] {
            fates.insert(row["fate"].clone());
            logs.insert(row["log"].clone());
        }
    }
    let expected = ["duplicate", "excluded", "ineligible", "later", "quarantined", "rated", "waiting"];
    assert_eq!(fates, expected.map(str::to_owned).into());
    assert_eq!(logs.len(), 6);
    let (statement, _) = everycent(&["statement", "ana", "--period", "2026-02", "--book", book]);
    assert!(statement.contains("opening balance") && statement.contains("closing balance"), "{statement}");
    let (json, _) = everycent(&["statement", "ana", "--period", "2026-02", "--format", "json", "--book", book]);
    adds_up(&serde_json::from_str(&json).expect("JSON"));
    let (status, _) = everycent(&["status", "--book", book]);
    assert_eq!(status.matches("closed, unsigned").count(), 3, "{status}");
    let (_, said) = everycent(&["run", "--all", "--close", "--book", book]);
    assert!(said.contains("closed already"), "{said}");
    everycent(&["doctor", "--book", book]);
    everycent(&["policy", "check", "--book", book]);
    everycent(&["plan", "--period", "2026-04", "--book", book]);
}

/// Every step of every account, added up as a reader would: up to `payable`, and on to the closing balance.
fn adds_up(statement: &serde_json::Value) {
    for account in statement["accounts"].as_array().expect("accounts") {
        let (mut sum, mut steps) = (0, 0);
        for step in account["steps"].as_array().expect("steps") {
            let minor = step["amount_minor"].as_i64().expect("an amount");
            match step["step"].as_str().expect("a name") {
                "payable" | "closing balance" => assert_eq!(sum, minor, "{account}"),
                _ => sum += minor,
            }
            steps += 1;
        }
        assert!(steps >= 3, "{account}");
    }
}
