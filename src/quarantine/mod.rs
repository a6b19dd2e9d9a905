//! Rows that are not rated: [`list`] shows them, [`let_stand`] and [`waive`] record what two people decide about them.

mod list;
mod record;

pub use list::{Listed, Listing, Sum, SumKey, Wanted, list};
pub use record::{let_stand, waive};
