//! Whose part of the creator side is how large.

use crate::support::sheet::Line;

use super::calendar::{Day, Month};
use super::number::{Q, largest_remainder, parse, q, zero};
use super::policy::OddCents;
use super::references::References;

/// A party's place among the parties of an agreement: position, level, name.
pub type Place = (i64, i64, String);

/// The parties of a creator for a program on a day, each with its exact part of 1.
pub fn fractions(refs: &References, creator: &str, program: &str, day: Day) -> Vec<(Place, Q)> {
    let rows = refs.agreement(creator, program, day);
    if rows.is_empty() {
        return vec![((0, 0, creator.to_owned()), q(1))];
    }
    let mut levels: Vec<i64> = rows.iter().map(|row| number(row, "level")).collect();
    levels.sort_unstable();
    levels.dedup();
    let (mut left, mut parts) = (q(1), Vec::new());
    for level in levels {
        let of_level = rows.iter().filter(|row| number(row, "level") == level && row["part"] != "rest");
        let of_level: Vec<_> = of_level.map(|row| (place(row), &left * parse(&row["part"]))).collect();
        left = of_level.iter().fold(left, |left, (_, part)| left - part);
        parts.extend(of_level);
    }
    parts.extend(rows.iter().filter(|row| row["part"] == "rest").map(|row| (place(row), left.clone())));
    by_party(parts)
}

/// A party named twice has one place, the earlier, and both parts.
pub fn by_party(mut parts: Vec<(Place, Q)>) -> Vec<(Place, Q)> {
    parts.sort();
    let mut out: Vec<(Place, Q)> = Vec::new();
    for (place, part) in parts {
        match out.iter_mut().find(|(p, _)| p.2 == place.2) {
            Some((_, sum)) => *sum += part,
            None => out.push((place, part)),
        }
    }
    out
}

/// Whole minor units for exact parts. Of equals, the first by place get the odd cents; or the turn begins at another one each
/// month; or the platform keeps what cannot be divided among them, and `total` is not reached.
pub fn whole(total: i64, parts: &[(Place, Q)], odd: OddCents, month: Month) -> Vec<i64> {
    let n = parts.len();
    let turn =
        if odd == OddCents::Rotate { usize::try_from(month).expect("a month after the year 0") % n.max(1) } else { 0 };
    let rank: Vec<usize> = (0..n).map(|i| (i + n - turn) % n).collect();
    let exact: Vec<Q> = parts.iter().map(|(_, part)| part.clone()).collect();
    let minor = largest_remainder(total, &exact, &rank);
    if odd == OddCents::Platform { without_ties(total, &exact, minor) } else { minor }
}

/// Takes the odd cents from equals that did not all get one.
fn without_ties(total: i64, exact: &[Q], minor: Vec<i64>) -> Vec<i64> {
    let sign = if total < 0 { -1 } else { 1 };
    let rest = |i: usize| &exact[i] * q(sign) - (&exact[i] * q(sign)).floor();
    let got = |i: usize| q(sign * minor[i]) > (&exact[i] * q(sign)).floor();
    let lost = |i: usize| (0..exact.len()).any(|j| rest(j) == rest(i) && got(j) != got(i));
    let kept = |(i, minor): (usize, &i64)| if got(i) && lost(i) { minor - sign } else { *minor };
    minor.iter().enumerate().map(kept).collect()
}

/// Whether the parts use up everything.
pub fn is_complete(parts: &[(Place, Q)]) -> bool {
    parts.iter().fold(zero(), |sum, (_, part)| sum + part) == q(1)
}

fn number(row: &Line, column: &str) -> i64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} of {row:?}"))
}

fn place(row: &Line) -> Place {
    (number(row, "position"), number(row, "level"), row["party_id"].clone())
}
