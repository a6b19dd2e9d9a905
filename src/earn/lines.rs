//! Earning lines packed: a million of them, with their parts and deductions, in a few vectors.

use std::hash::Hash;

use rustc_hash::FxHashMap;

use super::line::{Line, LineDeduction, LineKey, LineKind, LinePart};
use crate::error::{Error, Result};
use crate::money::{Currency, Exact};

/// A line's part as it is kept: the currency and the rate stand once for all parts that have them. Amounts of more than 32
/// bits are rare and stand elsewhere.
#[derive(Clone, Copy, Debug)]
struct Packed {
    party: u32,
    /// Place of currency and rate; [`LONG`] where `minor` is a place among the long parts.
    paid: u32,
    minor: i32,
    /// 0 without a rate.
    payout: i32,
}

/// A part whose amounts are long.
#[derive(Clone, Copy, Debug)]
struct LongPart {
    paid: u32,
    minor: i64,
    payout: i64,
}

/// No currency and rate have this place.
const LONG: u32 = u32::MAX;

/// A line, its kind by number, and where its deductions and parts end.
#[derive(Clone, Copy, Debug)]
struct Row {
    creator: u32,
    kind: u32,
    /// Events, gross, tax, fee, creator, platform.
    amounts: [i32; 6],
    /// Numerator and denominator; a denominator of 0 where the numerator is a place among the long lines.
    rounding: (i32, u32),
    deductions: u32,
    parts: u32,
}

/// Values numbered in the order in which they were met.
#[derive(Clone, Debug)]
struct Numbered<T> {
    all: Vec<T>,
    numbers: FxHashMap<T, u32>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { all: Vec::new(), numbers: FxHashMap::default() }
    }
}

impl<T: Clone + Eq + Hash> Numbered<T> {
    fn number(&mut self, value: T) -> Result<u32> {
        if let Some(number) = self.numbers.get(&value) {
            return Ok(*number);
        }
        let number = place(self.all.len())?;
        self.all.push(value.clone());
        self.numbers.insert(value, number);
        Ok(number)
    }

    /// What is numbered, for who asks no more for numbers; what is left is empty.
    fn take(&mut self) -> Self {
        self.numbers.clear();
        Self { all: std::mem::take(&mut self.all), numbers: FxHashMap::default() }
    }
}

/// Lines in the order of their keys, none twice.
#[derive(Clone, Debug, Default)]
pub struct LinePiece {
    rows: Vec<Row>,
    deductions: Vec<LineDeduction>,
    parts: Vec<Packed>,
    kinds: Numbered<LineKind>,
    /// Payout currency and rate.
    paid: Numbered<(Currency, Option<Exact>)>,
    /// Lines and parts that are too long for their rows.
    long: Vec<Line>,
    long_parts: Vec<LongPart>,
}

impl LinePiece {
    /// Adds a line, whose key stands behind those before it.
    ///
    /// # Errors
    /// More than 2^32 parts or deductions (gate).
    pub fn push(
        &mut self,
        key: LineKey,
        line: Line,
        deductions: impl IntoIterator<Item = LineDeduction>,
        parts: impl IntoIterator<Item = LinePart>,
    ) -> Result<()> {
        deductions.into_iter().for_each(|deduction| self.add_deduction(deduction));
        for LinePart { party, payout_currency, rate, minor, payout } in parts {
            let paid = self.paid(payout_currency, rate.as_ref())?;
            self.add_part(party, paid, minor, payout)?;
        }
        let kind = self.kind(key.kind())?;
        self.end(key.creator, kind, line)
    }

    /// Adds a deduction of the line that ends next.
    pub fn add_deduction(&mut self, deduction: LineDeduction) {
        self.deductions.push(deduction);
    }

    /// Adds a part of the line that ends next; `paid` is the number of its currency and rate.
    ///
    /// # Errors
    /// More than 2^31 parts whose amounts are long (gate).
    #[inline]
    pub fn add_part(&mut self, party: u32, paid: u32, minor: i64, payout: Option<i64>) -> Result<()> {
        let payout = payout.unwrap_or(0);
        let packed = match (i32::try_from(minor), i32::try_from(payout)) {
            (Ok(minor), Ok(payout)) => Packed { party, paid, minor, payout },
            _ => {
                self.long_parts.push(LongPart { paid, minor, payout });
                Packed { party, paid: LONG, minor: long_place(self.long_parts.len() - 1)?, payout: 0 }
            }
        };
        self.parts.push(packed);
        Ok(())
    }

    /// The number of a payout currency and a rate.
    ///
    /// # Errors
    /// There are more than 2^32 (gate).
    pub fn paid(&mut self, currency: Currency, rate: Option<&Exact>) -> Result<u32> {
        self.paid.number((currency, rate.cloned()))
    }

    /// The number of a kind of line.
    ///
    /// # Errors
    /// There are more than 2^32 (gate).
    pub fn kind(&mut self, kind: LineKind) -> Result<u32> {
        self.kinds.number(kind)
    }

    /// Ends a creator's line of a kind, by its number, whose key stands behind those before it, with the deductions and
    /// parts since the one before.
    ///
    /// # Errors
    /// More than 2^32 parts or deductions (gate).
    pub fn end(&mut self, creator: u32, kind: u32, line: Line) -> Result<()> {
        let (deductions, parts) = (place(self.deductions.len())?, place(self.parts.len())?);
        let (amounts, rounding) = match short(&line) {
            Some(short) => short,
            None => {
                self.long.push(line);
                ([0; 6], (long_place(self.long.len() - 1)?, 0))
            }
        };
        self.rows.push(Row { creator, kind, amounts, rounding, deductions, parts });
        Ok(())
    }

    /// All that was added; what is left is empty, with room for as much again.
    pub fn take(&mut self) -> Self {
        Self {
            rows: all_of(&mut self.rows),
            deductions: all_of(&mut self.deductions),
            parts: all_of(&mut self.parts),
            kinds: self.kinds.take(),
            paid: self.paid.take(),
            long: std::mem::take(&mut self.long),
            long_parts: std::mem::take(&mut self.long_parts),
        }
    }

    fn line(&self, at: usize) -> LineView<'_> {
        let (first_deduction, first_part) =
            at.checked_sub(1).map_or((0, 0), |before| (self.rows[before].deductions, self.rows[before].parts));
        let row = &self.rows[at];
        LineView {
            key: self.kinds.all[row.kind as usize].of(row.creator),
            line: match row.rounding {
                (long, 0) => self.long[usize::try_from(long).unwrap_or(usize::MAX)].clone(),
                rounding => row.line(rounding),
            },
            deductions: &self.deductions[first_deduction as usize..row.deductions as usize],
            packed: &self.parts[first_part as usize..row.parts as usize],
            piece: self,
        }
    }
}

impl Row {
    fn line(&self, rounding: (i32, u32)) -> Line {
        let [events, gross, tax, fee, creator, platform] = self.amounts.map(i64::from);
        Line { events, gross, tax, fee, creator, platform, rounding: Exact::over(rounding.0, rounding.1) }
    }
}

/// The amounts of a line and its rounding, where 32 bits hold each.
#[inline]
fn short(line: &Line) -> Option<([i32; 6], (i32, u32))> {
    let Line { events, gross, tax, fee, creator, platform, rounding } = line;
    let short = |amount: &i64| i32::try_from(*amount).ok();
    let amounts = [short(events)?, short(gross)?, short(tax)?, short(fee)?, short(creator)?, short(platform)?];
    Some((amounts, rounding.short()?))
}

/// All of a list, whose successor gets room for an eighth more: it is mostly as long. Room that nothing is written to takes
/// no memory.
fn all_of<T>(list: &mut Vec<T>) -> Vec<T> {
    let room = list.len() + list.len() / 8;
    std::mem::replace(list, Vec::with_capacity(room))
}

/// The place of what is too long for its row.
fn long_place(at: usize) -> Result<i32> {
    i32::try_from(at).map_err(|_| Error::gate("more long earning lines than can be numbered").found(at.to_string()))
}

fn place(at: usize) -> Result<u32> {
    u32::try_from(at).map_err(|_| Error::gate("more earning lines than can be numbered").found(at.to_string()))
}

/// A line with its deductions and parts.
#[derive(Clone, Debug)]
pub struct LineView<'l> {
    pub key: LineKey,
    pub line: Line,
    pub deductions: &'l [LineDeduction],
    packed: &'l [Packed],
    piece: &'l LinePiece,
}

impl<'l> LineView<'l> {
    /// Its parts, in order of position.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = LinePart> + use<'l> {
        let LinePiece { paid, long_parts, .. } = self.piece;
        self.packed.iter().map(move |packed| {
            let Packed { party, paid: place, minor, payout } = *packed;
            let LongPart { paid: place, minor, payout } = match place {
                LONG => long_parts[usize::try_from(minor).unwrap_or(usize::MAX)],
                paid => LongPart { paid, minor: minor.into(), payout: payout.into() },
            };
            let (payout_currency, rate) = paid.all[place as usize].clone();
            let payout = rate.is_some().then_some(payout);
            LinePart { party, payout_currency, rate, minor, payout }
        })
    }
}

impl PartialEq for LineView<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.key, &self.line, self.deductions) == (other.key, &other.line, other.deductions)
            && self.parts().eq(other.parts())
    }
}

/// Lines in the order of their keys, none twice; kept in the pieces in which they were made.
#[derive(Clone, Debug, Default)]
pub struct Lines(Vec<LinePiece>);

impl Lines {
    /// Adds a piece whose keys stand behind those before it.
    pub fn push(&mut self, piece: LinePiece) {
        self.0.push(piece);
    }

    /// These lines and further ones, each with its one part, in the order of their keys.
    ///
    /// # Errors
    /// More than 2^32 parts or deductions (gate).
    pub fn with(&self, mut more: Vec<(LineKey, Line, LinePart)>) -> Result<Self> {
        more.sort_by_key(|(key, ..)| *key);
        let (mut merged, mut more) = (LinePiece::default(), more.into_iter().peekable());
        for view in self.iter() {
            while let Some((key, line, part)) = more.next_if(|(key, ..)| *key < view.key) {
                merged.push(key, line, [], [part])?;
            }
            merged.push(view.key, view.line.clone(), view.deductions.iter().copied(), view.parts())?;
        }
        for (key, line, part) in more {
            merged.push(key, line, [], [part])?;
        }
        Ok(Self(vec![merged.take()]))
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = LineView<'_>> {
        self.0.iter().flat_map(|piece| (0..piece.rows.len()).map(|at| piece.line(at)))
    }

    /// How many lines, deductions and parts there are.
    #[must_use]
    pub fn sizes(&self) -> [usize; 3] {
        let of = |piece: &LinePiece| [piece.rows.len(), piece.deductions.len(), piece.parts.len()];
        self.0.iter().map(of).fold([0; 3], |sum, more| [0, 1, 2].map(|at| sum[at] + more[at]))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.iter().map(|piece| piece.rows.len()).sum()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|piece| piece.rows.is_empty())
    }
}
