//! `everycent query`: a question in SQL, or a prompt for many.

use std::io::{IsTerminal, Read};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use clap::Args;

use super::answer::{AnswerFormat, Printer};
use super::{Common, parse_period, prompt};
use crate::ask::{Answers, Scope};
use crate::error::{Error, Result};
use crate::period::Period;
use crate::query::Limits;

/// What `query` takes.
#[derive(Args)]
pub struct Request {
    /// The question; without it a prompt, or questions from standard input
    sql: Option<String>,
    /// Read the question from a file
    #[arg(long, value_name = "FILE", conflicts_with = "sql")]
    file: Option<PathBuf>,
    #[command(flatten)]
    pub looks: Looks,
    /// How rows come out
    #[arg(long, value_enum, default_value_t)]
    pub format: AnswerFormat,
    /// Write the answer to a new file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What questions look at, and what they may cost.
#[derive(Args, Clone, Debug)]
pub struct Looks {
    /// Look at one period alone: its close, or else its draft
    #[arg(long, value_parser = parse_period)]
    pub period: Option<Period>,
    /// As of a run: it, and the closed periods that it stood on
    #[arg(long, value_name = "ID", conflicts_with = "period")]
    run: Option<String>,
    /// Seconds that an answer may take
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
    /// Memory that an answer may take, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 2048)]
    memory: usize,
    /// Rows that an answer may have
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    max_rows: u64,
}

impl Looks {
    /// Lays the book on a desk.
    ///
    /// # Errors
    /// As [`Answers::open`].
    pub fn open(&self, common: &Common) -> Result<Answers> {
        let scope = match (&self.run, self.period) {
            (Some(run), _) => Scope::Run(run.clone()),
            (None, Some(period)) => Scope::Period(period),
            (None, None) => Scope::Everything,
        };
        let limits = Limits { seconds: self.timeout, memory_mib: self.memory, rows: self.max_rows };
        Answers::open(&common.book()?, common.engine(), limits, &scope)
    }
}

/// Answers.
///
/// # Errors
/// The question can't be answered; see [`Answers::ask`].
pub fn perform(common: &Common, request: &Request) -> Result<()> {
    let answers = request.looks.open(common)?;
    let sql = match (&request.sql, &request.file) {
        (Some(sql), _) => Some(sql.clone()),
        (None, Some(file)) => Some(read_file(file)?),
        (None, None) => None,
    };
    match sql {
        Some(sql) => answer(&answers, &sql, request),
        None if std::io::stdin().is_terminal() => prompt::prompt(common, &answers, request.format),
        None => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            statements(&text).iter().try_for_each(|sql| answer(&answers, sql, request))
        }
    }
}

fn read_file(file: &std::path::Path) -> Result<String> {
    std::fs::read_to_string(file)
        .map_err(|e| Error::usage("the question can't be read").at(file.display().to_string()).found(e.to_string()))
}

fn answer(answers: &Answers, sql: &str, request: &Request) -> Result<()> {
    let mut printer = Printer::new(request.format, request.output.as_deref())?;
    let sql = sql.trim().trim_end_matches(';');
    answers.ask(sql, &AtomicBool::new(false), &mut |schema, batch| printer.take(schema, batch))?;
    printer.finish()
}

/// Statements that end with `;`, which may stand in quotes and comments.
#[must_use]
pub fn statements(text: &str) -> Vec<String> {
    let (mut found, mut current) = (Vec::new(), String::new());
    let (mut quote, mut comment) = (None::<char>, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, comment, c) {
            (_, true, '\n') => comment = false,
            (Some(open), _, c) if c == open => quote = None,
            (None, false, '\'' | '"') => quote = Some(c),
            (None, false, '-') if chars.peek() == Some(&'-') => comment = true,
            (None, false, ';') => {
                found.push(std::mem::take(&mut current));
                continue;
            }
            _ => {}
        }
        current.push(c);
    }
    found.push(current);
    let says = |sql: &String| sql.lines().any(|l| !l.trim().is_empty() && !l.trim_start().starts_with("--"));
    found.into_iter().filter(says).collect()
}

/// Does a text hold a whole statement?
#[must_use]
pub fn is_whole(text: &str) -> bool {
    let marked = format!("{text}\u{1}");
    statements(&marked).last().is_none_or(|last| last.trim() == "\u{1}")
}
