//! A mark for some of many numbers (rows, or the last bits of ids): a bit each, so that most answers come from a
//! processor's cache.

use rayon::prelude::*;

/// Which numbers are marked.
#[derive(Clone, Debug, Default)]
pub struct Marks(Vec<u64>);

impl Marks {
    /// Marks those of so many numbers that are `wanted`.
    pub fn of(count: usize, wanted: impl Fn(u32) -> bool + Sync) -> Self {
        let word = |at: usize| {
            let first = at * 64;
            let marked = (first..count.min(first + 64)).filter(|number| u32::try_from(*number).is_ok_and(&wanted));
            marked.fold(0, |word, number| word | 1 << (number - first))
        };
        Self((0..count.div_ceil(64)).into_par_iter().with_min_len(1024).map(word).collect())
    }

    /// Is a number marked?
    #[must_use]
    pub fn has(&self, number: u32) -> bool {
        let (word, bit) = (number as usize / 64, number % 64);
        self.0.get(word).is_some_and(|word| word >> bit & 1 == 1)
    }

    /// Marks a number of those that [`Marks::of`] was given.
    pub fn mark(&mut self, number: u32) {
        if let Some(word) = self.0.get_mut(number as usize / 64) {
            *word |= 1 << (number % 64);
        }
    }
}
