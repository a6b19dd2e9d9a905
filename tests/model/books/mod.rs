//! Random books: small, seeded, and full of the timing that money programs get wrong.

mod cutover;
mod events;
mod policies;
mod pools;
mod references;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::support::book::TextBook;

use super::calendar::{Month, Zone, month_text, parse_month};

/// What is done to a book, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Brings all deliveries up to this one.
    Deliver(u32),
    /// Runs a period.
    Run(String),
    /// Closes a period.
    Close(String),
}

/// A random book and its story.
pub struct RandomBook {
    pub book: TextBook,
    pub steps: Vec<Step>,
}

/// The dice, and what they have decided so far.
struct Dice {
    rng: ChaCha8Rng,
    zone: Zone,
    first: Month,
    months: i64,
}

/// The creators of every random book.
const CREATORS: [&str; 6] = ["ada", "ben", "cho", "dee", "eve", "fay"];

/// The parties that are no creators.
const OTHERS: [&str; 3] = ["duo", "label", "north"];

/// The book of this seed; equal seeds give equal books.
pub fn random(seed: u64) -> RandomBook {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let zone = ["Europe/Berlin", "Europe/Berlin", "UTC", "Asia/Tokyo"][rng.random_range(0..4_usize)];
    let mut book = TextBook::empty("random", zone, "2026-10");
    book.orphan_days = [20, 40, 90][rng.random_range(0..3_usize)];
    let months = rng.random_range(3..=4);
    let mut dice = Dice { rng, zone: Zone::named(zone), first: parse_month("2026-10"), months };
    book.policies = policies::text(&mut dice);
    book.amended = policies::amended(&mut dice, &book.policies);
    references::fill(&mut dice, &mut book);
    pools::pots(&mut dice, &mut book);
    events::fill(&mut dice, &mut book);
    let steps = steps(&mut dice);
    cutover::fill(&mut dice, &mut book);
    RandomBook { book, steps }
}

/// Each month: a delivery, a run, another delivery that the run has not seen, perhaps a provisional run of the next month,
/// the close.
fn steps(dice: &mut Dice) -> Vec<Step> {
    let mut steps = Vec::new();
    for at in 0..dice.months {
        let period = month_text(dice.first + at);
        let delivery = u32::try_from(2 * at + 1).expect("few months");
        steps.extend([Step::Deliver(delivery), Step::Run(period.clone()), Step::Deliver(delivery + 1)]);
        if at + 1 < dice.months && dice.chance(40) {
            steps.push(Step::Run(month_text(dice.first + at + 1)));
        }
        steps.push(Step::Close(period));
    }
    steps
}

impl Dice {
    /// True in so many of a hundred cases.
    fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_range(0..100_u32) < percent
    }

    /// A whole number, both ends included.
    fn number(&mut self, from: i64, to: i64) -> i64 {
        self.rng.random_range(from..=to)
    }

    /// One of these.
    fn one_of<'a>(&mut self, these: &[&'a str]) -> &'a str {
        these[self.rng.random_range(0..these.len())]
    }

    /// The last delivery of the story.
    fn last_delivery(&self) -> i64 {
        2 * self.months
    }
}
