//! What producers call things: `data/synonyms.csv`, and names folded to one form.

use crate::log::Log;

const SYNONYMS: &str = include_str!("../../data/synonyms.csv");

/// A name in one form: `InvoiceNo`, `invoice-no` and `INVOICE_NO` are `invoice_no`.
pub fn fold(name: &str) -> String {
    let mut folded = String::new();
    let (mut before, mut chars) = (' ', name.chars().peekable());
    while let Some(c) = chars.next() {
        let begins = c.is_uppercase() && (before.is_lowercase() || before.is_ascii_digit());
        let ends = c.is_uppercase() && before.is_uppercase() && chars.peek().is_some_and(|n| n.is_lowercase());
        if (begins || ends || !c.is_alphanumeric()) && !folded.ends_with('_') && !folded.is_empty() {
            folded.push('_');
        }
        if c.is_alphanumeric() {
            folded.extend(c.to_lowercase());
        }
        before = c;
    }
    folded.trim_end_matches('_').to_owned()
}

/// The words for a column of a log (`kind=order`: for a kind; `log`: for the log itself), the best first.
pub fn words(log: Log, column: &str) -> impl Iterator<Item = &'static str> {
    let entries = SYNONYMS.lines().skip(1).filter_map(|line| {
        let mut parts = line.split(',');
        Some((parts.next()?, parts.next()?, parts.next()?))
    });
    let (column, log) = (column.to_owned(), log.name());
    entries.filter(move |(l, c, _)| (*l == "*" || *l == log) && *c == column).map(|(_, _, word)| word)
}

/// A name as SQL takes it, whatever its case.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Text as SQL takes it.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
