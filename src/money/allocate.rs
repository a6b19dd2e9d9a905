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

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use num_integer::Integer;
use smallvec::SmallVec;

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
    let mut minors = Vec::with_capacity(parts.len());
    let platform = allocate_into(total, parts, ties, period_ordinal, &mut minors)?;
    Ok(Allocation { minors, platform })
}

/// [`allocate`] for who divides millions: the minors stand in a list that is used again, in place of what it held; gives the
/// platform's tied cents.
///
/// # Errors
/// As [`allocate`].
pub fn allocate_into(
    total: i128,
    parts: &[Exact],
    ties: OddCents,
    period_ordinal: i32,
    minors: &mut Vec<i128>,
) -> Result<i128> {
    minors.clear();
    if let [only] = parts {
        check_total(total, only)?;
        minors.push(total);
        return Ok(0);
    }
    let shared = Shared { total, ties, period_ordinal };
    if let Some(over) = OverOne::of(parts).filter(|_| i64::try_from(total).is_ok()) {
        if !over.has(total) {
            return Err(misfit(total, &parts.iter().sum()));
        }
        let turned = over.is_turned();
        let rests = over.floors(turned, minors);
        return shared.out(turned, &rests, minors);
    }
    let sum: Exact = parts.iter().sum();
    check_total(total, &sum)?;
    let turned = is_turned(&sum, parts);
    let rests = floors(parts, turned, minors)?;
    shared.out(turned, &rests, minors)
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
        Some(floor) => is_next_to(total, floor, sum.is_integer()),
        None => (Exact::from_int(total) - sum).abs() < Exact::ONE,
    };
    if fits { Ok(()) } else { Err(misfit(total, sum)) }
}

/// Is a total the floor, or the ceiling?
fn is_next_to(total: i128, floor: i128, integer: bool) -> bool {
    total == floor || !integer && total.checked_sub(1) == Some(floor)
}

#[cold]
fn misfit(total: i128, sum: &Exact) -> Error {
    let expected = format!("their sum, {sum}, rounded up or down");
    Error::bug("a total does not fit its exact parts").expected(expected).found(total.to_string())
}

/// A list that needs no memory of its own while it is short, as almost all are.
type Few<T> = SmallVec<[T; 4]>;

/// Parts over one denominator, where 64 bits hold them: integers, which are compared and divided as such.
struct OverOne {
    parts: Few<i64>,
    denominator: i64,
    sum: i64,
}

impl OverOne {
    #[inline]
    fn of(parts: &[Exact]) -> Option<Self> {
        let mut denominator = 1_i64;
        for part in parts {
            let (_, d) = part.small()?;
            if d != denominator && denominator % d != 0 {
                denominator = (d / d.gcd(&denominator)).checked_mul(denominator)?;
            }
        }
        let (mut over, mut sum) = (Few::new(), 0_i64);
        for part in parts {
            let (n, d) = part.small()?;
            let part = if d == denominator { n } else { n.checked_mul(denominator / d)? };
            over.push(part.checked_neg().map(|_| part)?);
            sum = sum.checked_add(part)?;
        }
        Some(Self { parts: over, denominator, sum })
    }

    /// Is a total the sum, rounded up or down?
    fn has(&self, total: i128) -> bool {
        let off = total * i128::from(self.denominator) - i128::from(self.sum);
        -i128::from(self.denominator) < off && off < self.denominator.into()
    }

    /// [`is_turned`].
    fn is_turned(&self) -> bool {
        self.sum < 0 || self.sum == 0 && self.parts.iter().find(|part| **part != 0).is_some_and(|first| *first < 0)
    }

    /// [`floors`].
    fn floors(&self, turned: bool, floors: &mut Vec<i128>) -> Few<i64> {
        let mut rests = Few::new();
        for part in &self.parts {
            let (floor, rest) = if turned { -part } else { *part }.div_mod_floor(&self.denominator);
            floors.push(floor.into());
            rests.push(rest);
        }
        rests
    }
}

/// Whether the whole is below zero; a whole of 0 goes by the first part that is not.
fn is_turned(sum: &Exact, parts: &[Exact]) -> bool {
    let mut whole_then_parts = std::iter::once(sum).chain(parts);
    whole_then_parts.find(|value| !value.is_zero()).is_some_and(Exact::is_negative)
}

/// The floor of every part, and what stands above it.
fn floors(parts: &[Exact], turned: bool, floors: &mut Vec<i128>) -> Result<Vec<Exact>> {
    let mut rests = Vec::with_capacity(parts.len());
    for part in parts {
        let opposite = turned.then(|| -part);
        let part = opposite.as_ref().unwrap_or(part);
        let split = part.floor_and_rest().filter(|(floor, _)| floor.unsigned_abs() < i128::MAX.unsigned_abs());
        let (floor, rest) = split.ok_or_else(|| beyond(part))?;
        floors.push(floor);
        rests.push(rest);
    }
    Ok(rests)
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

/// A total that is shared out, and by which rule.
struct Shared {
    total: i128,
    ties: OddCents,
    period_ordinal: i32,
}

impl Shared {
    /// Adds the cents that are left to the floors, one each, and turns the signs back; gives the tied cents that go to the
    /// platform.
    fn out<R: Ord>(&self, turned: bool, rests: &[R], minors: &mut [i128]) -> Result<i128> {
        let left = cents_left(if turned { -self.total } else { self.total }, minors)?;
        let platform = self.cents(left, rests, minors);
        if turned {
            minors.iter_mut().for_each(|minor| *minor = -*minor);
        }
        Ok(if turned { -platform } else { platform })
    }

    fn cents<R: Ord>(&self, left: usize, rests: &[R], minors: &mut [i128]) -> i128 {
        let Some(last) = left.checked_sub(1) else { return 0 };
        if let (0, Some(winner)) = (last, one_winner(rests)) {
            minors[winner] += 1;
            return 0;
        }
        let mut order: Few<usize> = (0..rests.len()).collect();
        order.sort_by(|a, b| rests[*b].cmp(&rests[*a]));
        let last = &rests[order[last]];
        let clear = order.partition_point(|at| rests[*at] > *last);
        let (clear, rivals) = order.split_at(clear);
        let rivals = &rivals[..rivals.partition_point(|at| rests[*at] == *last)];
        clear.iter().for_each(|winner| minors[*winner] += 1);
        let cents = left - clear.len();
        if self.ties == OddCents::Platform && cents < rivals.len() {
            return i128::try_from(cents).unwrap_or(i128::MAX);
        }
        let start = if self.ties == OddCents::Rotate { start_of_turn(self.period_ordinal, rests.len()) } else { 0 };
        let (before, from) = rivals.split_at(rivals.partition_point(|at| *at < start));
        from.iter().chain(before).take(cents).for_each(|winner| minors[*winner] += 1);
        0
    }
}

/// Who has the largest remainder, where nobody else has it too.
fn one_winner<R: Ord>(rests: &[R]) -> Option<usize> {
    let (mut winner, mut rivals) = (0, 0);
    for (at, rest) in rests.iter().enumerate().skip(1) {
        match rest.cmp(&rests[winner]) {
            Ordering::Greater => (winner, rivals) = (at, 0),
            Ordering::Equal => rivals += 1,
            Ordering::Less => {}
        }
    }
    (rivals == 0).then_some(winner)
}

/// The index that a period starts from: its ordinal modulo the number of parts.
fn start_of_turn(period_ordinal: i32, parts: usize) -> usize {
    let parts = i64::try_from(parts).unwrap_or(i64::MAX);
    usize::try_from(i64::from(period_ordinal).rem_euclid(parts)).unwrap_or(0)
}
