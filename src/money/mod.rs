//! Money: exact ratios, the one rounding, the largest remainder, currencies, and reference rates.
//!
//! Nothing in here knows logs, policies or ledgers. Amounts are integers in minor units; everything between two
//! amounts is an [`Exact`]; the only way back is [`round`] or [`allocate`].

mod allocate;
mod currency;
mod exact;
mod fx;
mod fx_file;
mod round;

pub use allocate::{Allocation, OddCents, allocate, allocate_by, allocate_into};
pub use currency::{Currency, major_grouped, major_of, major_text, parse_major};
pub use exact::Exact;
pub use fx::{FxTable, GuardFault, Quote, convert};
pub use round::{Rounding, round, to_minor};
