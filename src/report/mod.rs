//! Reports: what people read. Nothing reads them back.

mod brought_over;
mod events;
mod explain;
mod line;
mod moves;
mod statement;
mod summary;
mod text;
mod without_part;

pub use brought_over::BroughtOver;
pub use events::{EventDeduction, EventLine, LineEvents, Units};
pub use explain::{Explained, explain};
pub use statement::{AdjustmentLine, StatementDocument, statement, statement_with_events};
pub use summary::{Summary, payout_summary};
pub use without_part::{is_without_part, no_part, why_without_part};
