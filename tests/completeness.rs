//! Completeness: a missing or short day is refused (exit 3), never taken for a quiet one.

use std::fs;

use crate::support::book::TextBook;
use crate::support::engine::{Everycent, Outcome};
use crate::support::folder::{Folder, Layout};
use crate::support::sheet::Line;

/// Gifts on every weekday of February 2026 but one; one is delivered twice, one is refunded.
struct Book {
    folder: Folder,
    _dir: tempfile::TempDir,
}

const POLICY: &str = "
[[program]]
name = \"gifts\"
version = \"1\"
valid_from = 2026-01-01
log = \"gifts\"
share = \"50 %\"

[[terms]]
version = \"1\"
valid_from = 2026-01-01
due_days = 15
fx_max_days_back = 7
";

/// February's weekdays are its days but 1, 7, 8, 14, 15, 21, 22, 28.
const WEEKDAYS: [u32; 20] = [2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 23, 24, 25, 26, 27];

fn line(cells: &[(&str, &str)]) -> Line {
    cells.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

impl Book {
    /// With these lines in the table of the log, and nothing on this day.
    fn new(keys: &str, without: u32) -> Self {
        let mut book = TextBook::empty("days", "Europe/Lisbon", "2026-02");
        POLICY.clone_into(&mut book.policies);
        let valid = [("valid_from", "2026-01-01"), ("valid_to", "")];
        let creator = [&[("creator_id", "ada"), ("status", "active"), ("country", "PT")][..], &valid].concat();
        book.reference("creators", &line(&creator));
        let party = [&[("party_id", "ada"), ("kind", "creator"), ("payout_currency", "EUR")][..], &valid].concat();
        book.reference("parties", &line(&party));
        for day in WEEKDAYS.into_iter().filter(|day| *day != without) {
            gift(&mut book, &format!("g{day}"), "send", day, "1");
        }
        gift(&mut book, "g3", "send", 3, "2");
        gift(&mut book, "r4", "refund", 4, "1");
        let dir = tempfile::tempdir().expect("a folder");
        let mut folder = Folder::create(dir.path(), &book, Layout::Plain);
        folder.deliver(2);
        let path = dir.path().join("everycent.toml");
        let text = fs::read_to_string(&path).expect("settings");
        let text = text.replace("[log.gifts]\n", &format!("[log.gifts]\n{keys}\n"));
        fs::write(&path, text).expect("settings");
        Self { folder, _dir: dir }
    }

    fn totals(&self, text: &str) {
        fs::write(self.folder.dir.join("totals.csv"), text).expect("totals");
    }

    fn run(&self) -> Outcome {
        self.folder.run("2026-02")
    }
}

fn gift(book: &mut TextBook, id: &str, kind: &str, day: u32, arrival: &str) {
    let time = format!("2026-02-{day:02}T12:00:00Z");
    let mut cells = vec![
        ("event_id", id),
        ("event_time", time.as_str()),
        ("kind", kind),
        ("creator_id", "ada"),
        ("amount_minor", "1000"),
        ("currency", "EUR"),
        ("arrival", arrival),
    ];
    if kind == "refund" {
        cells.push(("original_id", "g2"));
    }
    book.event("gifts", &line(&cells));
}

/// What the producer counted: a gift of 10.00 each weekday, and on the 4th a refund beside it.
fn counted() -> String {
    let row = |day: &u32| match day {
        4 => "2026-02-04,EUR,2,0\n".to_owned(),
        day => format!("2026-02-{day:02},EUR,1,1000\n"),
    };
    "day,currency,rows,amount_minor\n".to_owned() + &WEEKDAYS.iter().map(row).collect::<String>()
}

#[test]
fn a_missing_day_is_named_and_a_quiet_one_is_not_missed() {
    let book = Book::new("expected_days = \"weekdays\"", 18);
    let refused = book.run();
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.stderr.contains("no row on 2026-02-18") && refused.stderr.contains("nothing was published"));
    assert!(!book.folder.dir.join("ledger/draft/2026-02.json").exists());
    Book::new("expected_days = \"weekdays\"\nquiet_days = [\"2026-02-18\"]", 18).run().succeeded("a quiet day");
    let all = Book::new("expected_days = \"all\"", 0).run();
    assert_eq!(all.code, Some(3));
    let named = all.stderr.matches("2026-02-").count();
    assert_eq!(named, 8, "the eight days of the weekends: {}", all.stderr);
}

#[test]
fn a_month_that_is_not_over_is_held_to_its_days_so_far() {
    let book = Book::new("expected_days = \"weekdays\"", 18);
    Everycent::verb("run", &book.folder.dir, "2026-02").flag("--as-of", "2026-02-18").run().succeeded("before it");
    let after = Everycent::verb("run", &book.folder.dir, "2026-02").flag("--as-of", "2026-02-19").run();
    assert_eq!(after.code, Some(3), "{after:?}");
}

#[test]
fn what_the_producer_counted_is_what_is_read_each_event_once() {
    let book = Book::new("control_totals = \"totals.csv\"", 0);
    book.totals(&counted());
    book.run().succeeded("as counted");
    book.folder.close("2026-02").succeeded("a close");
    let manifest = fs::read_to_string(book.folder.run_dir("2026-02").join("manifest.json")).expect("a manifest");
    assert!(manifest.contains("control_totals/gifts.csv"), "{manifest}");
    assert!(book.folder.run_dir("2026-02").join("control_totals/gifts.csv").is_file());
}

#[test]
fn a_short_day_is_refused_with_both_counts() {
    for (from, to, words) in [
        (
            "2026-02-05,EUR,1,1000",
            "2026-02-05,EUR,2,2000",
            "2026-02-05 EUR: 1 rows of 1000 minor units where 2 rows of 2000",
        ),
        ("2026-02-05,EUR,1,1000", "2026-02-05,EUR,1,1001", "1 rows of 1000 minor units where 1 rows of 1001"),
        ("2026-02-05,EUR,1,1000\n", "", "2026-02-05 EUR: 1 rows of 1000 minor units where nothing stated"),
        ("2026-02-05,EUR", "2026-02-07,EUR", "2026-02-07 EUR: 0 rows of 0 minor units where 1 rows of 1000"),
        ("2026-02-05,EUR", "2026-02-05,USD", "2026-02-05 USD: 0 rows of 0 minor units where 1 rows of 1000"),
    ] {
        let book = Book::new("control_totals = \"totals.csv\"", 0);
        book.totals(&counted().replace(from, to));
        let refused = book.run();
        assert_eq!(refused.code, Some(3), "{to}: {refused:?}");
        assert!(refused.stderr.contains(words), "{words}: {}", refused.stderr);
    }
}

#[test]
fn a_wrong_file_of_totals_and_wrong_keys_are_refused_with_their_place() {
    for (text, words) in [
        ("day,currency,rows\n", "column amount_minor"),
        ("day,currency,rows,amount_minor\n2026-02-31,EUR,1,1\n", "line 2, column day"),
        ("day,currency,rows,amount_minor\n2026-02-02,EUR,x,1\n", "line 2, column rows"),
        ("day,currency,rows,amount_minor\n2026-02-02,EUR,1,1\n2026-02-02,EUR,1,1\n", "line 3, column day"),
    ] {
        let book = Book::new("control_totals = \"totals.csv\"", 0);
        book.totals(text);
        let refused = book.run();
        assert_eq!(refused.code, Some(3), "{words}: {refused:?}");
        assert!(refused.stderr.contains(words) && refused.stderr.contains("control totals"), "{}", refused.stderr);
    }
    assert_eq!(Book::new("control_totals = \"totals.csv\"", 0).run().code, Some(3), "no such file");
    for keys in ["expected_days = \"sundays\"", "quiet_days = [\"2026-02-18\"]", "expected_day = \"all\""] {
        assert_eq!(Book::new(keys, 0).run().code, Some(2), "{keys}");
    }
}

#[test]
fn plan_and_doctor_say_what_is_expected() {
    let book = Book::new("expected_days = \"weekdays\"\ncontrol_totals = \"totals.csv\"", 0);
    book.totals(&counted());
    let plan = Everycent::verb("plan", &book.folder.dir, "2026-02").run().succeeded("plan").stdout;
    assert!(plan.contains("every weekday, as the producer counted it on 20 days"), "{plan}");
}
