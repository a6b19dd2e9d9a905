//! Texts of a table that occur again and again, each kept once.

use rustc_hash::FxHashMap;

use crate::error::{Error, Result};

/// No text.
const NONE: u32 = u32::MAX;

/// Texts by number, in the order in which they were met.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    texts: Vec<Box<str>>,
    numbers: FxHashMap<Box<str>, u32>,
}

impl Texts {
    /// The number of a text, new or not.
    ///
    /// # Errors
    /// More than 2^32 of them (gate).
    pub fn number(&mut self, text: &str) -> Result<u32> {
        if let Some(number) = self.numbers.get(text) {
            return Ok(*number);
        }
        let number = count(self.texts.len())?;
        self.texts.push(text.into());
        self.numbers.insert(text.into(), number);
        Ok(number)
    }

    /// The numbers of all texts of another, in their order.
    ///
    /// # Errors
    /// As [`Texts::number`].
    pub fn absorb(&mut self, other: &Self) -> Result<Vec<u32>> {
        other.texts.iter().map(|text| self.number(text)).collect()
    }

    /// [`Texts::number`] of a text that may be missing.
    ///
    /// # Errors
    /// As [`Texts::number`].
    pub fn maybe(&mut self, text: Option<&str>) -> Result<u32> {
        text.map_or(Ok(NONE), |text| self.number(text))
    }

    /// The text of a number; none where it is missing.
    pub fn get(&self, number: u32) -> Option<&str> {
        self.texts.get(number as usize).map(|text| &**text)
    }

    /// The text of a number that is not missing.
    pub fn text(&self, number: u32) -> &str {
        self.get(number).unwrap_or_default()
    }
}

/// A number of things that are numbered.
///
/// # Errors
/// More than 2^32 of them (gate).
pub fn count(number: usize) -> Result<u32> {
    let number = u32::try_from(number).ok().filter(|number| *number != NONE);
    number.ok_or_else(|| Error::gate("a table has more rows or texts than can be numbered"))
}
