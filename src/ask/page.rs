//! The month's page: every finance view for one period.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::views::{FINANCE, SCHEMA, View};
use super::{Answers, RunOf};
use crate::error::Result;
use crate::period::Period;

/// A month's page.
pub struct Page {
    pub book: String,
    pub period: Period,
    pub state: &'static str,
    pub run_id: String,
    pub root: String,
    pub sections: Vec<Section>,
}

/// One view on the page.
pub struct Section {
    pub name: &'static str,
    /// What it answers.
    pub sentence: String,
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
}

/// Asks every view for a period. Views by year show the year up to it.
///
/// # Errors
/// As [`Answers::ask`].
pub fn page(answers: &Answers, book: &str, run: &RunOf) -> Result<Page> {
    let sections = FINANCE.iter().map(|view| section(answers, *view, run.period)).collect::<Result<_>>()?;
    Ok(Page {
        book: book.to_owned(),
        period: run.period,
        state: run.state,
        run_id: run.run_id.clone(),
        root: run.root.clone(),
        sections,
    })
}

fn section(answers: &Answers, view: View, period: Period) -> Result<Section> {
    let (_, columns) = answers.columns(&format!("{SCHEMA}.{}", view.name))?;
    let by_year = columns.column_with_name("period").is_none();
    let (key, value) = if by_year { ("year", period.year().to_string()) } else { ("period", period.to_string()) };
    let rest = columns.fields().iter().map(|f| f.name()).filter(|name| !["period", "year"].contains(&name.as_str()));
    let rest: Vec<String> = rest.filter(|n| !n.ends_with("_minor")).map(|n| format!("\"{n}\"")).collect();
    let order = view.order();
    let sql = format!("select {} from {SCHEMA}.{} where {key} = '{value}' {order}", rest.join(", "), view.name);
    let (schema, batches) = answers.all(&sql)?;
    Ok(Section { name: view.name, sentence: view.sentence(), schema, batches })
}
