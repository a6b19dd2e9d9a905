//! Reports: what people read. Nothing reads them back.

mod brought_over;
mod explain;
mod moves;
mod statement;
mod summary;

pub use brought_over::BroughtOver;
pub use explain::{Explained, explain};
pub use statement::{StatementDocument, statement};
pub use summary::{Summary, payout_summary};
