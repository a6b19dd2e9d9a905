//! `everycent statement`: a party's account for a period, one line per step.

use clap::Args;

use super::output::Form;
use super::{Common, parse_period};
use crate::error::Result;
use crate::period::Period;
use crate::report::statement;

/// What `statement` takes.
#[derive(Args)]
pub struct Request {
    /// The party, as in the reference
    party: String,
    /// The period: its close, or else its draft
    #[arg(long, value_parser = parse_period)]
    period: Period,
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
    let statement = statement(&book, &request.party, request.period)?;
    match request.format {
        Form::Text => print!("{}", statement.text()),
        Form::Json => println!("{}", statement.json()?),
    }
    Ok(())
}
