//! Rows on stdout: an aligned table, CSV or JSON.

use clap::ValueEnum;
use comfy_table::{CellAlignment, Table, presets};

use crate::error::{Error, Result};

/// How rows come out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    #[default]
    Table,
    Csv,
    Json,
}

/// How a document comes out.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Form {
    #[default]
    Text,
    Json,
}

/// Rows of text under headings; `numbers` are right-aligned.
pub struct Rows {
    pub headings: Vec<&'static str>,
    pub numbers: Vec<&'static str>,
    pub rows: Vec<Vec<String>>,
}

impl Rows {
    /// Prints the rows.
    ///
    /// # Errors
    /// stdout is closed.
    pub fn print(&self, format: Format) -> Result<()> {
        match format {
            Format::Table => println!("{}", self.table()),
            Format::Csv => self.csv()?,
            Format::Json => println!("{}", self.json()?),
        }
        Ok(())
    }

    fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_header(self.headings.iter().copied());
        for row in &self.rows {
            table.add_row(row);
        }
        for (at, heading) in self.headings.iter().enumerate() {
            if self.numbers.contains(heading)
                && let Some(column) = table.column_mut(at)
            {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }

    fn csv(&self) -> Result<()> {
        let mut writer = csv::Writer::from_writer(std::io::stdout());
        let fault = |e: csv::Error| Error::resources(format!("stdout refused: {e}"));
        writer.write_record(&self.headings).map_err(fault)?;
        for row in &self.rows {
            writer.write_record(row).map_err(fault)?;
        }
        writer.flush()?;
        Ok(())
    }

    fn json(&self) -> Result<String> {
        let object = |row: &Vec<String>| {
            let pairs =
                self.headings.iter().zip(row).map(|(h, v)| ((*h).to_owned(), serde_json::Value::from(v.clone())));
            serde_json::Value::Object(pairs.collect())
        };
        let list: Vec<serde_json::Value> = self.rows.iter().map(object).collect();
        serde_json::to_string_pretty(&list).map_err(|e| Error::bug(e.to_string()))
    }
}
