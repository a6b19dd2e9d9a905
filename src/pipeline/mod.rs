//! The pipeline: one period of a book from files to balanced entries, in one direction.
//!
//! [`prepare`] reads all inputs, [`book_period`] rates them stage by stage and books the differences. Nothing here
//! publishes: `audit` checks the gates, `publish` writes.

mod control;
mod cut_anew;
mod difference;
mod evaluate;
mod folder;
mod held;
mod journal;
mod known;
mod lint;
mod lists;
mod look;
mod paperwork;
mod pins;
mod pools;
mod prepare;
mod state;
mod touched;
mod trace;

pub use cut_anew::{CutAnew, row_list};
pub use evaluate::{Booked, book_period};
pub use folder::{EXAMPLES, policy_files, unread_files};
pub use held::lint_closed;
pub use lint::lint_book;
pub use look::{Looked, look};
pub use paperwork::{check_terms, lint_paperwork};
pub use prepare::{
    Only, Options, Prepared, REDRIVE_COPY, TOTALS_COPY, log_readers, log_schema, look_at_logs, pinned_policies,
    prepare, prepare_again, prepare_with, sample_logs,
};
pub use state::knowledge;
pub use touched::{Touched, touched};
pub use trace::{Behind, EventBehind, LineOf, behind};
