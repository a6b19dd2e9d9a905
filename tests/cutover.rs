//! Cut-over: what the system before handed over is shown, signed for, checked, and pinned by the first close.
//!
//! Amounts: tests/scenarios/cutover.txt tells the book's whole story, worked out by hand.

use std::fs::{self, File};
use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use sha2::{Digest, Sha256};

use crate::support::engine::{Everycent, Outcome};
use crate::support::folder::{Folder, Layout};
use crate::support::story::Story;

struct Book {
    folder: Folder,
    _dir: tempfile::TempDir,
}

impl Book {
    /// The book of the story, with its first delivery.
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let book = Story::parse(include_str!("scenarios/cutover.txt")).book;
        let mut folder = Folder::create(dir.path(), &book, Layout::Plain);
        folder.deliver(1);
        Self { folder, _dir: dir }
    }

    fn with_october_closed() -> Self {
        let book = Self::new();
        book.folder.run("2026-10").succeeded("a run");
        book.folder.close("2026-10").succeeded("a close");
        book
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.folder.dir.join(name)).expect("a file of the book")
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.folder.dir.join(name), text).expect("a file of the book");
    }

    fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.text(name);
        assert!(text.contains(from), "{name} has no {from}\n{text}");
        self.put(name, &text.replacen(from, to, 1));
    }

    /// `everycent.toml` without its last table, which is the cut-over.
    fn forget(&self) {
        let text = self.text("everycent.toml");
        self.put("everycent.toml", text.split("[cutover]").next().expect("what stands before it"));
    }

    fn statement(&self, party: &str, period: &str) -> Outcome {
        Everycent::verb("statement", &self.folder.dir, period).arg(party).run()
    }

    fn json(&self, party: &str) -> serde_json::Value {
        let asked = Everycent::verb("statement", &self.folder.dir, "2026-10").arg(party).flag("--format", "json");
        serde_json::from_str(&asked.run().succeeded("a statement").stdout).expect("JSON")
    }

    fn manifest(&self, period: &str) -> serde_json::Value {
        let text = fs::read(self.folder.run_dir(period).join("manifest.json")).expect("a manifest");
        serde_json::from_slice(&text).expect("JSON")
    }
}

#[track_caller]
fn refused(outcome: &Outcome, code: i32, words: &[&str]) {
    assert_eq!(outcome.code, Some(code), "{}", outcome.stderr);
    for word in words {
        assert!(outcome.stderr.contains(word), "not said: {word}\n{}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
}

#[track_caller]
fn says(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.contains(line), "not there: {line}\n{text}");
    }
}

#[test]
fn the_first_statement_says_what_was_brought_over_and_how_old_it_is() {
    let book = Book::with_october_closed();
    let ada = book.statement("ada", "2026-10").succeeded("a statement").stdout;
    says(
        &ada,
        &[
            "  opening balance                    18.00\n",
            "      12.00   brought over from PayOld, booked in 2026-08\n",
            "       6.00   brought over from PayOld, booked in 2026-09\n",
            "  closing balance                    23.60\n",
        ],
    );
    assert!(!ada.contains("\n  brought over from"), "ada has nothing beside her account\n{ada}");
    let ben = book.statement("ben", "2026-10").succeeded("a statement").stdout;
    says(&ben, &["-30.00   brought over from PayOld, booked in 2026-07\n"]);
    says(&ben, &["\n  brought over from PayOld\n    kept in reserve 4.00 EUR, booked in 2026-07\n"]);
    let cho = book.statement("cho", "2026-10").succeeded("a statement").stdout;
    says(&cho, &["    advance -500.00 EUR, booked in 2026-02\n", "    lifetime of brand: 49,990.00 EUR gross\n"]);
}

#[test]
fn the_first_statement_says_so_in_json_and_later_ones_do_not() {
    let mut book = Book::with_october_closed();
    let brought = &book.json("ben")["brought_over"];
    assert_eq!(brought["system"], "PayOld");
    let found: Vec<_> = brought["balances"]
        .as_array()
        .expect("balances")
        .iter()
        .map(|b| (b["account"].as_str(), b["booked_period"].as_str(), b["amount_minor"].as_i64()))
        .collect();
    let expected =
        [(Some("party_payable"), Some("2026-07"), Some(-3000)), (Some("party_reserve"), Some("2026-07"), Some(400))];
    assert_eq!(found, expected);
    assert_eq!(book.json("cho")["brought_over"]["volumes"][0]["amount_minor"], 4_999_000);
    book.folder.deliver(2);
    book.folder.run("2026-11").succeeded("a run");
    let ada = book.statement("ada", "2026-11").succeeded("a statement").stdout;
    assert!(ada.contains("23.60") && !ada.contains("brought over"), "{ada}");
}

#[test]
fn who_has_an_advance_and_nothing_else_still_gets_a_statement() {
    let book = Book::new();
    book.edit("cutover/balances.csv", "advance_receivable,cho", "advance_receivable,ben");
    book.edit("cutover/balances.csv", "party_payable,ben,EUR,-3000,2026-07\n", "");
    fs::remove_dir_all(book.folder.dir.join("logs/subscriptions")).expect("removed");
    fs::create_dir_all(book.folder.dir.join("logs/subscriptions")).expect("a folder");
    book.folder.run("2026-10").succeeded("a run");
    let ben = book.statement("ben", "2026-10").succeeded("a statement").stdout;
    says(&ben, &["advance -500.00 EUR, booked in 2026-02", "kept in reserve 4.00 EUR"]);
}

#[test]
fn plan_and_doctor_print_the_sums() {
    let book = Book::new();
    let plan = Everycent::verb("plan", &book.folder.dir, "2026-10").flag("--format", "csv").run().succeeded("a plan");
    says(
        &plan.stdout,
        &[
            "bring over,party_payable,-12.00 EUR in the parties' favour (rows: 3)\n",
            "bring over,party_reserve,4.00 EUR in the parties' favour (rows: 1)\n",
            "bring over,advance_receivable,-500.00 EUR in the parties' favour (rows: 1)\n",
            "bring over,volume of brand,\"49,990.00 EUR gross of a lifetime (creators: 1)\"\n",
            "bring over,paid ids of subscriptions,2\n",
        ],
    );
    let doctor = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_everycent"));
        let output = command.args(["doctor", "--book"]).arg(&book.folder.dir).output().expect("starts");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, said) = doctor();
    assert_eq!(code, Some(0), "{said}");
    says(&said, &["from PayOld; advance_receivable: -500.00 EUR in the parties' favour"]);
    book.edit("cutover/balances.csv", "ada,EUR,1200", "ada,EUR,12.00");
    let (code, said) = doctor();
    assert_eq!(code, Some(3), "{said}");
    says(&said, &["cutover/balances.csv, line 2, column amount_minor"]);
}

#[test]
fn files_and_record_stand_in_the_manifest_and_in_the_run() {
    let book = Book::new();
    book.folder.run("2026-10").succeeded("a run");
    let manifest = book.manifest("2026-10");
    let first = book.folder.draft("2026-10", "run_id");
    for name in ["balances.csv", "volumes.csv", "paid_ids.csv"] {
        let bytes = fs::read(book.folder.dir.join("cutover").join(name)).expect("a file of the cut-over");
        let copy = fs::read(book.folder.run_dir("2026-10").join("cutover").join(name)).expect("a copy");
        assert_eq!(bytes, copy);
        let hash = hex::encode(Sha256::digest(&bytes));
        let named = manifest["cutover"].as_array().expect("a list").iter().find(|n| n["name"] == name);
        assert_eq!(named.expect("its name")["sha256"], hash.as_str());
    }
    let record = fs::read_to_string(book.folder.run_dir("2026-10").join("cutover/record.json")).expect("a record");
    says(&record, &["PayOld", "the old system ends", "Mia Berg", "Tom Falk"]);
    book.edit("everycent.toml", "the old system ends", "PayOld ends");
    book.folder.run("2026-10").succeeded("a run");
    assert_ne!(book.folder.draft("2026-10", "run_id"), first, "the record is an input");
}

#[test]
fn until_the_first_close_it_may_change_and_the_close_notices() {
    let book = Book::new();
    book.folder.run("2026-10").succeeded("a run");
    book.edit("cutover/balances.csv", "ada,EUR,1200", "ada,EUR,1300");
    refused(&book.folder.close("2026-10"), 6, &["gives another ledger"]);
    book.folder.run("2026-10").succeeded("a run");
    book.folder.close("2026-10").succeeded("a close");
    says(
        &book.statement("ada", "2026-10").succeeded("a statement").stdout,
        &["opening balance                    19.00"],
    );
}

#[test]
fn after_the_first_close_nothing_that_was_brought_over_changes() {
    let book = Book::with_october_closed();
    let closed = "what was brought over is closed; use an adjustment";
    let whole = ["everycent.toml", "cutover/balances.csv", "cutover/volumes.csv", "cutover/paid_ids.csv"];
    let kept: Vec<String> = whole.iter().map(|name| book.text(name)).collect();
    let edits = [
        ("cutover/balances.csv", "ada,EUR,1200", "ada,EUR,1201", "other balances"),
        ("cutover/balances.csv", "2026-08", "2026-06", "other balances"),
        ("cutover/balances.csv", "account", "kind of account", "lacks a column"),
        ("cutover/volumes.csv", "4999000", "4999001", "other volumes"),
        ("cutover/paid_ids.csv", "subscriptions,r0\n", "", "other paid ids"),
        ("everycent.toml", "approved_by = \"Tom Falk\"", "approved_by = \"Ida Holm\"", "another record"),
        ("everycent.toml", "balances = \"cutover/balances.csv\"\n", "", "other balances"),
        ("everycent.toml", "cutover/volumes.csv", "cutover/gone.csv", "can't be read"),
    ];
    for (name, from, to, found) in edits {
        book.edit(name, from, to);
        refused(&book.folder.run("2026-11"), 2, &[closed, found, "adjustments"]);
        whole.iter().zip(&kept).for_each(|(name, text)| book.put(name, text));
    }
    book.forget();
    refused(&book.folder.run("2026-11"), 2, &[closed]);
    refused(&Everycent::verb("plan", &book.folder.dir, "2026-11").run(), 2, &[closed]);
    book.put(whole[0], &kept[0]);
    book.folder.run("2026-11").succeeded("a run of what is as it was");
}

#[test]
fn a_book_that_began_from_nothing_brings_nothing_over_later() {
    let book = Book::new();
    let settings = book.text("everycent.toml");
    book.forget();
    book.folder.run("2026-10").succeeded("a run");
    book.folder.close("2026-10").succeeded("a close");
    book.put("everycent.toml", &settings);
    refused(&book.folder.run("2026-11"), 2, &["what was brought over is closed; use an adjustment", "no [cutover]"]);
}

#[test]
fn order_and_form_of_the_files_change_nothing() {
    let (book, other) = (Book::with_october_closed(), Book::new());
    let cells = |n: usize| {
        let lines = book.text("cutover/balances.csv");
        lines
            .lines()
            .rev()
            .filter(|l| l.contains("EUR"))
            .map(|l| l.split(',').nth(n).expect("a cell").to_owned())
            .collect::<Vec<_>>()
    };
    let text = |n: usize| Arc::new(StringArray::from(cells(n))) as ArrayRef;
    let minors = Int64Array::from_iter_values(cells(3).iter().map(|c| c.parse::<i64>().expect("minor units")));
    let columns = [
        ("booked_period", text(4)),
        ("account", text(0)),
        ("party_id", text(1)),
        ("currency", text(2)),
        ("amount_minor", Arc::new(minors) as ArrayRef),
    ];
    let batch = RecordBatch::try_from_iter(columns).expect("a batch");
    for book in [&book, &other] {
        let file = File::create(book.folder.dir.join("cutover/balances.parquet")).expect("a file");
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).expect("a writer");
        writer.write(&batch).expect("written");
        writer.close().expect("closed");
        book.edit("everycent.toml", "cutover/balances.csv", "cutover/balances.parquet");
    }
    other.folder.run("2026-10").succeeded("a run");
    assert_eq!(other.folder.draft("2026-10", "root"), book.folder.draft("2026-10", "root"));
    book.folder.run("2026-11").succeeded("a run after the close, from the same rows in another form");
}

#[test]
fn two_people_sign_for_it() {
    let cases = [
        ("approved_by = \"Tom Falk\"\n", "", "missing field `approved_by`"),
        ("\"Tom Falk\"", "\" mia berg\"", "a cut-over needs two names"),
        ("\"Tom Falk\"", "\" \"", "a cut-over needs two names"),
        ("system = \"PayOld\"", "system = \"\"", "a cut-over needs words for it"),
        ("volumes =", "volume =", "did you mean `volumes`?"),
    ];
    for (from, to, said) in cases {
        let book = Book::new();
        book.edit("everycent.toml", from, to);
        refused(&book.folder.run("2026-10"), 2, &[said, "everycent.toml"]);
    }
    let book = Book::new();
    let text = book.text("everycent.toml");
    let kept = |line: &&str| !line.contains("\"cutover/");
    book.put("everycent.toml", &text.lines().filter(kept).collect::<Vec<_>>().join("\n"));
    refused(&book.folder.run("2026-10"), 2, &["a cut-over brings nothing over"]);
}

/// File, what stands in it, what is put there, line and column of the fault, and what is said of it.
const BROKEN: [(&str, &str, &str, &str, &str); 19] = [
    ("balances", "ada,EUR,1200", "ann,EUR,1200", "line 2, column party_id", "a party of the reference on 2026-10-01"),
    ("balances", "party_payable,ada", "party_held,ada", "line 2, column account", "party_reserve, advance_receivable"),
    ("balances", "party_payable,ada", "cash,ada", "line 2, column account", "found     cash"),
    ("balances", "1200", "12.00", "line 2, column amount_minor", "a whole number"),
    ("balances", "1200", "1000000000000001", "line 2, column amount_minor", "at most 10^15"),
    ("balances", "1200", "", "line 2, column amount_minor", "a value"),
    ("balances", "ada,EUR,600", "ada,USD,600", "line 3, column currency", "is or was paid in by 2026-10-01: EUR"),
    ("balances", "ada,EUR,600", "ada,EURO,600", "line 3, column currency", "an ISO 4217 code"),
    ("balances", "2026-09", "2026-10", "line 3, column booked_period", "a period before 2026-10"),
    ("balances", "2026-09", "2026-13", "line 3, column booked_period", "found     2026-13"),
    ("balances", "2026-09", "2026-08", "line 3, column booked_period", "a second one"),
    ("balances", "ben,EUR,400", "ben,EUR,-400", "line 5, column amount_minor", "owed to the party"),
    ("balances", "cho,EUR,-50000", "cho,EUR,50000", "line 6, column amount_minor", "owed by the party"),
    ("volumes", "cho,brand", "cy,brand", "line 2, column creator_id", "a creator of the reference on 2026-10-01"),
    ("volumes", "brand", "live", "line 2, column program", "a program with tiers"),
    ("volumes", "EUR,gross", "EUR,net", "line 2, column program", "EUR gross of a lifetime"),
    ("volumes", "4999000", "-1", "line 2, column amount_minor", "0 to 10^15"),
    ("paid_ids", "subscriptions,r0", "tips,r0", "line 3, column log", "subscriptions"),
    ("paid_ids", "subscriptions,r0", "subscriptions,s0", "line 3, column event_id", "each id of a log once"),
];

#[test]
fn a_broken_file_is_named_with_line_and_column() {
    let book = Book::new();
    for (name, from, to, place, said) in BROKEN {
        let file = format!("cutover/{name}.csv");
        let kept = book.text(&file);
        book.edit(&file, from, to);
        let place = format!("{file}, {place}");
        let all = ["a file of the cut-over breaks its contract", &place, said, "nothing was published"];
        refused(&book.folder.run("2026-10"), 3, &all);
        book.put(&file, &kept);
    }
    fs::remove_file(book.folder.dir.join("cutover/paid_ids.csv")).expect("removed");
    let words = ["a file of the cut-over can't be read", "cutover/paid_ids.csv", "[cutover]"];
    refused(&book.folder.run("2026-10"), 3, &words);
    assert!(!book.folder.dir.join("ledger/draft").exists(), "something was published");
}
