//! Rows creator after creator: sorted in ranges of creators, side by side.

use std::ops::Range;

use rayon::prelude::*;

use super::link::Rated;
use super::{Classes, Known};
use crate::intake::{NONE, Record, Rows, Stage};

/// Rows of which a chunk is divided at a time: their records stay in a processor's cache while it is.
const DIVIDED: usize = 1 << 15;
/// Creators are sorted in about so many ranges of them.
const RANGES: usize = 64;
/// So many records are fetched together.
pub const FETCHED: usize = 64;

/// Reads the records of rows that are looked at next. They lie far apart: asked for together, they come together, and not
/// each when the one before has been dealt with.
pub fn fetch(rows: &Rows, next: &[Rated]) {
    let sum = next.iter().fold(0, |sum, rated| sum ^ rows.records[rated.row as usize].creator);
    std::hint::black_box(sum);
}

/// Ranges of creators with about as many rows each; those without a creator count as one behind the others.
pub struct Ranges {
    /// By number of the creator: which range it is in.
    range_of: Vec<u8>,
    ranges: Vec<Range<usize>>,
}

/// The place of a row's creator among all.
fn place(record: &Record, creators: usize) -> usize {
    if record.creator == NONE { creators } else { record.creator as usize }
}

/// A chunk of the rows, range after range.
struct Chunk {
    rows: Vec<(u32, Rated)>,
    /// Where each range begins, and the last ends.
    from: Vec<usize>,
}

impl Ranges {
    /// For the standing rows that take nothing back.
    pub fn of(known: &Known<'_>) -> Self {
        let creators = known.rows.names.len();
        let count = |mut counts: Vec<u32>, some: &[(u32, Stage)]| {
            charges(known.rows, some).for_each(|row| counts[place(&known.rows.records[row as usize], creators)] += 1);
            counts
        };
        let add = |mut counts: Vec<u32>, more: Vec<u32>| {
            counts.iter_mut().zip(more).for_each(|(count, more)| *count += more);
            counts
        };
        let none = || vec![0_u32; creators + 1];
        let chunks = known.standing.par_chunks(DIVIDED).with_min_len(known.standing.len() / DIVIDED / 16 + 1);
        let ranges = even(&chunks.fold(none, count).reduce(none, add));
        let mut range_of = vec![0; creators + 1];
        for (number, range) in (0_u8..).zip(&ranges) {
            range_of[range.clone()].fill(number);
        }
        Self { range_of, ranges }
    }

    /// Hands the rows of each range on, creator after creator and ascending within each, and gives the answers.
    pub fn sorted<T: Send>(
        &self,
        known: &Known<'_>,
        classes: &Classes,
        hand: impl Fn(Vec<Rated>) -> T + Sync,
    ) -> Vec<T> {
        let divide = |some: &[(u32, Stage)]| self.divide(known.rows, classes, some);
        let chunks: Vec<Chunk> = known.standing.par_chunks(DIVIDED).map(divide).collect();
        let numbers = (0..self.ranges.len()).into_par_iter().with_max_len(1);
        numbers.map(|number| hand(self.sort(number, &chunks))).collect()
    }

    /// Divides rows by the ranges of their creators, which come along.
    fn divide(&self, rows: &Rows, classes: &Classes, some: &[(u32, Stage)]) -> Chunk {
        let creators = self.range_of.len() - 1;
        let range_of = |row: u32| usize::from(self.range_of[place(&rows.records[row as usize], creators)]);
        let mut from = vec![0; self.ranges.len() + 1];
        charges(rows, some).for_each(|row| from[range_of(row) + 1] += 1);
        for range in 1..from.len() {
            from[range] += from[range - 1];
        }
        let mut divided = vec![(0, Rated { row: 0, class: 0 }); from.last().copied().unwrap_or(0)];
        let mut next = from.clone();
        for row in charges(rows, some) {
            let creator = place(&rows.records[row as usize], creators);
            let to = &mut next[range_of(row)];
            divided[*to] = (u32::try_from(creator).unwrap_or(NONE), Rated { row, class: classes.of(row) });
            *to += 1;
        }
        Chunk { rows: divided, from }
    }

    /// The rows of a range in all chunks, creator after creator.
    fn sort(&self, number: usize, chunks: &[Chunk]) -> Vec<Rated> {
        let range = &self.ranges[number];
        let parts = || chunks.iter().flat_map(|chunk| &chunk.rows[chunk.from[number]..chunk.from[number + 1]]);
        let mut next = vec![0; range.len() + 1];
        parts().for_each(|(creator, _)| next[*creator as usize - range.start + 1] += 1);
        for at in 1..next.len() {
            next[at] += next[at - 1];
        }
        let mut sorted = vec![Rated { row: 0, class: 0 }; next.last().copied().unwrap_or(0)];
        for (creator, rated) in parts() {
            let to = &mut next[*creator as usize - range.start];
            sorted[*to] = *rated;
            *to += 1;
        }
        sorted
    }

    /// Rows that are rated, range after range, and further ones, each behind all others of its creator.
    pub fn with(&self, rows: &Rows, mut rated: Vec<Vec<Rated>>, mut more: Vec<Rated>) -> Vec<Vec<Rated>> {
        let creator = |rated: &Rated| rows.records[rated.row as usize].creator;
        let range = |rated: &Rated| self.range_of.get(creator(rated) as usize).copied();
        more.sort_by_key(creator);
        let parts: Vec<&[Rated]> = more.chunk_by(|a, b| range(a) == range(b)).collect();
        let of_range = |number: usize| {
            let part = parts.binary_search_by_key(&Some(number), |part| range(&part[0]).map(usize::from));
            part.map_or(&[][..], |at| parts[at])
        };
        rated.par_iter_mut().enumerate().for_each(|(number, rated)| merge(rated, of_range(number), creator));
        rated
    }
}

/// Merges further rows, sorted by creator, into rows that are.
fn merge(rated: &mut Vec<Rated>, more: &[Rated], creator: impl Fn(&Rated) -> u32) {
    if more.is_empty() {
        return;
    }
    let mut all = Vec::with_capacity(rated.len() + more.len());
    let mut from = 0;
    for same in more.chunk_by(|a, b| creator(a) == creator(b)) {
        let to = from + rated[from..].partition_point(|other| creator(other) <= creator(&same[0]));
        all.extend_from_slice(&rated[from..to]);
        all.extend_from_slice(same);
        from = to;
    }
    all.extend_from_slice(&rated[from..]);
    *rated = all;
}

/// Rows that take nothing back.
fn charges<'a>(rows: &'a Rows, some: &'a [(u32, Stage)]) -> impl Iterator<Item = u32> + 'a {
    some.iter().map(|(row, _)| *row).filter(|row| !rows.effect(*row).takes_back())
}

/// Ranges of creators with about as many rows each, by how many rows each creator has.
fn even(counts: &[u32]) -> Vec<Range<usize>> {
    let all: usize = counts.iter().map(|count| *count as usize).sum();
    let most = all / RANGES + 1;
    let (mut ranges, mut first, mut rows) = (Vec::new(), 0, 0);
    for (at, count) in counts.iter().enumerate() {
        rows += *count as usize;
        if rows >= most {
            ranges.push(first..at + 1);
            (first, rows) = (at + 1, 0);
        }
    }
    if first < counts.len() {
        ranges.push(first..counts.len());
    }
    ranges
}
