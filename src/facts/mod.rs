//! Facts: from standing rows to integers that rules rate.
//!
//! [`measure`] adds up what policies ask for, [`months`] enrols by it, [`classify`] evaluates the policies' conditions,
//! [`judge`] looks at each row by itself, [`link`] takes reversals from their charges, [`asked`] says what becomes of usage, [`first`] chooses the events that an order rule pays, [`pieces`] sums what is
//! rated alike.

mod asked;
mod classify;
mod context;
mod creators;
mod deliveries;
mod distinct;
mod first;
mod judge;
mod link;
mod lint;
mod marks;
mod measure;
mod months;
mod pieces;
mod planned;
mod units;
mod usage;

pub use asked::{Asked, Counted};
pub use classify::{Class, ClassNumber, Classes, EVERY_STEP, Match, check_log, classify};
pub use deliveries::Deliveries;
pub use distinct::{Different, Seen};
pub use link::{Linked, Rated, Refused, Unit, link};
pub use lint::{lint_log, lint_terms};
pub use measure::{Measures, measure};
pub use pieces::Pieces;
pub use units::{Fact, Retained, retained};
pub use usage::{Gathered, Paid, Use, Versions, check_pools, counted, gather, paid_on, pools, summed_within};

use rustc_hash::FxHashSet;

use crate::book::Book;
use crate::cutover::Volumes;
use crate::intake::{Rows, Since, Stage, Stood};
use crate::log::Log;
use crate::period::Period;
use crate::policy::Policies;
use crate::query::Engine;
use crate::reference::References;

/// Everything that one evaluation may know.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    pub engine: Engine,
    pub book: &'a Book,
    pub rows: &'a Rows,
    /// The standing rows that this evaluation knows.
    pub standing: &'a [(u32, Stage)],
    /// Rows that measures count otherwise than from when they were first known, whether or not they stand.
    pub stood: &'a [Stood],
    pub policies: &'a Policies,
    pub references: &'a References,
    /// For each file, since when its rows are known.
    pub since: &'a [Since],
    /// The last period that is closed (or stood in for).
    pub closed: Option<Period>,
    /// The last day that the run takes events of.
    pub last_day: i32,
    /// Ids that the system before the book has paid.
    pub paid: &'a FxHashSet<(Log, u128)>,
    /// What counted towards tiers before the book's first period.
    pub volumes: &'a Volumes,
}
