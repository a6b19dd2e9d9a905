//! The largest remainder: exact parts become integers that add up to the rounded total (contract, section 3, "split").
//!
//! It works on the magnitude of the whole: where the parts add up to less than zero, all signs are turned, and turned
//! back at the end. Each part is then floored, and the cents that are left go to the largest remainders, one each.
//!
//! Parts of both signs need nothing more, because floor means downwards, for a part below zero too (-0.9 has the
//! floor -1 and the remainder 0.1). As the total is the sum S rounded either way, it is at least the sum of the floors
//! and at most the sum of the ceilings; so the cents that are left are never more than the parts that have a
//! remainder. Hence the results add up to the total, every one stands less than 1 from its exact part, an exact
//! integer stays as it is, and no other division of the total is nearer to the exact parts in the sum of distances.
//! Where S is 0 the first part that is not 0 gives the sign, so that turned signs give turned results there too.

use std::fmt;
use std::str::FromStr;

use super::exact::Exact;
use crate::error::{Error, Result};

/// Who gets the last cents where more parts with one and the same remainder want them than there are cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OddCents {
    /// The first parts, in the order given.
    #[default]
    First,
    /// In the order given, starting at index `period ordinal mod parts`.
    Rotate,
    /// None of them: the platform.
    Platform,
}

const NAMES: [(&str, OddCents); 3] =
    [("first", OddCents::First), ("rotate", OddCents::Rotate), ("platform", OddCents::Platform)];

impl FromStr for OddCents {
    type Err = Error;

    /// # Errors
    /// Anything but `first`, `rotate`, `platform` (usage).
    fn from_str(text: &str) -> Result<Self> {
        let known = NAMES.iter().find(|(name, _)| *name == text);
        known
            .map(|(_, ties)| *ties)
            .ok_or_else(|| Error::usage("unknown rule for odd cents").expected("first, rotate or platform").found(text))
    }
}

impl fmt::Display for OddCents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(_, ties)| ties == self).map_or("", |(name, _)| name);
        f.pad(name)
    }
}

/// A total divided: the minors and the platform's cents add up to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allocation {
    /// One per part, in the order of the parts, minor units.
    pub minors: Vec<i128>,
    /// Tied cents that went to the platform, minor units; 0 unless under [`OddCents::Platform`].
    pub platform: i128,
}

/// Divides a total over exact parts by largest remainder; `period_ordinal` is year x 12 + month - 1.
///
/// # Errors
/// A part is beyond `i128` (gate). The total is not the parts' sum rounded up or down (a bug of the caller).
pub fn allocate(total: i128, parts: &[Exact], ties: OddCents, period_ordinal: i32) -> Result<Allocation> {
    if let [only] = parts {
        check_total(total, only)?;
        return Ok(Allocation { minors: vec![total], platform: 0 });
    }
    let sum: Exact = parts.iter().sum();
    check_total(total, &sum)?;
    let turned = is_turned(&sum, parts);
    let turn = |value: i128| if turned { -value } else { value };
    let (mut minors, rests) = floors(parts, turned)?;
    let left = cents_left(turn(total), &minors)?;
    let platform = share_out(left, &rests, ties, period_ordinal, &mut minors);
    minors.iter_mut().for_each(|minor| *minor = turn(*minor));
    Ok(Allocation { minors, platform: turn(platform) })
}

/// [`allocate`] with ties by the order given, as for channels and deductions.
///
/// # Errors
/// As [`allocate`].
pub fn allocate_by(total: i128, parts: &[Exact]) -> Result<Vec<i128>> {
    Ok(allocate(total, parts, OddCents::First, 0)?.minors)
}

fn check_total(total: i128, sum: &Exact) -> Result<()> {
    let fits = match sum.floor_i128() {
        Some(floor) => total == floor || total.checked_sub(1) == Some(floor) && !sum.is_integer(),
        None => (Exact::from_int(total) - sum).abs() < Exact::ONE,
    };
    if fits {
        return Ok(());
    }
    let expected = format!("their sum, {sum}, rounded up or down");
    Err(Error::bug("a total does not fit its exact parts").expected(expected).found(total.to_string()))
}

/// Whether the whole is below zero; a whole of 0 goes by the first part that is not.
fn is_turned(sum: &Exact, parts: &[Exact]) -> bool {
    let mut whole_then_parts = std::iter::once(sum).chain(parts);
    whole_then_parts.find(|value| !value.is_zero()).is_some_and(Exact::is_negative)
}

/// The floor of every part, and what stands above it.
fn floors(parts: &[Exact], turned: bool) -> Result<(Vec<i128>, Vec<Exact>)> {
    let (mut floors, mut rests) = (Vec::with_capacity(parts.len()), Vec::with_capacity(parts.len()));
    for part in parts {
        let opposite = turned.then(|| -part);
        let part = opposite.as_ref().unwrap_or(part);
        let split = part.floor_and_rest().filter(|(floor, _)| floor.unsigned_abs() < i128::MAX.unsigned_abs());
        let (floor, rest) = split.ok_or_else(|| beyond(part))?;
        floors.push(floor);
        rests.push(rest);
    }
    Ok((floors, rests))
}

/// How many cents the floors leave of the total; never more than there are remainders.
fn cents_left(total: i128, floors: &[i128]) -> Result<usize> {
    let left = floors.iter().try_fold(total, |left, floor| left.checked_sub(*floor));
    let left = left.and_then(|left| usize::try_from(left).ok());
    left.filter(|left| *left <= floors.len()).ok_or_else(|| Error::bug("the floors of a total's parts miss it"))
}

fn beyond(part: &Exact) -> Error {
    Error::gate("a part of an amount is beyond 128 bits").found(part.to_string())
}

/// Adds the cents that are left to the floors, one each; gives the tied cents that go to the platform.
fn share_out(left: usize, rests: &[Exact], ties: OddCents, period_ordinal: i32, minors: &mut [i128]) -> i128 {
    let Some(last) = left.checked_sub(1) else { return 0 };
    let mut order: Vec<usize> = (0..rests.len()).collect();
    order.sort_by(|a, b| rests[*b].cmp(&rests[*a]));
    let last = &rests[order[last]];
    let clear = order.partition_point(|at| rests[*at] > *last);
    let (clear, rivals) = order.split_at(clear);
    let rivals = &rivals[..rivals.partition_point(|at| rests[*at] == *last)];
    clear.iter().for_each(|winner| minors[*winner] += 1);
    let cents = left - clear.len();
    if ties == OddCents::Platform && cents < rivals.len() {
        return i128::try_from(cents).unwrap_or(i128::MAX);
    }
    let start = if ties == OddCents::Rotate { start_of_turn(period_ordinal, rests.len()) } else { 0 };
    let (before, from) = rivals.split_at(rivals.partition_point(|at| *at < start));
    from.iter().chain(before).take(cents).for_each(|winner| minors[*winner] += 1);
    0
}

/// The index that a period starts from: its ordinal modulo the number of parts.
fn start_of_turn(period_ordinal: i32, parts: usize) -> usize {
    let parts = i64::try_from(parts).unwrap_or(i64::MAX);
    usize::try_from(i64::from(period_ordinal).rem_euclid(parts)).unwrap_or(0)
}
