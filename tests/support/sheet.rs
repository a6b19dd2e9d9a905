//! Rows of text under named columns: how tests hold logs, references and tables. An empty cell is a null.

use std::collections::BTreeMap;
use std::path::Path;

/// A row by column name; a column that is absent or empty is null.
pub type Line = BTreeMap<String, String>;

/// Rows of text under named columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Sheet {
    /// No rows yet, under these columns (separated by blanks).
    pub fn new(columns: &str) -> Self {
        Self { columns: columns.split_whitespace().map(str::to_owned).collect(), rows: Vec::new() }
    }

    /// A CSV file with a header.
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        Self::parse(&text)
    }

    /// CSV text with a header.
    pub fn parse(text: &str) -> Self {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let columns = reader.headers().expect("a header").iter().map(str::to_owned).collect();
        let rows = reader.records().map(|r| r.expect("a CSV record").iter().map(str::to_owned).collect()).collect();
        Self { columns, rows }
    }

    /// As CSV text with a header, without the columns named in `without`.
    pub fn csv(&self, without: &[&str]) -> String {
        let kept: Vec<usize> =
            (0..self.columns.len()).filter(|i| !without.contains(&self.columns[*i].as_str())).collect();
        let mut writer = csv::Writer::from_writer(Vec::new());
        for row in std::iter::once(&self.columns).chain(&self.rows) {
            writer.write_record(kept.iter().map(|i| &row[*i])).expect("CSV in memory");
        }
        String::from_utf8(writer.into_inner().expect("CSV in memory")).expect("text")
    }

    /// Appends a row; cells that are not named stay empty.
    pub fn push(&mut self, cells: &Line) {
        if let Some(unknown) = cells.keys().find(|name| !self.columns.contains(name)) {
            panic!("no column {unknown} among {:?}", self.columns);
        }
        self.rows.push(self.columns.iter().map(|c| cells.get(c).cloned().unwrap_or_default()).collect());
    }

    /// The rows by column name, empty cells left out.
    pub fn lines(&self) -> Vec<Line> {
        let line = |row: &Vec<String>| {
            let cells = self.columns.iter().cloned().zip(row.iter().cloned());
            cells.filter(|(_, cell)| !cell.is_empty()).collect()
        };
        self.rows.iter().map(line).collect()
    }
}
