//! Facts are gathered creator by creator, where they are rated: of all rows, only a few thousand are facts at a time.

use std::ops::Range;

use rustc_hash::{FxHashMap, FxHashSet};

use super::creators::{FETCHED, fetch};
use super::first;
use super::link::{Rated, stated};
use super::units::{Room, by_event, currency_of, fact_of, is_held_apart, paying};
use super::{Classes, Fact, Known, Linked, Match, Unit};
use crate::error::{Error, Result};
use crate::intake::{NULL, Record};
use crate::money::Currency;

/// About so many units are gathered at a time.
const PIECE: usize = 8_192;

/// Everything that is rated, in pieces; all of a creator stands in one.
pub struct Pieces<'a> {
    known: &'a Known<'a>,
    classes: &'a Classes,
    linked: &'a Linked,
    rooms: Vec<Room>,
    /// For each program, whether it looks at single events.
    single: Vec<bool>,
    /// Does a version of the terms hold what programs earn?
    terms_hold: bool,
    /// The rows that order rules pay.
    first: FxHashSet<u32>,
    /// Facts that are no sums of rows, creator after creator.
    more: Vec<Fact<'a>>,
    pieces: Vec<Cut>,
}

/// Where a piece stands.
struct Cut {
    /// Which range of creators of what is rated.
    range: usize,
    /// Its rows within the range.
    rows: Range<usize>,
    /// Its facts that are no sums of rows.
    more: Range<usize>,
}

/// What tells sums of one creator apart: program (and with it the log), currency, fee and tax stated, day; channel, class.
type Alike = (u64, u64);

fn alike(program: u16, currency: Currency, record: &Record, unit: &Unit) -> Alike {
    let stated = u64::from(unit.fee != NULL) | u64::from(unit.tax_stated) << 1;
    let what = u64::from(program) << 16 | u64::from(currency.index());
    let day = u64::from(unit.day.cast_unsigned());
    (what << 32 | stated << 30 | day, u64::from(record.channel) << 32 | u64::from(unit.class))
}

impl<'a> Pieces<'a> {
    /// Cuts what is rated into pieces, with `more` facts that are given, in any order.
    #[must_use]
    pub fn of(known: &'a Known<'a>, classes: &'a Classes, linked: &'a Linked, more: Vec<Fact<'a>>) -> Self {
        let mut more = more;
        more.sort_by_key(|fact| fact.creator);
        let programs = &known.policies.programs;
        let creator = |rated: &Rated| known.rows.records[rated.row as usize].creator;
        let (mut pieces, mut more_from) = (Vec::new(), 0);
        for (range, rated) in linked.rated.iter().enumerate() {
            let mut from = 0;
            while from < rated.len() {
                let last = (from + PIECE).min(rated.len()) - 1;
                let same = creator(&rated[last]);
                let to = last + rated[last..].partition_point(|other| creator(other) == same);
                let more_to = more.partition_point(|fact| fact.creator <= same);
                pieces.push(Cut { range, rows: from..to, more: more_from..more_to });
                (from, more_from) = (to, more_to);
            }
        }
        if more_from < more.len() {
            pieces.push(Cut { range: 0, rows: 0..0, more: more_from..more.len() });
        }
        Self {
            known,
            classes,
            linked,
            rooms: programs.iter().map(Room::of).collect(),
            single: programs.iter().map(by_event).collect(),
            first: first::chosen(known, classes, linked),
            terms_hold: known.policies.terms.iter().any(|terms| terms.hold.is_some()),
            more,
            pieces,
        }
    }

    /// How many pieces there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Is nothing rated?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Puts the facts of a piece into an empty list, creator after creator: units that are rated alike as one sum.
    ///
    /// # Errors
    /// A sum beyond Int64 (gate).
    pub fn facts(&self, piece: usize, facts: &mut Vec<Fact<'a>>) -> Result<()> {
        let Cut { range, rows, more } = &self.pieces[piece];
        let rated = self.linked.rated.get(*range).map_or(&[][..], |rated| &rated[rows.clone()]);
        let mut places = FxHashMap::default();
        let creator = |rated: &Rated| self.known.rows.records[rated.row as usize].creator;
        for rows in rated.chunk_by(|a, b| creator(a) == creator(b)) {
            places.clear();
            for some in rows.chunks(FETCHED) {
                fetch(self.known.rows, some);
                some.iter().try_for_each(|rated| self.add(*rated, facts, &mut places))?;
            }
        }
        if !more.is_empty() {
            facts.extend_from_slice(&self.more[more.clone()]);
            facts.sort_by_key(|fact| fact.creator);
        }
        Ok(())
    }

    /// The facts of these creators, creator after creator, every unit by itself.
    ///
    /// # Errors
    /// A rated row without a currency (bug).
    pub fn apart(&self, creators: &FxHashSet<u32>) -> Result<Vec<Fact<'a>>> {
        let mut facts: Vec<Fact<'a>> =
            self.more.iter().filter(|fact| creators.contains(&fact.creator)).copied().collect();
        let asked = |rated: &&Rated| creators.contains(&self.known.rows.records[rated.row as usize].creator);
        for rated in self.linked.rated.iter().flatten().filter(asked) {
            let unit = self.linked.unit(self.known, *rated);
            let Match::Program(program) = self.classes.get(unit.class).matched else { continue };
            let Some(unit) = paying(self.known, self.classes, &self.first, &unit, program) else { continue };
            let falls_short = self.rooms[usize::from(program)].may_fall_short(&unit);
            facts.push(Fact { falls_short, ..fact_of(self.known, self.classes, &unit, program)? });
        }
        facts.sort_by_key(|fact| fact.creator);
        Ok(facts)
    }

    fn add(&self, rated: Rated, facts: &mut Vec<Fact<'a>>, places: &mut FxHashMap<Alike, usize>) -> Result<()> {
        let unit = self.linked.unit(self.known, rated);
        let Match::Program(program) = self.classes.get(unit.class).matched else { return Ok(()) };
        let at = usize::from(program);
        let Some(unit) = paying(self.known, self.classes, &self.first, &unit, program) else { return Ok(()) };
        let falls_short = self.rooms[at].may_fall_short(&unit);
        if self.single[at] || falls_short || is_held_apart(&self.known.policies.programs[at], self.terms_hold, &unit) {
            facts.push(Fact { falls_short, ..fact_of(self.known, self.classes, &unit, program)? });
            return Ok(());
        }
        let currency = currency_of(self.known, self.classes, &unit, program)?;
        let alike = alike(program, currency, &self.known.rows.records[unit.row as usize], &unit);
        let place = *places.entry(alike).or_insert(facts.len());
        match facts.get_mut(place) {
            Some(sum) => add_up(sum, &unit),
            None => {
                facts.push(Fact { row: None, ..fact_of(self.known, self.classes, &unit, program)? });
                Ok(())
            }
        }
    }
}

fn add_up(sum: &mut Fact<'_>, unit: &Unit) -> Result<()> {
    let columns = [
        ("events", &mut sum.events, unit.events),
        ("gross", &mut sum.gross, unit.gross),
        ("tax", &mut sum.tax, unit.tax),
        ("fee", &mut sum.fee, stated(unit.fee)),
        ("pays", &mut sum.pays, i64::from(unit.pays)),
    ];
    for (name, sum, value) in columns {
        *sum = sum.checked_add(value).ok_or_else(|| {
            let found = i128::from(*sum) + i128::from(value);
            Error::gate("a sum does not fit the ledger's Int64").at(name).found(found.to_string())
        })?;
    }
    Ok(())
}
