//! Log files of closed periods that are cut anew: split, joined, renamed, sorted. No table of a later run may show it.

use std::fs;
use std::path::{Path, PathBuf};

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::support::engine::Everycent;
use crate::support::folder::{Folder, Layout};
use crate::support::sheet::Line;
use crate::support::story::Story;
use crate::support::tables::{COLUMNS, lines_of_parquet};

/// A frozen bonus; a row that comes late, one that comes again, one that differs, one whose creator is unknown, and a
/// reversal: whatever depends on the close that learned of a row first.
const STORY: &str = r#"Three months, and what comes late

policy
    [[program]]
    name = "subs"
    version = "1"
    valid_from = 2026-01-01
    log = "subscriptions"
    share = "50 %"
    bonus = [ { name = "kept", points = "10", when = "frozen_30d >= 2" }, { name = "again", points = "5", when = "starts_30d >= 2" } ]
    [[measure]]
    name = "frozen_30d"
    log = "subscriptions"
    count = true
    days = 30
    end = "event_day"
    late = "frozen"
    [[measure]]
    name = "starts_30d"
    log = "subscriptions"
    count = true
    days = 30
    end = "event_day"
    late = "rerate"
    [[terms]]
    version = "1"
    valid_from = 2026-01-01
    fx_max_days_back = 7
    due_days = 15

people
    fay: born 1990-01-01, paid in EUR
    gus: born 1990-01-01, paid in EUR, from 2026-10-05

delivery 1
    2026-10-02 s1 subscriptions start fay 10.00 EUR
    2026-10-03 t1 subscriptions start gus 10.00 EUR
    2026-10-05 s2 subscriptions start fay 20.00 EUR
    2026-10-06 t2 subscriptions start gus 20.00 EUR
    2026-10-08 s3 subscriptions start fay 30.00 EUR
    2026-11-01 s4 subscriptions start fay 40.00 EUR

delivery 2
    2026-10-02 s1 subscriptions start fay 10.00 EUR
    2026-10-04 s5 subscriptions start fay 11.00 EUR
    2026-10-04 t3 subscriptions start gus 11.00 EUR
    2026-10-03 t1 subscriptions start gus 10.50 EUR
    2026-11-02 s6 subscriptions start fay 12.00 EUR
    2026-11-03 s7 subscriptions refund fay 20.00 EUR, of s2

delivery 3
    2026-10-07 s8 subscriptions start fay 13.00 EUR
    2026-10-04 s5 subscriptions start fay 11.00 EUR
    2026-11-05 s9 subscriptions start fay 14.00 EUR
    2026-12-01 s10 subscriptions start fay 15.00 EUR

delivery 4
    2026-12-05 s11 subscriptions start fay 16.00 EUR
"#;

/// How files are cut anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    Not,
    /// Each into two.
    Split,
    /// All into one.
    Joined,
    /// Each under another name, its rows the other way round.
    Turned,
}

/// The files of the log, in order.
fn files(folder: &Folder) -> Vec<PathBuf> {
    let log = folder.dir.join("logs/subscriptions");
    let mut files: Vec<PathBuf> = fs::read_dir(log).expect("a log").map(|e| e.expect("a file").path()).collect();
    files.sort();
    files
}

fn rows_of(path: &Path) -> RecordBatch {
    let file = fs::File::open(path).expect("a file");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet").build().expect("a reader");
    let batches: Vec<RecordBatch> = reader.map(|batch| batch.expect("rows")).collect();
    concat_batches(&batches[0].schema(), &batches).expect("one batch")
}

fn write(path: &Path, rows: &RecordBatch) {
    let file = fs::File::create_new(path).expect("a new file");
    let mut writer = ArrowWriter::try_new(file, rows.schema(), None).expect("a writer");
    writer.write(rows).expect("rows written");
    writer.close().expect("a file closed");
}

fn turned(rows: &RecordBatch) -> RecordBatch {
    let order = UInt32Array::from_iter_values((0..u32::try_from(rows.num_rows()).expect("few")).rev());
    take_record_batch(rows, &order).expect("the same rows")
}

/// Cuts the log's files anew; `step` is in their new names.
fn cut(folder: &Folder, cut: Cut, step: &str) {
    if cut == Cut::Not {
        return;
    }
    let old = files(folder);
    let all: Vec<RecordBatch> = old.iter().map(|path| rows_of(path)).collect();
    old.iter().for_each(|path| fs::remove_file(path).expect("an old file"));
    let name = |n: usize, part: &str| folder.dir.join(format!("logs/subscriptions/{step}-{n}{part}.parquet"));
    match cut {
        Cut::Not => {}
        Cut::Joined => write(&name(0, ""), &turned(&concat_batches(&all[0].schema(), &all).expect("one batch"))),
        Cut::Turned => all.iter().rev().enumerate().for_each(|(n, rows)| write(&name(n, ""), &turned(rows))),
        Cut::Split => all.iter().enumerate().for_each(|(n, rows)| {
            let half = rows.num_rows().div_ceil(2);
            write(&name(n, "b"), &rows.slice(0, half));
            if half < rows.num_rows() {
                write(&name(n, "a"), &rows.slice(half, rows.num_rows() - half));
            }
        }),
    }
}

/// All rows of all tables of a run, but for the columns that say where a row stood.
fn tables(folder: &Folder, period: &str) -> Vec<(String, Vec<Line>)> {
    let run = folder.run_dir(period);
    let elsewhere = |(name, _): &(String, String)| !["file", "row_group", "row"].contains(&name.as_str());
    let lines = |table: &str| {
        let lines = lines_of_parquet(&run.join(format!("{table}.parquet")));
        lines.into_iter().map(|line| line.into_iter().filter(elsewhere).collect()).collect()
    };
    COLUMNS.iter().map(|(table, ..)| ((*table).to_owned(), lines(table))).collect()
}

struct Told {
    folder: Folder,
    _dir: tempfile::TempDir,
}

fn story() -> Told {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = Folder::create(dir.path(), &Story::parse(STORY).book, Layout::Plain);
    Told { folder, _dir: dir }
}

impl Told {
    fn run_and_close(&self, period: &str) {
        self.folder.run(period).succeeded(period);
        self.folder.close(period).succeeded(period);
    }

    /// Two closes, and files that are cut anew after each of them.
    fn closed_twice(&mut self, how: [Cut; 2]) {
        self.folder.deliver(1);
        self.run_and_close("2026-10");
        cut(&self.folder, how[0], "after-1");
        self.folder.deliver(2);
        self.run_and_close("2026-11");
        cut(&self.folder, how[1], "after-2");
        self.folder.deliver(3);
    }
}

/// The tables of November, December and January; `fresh`: cut anew once more together with what was just delivered, and
/// after the close of December.
fn ledger(how: [Cut; 2], fresh: Cut) -> Vec<Vec<(String, Vec<Line>)>> {
    let mut told = story();
    told.closed_twice(how);
    cut(&told.folder, fresh, "after-3");
    told.run_and_close("2026-12");
    cut(&told.folder, fresh, "after-4");
    told.folder.deliver(4);
    told.folder.run("2027-01").succeeded("2027-01");
    ["2026-11", "2026-12", "2027-01"].map(|period| tables(&told.folder, period)).into()
}

#[test]
fn no_table_shows_that_files_of_closed_periods_were_cut_anew() {
    let expected = ledger([Cut::Not, Cut::Not], Cut::Not);
    let causes: Vec<&str> = expected.iter().flat_map(|t| &t[0].1).map(|line| line["cause"].as_str()).collect();
    for cause in ["current", "late_event", "reversal"] {
        assert!(causes.contains(&cause), "the story has {cause}: {causes:?}");
    }
    assert!(!causes.contains(&"program_version"), "{causes:?}");
    for (how, fresh) in [
        ([Cut::Split, Cut::Not], Cut::Not),
        ([Cut::Not, Cut::Split], Cut::Not),
        ([Cut::Not, Cut::Joined], Cut::Not),
        ([Cut::Not, Cut::Turned], Cut::Not),
        ([Cut::Joined, Cut::Split], Cut::Turned),
        ([Cut::Turned, Cut::Joined], Cut::Joined),
        ([Cut::Split, Cut::Split], Cut::Joined),
    ] {
        let found = ledger(how, fresh);
        for (expected, found) in expected.iter().flatten().zip(found.iter().flatten()) {
            assert_eq!(expected, found, "{how:?}, {fresh:?}");
        }
    }
}

#[test]
fn a_row_that_is_lost_or_changed_while_files_are_cut_anew_is_refused() {
    let mut told = story();
    told.closed_twice([Cut::Not, Cut::Joined]);
    let joined = files(&told.folder).into_iter().find(|path| path.ends_with("after-2-0.parquet")).expect("joined");
    let rows = rows_of(&joined);
    fs::remove_file(&joined).expect("removed");
    write(&joined, &rows.slice(1, rows.num_rows() - 1));
    let refused = told.folder.run("2026-12");
    assert_eq!(refused.code, Some(3), "{refused:?}");
    let said = refused.stderr;
    assert!(said.contains("a file that a closed period read is missing or changed") && said.contains("subscriptions"));
    assert!(said.contains("2 such files are gone") && said.contains("nothing was published"), "{said}");
}

#[test]
fn without_the_lists_of_rows_only_sums_can_tell_and_the_rest_is_refused_with_a_way_out() {
    for (how, is_known) in [(Cut::Turned, true), (Cut::Split, false), (Cut::Joined, false)] {
        let mut told = story();
        told.closed_twice([Cut::Not, how]);
        let (cache, aside) = (told.folder.dir.join("ledger/cache"), told.folder.dir.join("aside"));
        fs::rename(&cache, &aside).expect("no cache");
        let run = told.folder.run("2026-12");
        assert_eq!(run.code, Some(if is_known { 0 } else { 3 }), "{how:?}: {run:?}");
        if !is_known {
            assert!(run.stderr.contains("ledger/cache/rows lacks the list of the rows"), "{}", run.stderr);
            assert!(run.stderr.contains("restore"), "{}", run.stderr);
            fs::rename(&aside, &cache).expect("the cache restored");
            told.folder.run("2026-12").succeeded("with the cache");
        }
    }
}

#[test]
fn what_one_close_read_may_be_cut_anew_without_lists_as_long_as_nothing_new_comes() {
    let mut told = story();
    told.folder.deliver(1);
    told.run_and_close("2026-10");
    fs::remove_dir_all(told.folder.dir.join("ledger/cache")).expect("no cache");
    cut(&told.folder, Cut::Split, "anew");
    told.run_and_close("2026-11");
    assert!(tables(&told.folder, "2026-11")[0].1.iter().all(|line| line["cause"] == "current"));
    // From that close on there are lists again.
    cut(&told.folder, Cut::Joined, "again");
    told.folder.deliver(2);
    told.folder.run("2026-12").succeeded("joined again, beside what is new");
}

#[test]
fn a_run_over_files_cut_anew_keeps_who_knew_their_rows_for_later_closes_and_for_its_statements() {
    let ahead = |how: Cut| {
        let mut told = story();
        told.closed_twice([Cut::Not, how]);
        // December is open, and stands in for its close.
        told.folder.run("2027-01").succeeded("a provisional run");
        let tables = tables(&told.folder, "2027-01");
        told.run_and_close("2026-12");
        (told, tables)
    };
    let ((_, expected), (told, found)) = (ahead(Cut::Not), ahead(Cut::Joined));
    assert_eq!(expected, found);
    fs::remove_dir_all(told.folder.dir.join("ledger/cache")).expect("no cache");
    let statement = Everycent::verb("statement", &told.folder.dir, "2026-12").arg("fay").arg("--events").run();
    let text = statement.succeeded("a statement of the run, by what it kept").stdout;
    let events = text.lines().map(str::trim).filter(|line| line.contains(" subscriptions s"));
    let events: Vec<&str> = events.map(|line| line.split(": ").next().expect("an event")).collect();
    assert!(events.contains(&"2026-10-07 subscriptions s8 start"), "late: {text}");
    assert!(events.contains(&"2026-12-01 subscriptions s10 start"), "current: {text}");
    assert!(!text.contains("subscriptions s1 start"), "known since October: {text}");
    told.folder.run("2027-01").succeeded("the next run asks for no list");
}
