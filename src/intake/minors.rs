//! Minor units of many rows: four bytes each where they fit, which nearly all do.

use rustc_hash::FxHashMap;

use super::rows::NULL;

/// Stands for [`NULL`].
const NO_VALUE: i32 = i32::MIN;
/// Stands for what is in `large`.
const LARGE: i32 = i32::MIN + 1;

/// A column of Int64.
#[derive(Clone, Debug, Default)]
pub struct Minors {
    small: Vec<i32>,
    /// By place.
    large: FxHashMap<u32, i64>,
}

impl Minors {
    /// The value at a place, or [`NULL`].
    #[must_use]
    pub fn get(&self, at: usize) -> i64 {
        match self.small[at] {
            NO_VALUE => NULL,
            LARGE => u32::try_from(at).ok().and_then(|at| self.large.get(&at)).copied().unwrap_or(NULL),
            small => i64::from(small),
        }
    }

    /// One value more.
    pub(super) fn push(&mut self, value: i64) {
        let small = match i32::try_from(value) {
            _ if value == NULL => NO_VALUE,
            Ok(small) if small > LARGE => small,
            _ => {
                self.large.insert(u32::try_from(self.small.len()).unwrap_or(u32::MAX), value);
                LARGE
            }
        };
        self.small.push(small);
    }

    /// The values of another column after ours.
    pub(super) fn append(&mut self, other: &Self) {
        let first = u32::try_from(self.small.len()).unwrap_or(u32::MAX);
        self.small.extend_from_slice(&other.small);
        self.large.extend(other.large.iter().map(|(at, value)| (first.saturating_add(*at), *value)));
    }

    /// Makes room, where there is that much.
    pub(super) fn reserve(&mut self, values: usize) {
        let _full = self.small.try_reserve_exact(values);
    }
}

impl FromIterator<i64> for Minors {
    fn from_iter<I: IntoIterator<Item = i64>>(values: I) -> Self {
        let mut column = Self::default();
        values.into_iter().for_each(|value| column.push(value));
        column
    }
}
