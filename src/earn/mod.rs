//! Earn: facts become earning lines. Pure functions, parallel over creators, sequential within one.
//!
//! The order of section 3 of the contract: [`steps`] (ordered deductions), [`share`] (shares and bonuses), [`tiers`]
//! (bands over a running volume), [`line`] (round once, split, convert).

mod line;
mod order;
mod rate;
mod rates;
mod share;
mod steps;
mod tiers;

pub use line::{Channel, Line, LineKey, LinePart};
pub use rate::{Evaluation, IneligibleKey, evaluate};
pub use rates::{RateKey, Rates, UsedRate};
