//! Text that occurs again and again (creators, parties, channels) as small integers.

use rustc_hash::FxHashMap;

/// An interner: each different text has one number, counted from 0 in order of arrival.
#[derive(Clone, Debug, Default)]
pub struct Names {
    texts: Vec<Box<str>>,
    numbers: FxHashMap<Box<str>, u32>,
}

impl Names {
    /// The number of a text, new or not.
    pub fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(text.into());
        self.numbers.insert(text.into(), number);
        number
    }

    /// The number of a text that is known.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    /// [`Names::find`] for who looks for texts that mostly stand beside each other: the number guessed is looked at first.
    #[must_use]
    pub fn find_near(&self, text: &str, guess: u32) -> Option<u32> {
        match self.texts.get(guess as usize) {
            Some(there) if **there == *text => Some(guess),
            _ => self.find(text),
        }
    }

    /// The text of a number; empty for [`super::NONE`].
    #[must_use]
    pub fn text(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", |t| t)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Takes all texts of another interner; the answer maps its numbers to ours.
    pub(super) fn absorb(&mut self, other: &Names) -> Vec<u32> {
        other.texts.iter().map(|text| self.number(text)).collect()
    }

    /// Numbers the texts again, in the order of their bytes; the answer maps old numbers to new ones.
    pub(super) fn sort(&mut self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..).take(self.texts.len()).collect();
        order.sort_unstable_by_key(|old| &self.texts[*old as usize]);
        let mut new = vec![0; order.len()];
        for (number, old) in (0..).zip(&order) {
            new[*old as usize] = number;
        }
        self.numbers.values_mut().for_each(|number| *number = new[*number as usize]);
        self.texts = order.iter().map(|old| std::mem::take(&mut self.texts[*old as usize])).collect();
        new
    }
}
