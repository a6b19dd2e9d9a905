//! A seeded generator of whole books, with faults planted and counted.
//!
//! Every event is a pure function of (seed, log, event number): a duplicate or a reversal is made by making its event
//! again, so that nothing has to be remembered, and files do not depend on each other.

mod book;
mod bulk;
mod calendar;
mod charge;
mod columns;
mod deliver;
mod draw;
mod event;
mod file;
mod plan;
mod planted;
mod recipe;
mod refs;
mod reverse;
mod spoil;

pub use bulk::make;
pub use planted::{Entry, PLACES, Planted};
pub use recipe::{CURRENCIES, Mix, Recipe, Shares};
