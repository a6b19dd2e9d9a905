//! Which events fall on which day.

use std::ops::Range;

/// The event numbers of a log by day, the days having equal shares.
#[derive(Clone, Debug)]
pub struct Calendar {
    days: Range<i32>,
    total: u64,
}

impl Calendar {
    /// So many events on these days.
    #[must_use]
    pub fn new(days: Range<i32>, total: u64) -> Self {
        Self { days, total }
    }

    /// The numbers of a day; none outside the book.
    #[must_use]
    pub fn numbers(&self, day: i32) -> Range<u64> {
        if self.days.contains(&day) { self.before(day)..self.before(day + 1) } else { 0..0 }
    }

    fn before(&self, day: i32) -> u64 {
        let (past, all) = (day.abs_diff(self.days.start), self.days.end.abs_diff(self.days.start));
        u64::try_from(u128::from(self.total) * u128::from(past) / u128::from(all.max(1))).unwrap_or(self.total)
    }
}
