//! `everycent close`: make a period final.

use clap::Args;

use super::talk::{Progress, say};
use super::{Common, parse_period};
use crate::error::Result;
use crate::period::Period;
use crate::publish::close;

/// What `close` takes.
#[derive(Args)]
pub struct Request {
    /// The period to close: the draft's inputs are read and rated again, and must give the draft's root
    #[arg(long, value_parser = parse_period)]
    period: Period,
}

/// Closes it.
///
/// # Errors
/// Closed already, provisional, bounded, or another root (exit 5 and 6).
pub fn perform(common: &Common, request: &Request) -> Result<()> {
    let book = common.book()?;
    let progress = Progress::new(common, "reading again");
    let closed = close(&book, request.period, common.engine(), &|rows| progress.add(rows))?;
    drop(progress);
    for file in &closed.arrived {
        say(common, &format!("arrived since the draft, late from now on: {file}"));
    }
    println!("{} closed, unsigned, root {}, seal {}", request.period, closed.root, closed.seal);
    Ok(())
}
