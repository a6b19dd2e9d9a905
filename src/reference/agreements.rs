//! Agreements: who has a part of a creator's earnings, as of the earning day.

use std::collections::BTreeMap;
use std::ops::Range;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::overlap;
use super::table::Table;
use crate::error::{Error, Result};
use crate::money::Exact;
use crate::period::day_text;

/// One row: a part of what the levels above left, or the rest of all.
#[derive(Clone, Debug)]
struct Row {
    /// Its place among the parties of all agreements.
    party: u32,
    /// `None` takes the rest.
    part: Option<Exact>,
    level: i64,
    position: i64,
    /// Empty: all programs.
    programs: Vec<String>,
    span: (i32, Option<i32>),
    /// Of the file, from 1.
    line: usize,
}

/// A party's share of the creator side, levels multiplied out; shares add up to 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Its place among [`Agreements::parties`].
    pub party: u32,
    pub part: Exact,
}

/// What was agreed with one creator, by position.
#[derive(Clone, Debug, Default)]
pub struct Agreement(Vec<Row>);

/// All agreements by creator.
#[derive(Clone, Debug, Default)]
pub struct Agreements {
    of: BTreeMap<String, Agreement>,
    /// Every party that a row names, once.
    parties: Vec<String>,
}

impl Agreements {
    pub(super) fn read(table: Option<&Table>) -> Result<Self> {
        let Some(table) = table else { return Ok(Self::default()) };
        let mut agreements: BTreeMap<String, Agreement> = BTreeMap::new();
        let mut parties: Vec<String> = Vec::new();
        let mut places: FxHashMap<String, u32> = FxHashMap::default();
        let needed = ["creator_id", "party_id", "part", "level", "position", "programs", "valid_from", "valid_to"];
        for row in table.rows(&needed)? {
            let text = row.need("part")?;
            let part =
                match text.trim() {
                    "rest" => None,
                    other => Some(Exact::parse(other).filter(|p| !p.is_negative() && *p <= Exact::one()).ok_or_else(
                        || row.fault("part", "a share from 0 to 1 (\"80/100\", \"0.8\", \"80 %\") or \"rest\"", text),
                    )?),
                };
            let named = |column: &str| {
                row.whole(column).and_then(|n| n.ok_or_else(|| row.fault(column, "a whole number", "nothing")))
            };
            let programs = row.get("programs").unwrap_or("");
            let party = row.need("party_id")?;
            let party = match places.get(party) {
                Some(place) => *place,
                None => {
                    let place =
                        u32::try_from(parties.len()).map_err(|_| row.fault("party_id", "fewer parties", party))?;
                    parties.push(party.to_owned());
                    places.insert(party.to_owned(), place);
                    place
                }
            };
            agreements.entry(row.need("creator_id")?.to_owned()).or_default().0.push(Row {
                party,
                part,
                level: named("level")?,
                position: named("position")?,
                programs: programs.split(';').map(|p| p.trim().to_owned()).filter(|p| !p.is_empty()).collect(),
                span: row.validity()?,
                line: row.line(),
            });
        }
        for (creator, Agreement(rows)) in &mut agreements {
            let key = |row: &Row| (row.position, row.level, &parties[row.party as usize]);
            rows.sort_by(|a, b| key(a).cmp(&key(b)));
            refuse_overlaps(creator, rows, &parties)?;
        }
        Ok(Self { of: agreements, parties })
    }

    /// The parties of what a creator earns with a program on a day, by position; the creator alone without an agreement.
    ///
    /// # Errors
    /// The parts do not add up to the whole (input).
    pub fn paid_on<'s>(&'s self, creator: &'s str, program: &str, day: i32) -> Result<Vec<&'s str>> {
        let mut places = Vec::new();
        let agreement = self.of.get(creator);
        agreement.inspect(|agreement| agreement.holding(program, day, &mut places));
        let Some(agreement) = agreement.filter(|_| !places.is_empty()) else { return Ok(vec![creator]) };
        let shares = agreement.shares(&places).ok_or_else(|| not_whole(creator, program, day))?;
        Ok(shares.iter().map(|share| self.party(share.party)).collect())
    }

    /// The parties that rows name, each once.
    #[must_use]
    pub fn parties(&self) -> &[String] {
        &self.parties
    }

    /// The party at a place of [`Agreements::parties`].
    #[must_use]
    pub fn party(&self, place: u32) -> &str {
        self.parties.get(place as usize).map_or("", String::as_str)
    }

    /// What was agreed with a creator.
    #[must_use]
    pub fn of(&self, creator: &str) -> Option<&Agreement> {
        self.of.get(creator)
    }

    /// Every creator that has an agreement, and what was agreed.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Agreement)> {
        self.of.iter().map(|(creator, agreement)| (creator.as_str(), agreement))
    }
}

impl Agreement {
    /// The days (from, to; not with the last) on which every row holds, for all programs; empty where there are none.
    #[must_use]
    pub fn whole_on(&self) -> Range<i32> {
        let of_all = self.0.iter().all(|row| row.programs.is_empty());
        let from = self.0.iter().map(|row| row.span.0).max();
        let to = self.0.iter().filter_map(|row| row.span.1).min().unwrap_or(i32::MAX);
        from.filter(|_| of_all).map_or(0..0, |from| from..to)
    }

    /// The places of the rows that hold for a program on a day; `places` is emptied first.
    pub fn holding(&self, program: &str, day: i32, places: &mut Vec<usize>) {
        let holds = |r: &Row| {
            r.span.0 <= day
                && r.span.1.is_none_or(|to| day < to)
                && (r.programs.is_empty() || r.programs.iter().any(|p| p == program))
        };
        places.clear();
        places.extend(self.0.iter().enumerate().filter(|(_, row)| holds(row)).map(|(at, _)| at));
    }

    /// Who shares what the creator earns where the rows at these places hold, by position.
    ///
    /// Level 1 parts are of the whole, level 2 parts of what level 1 left, and so on; `rest` takes what all leave. `None`
    /// where the parts do not add up to the whole.
    #[must_use]
    pub fn shares(&self, places: &[usize]) -> Option<Vec<Share>> {
        multiply_out(places.iter().filter_map(|at| self.0.get(*at)))
    }
}

/// The error of an agreement whose parts do not add up.
#[must_use]
pub fn not_whole(creator: &str, program: &str, day: i32) -> Error {
    Error::input("an agreement does not add up to the whole")
        .at(format!("agreements, {creator}, program {program}, {}", day_text(day)))
        .expected("parts that leave nothing, or one row with part = rest")
        .next("correct the parts, or add a row with part = rest")
}

impl Agreements {
    /// Every agreement that does not add up to the whole, or names a program that is not among `programs`, with the lines
    /// of the file that it is made of; for who looks before a run. Days are looked at where a row begins or ends.
    #[must_use]
    pub fn faults(&self, file: &str, programs: &[&str]) -> Vec<Error> {
        let mut faults: Vec<Error> = Vec::new();
        for (creator, agreement) in &self.of {
            faults.extend(agreement.0.iter().filter_map(|row| unknown_program(file, row, programs)));
            let mut days: Vec<i32> = agreement.0.iter().flat_map(|r| [Some(r.span.0), r.span.1]).flatten().collect();
            days.sort_unstable();
            days.dedup();
            let wrong = |program: &&str| days.iter().find_map(|day| agreement.fault(file, creator, program, *day));
            faults.extend(programs.iter().find_map(wrong));
        }
        faults
    }
}

impl Agreement {
    fn fault(&self, file: &str, creator: &str, program: &str, day: i32) -> Option<Error> {
        let mut places = Vec::new();
        self.holding(program, day, &mut places);
        if places.is_empty() || self.shares(&places).is_some() {
            return None;
        }
        let rows: Vec<&Row> = places.iter().filter_map(|at| self.0.get(*at)).collect();
        let mut levels: BTreeMap<i64, Exact> = BTreeMap::new();
        for row in &rows {
            *levels.entry(row.level).or_default() += &row.part.clone().unwrap_or_default();
        }
        let over = levels.iter().find(|(_, sum)| **sum > Exact::ONE);
        let resters = rows.iter().filter(|row| row.part.is_none()).count();
        let (what, sums) = match over {
            Some((level, sum)) => {
                ("an agreement gives more than the whole", format!("level {level} adds up to {}", percent(sum)))
            }
            None if resters > 1 => {
                ("an agreement gives the rest more than once", format!("{resters} rows with part = rest"))
            }
            None => {
                let sums: Vec<String> = levels.iter().map(|(l, sum)| format!("level {l}: {}", percent(sum))).collect();
                ("an agreement does not add up to the whole", sums.join(", "))
            }
        };
        let day = if day == i32::MIN { "the beginning".to_owned() } else { day_text(day) };
        let places: Vec<String> = rows.iter().map(|r| format!("{file}, line {}", r.line)).collect();
        Some(
            Error::input(what)
                .at(places.join("; "))
                .expected("parts that leave nothing, or one row with part = rest")
                .found(format!("{creator}, program {program}, from {day}: {sums}"))
                .next("correct the parts, or add a row with part = rest"),
        )
    }
}

fn percent(part: &Exact) -> String {
    let hundredfold = part * &Exact::from_int(100);
    format!("{} %", hundredfold.to_decimal().unwrap_or_else(|| hundredfold.to_string()))
}

fn unknown_program(file: &str, row: &Row, programs: &[&str]) -> Option<Error> {
    let unknown = row.programs.iter().find(|p| !programs.contains(&p.as_str()))?;
    Some(
        Error::input("an agreement names a program that no policy has")
            .at(format!("{file}, line {}", row.line))
            .expected(programs.join(", "))
            .found(unknown.clone())
            .next(crate::picture::nearest(unknown, programs.iter().copied())),
    )
}

/// Shares of the whole, in order of position; `None` where they do not add up to 1.
fn multiply_out<'r>(rows: impl Iterator<Item = &'r Row> + Clone) -> Option<Vec<Share>> {
    let (bases, left) = bases(rows.clone());
    let resters = rows.clone().filter(|r| r.part.is_none()).count();
    if left.is_negative() || resters > 1 || (resters == 0 && !left.is_zero()) {
        return None;
    }
    let mut shares: Vec<Share> = Vec::with_capacity(rows.size_hint().1.unwrap_or(0));
    for row in rows {
        let base = bases.iter().find(|(level, _)| *level == row.level).map(|(_, base)| base);
        let part = row.part.as_ref().zip(base).map_or_else(|| left.clone(), |(part, base)| part * base);
        match shares.iter_mut().find(|s| s.party == row.party) {
            Some(share) => share.part += &part,
            None => shares.push(Share { party: row.party, part }),
        }
    }
    Some(shares)
}

/// Levels and exact amounts of them, from the first level on.
type Levels = SmallVec<[(i64, Exact); 4]>;

/// What each level's parts are of, from the first level on, and what all of them leave.
fn bases<'r>(rows: impl Iterator<Item = &'r Row>) -> (Levels, Exact) {
    let mut levels = Levels::new();
    for (row, part) in rows.filter_map(|row| Some((row, row.part.as_ref()?))) {
        match levels.iter_mut().find(|(level, _)| *level == row.level) {
            Some((_, taken)) => *taken += part,
            None => levels.push((row.level, part.clone())),
        }
    }
    levels.sort_by_key(|(level, _)| *level);
    let mut left = Exact::ONE;
    for (_, taken) in &mut levels {
        let rest = &left * (Exact::ONE - &*taken);
        *taken = std::mem::replace(&mut left, rest);
    }
    (levels, left)
}

/// Two rows of one party, level and program must not hold on one day.
fn refuse_overlaps(creator: &str, rows: &[Row], parties: &[String]) -> Result<()> {
    for (at, a) in rows.iter().enumerate() {
        for b in &rows[at + 1..] {
            let same = a.party == b.party && a.level == b.level && a.part.is_none() == b.part.is_none();
            let programs =
                a.programs.is_empty() || b.programs.is_empty() || a.programs.iter().any(|p| b.programs.contains(p));
            let days = a.span.1.is_none_or(|to| b.span.0 < to) && b.span.1.is_none_or(|to| a.span.0 < to);
            if same && programs && days {
                let key = format!("{creator}, {}, level {}", parties[a.party as usize], a.level);
                return Err(overlap("agreements", &key, a.span.0.max(b.span.0)));
            }
        }
    }
    Ok(())
}
