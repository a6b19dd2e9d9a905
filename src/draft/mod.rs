//! Drafts a book over logs as they are: which folder is which log, which column is which, and what people must decide.
//!
//! [`find`] walks a folder, [`words`] knows what producers call things, [`look`] counts what stands in columns, [`map`]
//! writes an SQL expression for every canonical column, [`texts`] are the files of the book. Nothing is guessed that
//! would move money: an amount whose unit is not certain stays null, a share stays to be decided.

mod find;
mod look;
mod map;
mod recognise;
mod texts;
mod words;

pub use map::{Certainty, Mapping};
pub use recognise::{Draft, DraftLog, Left, draft};
pub use texts::write;
