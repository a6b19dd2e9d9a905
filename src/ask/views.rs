//! The finance views: `queries/finance/*.sql`, and those of the book's own `queries/finance`.

use super::Answers;
use crate::book::Book;
use crate::error::{Error, Result};

/// A view of the catalog.
#[derive(Clone, Copy, Debug)]
pub struct View {
    pub name: &'static str,
    pub sql: &'static str,
}

macro_rules! views {
    ($($name:literal),* $(,)?) => {
        /// The finance views, in the order in which the month's page shows them.
        pub const FINANCE: &[View] =
            &[$(View { name: $name, sql: include_str!(concat!("../../queries/finance/", $name, ".sql")) }),*];
    };
}

views![
    "payouts_by_program",
    "liabilities",
    "corrections",
    "accrued_unpaid",
    "clearing_by_channel",
    "take_rate",
    "variance",
    "top_movers",
    "top_creators",
    "concentration",
    "unrated",
    "yearly_by_party",
];

/// The schema of the views.
pub const SCHEMA: &str = "finance";

impl View {
    /// What it answers: the sentence after its name, at the head of the query.
    #[must_use]
    pub fn sentence(&self) -> String {
        sentence(self.sql)
    }

    /// The `order by` at its end. A question that reads a view must order by itself.
    #[must_use]
    pub fn order(&self) -> &'static str {
        self.sql.rfind("order by ").map_or("", |at| &self.sql[at..])
    }
}

fn sentence(sql: &str) -> String {
    let head = sql.lines().next().unwrap_or("");
    head.split_once(": ").map_or(head, |(_, sentence)| sentence).to_owned()
}

/// Lays the views on the desk. A view may read those before it; the book's own come last, by name.
pub fn put(answers: &mut Answers, book: &Book) -> Result<()> {
    for view in FINANCE {
        answers.put_view(SCHEMA, view.name, &view.sentence(), view.sql)?;
    }
    for (name, sql) in own(book)? {
        answers
            .put_view(SCHEMA, &name, &sentence(&sql), &sql)
            .map_err(|e| e.at(format!("queries/finance/{name}.sql")))?;
    }
    Ok(())
}

fn own(book: &Book) -> Result<Vec<(String, String)>> {
    let folder = book.queries.join("finance");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut views = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        let name = path.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if path.extension().is_some_and(|e| e == "sql") {
            if FINANCE.iter().any(|view| view.name == name) {
                return Err(Error::usage("a view of the book has the name of a built-in one")
                    .at(format!("queries/finance/{name}.sql"))
                    .next("give it another name"));
            }
            views.push((name, std::fs::read_to_string(&path)?));
        }
    }
    views.sort();
    Ok(views)
}
