//! Intake: which files there are, what stands in them, and which rows count.
//!
//! [`snapshot`] lists and reads files, [`canonical`] holds them against the contract, [`rows`] keeps what rules need of
//! every row, [`kept`] the columns that a policy may ask for, [`dedupe`] lets each event count once; [`sample`] shows some rows as they are read.

mod canonical;
mod check;
mod complete;
mod decided;
mod dedupe;
mod delivery;
mod fill;
mod hashing;
mod kept;
mod knowledge;
mod memory;
mod minors;
mod names;
mod raw;
mod read;
mod rows;
mod sample;
mod schema;
mod snapshot;

pub use canonical::canonical_schema;
pub use complete::{Expected, complete};
pub use decided::Decided;
pub use dedupe::{OpenIds, Standing, stand};
pub use hashing::id_hash;
pub use kept::{Columns, Odd, Words, batch_of};
pub use knowledge::{Knowledge, Since, Stage};
pub use memory::{Memory, Stood};
pub use names::Names;
pub use raw::{RawRow, RawRows};
pub use read::{LogReader, canonical_file, read_rows};
pub use rows::{MOST, NONE, NULL, Record, Rows, SourceFile};
pub use sample::{Cell, Fault, Sampled, sample};
pub use schema::{attribute_schema, fits_contract};
pub use snapshot::{list, locate, open_file, schema_of_file};
