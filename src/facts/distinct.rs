//! How many different things a creator had in a window, for every window at once.
//!
//! A thing that stands at a place (a day, or a month) is the last of its kind in all windows that begin after the place where
//! it stood before, and not after this one. So each place of each thing adds one to a stretch of windows, and the count of
//! any window is found by where the window begins.

use std::collections::BTreeSet;

use crate::period::Period;

/// A thing at a place, and the closes that counted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    pub thing: u32,
    /// A day, or the ordinal of a month.
    pub place: i32,
    /// The ordinal of a period.
    pub since: i32,
    /// That of the first period after it whose close did not count it; the largest number where it counts now.
    pub gone: i32,
}

/// The counts of one creator.
#[derive(Clone, Debug, Default)]
pub struct Different {
    /// Where only what was known to a close counts: the counts as of each period whose close first knew something, or first
    /// did not count it, ascending.
    as_seen: Vec<(i32, Counts)>,
    /// The counts of all that is known.
    now: Counts,
}

/// From a window's first place on, so many; ascending.
#[derive(Clone, Debug, Default)]
struct Counts(Vec<(i32, i64)>);

impl Different {
    /// The counts of windows of so many places; as each close saw them too, where that is asked.
    #[must_use]
    pub fn of(mut seen: Vec<Seen>, length: i32, as_closes_saw: bool) -> Self {
        seen.sort_unstable();
        let mut closes: Vec<i32> = Vec::new();
        if as_closes_saw {
            closes.extend(seen.iter().flat_map(|s| [s.since, s.gone]));
            closes.sort_unstable();
            closes.dedup();
        }
        let then = |close: i32| seen.iter().filter(move |s| (s.since..s.gone).contains(&close));
        let now = Counts::of(seen.iter().filter(|s| s.gone == i32::MAX), length);
        let as_of = |close: i32| (close, Counts::of(then(close), length));
        Self { as_seen: closes.into_iter().map(as_of).collect(), now }
    }

    /// How many there are in the window that begins here; what the close of a period knew alone, where one is given.
    #[must_use]
    pub fn count(&self, first: i32, as_seen_by: Option<Period>) -> i64 {
        let Some(close) = as_seen_by else { return self.now.at(first) };
        let after = self.as_seen.partition_point(|(since, _)| *since <= close.ordinal());
        after.checked_sub(1).map_or(0, |at| self.as_seen[at].1.at(first))
    }

    /// The months that have something, or had at a close, ascending, where places are months and a window is one of them.
    pub fn months(&self) -> impl Iterator<Item = Period> {
        let all = self.as_seen.iter().map(|(_, counts)| counts).chain([&self.now]).flat_map(|counts| &counts.0);
        all.filter(|(_, count)| *count > 0).map(|(first, _)| month(*first)).collect::<BTreeSet<_>>().into_iter()
    }
}

fn month(ordinal: i32) -> Period {
    Period::new(0, 1).plus(ordinal)
}

impl Counts {
    /// By thing and place, ascending.
    fn of<'a>(seen: impl Iterator<Item = &'a Seen>, length: i32) -> Self {
        let mut changes: Vec<(i32, i64)> = Vec::new();
        let mut before: Option<Seen> = None;
        for now in seen {
            let last = before.filter(|b| b.thing == now.thing).map(|b| b.place);
            before = Some(*now);
            let from = now.place.saturating_sub(length).max(last.unwrap_or(i32::MIN));
            if from < now.place {
                changes.push((from + 1, 1));
                changes.push((now.place + 1, -1));
            }
        }
        changes.sort_unstable();
        let mut counts: Vec<(i32, i64)> = Vec::new();
        let mut count = 0;
        for (first, change) in changes {
            count += change;
            match counts.last_mut().filter(|(place, _)| *place == first) {
                Some(last) => last.1 = count,
                None => counts.push((first, count)),
            }
        }
        Self(counts)
    }

    fn at(&self, first: i32) -> i64 {
        let after = self.0.partition_point(|(place, _)| *place <= first);
        after.checked_sub(1).map_or(0, |at| self.0[at].1)
    }
}
