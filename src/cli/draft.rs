//! `everycent init DIR --from LOGS`: a book drafted over logs as they are, what was recognised, and what is still wrong.

use std::path::Path;

use super::Common;
use super::output::{Format, Rows};
use super::talk::say;
use crate::book::Book;
use crate::draft::{Draft, DraftLog, draft, write};
use crate::error::Result;

/// Writes the draft, says what it took for what, and looks at it as `doctor` does. The draft is done when it is written:
/// what doctor finds is for the next step, and no error here.
///
/// # Errors
/// Nothing in the folder is a log (input), or the book can't be written.
pub fn perform(common: &Common, dir: &Path, from: &Path) -> Result<()> {
    let draft = draft(common.engine(), from)?;
    std::fs::create_dir_all(dir)?;
    write(&draft, dir)?;
    std::fs::write(dir.join("book.secret"), super::init::secret()?)?;
    recognised(&draft).print(Format::Table)?;
    println!();
    not_mapped(&draft).print(Format::Table)?;
    println!();
    if let Err(found) = super::doctor::examine(common, &Book::open(Some(dir))?) {
        say(common, &format!("\n{} is a draft: {}", dir.display(), found.what()));
    }
    say(common, &format!("next: everycent run --book {0} --sample 4; everycent doctor --book {0}", dir.display()));
    Ok(())
}

fn recognised(draft: &Draft) -> Rows {
    let row = |log: &DraftLog| {
        let cell = |m: &crate::draft::Mapping| {
            let [log, name] = [log.log.name().to_owned(), log.name.clone()];
            vec![log, name, m.column.to_owned(), m.sql.clone(), m.certainty.name().to_owned(), m.why.clone()]
        };
        log.columns.iter().filter(|m| m.certainty.name() != "missing").map(cell).collect::<Vec<_>>()
    };
    let headings = vec!["log", "folder", "column", "from", "certainty", "why"];
    Rows { headings, numbers: vec![], rows: draft.logs.iter().flat_map(row).collect() }
}

/// Canonical columns without a source, raw columns without a use, and what is no log.
fn not_mapped(draft: &Draft) -> Rows {
    let mut rows = Vec::new();
    let mut push = |what: &str, place: &str, name: &str, why: &str| {
        rows.push([what, place, name, why].map(str::to_owned).to_vec());
    };
    for log in &draft.logs {
        for m in log.columns.iter().filter(|m| m.certainty.name() == "missing") {
            let is_needed = log.lacking().contains(&m.column);
            push(log.log.name(), if is_needed { "needed, no source" } else { "no source" }, m.column, &m.why);
        }
        log.unused.iter().for_each(|name| push(log.log.name(), "not used", name, ""));
        log.differs.iter().for_each(|note| push(log.log.name(), "files differ", &log.name, note));
    }
    draft.left.iter().for_each(|left| push("none", "left out", &left.name, &left.why));
    Rows { headings: vec!["log", "not mapped", "name", "why"], numbers: vec![], rows }
}
