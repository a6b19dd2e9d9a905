//! `everycent statement`: a party's account for a period, one line per step.

use clap::Args;

use super::output::Form;
use super::talk::Progress;
use super::{Common, parse_period};
use crate::error::Result;
use crate::period::Period;
use crate::report::{statement, statement_with_events};

/// What `statement` takes.
#[derive(Args)]
pub struct Request {
    /// The party, as in the reference
    party: String,
    /// The period: its close, or else its draft
    #[arg(long, value_parser = parse_period)]
    period: Period,
    /// Also list the events behind each line, and the base of every deduction: reads the run's logs again
    #[arg(long)]
    events: bool,
    /// How it comes out
    #[arg(long, value_enum, default_value_t)]
    format: Form,
}

/// Prints it.
///
/// # Errors
/// No run of the period, or no such party in it (usage).
pub fn perform(common: &Common, request: &Request) -> Result<()> {
    let book = common.book()?;
    let statement = match request.events {
        false => statement(&book, &request.party, request.period)?,
        true => {
            let progress = Progress::new(common, "reading the run's files again");
            let engine = common.engine();
            statement_with_events(&book, engine, &request.party, request.period, &|rows| progress.add(rows))?
        }
    };
    match request.format {
        Form::Text => print!("{}", statement.text()),
        Form::Json => println!("{}", statement.json()?),
    }
    Ok(())
}
