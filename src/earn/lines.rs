//! Earning lines packed: a million of them, with their parts and deductions, in a few vectors.

use rustc_hash::FxHashMap;

use super::line::{Line, LineDeduction, LineKey, LinePart};
use crate::error::{Error, Result};
use crate::money::{Currency, Exact};

/// A line's part as it is kept: the currency and the rate stand once for all parts that have them.
#[derive(Clone, Copy, Debug)]
struct Packed {
    party: u32,
    /// Place of currency and rate.
    paid: u32,
    minor: i64,
    /// 0 without a rate.
    payout: i64,
}

/// A line, and where its deductions and parts end.
#[derive(Clone, Debug)]
struct Row {
    key: LineKey,
    line: Line,
    deductions: u32,
    parts: u32,
}

/// Payout currency and rate, numbered in the order in which they were met.
#[derive(Clone, Debug, Default)]
struct Paid {
    all: Vec<(Currency, Option<Exact>)>,
    numbers: FxHashMap<(Currency, Option<Exact>), u32>,
}

/// Lines in the order of their keys, none twice.
#[derive(Clone, Debug, Default)]
pub struct LinePiece {
    rows: Vec<Row>,
    deductions: Vec<LineDeduction>,
    parts: Vec<Packed>,
    paid: Paid,
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
            let paid = self.number(payout_currency, rate.as_ref())?;
            self.add_part(party, paid, minor, payout);
        }
        self.end(key, line)
    }

    /// Adds a deduction of the line that ends next.
    pub fn add_deduction(&mut self, deduction: LineDeduction) {
        self.deductions.push(deduction);
    }

    /// Adds a part of the line that ends next; `paid` is the number of its currency and rate.
    pub fn add_part(&mut self, party: u32, paid: u32, minor: i64, payout: Option<i64>) {
        self.parts.push(Packed { party, paid, minor, payout: payout.unwrap_or(0) });
    }

    /// The number of a payout currency and a rate.
    ///
    /// # Errors
    /// There are more than 2^32 (gate).
    pub fn number(&mut self, currency: Currency, rate: Option<&Exact>) -> Result<u32> {
        let key = (currency, rate.cloned());
        if let Some(number) = self.paid.numbers.get(&key) {
            return Ok(*number);
        }
        let number = place(self.paid.all.len())?;
        self.paid.all.push(key.clone());
        self.paid.numbers.insert(key, number);
        Ok(number)
    }

    /// Ends a line, whose key stands behind those before it, with the deductions and parts since the one before.
    ///
    /// # Errors
    /// More than 2^32 parts or deductions (gate).
    pub fn end(&mut self, key: LineKey, line: Line) -> Result<()> {
        let (deductions, parts) = (place(self.deductions.len())?, place(self.parts.len())?);
        self.rows.push(Row { key, line, deductions, parts });
        Ok(())
    }

    /// All that was added, without room for more; what is left is empty, and keeps its room.
    pub fn take(&mut self) -> Self {
        let taken = Self {
            rows: self.rows.drain(..).collect(),
            deductions: self.deductions.clone(),
            parts: self.parts.clone(),
            paid: Paid { all: std::mem::take(&mut self.paid.all), numbers: FxHashMap::default() },
        };
        self.deductions.clear();
        self.parts.clear();
        self.paid.numbers.clear();
        taken
    }

    fn line(&self, at: usize) -> LineView<'_> {
        let (first_deduction, first_part) =
            at.checked_sub(1).map_or((0, 0), |before| (self.rows[before].deductions, self.rows[before].parts));
        let row = &self.rows[at];
        LineView {
            key: row.key,
            line: &row.line,
            deductions: &self.deductions[first_deduction as usize..row.deductions as usize],
            packed: &self.parts[first_part as usize..row.parts as usize],
            paid: &self.paid.all,
        }
    }
}

fn place(at: usize) -> Result<u32> {
    u32::try_from(at).map_err(|_| Error::gate("more earning lines than can be numbered").found(at.to_string()))
}

/// A line with its deductions and parts.
#[derive(Clone, Copy, Debug)]
pub struct LineView<'l> {
    pub key: LineKey,
    pub line: &'l Line,
    pub deductions: &'l [LineDeduction],
    packed: &'l [Packed],
    paid: &'l [(Currency, Option<Exact>)],
}

impl<'l> LineView<'l> {
    /// Its parts, in order of position.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = LinePart> + use<'l> {
        let paid = self.paid;
        self.packed.iter().map(move |packed| {
            let (payout_currency, rate) = paid[packed.paid as usize].clone();
            let payout = rate.is_some().then_some(packed.payout);
            LinePart { party: packed.party, payout_currency, rate, minor: packed.minor, payout }
        })
    }
}

impl PartialEq for LineView<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.key, self.line, self.deductions) == (other.key, other.line, other.deductions)
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
