//! Minor units of many rows: four bytes each where they fit, which nearly all do.

use rustc_hash::FxHashMap;

use super::rows::NULL;

/// A value of a money column, [`NULL`] among them, where it fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Minor(i32);

/// Stands for what is in [`Large`].
const LARGE: i32 = i32::MIN + 1;

impl Minor {
    /// Stands for [`NULL`].
    pub const NULL: Self = Self(i32::MIN);

    /// The value, or none where it is in [`Large`].
    pub fn get(self) -> Option<i64> {
        match self {
            Self::NULL => Some(NULL),
            Self(LARGE) => None,
            Self(small) => Some(i64::from(small)),
        }
    }
}

/// Values that take more than four bytes, by row and column.
#[derive(Clone, Debug, Default)]
pub(super) struct Large(FxHashMap<(u32, u8), i64>);

impl Large {
    /// Packs a value; one that does not fit is kept here.
    pub fn pack(&mut self, row: usize, column: u8, value: i64) -> Minor {
        match i32::try_from(value) {
            _ if value == NULL => Minor::NULL,
            Ok(small) if small > LARGE => Minor(small),
            _ => {
                self.0.insert((place(row), column), value);
                Minor(LARGE)
            }
        }
    }

    /// A value that did not fit.
    pub fn get(&self, row: usize, column: u8) -> i64 {
        self.0.get(&(place(row), column)).copied().unwrap_or(NULL)
    }

    /// Takes those of rows that stand behind ours, from `first` on.
    pub fn append(&mut self, other: &Self, first: u32) {
        self.0.extend(other.0.iter().map(|((row, column), value)| ((first.saturating_add(*row), *column), *value)));
    }
}

fn place(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX)
}
