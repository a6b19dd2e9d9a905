//! What becomes of usage: every row of engagement that a program asks for has one fate.
//!
//! Quarantined where a program that asks for it does not know who would be paid, and then no program counts it; else rated
//! where one counts it; else ineligible, by the rule of the first that refuses it. What no program asks for is rated with
//! nothing.

use rustc_hash::FxHashSet;

use super::{Classes, Linked, Match, Rated};
use crate::fate::Fate;
use crate::period::Period;

/// The rows that pools ask for, count, and refuse.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// By row: does a pool count it?
    counted: Vec<bool>,
    /// In the order in which pools were asked.
    refused: Vec<(u32, Fate)>,
}

/// A row of usage that a pool counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    pub row: u32,
    /// The month whose pot it divides.
    pub month: Period,
    /// What it weighs before multipliers.
    pub usage: i64,
}

impl Asked {
    /// Nothing was asked of so many rows.
    #[must_use]
    pub fn of(rows: usize) -> Self {
        Self { counted: vec![false; rows], refused: Vec::new() }
    }

    /// Adds the rows that a pool counts, and those that it refuses.
    pub fn add(&mut self, counted: impl Iterator<Item = u32>, refused: Vec<(u32, Fate)>) {
        counted.for_each(|row| self.counted[row as usize] = true);
        self.refused.extend(refused);
    }

    /// Adds what another pool says.
    pub fn join(&mut self, other: Self) {
        self.counted.iter_mut().zip(other.counted).for_each(|(here, there)| *here |= there);
        self.refused.extend(other.refused);
    }

    /// The refused rows.
    #[must_use]
    pub fn refused(&self) -> &[(u32, Fate)] {
        &self.refused
    }

    /// The rows that one pool counts and that another has to quarantine, with their fates.
    #[must_use]
    pub fn disputed(&self) -> Vec<(u32, Fate)> {
        let quarantined = self.refused.iter().filter(|(_, fate)| matches!(fate, Fate::Quarantined(_)));
        quarantined.filter(|(row, _)| self.counted[*row as usize]).copied().collect()
    }

    /// The one fate of each row that is refused, by row.
    fn fates(&self) -> Vec<(u32, Fate)> {
        let mut refused = self.refused.clone();
        refused.sort_by_key(|(row, _)| *row);
        let one = |of_row: &[(u32, Fate)]| {
            let quarantined = of_row.iter().find(|(_, fate)| matches!(fate, Fate::Quarantined(_)));
            *quarantined.unwrap_or(&of_row[0])
        };
        refused.chunk_by(|a, b| a.0 == b.0).map(one).collect()
    }
}

impl Linked {
    /// The standing rows that can't be rated: pools do not ask for them.
    #[must_use]
    pub fn quarantined(&self) -> FxHashSet<u32> {
        let quarantined = self.fates.iter().filter(|(_, fate)| matches!(fate, Fate::Quarantined(_)));
        quarantined.map(|(row, _)| *row).collect()
    }

    /// Joins what pools say of usage to what programs say that pay for it event by event.
    pub fn join(&mut self, classes: &Classes, asked: &Asked) {
        let fates = asked.fates();
        let of = |row: u32| fates.binary_search_by_key(&row, |(row, _)| *row).ok().map(|at| fates[at].1);
        let is_counted = |row: u32| asked.counted.get(row as usize) == Some(&true);
        let pays = |row: u32| matches!(classes.get(classes.of(row)).matched, Match::Program(_));
        let gives_way = |(row, fate): &(u32, Fate)| {
            matches!(of(*row), Some(Fate::Quarantined(_))) || matches!(fate, Fate::Ineligible(..)) && is_counted(*row)
        };
        self.fates.retain(|judged| !gives_way(judged));
        let stays = |rated: &Rated| !matches!(of(rated.row), Some(Fate::Quarantined(_)));
        if !fates.is_empty() {
            self.rated.iter_mut().for_each(|rated| rated.retain(stays));
        }
        let stands = |(row, fate): &&(u32, Fate)| match fate {
            Fate::Quarantined(_) => true,
            _ => !is_counted(*row) && !pays(*row),
        };
        self.fates.extend(fates.iter().filter(stands));
    }
}
