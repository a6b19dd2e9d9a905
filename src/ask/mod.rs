//! Ask: closed periods and current drafts, logs, facts, references and policies as tables for questions in SQL.
//!
//! [`runs`] chooses one run of each period, [`ledger`] and [`inputs`] turn files into tables that are read when a
//! question needs them, [`views`] are the finance views of `queries/finance`. Nothing here writes.

mod facts;
mod inputs;
mod ledger;
mod page;
mod runs;
mod views;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::book::Book;
use crate::error::{Error, Result};
use crate::query::{Desk, Engine, Limits};

pub use page::{Page, Section, page};
use runs::runs;
pub use runs::{RunOf, Scope};
pub use views::{FINANCE, View};

/// A book's desk: its tables, and what they are.
pub struct Answers {
    desk: Desk,
    tables: Vec<TableOf>,
    runs: Vec<RunOf>,
}

/// A table or view that a question may name.
#[derive(Clone, Debug)]
pub struct TableOf {
    pub schema: String,
    pub name: String,
    /// What it holds, in a sentence.
    pub about: String,
}

impl Answers {
    /// Lays a book on the desk. Files are read when a question needs them.
    ///
    /// # Errors
    /// Book, ledger or a view of the book can't be read, or there is no such period or run.
    pub fn open(book: &Book, engine: Engine, limits: Limits, scope: &Scope) -> Result<Self> {
        let runs = runs(book, scope)?;
        let mut answers = Self { desk: Desk::new(engine, limits)?, tables: Vec::new(), runs: Vec::new() };
        ledger::put(&mut answers, &runs)?;
        inputs::put(&mut answers, book, engine)?;
        facts::put(&mut answers, book, engine, &runs)?;
        views::put(&mut answers, book)?;
        answers.runs = runs;
        Ok(answers)
    }

    /// The runs that answer, in the order of periods.
    #[must_use]
    pub fn runs(&self) -> &[RunOf] {
        &self.runs
    }

    fn put(&mut self, schema: &str, name: &str, about: &str, table: crate::query::LazyTable) -> Result<()> {
        self.desk.put(schema, name, table)?;
        self.note(schema, name, about);
        Ok(())
    }

    fn put_view(&mut self, schema: &str, name: &str, about: &str, sql: &str) -> Result<()> {
        self.desk.put_view(schema, name, sql)?;
        self.note(schema, name, about);
        Ok(())
    }

    fn note(&mut self, schema: &str, name: &str, about: &str) {
        self.tables.push(TableOf { schema: schema.to_owned(), name: name.to_owned(), about: about.to_owned() });
    }

    /// The tables that questions are meant for.
    #[must_use]
    pub fn tables(&self) -> Vec<&TableOf> {
        self.tables.iter().filter(|t| t.schema != ledger::STORED).collect()
    }

    /// The columns of a table, named with its schema or without.
    ///
    /// # Errors
    /// No such table (usage, with the nearest name).
    pub fn columns(&self, name: &str) -> Result<(&TableOf, SchemaRef)> {
        let plain = name.trim().trim_matches(';');
        let full = |t: &TableOf| format!("{}.{}", t.schema, t.name);
        let tables = self.tables();
        let found = tables.iter().find(|t| t.name == plain || full(t) == plain);
        let missing = || {
            let near = tables.iter().map(|t| full(t)).min_by_key(|n| strsim::damerau_levenshtein(n, plain));
            Error::usage("no such table").found(plain).next(format!("did you mean {}?", near.unwrap_or_default()))
        };
        let table = *found.ok_or_else(missing)?;
        let schema = self.desk.columns(&table.schema, &table.name).ok_or_else(missing)?;
        Ok((table, schema))
    }

    /// Answers a question; `take` is given the columns first, then the rows.
    ///
    /// # Errors
    /// As [`Desk::ask`]; a table that is not there, with the nearest name.
    pub fn ask(
        &self,
        sql: &str,
        stop: &AtomicBool,
        take: &mut dyn FnMut(&SchemaRef, Option<&RecordBatch>) -> Result<()>,
    ) -> Result<u64> {
        self.desk.ask(sql, stop, take).map_err(|e| self.nearest(e))
    }

    /// The whole answer.
    ///
    /// # Errors
    /// As [`Answers::ask`].
    pub fn all(&self, sql: &str) -> Result<(SchemaRef, Vec<RecordBatch>)> {
        let (mut schema, mut batches) = (Arc::new(arrow::datatypes::Schema::empty()), Vec::new());
        self.ask(sql, &AtomicBool::new(false), &mut |columns, batch| {
            schema = Arc::clone(columns);
            batches.extend(batch.cloned());
            Ok(())
        })?;
        Ok((schema, batches))
    }

    /// A table that is not there: what was meant?
    fn nearest(&self, error: Error) -> Error {
        let Some((_, rest)) = error.what().split_once("table 'book.") else { return error };
        let Some((wanted, _)) = rest.split_once('\'') else { return error };
        let plain = wanted.rsplit('.').next().unwrap_or(wanted);
        let names = self.tables();
        let near = names.iter().min_by_key(|t| strsim::damerau_levenshtein(&t.name, plain));
        match near {
            Some(t) => error.next(format!("did you mean {}.{}? `\\d` lists all tables", t.schema, t.name)),
            None => error,
        }
    }
}
