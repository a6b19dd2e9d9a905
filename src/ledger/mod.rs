//! The ledger: what it remembers, and how it proves it.
//!
//! `account` is the chart, `entry` builds balanced entries, `row`, `cell` and `columns` are the nine tables, of which
//! `earnings` and `journal` are kept packed;
//! `balance` rolls accounts forward; `canonical` and `seal` are what is hashed, and how; `file`, `manifest`,
//! `run`, `decision`, `publish` and `store` are what lies on the disk; `booked`, `learned` and `state` are
//! what closed periods say to the next run.

mod account;
mod balance;
mod booked;
mod canonical;
mod cell;
mod columns;
mod decision;
mod earnings;
mod entry;
mod file;
mod journal;
mod learned;
mod manifest;
mod publish;
mod row;
mod run;
mod seal;
mod state;
mod store;
mod texts;

pub use account::Account;
pub use balance::{Layers, age_layers};
pub use booked::{BookedLine, BookedPart, EarningKey, JournalKey};
pub use canonical::{Canonical, rows_sha256, sha256};
pub use cell::{CAUSES, FATES, KINDS};
pub use columns::{BATCH_ROWS, TABLES, schema};
pub use decision::{Action, Closed, Decision, Signature};
pub use earnings::{Amounts, DeductionView, EarningHead, EarningView, Earnings, PartView};
pub use entry::{Entry, HELD_UNTIL_DELIVERY, details, escape};
pub use file::{read_table, write, write_table};
pub use journal::{Journal, PostingView};
pub use learned::{Learned, since_copy};
pub use manifest::{
    CarriedAmount, ControlTotal, InputFile, Manifest, Named, Opening, OpeningBalance, PinnedRate, Pins, TableInfo,
};
pub use publish::Published;
pub use row::{Balance, Control, Deduction, Earning, Part, Payout, Posting, Statement, Tables, Unrated};
pub use run::RunDir;
pub use seal::{root, seal, statement_leaf, statements_root, table_hashes, tree_root};
pub use state::{ControlKey, State};
pub use store::{Draft, Lock, Store};
