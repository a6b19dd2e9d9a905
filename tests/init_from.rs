//! `init --from`: logs in producers' own words become a book that pays the right totals once people have decided.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;

use crate::support::tables::read_run;

fn everycent(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_everycent")).args(arguments).output().expect("starts");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn text(cells: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from_iter(cells.iter().map(|c| (!c.is_empty()).then_some(*c))))
}

fn put(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true))).expect("rows");
    let mut writer = ArrowWriter::try_new(File::create(path).expect("a file"), batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
}

/// Tips in major units as text, with a refund; orders without ids and a unit price; a float log; notes.
fn logs(dir: &Path) {
    put(
        &dir.join("liveTips/part.parquet"),
        vec![
            ("tipId", text(&["t1", "t2", "t3", "t4"])),
            (
                "paidAt",
                text(&["2026-02-03 10:00:00", "2026-02-04T11:00:00Z", "2026-02-05 12:00:00", "2026-03-01 00:00:00"]),
            ),
            ("streamer", text(&["ada", "ada", "bo", "ada"])),
            ("viewer", text(&["v1", "v2", "v3", "v1"])),
            ("price", text(&["10.50", "1200", "4.00", "10.50"])),
            ("currency", text(&["EUR", "JPY", "EUR", "EUR"])),
            ("refundOf", text(&["", "", "", "t1"])),
            ("mood", text(&["a", "b", "c", "d"])),
        ],
    );
    put(
        &dir.join("orders/dt=2026-02-03/a.parquet"),
        vec![
            ("InvoiceNo", text(&["9", "9"])),
            ("InvoiceDate", text(&["2026-02-03 10:00:00", "2026-02-03 10:00:00"])),
            ("UnitPrice", text(&["2.50", "2.50"])),
            ("Quantity", text(&["4", "-1"])),
            ("merchantId", text(&["m", "m"])),
        ],
    );
    put(
        &dir.join("memberships/m.parquet"),
        vec![
            ("id", Arc::new(Int64Array::from(vec![1])) as ArrayRef),
            ("createdAt", text(&["2026-02-01 00:00:00"])),
            ("amount", Arc::new(Float64Array::from(vec![4.99])) as ArrayRef),
            ("creator_id", text(&["ada"])),
        ],
    );
    fs::write(dir.join("notes.json"), "{}").expect("written");
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).expect("a file of the draft");
    assert!(text.contains(from), "{} has no {from}:\n{text}", path.display());
    fs::write(path, text.replace(from, to)).expect("written");
}

#[test]
fn a_draft_says_what_it_took_for_what_and_pays_once_people_have_decided() {
    let dir = tempfile::tempdir().expect("a folder");
    let (from, book) = (dir.path().join("in"), dir.path().join("book"));
    logs(&from);
    let [given, path] = [&from, &book].map(|p| p.to_str().expect("UTF-8"));
    let (code, out, said) = everycent(&["init", path, "--from", given]);
    assert_eq!(code, Some(0), "{out}{said}");
    for word in ["needed, no source  creator_id", "binary float", "mood", "notes.json", "still to be decided"] {
        assert!(out.contains(word), "not said: {word}\n{out}");
    }
    let settings = fs::read_to_string(book.join("everycent.toml")).expect("settings");
    assert!(
        settings.contains("path = \"../in/liveTips\"") && settings.contains("first_period = \"2026-02\""),
        "{settings}"
    );
    assert!(settings.contains("delivery_key = 'substr(\"InvoiceDate\", 1, 10)'"), "{settings}");
    for sql in ["gifts", "commerce", "subscriptions"] {
        let text = fs::read_to_string(book.join(format!("queries/staging/{sql}.sql"))).expect("a query");
        for word in ["-- Grain:", "-- Key:", "-- Reads:", "-- Why:"] {
            assert!(text.contains(word), "{sql} does not say {word}");
        }
    }
    let (code, _, said) = everycent(&["run", "--period", "2026-02", "--book", path]);
    assert!(code == Some(2) && said.contains("still to be decided"), "{said}");
    // what people decide
    edit(&book.join("policies/policies.toml"), "\"to be decided\"", "\"50 %\"");
    let staging = book.join("queries/staging");
    edit(&staging.join("commerce.sql"), "cast(null as varchar) as creator_id", "\"merchantId\" as creator_id");
    edit(&staging.join("commerce.sql"), "cast(null as varchar) as currency", "'EUR' as currency");
    let text = settings.split("\n[log.subscriptions]").next().expect("the logs before").to_owned();
    let references = &settings[settings.find("\n[reference]").expect("references")..];
    fs::write(book.join("everycent.toml"), text + references).expect("written");
    for (name, rows) in [
        ("creators", "ada,,,,active,2026-01-01,\nbo,,,,active,2026-01-01,\nm,,,,active,2026-01-01,\n"),
        (
            "parties",
            "ada,creator,EUR,,,active,2026-01-01,\nbo,creator,EUR,,,active,2026-01-01,\nm,creator,EUR,,,active,2026-01-01,\n",
        ),
        ("fx_rates", "2026-02-27,JPY,160\n"),
    ] {
        let file = book.join(format!("refs/{name}.csv"));
        let header = fs::read_to_string(&file).expect("a header");
        fs::write(file, header + rows).expect("written");
    }
    let (code, out, said) = everycent(&["doctor", "--book", path]);
    assert_eq!(code, Some(0), "{out}{said}");
    let (code, out, said) = everycent(&["run", "--period", "2026-02", "--book", path]);
    assert_eq!(code, Some(0), "{out}{said}");
    let draft: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(book.join("ledger/draft/2026-02.json")).expect("a draft"))
            .expect("JSON");
    let tables = read_run(&book.join("ledger/runs").join(draft["run_id"].as_str().expect("a run")));
    let earned = |creator: &str, program: &str, currency: &str| -> i64 {
        let mine = tables["earnings"]
            .iter()
            .filter(|r| r["creator_id"] == creator && r["program"] == program && r["currency"] == currency);
        mine.map(|r| r["gross_minor"].parse::<i64>().expect("minor units")).sum()
    };
    // 10.50 EUR; 1,200 JPY; 4.00 EUR; four at 2.50 less one of them. The refund of March is later
    assert_eq!(earned("ada", "gifts", "EUR"), 1050);
    assert_eq!(earned("ada", "gifts", "JPY"), 1200);
    assert_eq!(earned("bo", "gifts", "EUR"), 400);
    assert_eq!(earned("m", "commerce", "EUR"), 750);
}

#[test]
fn a_folder_without_logs_is_refused_and_leaves_no_book() {
    let dir = tempfile::tempdir().expect("a folder");
    let (from, book) = (dir.path().join("in"), dir.path().join("book"));
    fs::create_dir_all(&from).expect("a folder");
    fs::write(from.join("gifts.csv"), "id\n1\n").expect("written");
    let (code, _, said) = everycent(&["init", book.to_str().expect("UTF-8"), "--from", from.to_str().expect("UTF-8")]);
    assert!(code == Some(3) && said.contains("gifts.csv") && said.contains("no log was recognised"), "{said}");
    assert!(!book.exists());
}
