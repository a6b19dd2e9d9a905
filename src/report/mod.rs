//! Reports: what people read. Nothing reads them back.

mod statement;
mod summary;

pub use statement::{StatementDocument, statement};
pub use summary::{Summary, payout_summary};
