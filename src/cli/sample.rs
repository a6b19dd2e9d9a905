//! `everycent run --sample N`: raw rows beside canonical ones. Nothing is rated or published.

use comfy_table::{Table, presets};
use serde_json::{Map, Value, json};

use super::Common;
use super::output::{Format, Rows};
use super::talk::Progress;
use crate::book::Book;
use crate::error::{Error, Result};
use crate::intake::{Cell, Sampled};
use crate::log::Log;
use crate::pipeline::sample_logs;

/// Prints at most `most` rows of each log, or of one.
///
/// # Errors
/// A log can't be read; the rows of the others are printed first.
pub fn perform(common: &Common, book: &Book, log: Option<Log>, most: usize, format: Format) -> Result<()> {
    let progress = Progress::new(common, "reading every file");
    let logs = sample_logs(common.engine(), book, log, most, &|rows| progress.add(rows))?;
    drop(progress);
    let mut rows = Vec::new();
    let mut first = None;
    for (_, outcome) in logs {
        match outcome {
            Ok(found) => rows.extend(found),
            Err(error) => drop(first.get_or_insert(error)),
        }
    }
    match format {
        Format::Table => rows.iter().for_each(|row| println!("{}\n{}\n", heading(row), side_by_side(row))),
        Format::Csv => cells(&rows).print(Format::Csv)?,
        Format::Json => println!("{}", json_text(&rows)?),
    }
    first.map_or(Ok(()), Err)
}

fn heading(row: &Sampled) -> String {
    let place = format!("{} {}, row group {}, row {}", row.log.name(), row.file, row.row_group, row.row);
    match &row.fault {
        Some(fault) => format!("{place}: {}, {}", fault.fate, fault.reason),
        None => place,
    }
}

/// Raw column and value to the left, canonical column and value to the right.
fn side_by_side(row: &Sampled) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["raw", "", "canonical", ""]);
    let pair = |cell: Option<&Cell>| match cell {
        Some((name, value)) => [name.clone(), value.clone().unwrap_or_else(|| "null".into())],
        None => [String::new(), String::new()],
    };
    for n in 0..row.raw.len().max(row.canonical.len()) {
        table.add_row([pair(row.raw.get(n)), pair(row.canonical.get(n))].concat());
    }
    table.lines().map(|line| format!("  {}", line.trim_end())).collect::<Vec<_>>().join("\n")
}

/// One line for every cell.
fn cells(rows: &[Sampled]) -> Rows {
    let mut lines = Vec::new();
    for row in rows {
        let (fate, reason) = row.fault.as_ref().map_or(("", ""), |f| (f.fate, f.reason.as_str()));
        for (side, cells) in [("raw", &row.raw), ("canonical", &row.canonical)] {
            for (column, value) in cells {
                let place = [row.log.name(), &row.file, &row.row_group.to_string(), &row.row.to_string()];
                let cell = [fate, reason, side, column, value.as_deref().unwrap_or("")];
                lines.push(place.iter().chain(&cell).map(|text| (*text).to_owned()).collect());
            }
        }
    }
    let headings = vec!["log", "file", "row_group", "row", "fate", "reason", "side", "column", "value"];
    Rows { headings, numbers: vec![], rows: lines }
}

fn json_text(rows: &[Sampled]) -> Result<String> {
    let object = |cells: &[Cell]| -> Value {
        cells.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>().into()
    };
    let row = |row: &Sampled| {
        json!({
            "log": row.log.name(),
            "file": row.file,
            "row_group": row.row_group,
            "row": row.row,
            "fate": row.fault.as_ref().map(|f| f.fate),
            "reason": row.fault.as_ref().map(|f| f.reason.as_str()),
            "raw": object(&row.raw),
            "canonical": object(&row.canonical),
        })
    };
    serde_json::to_string_pretty(&rows.iter().map(row).collect::<Vec<_>>()).map_err(|e| Error::bug(e.to_string()))
}
