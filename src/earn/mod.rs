//! Earn: facts become earning lines. Pure functions, parallel over creators, sequential within one.
//!
//! [`rate`] gives pieces to [`worker`]s, which follow the order of section 3 of the contract: [`steps`] (ordered deductions),
//! [`side`] (the exact creator side: [`share`], with bonuses, or [`tiers`] over a running volume), [`bands`] (events of one
//! band as a sum), [`unit`] (whole parts of a unit of the policy's own), [`line`] (round once, split, convert), [`release`]
//! (when parts are payable).
//! [`trace`] says what single events bring. [`referral`] adds what the platform pays for a creator that was brought. [`lookup`] holds policies and references by
//! number.

mod bands;
mod line;
mod lines;
mod lookup;
mod order;
pub mod pool;
mod rate;
mod rates;
mod referral;
mod release;
mod share;
mod side;
mod steps;
mod tiers;
mod trace;
mod unit;
mod worker;

pub use line::{Channel, Line, LineDeduction, LineKey, LineKind, LinePart};
pub use lines::{LinePiece, LineView, Lines};
pub use rate::{ClearingKey, Evaluation, GroupKey, IneligibleKey, evaluate};
pub use rates::{RateKey, Rates, UsedRate};
pub use referral::REFERRAL;
pub use release::{Release, Spread};
pub use trace::{Brought, Taken, Traced, less_units, trace};
pub use unit::units_of_line;
