//! Completions for shells, and the manual.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use super::answer::written;
use crate::error::{Error, Result};

/// Help begins with what a command does and how it is used by example; flags come after.
const TEMPLATE: &str = "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

/// The whole command line, with help that begins with examples.
#[must_use]
pub fn command() -> Command {
    with_template(Cli::command())
}

fn with_template(command: Command) -> Command {
    command.help_template(TEMPLATE).mut_subcommands(with_template)
}

/// What `completions` takes.
#[derive(Args)]
pub struct Completions {
    /// The shell that reads them
    shell: Shell,
}

/// What `man` takes.
#[derive(Args)]
pub struct Man {
    /// Write a page for each command into this folder, instead of the main page to stdout
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Prints a shell's completions.
///
/// # Errors
/// They can't be written (resources).
pub fn completions(request: &Completions) -> Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(request.shell, &mut command(), "everycent", &mut text);
    written(std::io::stdout().write_all(&text))
}

/// Prints the manual, or writes its pages.
///
/// # Errors
/// The folder can't be written (resources).
pub fn man(request: &Man) -> Result<()> {
    match &request.dir {
        None => written(clap_mangen::Man::new(command()).render(&mut std::io::stdout()))?,
        Some(dir) => {
            std::fs::create_dir_all(dir)?;
            clap_mangen::generate_to(command(), dir)
                .map_err(|e| Error::resources(format!("the manual can't be written: {e}")))?;
        }
    }
    Ok(())
}
