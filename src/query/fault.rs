//! What the engine says of a query that it refuses: in one line, with the place in the text, and what it knows instead.

use std::ops::Range;

use datafusion::common::{SchemaError, Span};
use datafusion::error::DataFusionError;

use super::ROW;
use super::engine::first_line;
use crate::picture::{nearest, offset};

/// A refusal, as its reader needs it.
pub struct Fault {
    pub message: String,
    /// Where in the query's text, as far as the engine says.
    pub span: Option<Range<usize>>,
    pub expected: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Fault {
    /// What `e` says of the query `sql`.
    pub fn of(e: &DataFusionError, sql: &str) -> Self {
        let root = e.find_root();
        let plain = Self { message: first_line(&root.strip_backtrace()), span: None, expected: None, help: None };
        let told = match root {
            DataFusionError::SQL(..) => unparsed(&plain.message, sql),
            DataFusionError::SchemaError(fault, _) => unknown_column(fault),
            _ => None,
        };
        let mut fault = told.unwrap_or(plain);
        let Some(diagnostic) = e.diagnostic() else { return fault };
        fault.span = diagnostic.span.map(|s| bytes(sql, s)).or(fault.span);
        fault.message = first_line(&diagnostic.message);
        let told = diagnostic.helps.first().map(|h| &h.message).or(diagnostic.notes.first().map(|n| &n.message));
        fault.help = fault.help.or_else(|| told.cloned());
        fault
    }
}

fn bytes(sql: &str, span: Span) -> Range<usize> {
    offset(sql, span.start.line, span.start.column)..offset(sql, span.end.line, span.end.column)
}

/// `… Expected: a column, found: from at Line: 3, Column: 5`, with its place.
fn unparsed(message: &str, sql: &str) -> Option<Fault> {
    let (told, place) = message.rsplit_once(" at Line: ")?;
    let (line, column) = place.split_once(", Column: ")?;
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<u64>().ok();
    let start = offset(sql, digits(line)?, digits(column)?);
    let word = sql[start..].find(|c: char| !c.is_alphanumeric() && c != '_').filter(|n| *n > 0);
    let end = word.map_or(sql.len().min(start + 1), |length| start + length);
    let told = told.rsplit_once("ParserError(\"").map_or(told, |(_, rest)| rest);
    let told = told.strip_prefix("SQL error: ").unwrap_or(told);
    Some(Fault { message: format!("this is no SQL: {told}"), span: Some(start..end), expected: None, help: None })
}

fn unknown_column(fault: &SchemaError) -> Option<Fault> {
    let SchemaError::FieldNotFound { field, valid_fields } = fault else { return None };
    let mut known: Vec<&str> = valid_fields.iter().map(|c| c.name.as_str()).filter(|name| *name != ROW).collect();
    known.dedup();
    let message = format!("no column {}", field.name);
    let near = Some(&*nearest(&field.name, known.iter().copied())).filter(|n| n.starts_with("did")).map(quoted);
    let list = format!("one of {}", known.join(", "));
    Some(Fault { message, span: None, expected: Some(list), help: near })
}

/// A name with capital letters is found in double quotes alone.
fn quoted(near: &str) -> String {
    match near.chars().any(char::is_uppercase) {
        true => format!("{near} (names with capital letters stand in double quotes)"),
        false => near.to_owned(),
    }
}
