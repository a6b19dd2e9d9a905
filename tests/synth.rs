//! Generated books: the same bytes for the same seed, and a run whose `control` is what was planted.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::sheet::{Line, Sheet};
use crate::support::tables::{Tables, lines_of_parquet, read_run};

const MANY_FAULTS: [&str; 10] =
    ["--duplicates", "3 %", "--conflicts", "1/100", "--reversals", "0.06", "--bad", "4 %", "--late", "2 %"];

fn everycent(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_everycent")).args(arguments).output().expect("starts");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[track_caller]
fn done(arguments: &[&str]) -> String {
    let (code, out, err) = everycent(arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {err}");
    out
}

/// A book of `flags` in a folder of its own.
fn made(dir: &Path, name: &str, flags: &[&str]) -> String {
    let book = dir.join(name).to_str().expect("UTF-8").to_owned();
    done(&[&["synth", &book], flags].concat());
    book
}

/// Every file under a folder, by relative path, with its bytes.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let relative = path.strip_prefix(dir).expect("under it").to_path_buf();
                found.insert(relative, fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

fn tables(book: &str, period: &str) -> Tables {
    let draft = fs::read_to_string(Path::new(book).join(format!("ledger/draft/{period}.json"))).expect("a draft");
    let draft: serde_json::Value = serde_json::from_str(&draft).expect("JSON");
    read_run(&Path::new(book).join("ledger/runs").join(draft["run_id"].as_str().expect("a run")))
}

fn planted(book: &str) -> Vec<Line> {
    Sheet::read(&Path::new(book).join("planted.csv")).lines()
}

fn int(line: &Line, column: &str) -> i64 {
    line.get(column).map_or(0, |text| text.parse().expect("a whole number"))
}

/// What a run should say of a planted row: one fate, and for a quarantined one its reason.
fn expected_fate(line: &Line) -> (String, String) {
    let fate = |fate: &str, reason: &str| (fate.to_owned(), reason.to_owned());
    match line["what"].as_str() {
        "event" | "reversal" => fate("counted", ""),
        "duplicate" => fate("duplicate", ""),
        "conflict" => fate("quarantined", "conflict"),
        "bad" => fate("quarantined", &line["detail"]),
        other => panic!("{other} is nothing that is planted"),
    }
}

/// Log, currency, fate and reason: rows and amount.
type Counts = BTreeMap<[String; 4], (i64, i64)>;

fn add(counts: &mut Counts, line: &Line, (fate, reason): (String, String), columns: [&str; 2]) {
    let cell = |name: &str| line.get(name).cloned().unwrap_or_default();
    let sum = counts.entry([cell("log"), cell("currency"), fate, reason]).or_default();
    sum.0 += int(line, columns[0]);
    sum.1 += int(line, columns[1]);
}

fn counts_of_planted<'a>(lines: impl Iterator<Item = &'a Line>) -> Counts {
    let mut counts = Counts::new();
    lines.for_each(|line| add(&mut counts, line, expected_fate(line), ["rows", "amount_minor"]));
    counts
}

/// Rated and ineligible are one here: which rule refuses a charge is the policies' business.
fn counts_of_control(tables: &Tables) -> Counts {
    let mut counts = Counts::new();
    for line in &tables["control"] {
        let quarantined = line["fate"] == "quarantined";
        let fate = if ["rated", "ineligible"].contains(&line["fate"].as_str()) { "counted" } else { &line["fate"] };
        let reason = line.get("reason").filter(|_| quarantined).cloned().unwrap_or_default();
        add(&mut counts, line, (fate.to_owned(), reason), ["total_rows", "total_amount_minor"]);
    }
    counts.retain(|_, (rows, _)| *rows != 0);
    counts
}

/// The counts that differ, each with what was planted and what was counted.
fn differences(planted: &Counts, counted: &Counts) -> Vec<String> {
    let keys: std::collections::BTreeSet<_> = planted.keys().chain(counted.keys()).collect();
    let differing = keys.into_iter().filter(|key| planted.get(*key) != counted.get(*key));
    differing.map(|key| format!("{key:?}: planted {:?}, counted {:?}", planted.get(key), counted.get(key))).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let dir = tempfile::tempdir().expect("a folder");
    let flags = [&["--events", "3000", "--creators", "40", "--months", "2", "--files-per-day", "2"][..], &MANY_FAULTS];
    let flags = flags.concat();
    let book = |name: &str, more: &[&str]| files(Path::new(&made(dir.path(), name, &[&flags[..], more].concat())));
    let one = book("one", &["--threads", "1", "--seed", "7"]);
    assert!(one.len() > 300, "{} files", one.len());
    assert!(one.keys().any(|path| path.ends_with("dt=2026-01-31/part-0001.parquet")));
    let three = book("three", &["--threads", "3", "--seed", "7"]);
    assert!(one == three, "another number of threads gives other bytes");
    let other = book("other", &["--threads", "3", "--seed", "8"]);
    for file in ["logs/gifts/dt=2026-01-31/part-0001.parquet", "refs/creators.csv", "refs/fx_rates.csv", "book.secret"]
    {
        assert!(one[Path::new(file)] != other[Path::new(file)], "{file} is the same for another seed");
    }
}

#[test]
fn control_counts_what_was_planted() {
    let dir = tempfile::tempdir().expect("a folder");
    let flags = ["--events", "8000", "--creators", "60", "--months", "2", "--zone", "America/New_York", "--seed", "3"];
    let book = made(dir.path(), "book", &[&flags[..], &MANY_FAULTS].concat());
    let lines = planted(&book);
    let in_logs = || lines.iter().filter(|l| l["place"] == "logs");
    let rows = |what: &str| lines.iter().filter(|l| l["what"] == what).map(|l| int(l, "rows")).sum::<i64>();
    assert_eq!(rows("event") + rows("bad") + rows("conflict") / 2, 8000, "every event is one of them");
    for (what, least, most) in
        [("duplicate", 160, 320), ("conflict", 80, 240), ("reversal", 250, 520), ("bad", 220, 420)]
    {
        assert!((least..=most).contains(&rows(what)), "{} of {what}", rows(what));
    }
    let reasons: std::collections::BTreeSet<&str> =
        in_logs().filter(|l| l["what"] == "bad").map(|l| l["detail"].as_str()).collect();
    assert!(reasons.len() >= 16, "only {reasons:?}");
    done(&["run", "--all", "--close", "--book", &book]);
    let tables = tables(&book, "2026-02");
    assert_eq!(differences(&counts_of_planted(in_logs()), &counts_of_control(&tables)), [""; 0]);
    assert!(tables["control"].iter().any(|l| l["fate"] == "ineligible"), "no rule refuses anything");
    let programs: std::collections::BTreeSet<&str> = tables["earnings"].iter().map(|l| l["program"].as_str()).collect();
    assert_eq!(programs, ["brand", "gifts", "live_subs", "members", "shop"].into());
    assert!(tables["earnings"].iter().any(|l| l["cause"] == "reversal"), "no reversal crosses a month");
}

#[test]
fn what_comes_late_is_booked_in_the_month_after() {
    let dir = tempfile::tempdir().expect("a folder");
    let flags = ["--events", "2000", "--creators", "30", "--late", "5 %", "--mix", "money", "--bad", "0 %"];
    let book = made(dir.path(), "book", &flags);
    done(&["run", "--all", "--close", "--book", &book]);
    let before = tables(&book, "2026-01");
    for (path, bytes) in files(&Path::new(&book).join("late")) {
        let to = Path::new(&book).join("logs").join(path);
        fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        fs::write(to, bytes).expect("a late file");
    }
    done(&["run", "--period", "2026-02", "--book", &book]);
    let after = tables(&book, "2026-02");
    let lines = planted(&book);
    assert_eq!(differences(&counts_of_planted(lines.iter()), &counts_of_control(&after)), [""; 0]);
    assert_ne!(counts_of_control(&before), counts_of_control(&after));
    assert!(after["earnings"].iter().all(|l| l["cause"] == "late_event" && l["earning_period"] == "2026-01"));
    assert!(!after["earnings"].is_empty(), "nothing was booked");
}

#[test]
fn duplicates_are_the_same_rows_in_another_file_and_reversals_follow_their_charges() {
    let dir = tempfile::tempdir().expect("a folder");
    let book = made(dir.path(), "book", &[&["--events", "3000", "--creators", "30"][..], &MANY_FAULTS].concat());
    let (mut own, mut again) = (Vec::new(), Vec::new());
    for path in files(&Path::new(&book).join("logs")).keys().filter(|p| p.starts_with("gifts")) {
        let rows = lines_of_parquet(&Path::new(&book).join("logs").join(path));
        if path.ends_with("again.parquet") { again.extend(rows) } else { own.extend(rows) }
    }
    let same = again.iter().filter(|row| own.contains(row)).count() as i64;
    let lines = planted(&book);
    let of = |what: &str| {
        lines.iter().filter(|l| l["log"] == "gifts" && l["what"] == what).map(|l| int(l, "rows")).sum::<i64>()
    };
    assert_eq!(same, of("duplicate"));
    assert_eq!(again.len() as i64 - same, of("conflict") / 2);
    // Zipf over 30 ranks: 1 / (k H), H = 1/1 + ... + 1/30 = 3.995; of some 1,800 gifts 450, 225 and 45, give or take five sigma
    for (rank, least, most) in [(1, 360, 540), (2, 155, 295), (10, 15, 80)] {
        let sent =
            own.iter().filter(|row| row["kind"] == "send" && row.get("creator_id") == Some(&format!("c{rank:08}")));
        let sent = sent.count();
        assert!((least..=most).contains(&sent), "rank {rank} was sent {sent} gifts");
    }
    let mut named = 0;
    for row in own.iter().filter(|row| row["kind"] != "send" && row.contains_key("original_id")) {
        let Some(charge) = own.iter().find(|o| o.get("event_id") == row.get("original_id")) else { continue };
        assert!(charge["event_time"] < row["event_time"] && charge["creator_id"] == row["creator_id"], "{row:?}");
        assert!(int(row, "amount_minor") <= int(charge, "amount_minor"), "{row:?}");
        assert_eq!(row["kind"] == "chargeback_won", charge["kind"] == "chargeback", "{row:?}");
        named += 1;
    }
    assert!(named > 40, "only {named} reversals name their charge");
}

#[test]
fn flags_that_cannot_be_kept_are_refused_before_anything_is_written() {
    let dir = tempfile::tempdir().expect("a folder");
    let book = dir.path().join("book").to_str().expect("UTF-8").to_owned();
    let refused: [(&[&str], &str); 10] = [
        (&["--events", "0"], "--events is out of range"),
        (&["--months", "0"], "--months is out of range"),
        (&["--currencies", "EUR,XTS"], "--currencies can't be used"),
        (&["--currencies", "EUR,EUR"], "one twice"),
        (&["--currencies", "EUR,RON", "--first-period", "2005-06"], "--currencies can't be used"),
        (&["--first-period", "1998-12"], "--first-period is out of range"),
        (&["--bad", "5"], "--bad is no share"),
        (&["--bad", "half"], "--bad is no share"),
        (&["--bad", "60 %", "--late", "50 %"], "more than the events"),
        (&["--zone", "Europe/Atlantis"], "zone is unknown"),
    ];
    for (flags, message) in refused {
        let (code, _, err) = everycent(&[&["synth", &book], flags].concat());
        assert_eq!(code, Some(2), "{flags:?}: {err}");
        assert!(err.contains(message), "{flags:?}: {err}");
        assert!(!Path::new(&book).exists(), "{flags:?} wrote something");
    }
    done(&["synth", &book, "--events", "100", "--creators", "5"]);
    let (code, _, err) = everycent(&["synth", &book]);
    assert_eq!(code, Some(2));
    assert!(err.contains("the folder is not empty"), "{err}");
}
