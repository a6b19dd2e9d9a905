//! A book as a folder: settings, policies, references, and Parquet logs that grow by deliveries.

use std::fs;
use std::path::{Path, PathBuf};

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::book::{ARRIVAL, Cutover, TextBook};
use super::engine::{Everycent, Outcome};
use super::parquet_log;
use super::sheet::Sheet;
use super::tables::{self, Tables};

/// How rows are cut into files. No choice here may change an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One file per log and delivery, rows as they stand in the CSV.
    Plain,
    /// The same, but what is delivered later is named, and listed, before.
    Backwards,
    /// Rows shuffled, cut into one to four files of odd names in odd folders, small row groups; by this seed.
    Shuffled(u64),
    /// The same, all that came before cut anew together with it.
    Anew(u64),
}

/// A book on disk.
pub struct Folder {
    pub dir: PathBuf,
    book: TextBook,
    layout: Layout,
    delivered: u32,
}

impl Folder {
    /// Writes settings, policies and the references known before the first delivery.
    pub fn create(dir: &Path, book: &TextBook, layout: Layout) -> Self {
        let put = |name: &str, text: &str| {
            let path = dir.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder of the book");
            fs::write(path, text).expect("a file of the book");
        };
        put("everycent.toml", &book.settings());
        put("policies/policies.toml", &book.policies);
        put("book.secret", "a secret of the tests, nothing more\n");
        for (name, sheet) in book.cutover.sheets.iter().filter(|_| book.cutover.is_any()) {
            put(&Cutover::file(name), &sheet.csv(&[]));
        }
        for log in book.logs.keys() {
            fs::create_dir_all(dir.join("logs").join(log)).expect("a folder of a log");
        }
        let folder = Self { dir: dir.to_owned(), book: book.clone(), layout, delivered: 0 };
        folder.write_references();
        folder
    }

    /// Brings all deliveries up to this one.
    pub fn deliver(&mut self, delivery: u32) {
        while self.delivered < delivery {
            self.delivered += 1;
            for (log, sheet) in &self.book.logs {
                let rows: Vec<Vec<String>> = arrived(sheet, |k| k == self.delivered).rows;
                let anew = matches!(self.layout, Layout::Anew(_));
                match rows.is_empty() {
                    true => {}
                    false if anew => self.write_anew(log, sheet),
                    false => self.write_log(log, sheet, rows),
                }
            }
        }
        self.write_references();
        if let Some((_, policies, corrections)) = self.book.amended.as_ref().filter(|(from, ..)| *from <= delivery) {
            fs::write(self.dir.join("policies/policies.toml"), policies).expect("a policy file");
            fs::write(self.dir.join("corrections.toml"), corrections).expect("corrections");
        }
    }

    /// `run` of a period.
    pub fn run(&self, period: &str) -> Outcome {
        Everycent::verb("run", &self.dir, period).run()
    }

    /// `close` of a period.
    pub fn close(&self, period: &str) -> Outcome {
        Everycent::verb("close", &self.dir, period).run()
    }

    /// The folder of the current run of a period.
    pub fn run_dir(&self, period: &str) -> PathBuf {
        self.dir.join("ledger/runs").join(self.draft(period, "run_id"))
    }

    /// A text of the draft of a period.
    pub fn draft(&self, period: &str, key: &str) -> String {
        let path = self.dir.join(format!("ledger/draft/{period}.json"));
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let value = json.get(key).and_then(|v| v.as_str());
        value.unwrap_or_else(|| panic!("{}: no {key} in {text}", path.display())).to_owned()
    }

    /// The tables of the current run of a period.
    pub fn tables(&self, period: &str) -> Tables {
        tables::read_run(&self.run_dir(period))
    }

    fn write_references(&self) {
        for (name, sheet) in &self.book.refs {
            let known = current(name, arrived(sheet, |k| k <= self.delivered.max(1)));
            let path = self.dir.join(format!("refs/{name}.csv"));
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder of references");
            fs::write(path, known.csv(&[ARRIVAL])).expect("a reference");
        }
    }

    fn write_log(&self, log: &str, sheet: &Sheet, mut rows: Vec<Vec<String>>) {
        let last = sheet.columns.len() - 1;
        assert_eq!(sheet.columns[last], ARRIVAL, "the delivery stands in the last column of {log}");
        rows.iter_mut().for_each(|row| row.truncate(last));
        let dir = self.dir.join("logs").join(log);
        let columns = &sheet.columns[..last];
        let numbered = self.book.numbered.contains(log);
        match self.layout {
            Layout::Plain | Layout::Backwards => {
                let number = if self.layout == Layout::Plain { self.delivered } else { 99 - self.delivered };
                let name = format!("delivery-{number:02}.parquet");
                parquet_log::write(&dir.join(name), columns, &rows, numbered, 1000);
            }
            Layout::Shuffled(seed) | Layout::Anew(seed) => self.write_shuffled(seed, &dir, columns, rows, numbered),
        }
    }

    fn write_anew(&self, log: &str, sheet: &Sheet) {
        let dir = self.dir.join("logs").join(log);
        fs::remove_dir_all(&dir).expect("the files before");
        self.write_log(log, sheet, arrived(sheet, |k| k <= self.delivered).rows);
    }

    fn write_shuffled(&self, seed: u64, dir: &Path, columns: &[String], mut rows: Vec<Vec<String>>, numbered: bool) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ u64::from(self.delivered));
        rows.shuffle(&mut rng);
        let files = rng.random_range(1..=4_usize);
        for (n, part) in rows.chunks(rows.len().div_ceil(files)).enumerate() {
            let day = rng.random_range(10..29);
            let name = format!("dt=2026-01-{day}/{:08x}-{}-{n}.parquet", rng.random::<u32>(), self.delivered);
            parquet_log::write(&dir.join(name), columns, part, numbered, rng.random_range(1..=7));
        }
    }
}

/// The rows that a delivery in the wanted range brings; a sheet without deliveries is known from the start.
pub fn arrived(sheet: &Sheet, wanted: impl Fn(u32) -> bool) -> Sheet {
    let Some(at) = sheet.columns.iter().position(|c| c == ARRIVAL) else { return sheet.clone() };
    let delivery = |row: &Vec<String>| match row[at].as_str() {
        "" => 1,
        text => text.parse().unwrap_or_else(|_| panic!("no delivery in {row:?}")),
    };
    let number = |row: &&Vec<String>| wanted(delivery(row));
    Sheet { columns: sheet.columns.clone(), rows: sheet.rows.iter().filter(number).cloned().collect() }
}

/// Of two rows of one key the later delivered stands.
pub fn current(reference: &str, sheet: Sheet) -> Sheet {
    let key = match reference {
        "fx_rates" => "date currency",
        "pots" => "program country earning_period currency",
        "creators" => "creator_id valid_from",
        "agreements" => "creator_id party_id level programs valid_from",
        _ => return sheet,
    };
    let key: Vec<usize> =
        (0..sheet.columns.len()).filter(|at| key.split(' ').any(|c| c == sheet.columns[*at])).collect();
    let same = |a: &Vec<String>, b: &Vec<String>| key.iter().all(|at| a[*at] == b[*at]);
    let newer = |row: &Vec<String>, at: usize| sheet.rows.iter().skip(at + 1).any(|r| same(r, row));
    let kept = sheet.rows.iter().enumerate().filter(|(at, row)| !newer(row, *at)).map(|(_, row)| row.clone());
    Sheet { columns: sheet.columns.clone(), rows: kept.collect() }
}
