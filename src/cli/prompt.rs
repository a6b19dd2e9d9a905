//! The prompt of `everycent query`: many questions, with history and completion.

use std::path::PathBuf;
use std::time::Instant;

use clap::ValueEnum;
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use super::answer::{AnswerFormat, Printer};
use super::query::{is_whole, statements};
use super::{Common, talk};
use crate::ask::Answers;
use crate::error::{Error, Result};

const HELP: &str = "\
Type SQL over any number of lines and end it with ; - everything only reads.
  \\d            tables and views          \\d NAME      the columns of one
  \\timing       how long answers take      \\format F    table, csv or json
  \\? or \\help   this                       \\q           leave (also Ctrl-D)";

/// What begins a question, for completion.
const WORDS: [&str; 22] = [
    "select",
    "from",
    "where",
    "group by",
    "order by",
    "limit",
    "join",
    "left join",
    "on",
    "as",
    "sum(",
    "count(*)",
    "distinct",
    "having",
    "with",
    "union all",
    "case when",
    "cast(",
    "major(",
    "between",
    "explain",
    "desc",
];

/// Reads questions until the end, and answers them. A wrong question says what is wrong, and the next one is asked.
///
/// # Errors
/// The terminal can't be read.
pub fn prompt(common: &Common, answers: &Answers, format: AnswerFormat) -> Result<()> {
    let config = Config::builder().completion_type(CompletionType::List).max_history_size(1000);
    let config = config.map_err(refused)?.auto_add_history(true).build();
    let mut editor: Editor<Words<'_>, DefaultHistory> = Editor::with_config(config).map_err(refused)?;
    editor.set_helper(Some(Words { answers }));
    let history = history_file();
    if let Some(file) = &history {
        let _ = editor.load_history(file);
    }
    talk::say(common, "everycent query: \\? for help, \\d for tables, \\q to leave");
    let mut session = Session { answers, format, timing: false };
    loop {
        match editor.readline("everycent> ") {
            Ok(line) if session.take(&line) => {}
            Ok(_) | Err(ReadlineError::Eof) => break,
            Err(ReadlineError::Interrupted) => {}
            Err(e) => return Err(refused(e)),
        }
    }
    if let Some(file) = &history {
        let _ = editor.save_history(file);
    }
    Ok(())
}

fn refused(e: ReadlineError) -> Error {
    Error::resources(format!("the terminal refuses: {e}"))
}

/// The history of earlier prompts, where the user keeps such things.
fn history_file() -> Option<PathBuf> {
    let folder = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let folder = folder.or_else(|| std::env::home_dir().map(|home| home.join(".local/state")))?.join("everycent");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
}

struct Session<'a> {
    answers: &'a Answers,
    format: AnswerFormat,
    timing: bool,
}

impl Session<'_> {
    /// Does what was typed; false to leave.
    fn take(&mut self, line: &str) -> bool {
        let line = line.trim();
        if let Some(command) = line.strip_prefix('\\') {
            return self.command(command);
        }
        for sql in statements(line) {
            self.answer(&sql);
        }
        true
    }

    fn command(&mut self, command: &str) -> bool {
        let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        let done = match (name, rest.trim()) {
            ("q" | "quit", _) => return false,
            ("d", "") => self.list(),
            ("d", table) => self.describe(table),
            ("timing", _) => {
                self.timing = !self.timing;
                println!("timing is {}", if self.timing { "on" } else { "off" });
                Ok(())
            }
            ("format", name) => self.set_format(name),
            ("?" | "help", _) => {
                println!("{HELP}");
                Ok(())
            }
            (other, _) => Err(Error::usage("unknown command").found(format!("\\{other}")).next("\\? lists them")),
        };
        if let Err(e) = done {
            eprintln!("error: {e}");
        }
        true
    }

    fn set_format(&mut self, name: &str) -> Result<()> {
        let chosen = AnswerFormat::from_str(name, true).ok().filter(|f| *f != AnswerFormat::Parquet);
        self.format =
            chosen.ok_or_else(|| Error::usage("no such format").expected("table, csv or json").found(name))?;
        Ok(())
    }

    fn list(&self) -> Result<()> {
        let tables = self.answers.tables();
        let width = tables.iter().map(|t| t.schema.len() + t.name.len() + 1).max().unwrap_or(0);
        for t in tables {
            println!("{:<width$}  {}", format!("{}.{}", t.schema, t.name), t.about);
        }
        println!("tables of `ledger` need no schema before their name");
        Ok(())
    }

    fn describe(&self, name: &str) -> Result<()> {
        let (table, schema) = self.answers.columns(name)?;
        println!("{}.{}: {}", table.schema, table.name, table.about);
        let width = schema.fields().iter().map(|f| f.name().len()).max().unwrap_or(0);
        for field in schema.fields() {
            println!("  {:<width$}  {}", field.name(), field.data_type());
        }
        Ok(())
    }

    fn answer(&self, sql: &str) {
        let start = Instant::now();
        match self.print(sql) {
            Ok(rows) if self.timing => eprintln!("{rows} rows, {} ms", start.elapsed().as_millis()),
            Ok(_) => {}
            Err(e) => eprintln!("error: {e}"),
        }
    }

    fn print(&self, sql: &str) -> Result<u64> {
        let mut printer = Printer::new(self.format, None)?;
        let rows =
            talk::interruptible(|stop| self.answers.ask(sql, stop, &mut |schema, batch| printer.take(schema, batch)))?;
        printer.finish()?;
        Ok(rows)
    }
}

/// Completes names of tables, columns of the tables that the line names, and words of SQL.
struct Words<'a> {
    answers: &'a Answers,
}

impl Words<'_> {
    fn candidates(&self, line: &str) -> Vec<String> {
        let mut words: Vec<String> = WORDS.iter().map(|w| (*w).to_owned()).collect();
        for table in self.answers.tables() {
            if line.contains(&table.name)
                && let Ok((_, schema)) = self.answers.columns(&format!("{}.{}", table.schema, table.name))
            {
                words.extend(schema.fields().iter().map(|f| f.name().clone()));
            }
            words.push(format!("{}.{}", table.schema, table.name));
            words.push(table.name.clone());
        }
        words
    }
}

impl Completer for Words<'_> {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let typed = line.get(..pos).unwrap_or("");
        let start = typed.rfind(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).map_or(0, |at| at + 1);
        let begun = typed.get(start..).unwrap_or("").to_lowercase();
        let mut found: Vec<String> =
            self.candidates(line).into_iter().filter(|w| !begun.is_empty() && w.starts_with(&begun)).collect();
        found.sort();
        found.dedup();
        Ok((start, found.into_iter().map(|w| Pair { display: w.clone(), replacement: w }).collect()))
    }
}

impl Validator for Words<'_> {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let text = context.input().trim();
        let whole = text.is_empty() || text.starts_with('\\') || is_whole(text);
        Ok(if whole { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

impl Hinter for Words<'_> {
    type Hint = String;
}
impl Highlighter for Words<'_> {}
impl Helper for Words<'_> {}
