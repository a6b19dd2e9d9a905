//! A mark for some rows: a bit each, so that most answers come from a processor's cache.

use rayon::prelude::*;

/// Which rows are marked, by number.
#[derive(Clone, Debug, Default)]
pub struct Marks(Vec<u64>);

impl Marks {
    /// Marks those of so many rows that are `wanted`.
    pub fn of(rows: usize, wanted: impl Fn(u32) -> bool + Sync) -> Self {
        let word = |at: usize| {
            let first = at * 64;
            let marked = (first..rows.min(first + 64)).filter(|row| u32::try_from(*row).is_ok_and(&wanted));
            marked.fold(0, |word, row| word | 1 << (row - first))
        };
        Self((0..rows.div_ceil(64)).into_par_iter().with_min_len(1024).map(word).collect())
    }

    /// Is a row marked?
    #[must_use]
    pub fn has(&self, row: u32) -> bool {
        let (word, bit) = (row as usize / 64, row % 64);
        self.0.get(word).is_some_and(|word| word >> bit & 1 == 1)
    }

    /// Marks a row of those that [`Marks::of`] was given.
    pub fn mark(&mut self, row: u32) {
        if let Some(word) = self.0.get_mut(row as usize / 64) {
            *word |= 1 << (row % 64);
        }
    }
}
