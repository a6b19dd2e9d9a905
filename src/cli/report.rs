//! `everycent report`: the month's page, from the finance views.

use arrow::array::RecordBatch;
use clap::Args;
use serde_json::Value;

use super::answer::{json_of, table_of};
use super::output::Form;
use super::{Common, parse_period};
use crate::ask::{Answers, Page, Scope, Section, page};
use crate::error::{Error, Result};
use crate::period::Period;
use crate::query::Limits;

/// What `report` takes.
#[derive(Args)]
pub struct Request {
    /// The period: its close, or else its draft
    #[arg(long, value_parser = parse_period)]
    period: Period,
    /// How it comes out
    #[arg(long, value_enum, default_value_t)]
    format: Form,
}

const LIMITS: Limits = Limits { seconds: 600, memory_mib: 4096, rows: 1_000_000 };

/// Prints the page. It looks at the periods up to this one, and is the same page later.
///
/// # Errors
/// The period has not been run (usage).
pub fn perform(common: &Common, request: &Request) -> Result<()> {
    let book = common.book()?;
    let answers = Answers::open(&book, common.engine(), LIMITS, &Scope::Until(request.period))?;
    let run = answers.runs().last().ok_or_else(|| Error::bug("a page without a run"))?;
    let page = page(&answers, &book.name, run)?;
    match request.format {
        Form::Text => print!("{}", text(&page)?),
        Form::Json => println!("{}", as_json(&page)?),
    }
    Ok(())
}

fn text(page: &Page) -> Result<String> {
    let mut text =
        format!("{}  {}  ({})\nrun {}\nroot {}\n", page.book, page.period, page.state, page.run_id, page.root);
    for section in &page.sections {
        text += &format!("\n{}\n", section.sentence);
        text.extend(table(section)?.lines().map(|line| format!("  {line}\n")));
    }
    Ok(text)
}

/// Most rows of a view on the page.
const SHOWN: usize = 40;

fn table(section: &Section) -> Result<String> {
    let rows: usize = section.batches.iter().map(RecordBatch::num_rows).sum();
    if rows == 0 {
        return Ok("nothing".to_owned());
    }
    let mut left = SHOWN;
    let mut first = Vec::new();
    for batch in &section.batches {
        let taken = left.min(batch.num_rows());
        first.push(batch.slice(0, taken));
        left -= taken;
    }
    let mut text = table_of(&section.schema, &first)?;
    if rows > SHOWN {
        text += &format!("and {} more: `everycent query \"select * from finance.{}\"`\n", rows - SHOWN, section.name);
    }
    Ok(text)
}

fn as_json(page: &Page) -> Result<String> {
    let text = |text: &str| Value::from(text).to_string();
    let mut views = Vec::new();
    for section in &page.sections {
        let (sentence, rows) = (text(&section.sentence), json_of(&section.batches)?);
        views.push(format!("{}:{{\"answers\":{sentence},\"rows\":{rows}}}", text(section.name)));
    }
    Ok(format!(
        "{{\"book\":{},\"period\":{},\"state\":{},\"run_id\":{},\"root\":{},\"views\":{{{}}}}}",
        text(&page.book),
        text(&page.period.to_string()),
        text(page.state),
        text(&page.run_id),
        text(&page.root),
        views.join(",")
    ))
}
