//! A unit of the policy's own: the creator side in whole parts of it, worth money by the day that they are earned.

use super::line::Draft;
use crate::error::{Error, Result};
use crate::money::{Exact, Rounding, round};

/// What a line earns while the unit has one worth.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// Minor units of the line's currency for the unit's smallest part.
    worth: Exact,
    /// The exact creator side, minor units of the line's currency.
    exact: Exact,
    parts: Vec<(u32, Exact)>,
}

/// An exact amount as a whole number of parts of a unit, in money again: 210.35 at 0.5 each are 421 parts, 210.5.
///
/// # Errors
/// A number beyond i128 (gate).
pub fn in_units(exact: &Exact, worth: &Exact, mode: Rounding) -> Result<Exact> {
    let parts = exact.checked_div(worth).ok_or_else(|| Error::bug("a unit that is worth nothing"))?;
    Ok(Exact::from(round(&parts, mode)?) * worth.clone())
}

/// How a unit counts what a single event brought to its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counting {
    /// Minor units of the line's currency for the unit's smallest part.
    pub worth: Exact,
    /// Smallest parts of a whole unit.
    pub whole: Exact,
    pub rounding: Rounding,
    /// Is each event rounded, and not the line?
    pub by_event: bool,
}

impl Counting {
    /// An exact amount in the unit.
    ///
    /// # Errors
    /// None: a unit is worth something.
    pub fn units(&self, exact: &Exact) -> Result<Exact> {
        let nothing = || Error::bug("a unit that is worth nothing");
        exact.checked_div(&(&self.worth * &self.whole)).ok_or_else(nothing)
    }
}

/// What a line earns in its program's unit, of what its events brought: as it is booked, all that is worth the same rounded
/// at once, unless each event was.
///
/// # Errors
/// A number beyond i128 (gate).
pub fn units_of_line<'t>(brought: impl Iterator<Item = (&'t Counting, &'t Exact)>) -> Result<Exact> {
    let mut stretches: Vec<(&Counting, Exact)> = Vec::new();
    for (counting, creator) in brought {
        match stretches.iter_mut().find(|(other, _)| other.worth == counting.worth) {
            Some((_, sum)) => *sum += creator,
            None => stretches.push((counting, creator.clone())),
        }
    }
    let booked = |(counting, sum): &(&Counting, Exact)| match counting.by_event {
        true => counting.units(sum),
        false => counting.units(&in_units(sum, &counting.worth, counting.rounding)?),
    };
    stretches.iter().map(booked).sum()
}

impl Draft {
    /// Adds what was earned while the unit was worth this.
    pub fn add_units<'p>(&mut self, worth: &Exact, exact: &Exact, shares: impl Iterator<Item = (u32, &'p Exact)>) {
        let place = self.units.iter().position(|stretch| stretch.worth == *worth).unwrap_or(self.units.len());
        if place == self.units.len() {
            self.units.push(Stretch { worth: worth.clone(), exact: Exact::ZERO, parts: Vec::new() });
        }
        let stretch = &mut self.units[place];
        stretch.exact += exact;
        for (party, share) in shares {
            match stretch.parts.iter_mut().find(|(p, _)| *p == party) {
                Some((_, sum)) => *sum += exact * share,
                None => stretch.parts.push((party, exact * share)),
            }
        }
    }

    /// Rounds each stretch in the unit, and books what that is worth. What rounding adds or takes is spread over the parties' parts
    /// by their size, so that parts of one sign keep their proportion, and none grows where others are taken back.
    ///
    /// # Errors
    /// A number beyond i128 (gate).
    pub fn book_units(&mut self, mode: Rounding) -> Result<()> {
        for stretch in std::mem::take(&mut self.units) {
            let whole = in_units(&stretch.exact, &stretch.worth, mode)?;
            let size: Exact = stretch.parts.iter().map(|(_, part)| part.abs()).sum();
            let more = (&whole - &stretch.exact).checked_div(&size).unwrap_or_default();
            self.booked += &whole;
            stretch.parts.into_iter().for_each(|(party, part)| {
                let share = &part.abs() * &more;
                self.add_part(party, &(part + share));
            });
        }
        Ok(())
    }
}
