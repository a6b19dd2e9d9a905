//! Reversals find their charges: what remains of every charge, and the fate of every standing row.

use std::ops::Range;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::context::earning_day;
use super::marks::Marks;
use super::{ClassNumber, Classes, Known, Match};
use crate::error::{Error, Result};
use crate::fate::{Fate, Reason};
use crate::intake::{NONE, NULL, Record, Rows, Stage};
use crate::log::{Effect, Log};
use crate::money::{Exact, Rounding, round};
use crate::period::{Period, day_text};
use crate::reference::{Agreement, not_whole};

/// What is rated: a charge less what was taken back, or a reversal that stands alone (negative).
#[derive(Clone, Copy, Debug)]
pub struct Unit {
    /// The row that gives attributes, order and channel.
    pub row: u32,
    /// The earning day.
    pub day: i32,
    pub class: ClassNumber,
    /// Rated rows in it.
    pub events: i64,
    pub gross: i64,
    pub tax: i64,
    /// Did the log state the tax?
    pub tax_stated: bool,
    /// The stated fee that remains; [`NULL`] where none was stated.
    pub fee: i64,
    /// Base of a computed fee beyond what remains: taken back with a fee that was kept.
    pub fee_more: i64,
    /// Of a computed fee, what reversals stated to go back.
    pub fee_back: i64,
    /// How often fixed money for each event is due: 1 while anything is left of the charge, -1 for a reversal alone.
    pub pays: i8,
}

impl Unit {
    fn without_money(row: u32, day: i32, class: ClassNumber) -> Self {
        Self {
            row,
            day,
            class,
            events: 1,
            gross: 0,
            tax: 0,
            tax_stated: true,
            fee: 0,
            fee_more: 0,
            fee_back: 0,
            pays: 1,
        }
    }
}

/// Money of a charge that a rule refused.
#[derive(Clone, Copy, Debug)]
pub struct Refused {
    pub row: u32,
    pub program: u16,
    pub day: i32,
    pub gross: i64,
    pub tax: i64,
    pub fee: i64,
}

/// A row that is looked at on its own, with its class: both stand together, for rows of one creator lie far apart.
#[derive(Clone, Copy, Debug)]
pub struct Rated {
    pub row: u32,
    pub class: ClassNumber,
}

/// The outcome of linking.
pub struct Linked {
    /// The rows that give a unit, creator after creator.
    pub rated: Vec<Rated>,
    /// The units that are more than their row says: charges less what was taken back, and reversals that stand alone.
    units: FxHashMap<u32, Unit>,
    /// Their rows.
    changed: Marks,
    pub refused: Vec<Refused>,
    /// The fates of the standing rows that are not rated.
    pub fates: Vec<(u32, Fate)>,
    /// For every reversal that found its charge: the charge's row.
    pub charge_of: FxHashMap<u32, u32>,
}

impl Linked {
    /// What is rated by a row of `rated`.
    #[must_use]
    pub fn unit(&self, known: &Known<'_>, Rated { row, class }: Rated) -> Unit {
        let changed = if self.changed.has(row) { self.units.get(&row) } else { None };
        changed.copied().unwrap_or_else(|| charge(known, class, row))
    }
}

/// A charge of which nothing was taken back.
fn charge(known: &Known<'_>, class: ClassNumber, row: u32) -> Unit {
    let (rows, at) = (known.rows, row as usize);
    let day = rows.records[at].day;
    if rows.effect(row) == Effect::Nothing {
        return Unit::without_money(row, day, class);
    }
    let tax = rows.tax(at);
    Unit {
        row,
        day,
        class,
        events: 1,
        gross: rows.amount(at),
        tax: stated(tax),
        tax_stated: tax != NULL,
        fee: rows.fee(at),
        fee_more: 0,
        fee_back: 0,
        pays: 1,
    }
}

/// What is left of a charge while its reversals are taken from it.
struct Left {
    unit: Unit,
    fate: Fate,
    orphan: bool,
    /// Live reversals that left nothing of the charge.
    emptied: u32,
}

/// What a rated reversal took, for a chargeback that is won.
#[derive(Clone, Copy)]
struct Taken {
    charge: usize,
    amount: i64,
    tax: i64,
    fee: i64,
    /// What it left of the base of a computed fee, and stated of that fee.
    fee_more: i64,
    fee_back: i64,
    is_chargeback: bool,
    emptied: bool,
}

/// Links the standing rows.
///
/// # Errors
/// Two programs rate one charge (usage); an agreement that does not add up (input). Of several, that of the first row.
pub fn link(known: &Known<'_>, classes: &Classes) -> Result<Linked> {
    let rows = known.rows;
    let standing = known.standing.par_iter().map(|(row, _)| *row);
    let mut back: Vec<u32> = standing.filter(|row| rows.effect(*row).takes_back()).collect();
    let named: FxHashSet<(Log, u128)> =
        back.iter().map(|row| (rows.records[*row as usize].log, rows.original(*row))).collect();
    let named = Marks::of(rows.len(), named_by(rows, &named));
    let charges = by_creator(known, classes);
    let mut linker = Linker::new(known, classes);
    let rated = linker.judge_all(&charges, &named)?;
    drop(charges);
    back.sort_unstable_by(|a, b| rows.in_order(*a, *b));
    for row in back {
        let fate = linker.take_back(row)?;
        if let Fate::Quarantined(reason) = fate {
            linker.refused.insert((rows.records[row as usize].log, rows.id[row as usize]), reason);
        }
        linker.note(row, fate);
    }
    let alone = linker.left.iter().filter(|l| l.orphan && l.fate == Fate::Rated);
    let alone = alone.map(|l| Rated { row: l.unit.row, class: l.unit.class }).collect();
    Ok(linker.finish(with(rows, rated, alone)))
}

/// Rows that are rated, creator after creator, and further ones, each behind all others of its creator.
fn with(rows: &Rows, rated: Vec<Rated>, mut more: Vec<Rated>) -> Vec<Rated> {
    if more.is_empty() {
        return rated;
    }
    let creator = |rated: &Rated| rows.records[rated.row as usize].creator;
    more.sort_by_key(creator);
    let mut all = Vec::with_capacity(rated.len() + more.len());
    let mut from = 0;
    for same in more.chunk_by(|a, b| creator(a) == creator(b)) {
        let to = from + rated[from..].partition_point(|other| creator(other) <= creator(&same[0]));
        all.extend_from_slice(&rated[from..to]);
        all.extend_from_slice(same);
        from = to;
    }
    all.extend_from_slice(&rated[from..]);
    all
}

/// Does a reversal name the row? Most rows are told by a few bits of their id.
fn named_by(rows: &Rows, named: &FxHashSet<(Log, u128)>) -> impl Fn(u32) -> bool {
    const BITS: u32 = 1 << 24;
    let bits = |id: u128| u32::try_from(id % u128::from(BITS)).unwrap_or(0);
    let mut first = Marks::of(if named.is_empty() { 0 } else { BITS as usize }, |_| false);
    named.iter().for_each(|(_, id)| first.mark(bits(*id)));
    move |row| {
        let id = rows.id[row as usize];
        first.has(bits(id)) && named.contains(&(rows.records[row as usize].log, id))
    }
}

/// All standing rows that take nothing back, creator after creator, each creator's ascending.
fn by_creator(known: &Known<'_>, classes: &Classes) -> Vec<Rated> {
    let rows = known.rows;
    let last = rows.names.len();
    let place = |record: &Record| if record.creator == NONE { last } else { record.creator as usize };
    let taken = |(row, _): &(u32, Stage)| !rows.effect(*row).takes_back();
    let count = |mut counts: Vec<u32>, some: &[(u32, Stage)]| {
        some.iter().filter(|at| taken(at)).for_each(|(row, _)| counts[place(&rows.records[*row as usize])] += 1);
        counts
    };
    let add = |mut counts: Vec<u32>, more: Vec<u32>| {
        counts.iter_mut().zip(more).for_each(|(count, more)| *count += more);
        counts
    };
    let none = || vec![0_u32; last + 1];
    let counts = known.standing.par_chunks(SORTED_AT_ONCE).fold(none, count).reduce(none, add);
    let ranges = even_ranges(&counts);
    let mut range_of = vec![0_u8; counts.len()];
    for (number, range) in (0_u8..).zip(&ranges) {
        range_of[range.clone()].fill(number);
    }
    let divide = |some: &[(u32, Stage)]| {
        let mut parts = vec![Vec::new(); ranges.len()];
        for (row, _) in some.iter().filter(|at| taken(at)) {
            let creator = place(&rows.records[*row as usize]);
            let rated = Rated { row: *row, class: classes.of(*row) };
            parts[usize::from(range_of[creator])].push((u32::try_from(creator).unwrap_or(NONE), rated));
        }
        parts
    };
    let divided: Vec<Vec<Vec<(u32, Rated)>>> = known.standing.par_chunks(SORTED_AT_ONCE).map(divide).collect();
    let sort = |(at, range): (usize, &Range<usize>)| {
        let (mut next, mut all): (Vec<usize>, usize) = (Vec::with_capacity(range.len()), 0);
        for count in &counts[range.clone()] {
            next.push(all);
            all += *count as usize;
        }
        let mut sorted = vec![Rated { row: 0, class: 0 }; all];
        for (creator, rated) in divided.iter().flat_map(|parts| &parts[at]) {
            let to = &mut next[*creator as usize - range.start];
            sorted[*to] = *rated;
            *to += 1;
        }
        sorted
    };
    ranges.par_iter().enumerate().map(sort).collect::<Vec<_>>().concat()
}

/// Rows that one worker sorts at a time.
const SORTED_AT_ONCE: usize = 1 << 18;
/// Creators are sorted in about so many ranges of them, side by side.
const RANGES: usize = 64;

/// Ranges of creators with about as many rows each, by how many rows each creator has.
fn even_ranges(counts: &[u32]) -> Vec<Range<usize>> {
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

/// What one worker says of its rows.
#[derive(Default)]
struct Judged {
    rated: Vec<Rated>,
    refused: Vec<Refused>,
    fates: Vec<(u32, Fate)>,
    /// Charges that a reversal names.
    named: Vec<Left>,
}

/// Judges rows by themselves; remembers what it found of the creator that it is at.
struct Judge<'a> {
    known: &'a Known<'a>,
    classes: &'a Classes,
    creator: u32,
    agreement: Option<&'a Agreement>,
    /// The rows of the agreement that hold.
    holding: Vec<usize>,
    /// Whether every party is known on a period's last day, where these rows hold.
    parties: Vec<(i32, Vec<usize>, bool)>,
    /// The last answer of [`Judge::parties_known`], and the program and day that it was for.
    last: Option<(u16, i32, bool)>,
}

struct Linker<'a> {
    known: &'a Known<'a>,
    classes: &'a Classes,
    judge: Judge<'a>,
    left: Vec<Left>,
    /// Charges that a reversal names.
    by_id: FxHashMap<(Log, u128), usize>,
    /// Reversals that were refused, by id.
    refused: FxHashMap<(Log, u128), Reason>,
    /// Rated reversals by id.
    taken: FxHashMap<(Log, u128), Taken>,
    fates: Vec<(u32, Fate)>,
    refused_money: Vec<Refused>,
    charge_of: FxHashMap<u32, u32>,
}

/// A stated amount; 0 where none is.
pub(super) fn stated(value: i64) -> i64 {
    if value == NULL { 0 } else { value }
}

impl<'a> Judge<'a> {
    fn new(known: &'a Known<'a>, classes: &'a Classes) -> Self {
        Self { known, classes, creator: NONE, agreement: None, holding: Vec::new(), parties: Vec::new(), last: None }
    }

    /// Gives charges, and rows without money, their fates; an error comes with its row.
    fn all(mut self, charges: &[Rated], named: &Marks) -> std::result::Result<Judged, (u32, Error)> {
        let mut judged = Judged::default();
        let mut first: Option<(u32, Error)> = None;
        for charge in charges.iter().copied() {
            let row = charge.row;
            let failed = self.charge(charge, named, &mut judged).err();
            first = first.filter(|(other, _)| *other < row || failed.is_none()).or(failed.map(|error| (row, error)));
        }
        first.map_or(Ok(judged), Err)
    }

    /// A row without money is rated with nothing, unless a program pays for it.
    fn engaged(&mut self, rated: Rated, judged: &mut Judged) -> Result<Fate> {
        let Rated { row, class } = rated;
        let matched = self.classes.get(class).matched;
        if self.known.rows.records[row as usize].log != Log::Engagement || matched == Match::NoProgram {
            return Ok(Fate::Rated);
        }
        let fate = self.judge(rated)?;
        if fate == Fate::Rated {
            judged.rated.push(rated);
        }
        Ok(fate)
    }

    fn charge(&mut self, rated: Rated, named: &Marks, judged: &mut Judged) -> Result<()> {
        let (rows, Rated { row, class }) = (self.known.rows, rated);
        let at = row as usize;
        let fate = match rows.effect(row) {
            Effect::Reversal | Effect::Won => Fate::Rated,
            Effect::Nothing => self.engaged(rated, judged)?,
            Effect::Credit | Effect::Debit => {
                let party = rows.names.text(rows.party(row));
                let known = self.known.references.parties.on(party, rows.records[at].day).is_some();
                if known { Fate::Rated } else { Fate::Quarantined(Reason::PartyUnknownOnDate) }
            }
            Effect::Charge => {
                let fate = self.judge(rated)?;
                let is_named = named.has(row);
                match fate {
                    Fate::Rated => judged.rated.push(rated),
                    Fate::Ineligible(program, _) if !is_named => {
                        judged.refused.push(refused(&charge(self.known, class, row), program));
                    }
                    _ => {}
                }
                if is_named {
                    judged.named.push(Left { unit: charge(self.known, class, row), fate, orphan: false, emptied: 0 });
                }
                fate
            }
        };
        if fate != Fate::Rated {
            judged.fates.push((row, fate));
        }
        Ok(())
    }

    /// The fate that policies and references give a row.
    fn judge(&mut self, Rated { row, class }: Rated) -> Result<Fate> {
        let outcome = self.classes.get(class);
        let program = match outcome.matched {
            Match::NoCreator => return Ok(Fate::Quarantined(Reason::CreatorUnknownOnDate)),
            Match::NoProgram => return Ok(Fate::Quarantined(Reason::NoPolicy)),
            Match::Two(a, b) => return Err(self.two_programs(row, a, b)),
            Match::Program(program) => program,
        };
        if !self.parties_known(row, program)? {
            return Ok(Fate::Quarantined(Reason::PartyUnknownOnDate));
        }
        Ok(outcome.failed.map_or(Fate::Rated, |rule| Fate::Ineligible(program, rule)))
    }

    fn two_programs(&self, row: u32, a: u16, b: u16) -> Error {
        let name = |index: u16| {
            let program = &self.known.policies.programs[usize::from(index)];
            format!("{} version {}", program.name, program.version)
        };
        let id = self.known.rows.text(row, "event_id").unwrap_or("");
        Error::usage("two programs rate one charge")
            .at(format!("{}, event {id}, {}", self.known.rows.place(row), day_text(earning_day(self.known, row))))
            .expected("exactly one program whose condition holds")
            .found(format!("{} and {}", name(a), name(b)))
            .next("narrow the `where` of one of them")
    }

    fn parties_known(&mut self, row: u32, program: u16) -> Result<bool> {
        let known = self.known;
        let creator = known.rows.records[row as usize].creator;
        let day = earning_day(known, row);
        if creator != self.creator {
            self.creator = creator;
            self.agreement = known.references.agreements.of(known.rows.names.text(creator));
            self.parties.clear();
            self.last = None;
        }
        if let Some((.., answer)) = self.last.filter(|(p, d, _)| (*p, *d) == (program, day)) {
            return Ok(answer);
        }
        let answer = self.all_known(creator, program, day)?;
        self.last = Some((program, day, answer));
        Ok(answer)
    }

    /// Is every party of what a creator earns by a program on a day known on the period's last day?
    fn all_known(&mut self, creator: u32, program: u16, day: i32) -> Result<bool> {
        let known = self.known;
        let name = known.rows.names.text(creator);
        let program = &known.policies.programs[usize::from(program)].name;
        self.holding.clear();
        self.agreement.inspect(|agreement| agreement.holding(program, day, &mut self.holding));
        let last = Period::of_day(day).last_day();
        if let Some((.., answer)) = self.parties.iter().find(|(l, holding, _)| *l == last && *holding == self.holding) {
            return Ok(*answer);
        }
        let is_known = |party: &str| known.references.parties.on(party, last).is_some();
        let answer = match self.agreement.filter(|_| !self.holding.is_empty()) {
            None => is_known(name),
            Some(agreement) => {
                let shares = agreement.shares(&self.holding).ok_or_else(|| not_whole(name, program, day))?;
                shares.iter().all(|share| is_known(share.party))
            }
        };
        self.parties.push((last, self.holding.clone(), answer));
        Ok(answer)
    }
}

/// Rows that one worker judges at a time.
const JUDGED_AT_ONCE: usize = 1 << 16;

impl<'a> Linker<'a> {
    fn new(known: &'a Known<'a>, classes: &'a Classes) -> Self {
        Self {
            known,
            classes,
            judge: Judge::new(known, classes),
            left: Vec::new(),
            by_id: FxHashMap::default(),
            refused: FxHashMap::default(),
            taken: FxHashMap::default(),
            fates: Vec::new(),
            refused_money: Vec::new(),
            charge_of: FxHashMap::default(),
        }
    }

    /// Gives all charges, and rows without money, their fates; the answer is the rows that are rated, in the same order.
    fn judge_all(&mut self, charges: &[Rated], named: &Marks) -> Result<Vec<Rated>> {
        let (known, classes) = (self.known, self.classes);
        let judge = |rows: &[Rated]| Judge::new(known, classes).all(rows, named);
        let parts: Vec<_> = charges.par_chunks(JUDGED_AT_ONCE).map(judge).collect();
        let mut rated = Vec::with_capacity(charges.len());
        let mut failed: Option<(u32, Error)> = None;
        for part in parts {
            match part {
                Ok(part) => {
                    rated.extend(part.rated);
                    self.refused_money.extend(part.refused);
                    self.fates.extend(part.fates);
                    for left in part.named {
                        let at = left.unit.row as usize;
                        self.by_id.insert((known.rows.records[at].log, known.rows.id[at]), self.left.len());
                        self.left.push(left);
                    }
                }
                Err(error) if failed.as_ref().is_none_or(|first| error.0 < first.0) => failed = Some(error),
                Err(_) => {}
            }
        }
        failed.map_or(Ok(rated), |(_, error)| Err(error))
    }

    fn note(&mut self, row: u32, fate: Fate) {
        if fate != Fate::Rated {
            self.fates.push((row, fate));
        }
    }

    fn take_back(&mut self, row: u32) -> Result<Fate> {
        let rows = self.known.rows;
        let key = (rows.records[row as usize].log, rows.original(row));
        if key.1 == 0 {
            return self.alone(row);
        }
        match rows.effect(row) {
            Effect::Won => match self.taken.get(&key).copied().filter(|t| t.is_chargeback) {
                Some(taken) => self.restore(row, key, taken),
                None => match self.refused.get(&key) {
                    Some(reason) => Ok(Fate::Quarantined(*reason)),
                    None => self.wait(row, key),
                },
            },
            _ => match self.by_id.get(&key).copied() {
                Some(charge) => Ok(self.reduce(row, charge)),
                None => self.wait(row, key),
            },
        }
    }

    /// Waits for the charge; when the days have passed, the reversal is rated by its own columns. So it is at once where
    /// the system before has paid what it names: nothing that could arrive would tell more.
    fn wait(&mut self, row: u32, named: (Log, u128)) -> Result<Fate> {
        if self.known.paid.contains(&named) {
            return self.alone(row);
        }
        let until = self.known.rows.records[row as usize].day.saturating_add(self.known.book.orphan_days);
        if self.known.last_day < until { Ok(Fate::Waiting(until)) } else { self.alone(row) }
    }

    /// Rates a reversal by its own columns.
    fn alone(&mut self, row: u32) -> Result<Fate> {
        let rows = self.known.rows;
        let at = row as usize;
        let class = self.classes.of(row);
        let fate = self.judge.judge(Rated { row, class })?;
        let sign = if rows.effect(row) == Effect::Won { 1 } else { -1 };
        let unit = Unit {
            row,
            day: earning_day(self.known, row),
            class,
            events: 1,
            gross: sign * rows.amount(at),
            tax: sign * stated(rows.tax(at)),
            tax_stated: rows.tax(at) != NULL,
            fee: if rows.fee(at) == NULL { NULL } else { sign * rows.fee(at) },
            fee_more: 0,
            fee_back: 0,
            pays: if sign < 0 { -1 } else { 1 },
        };
        if !fate.is_open() && sign < 0 {
            let taken = Taken {
                charge: self.left.len(),
                amount: rows.amount(at),
                tax: stated(rows.tax(at)),
                fee: stated(rows.fee(at)),
                fee_more: 0,
                fee_back: 0,
                is_chargeback: is_chargeback(self.known, row),
                emptied: true,
            };
            self.taken.insert((rows.records[at].log, rows.id[at]), taken);
        }
        self.left.push(Left { unit, fate, orphan: true, emptied: 0 });
        Ok(fate)
    }

    /// Takes a reversal from its charge.
    fn reduce(&mut self, row: u32, charge: usize) -> Fate {
        let rows = self.known.rows;
        let at = row as usize;
        let left = &mut self.left[charge];
        self.charge_of.insert(row, left.unit.row);
        if let Fate::Quarantined(reason) = left.fate {
            return Fate::Quarantined(reason);
        }
        let unit = &mut left.unit;
        let amount = rows.amount(at);
        let computed = unit.fee == NULL;
        let tax = given_or_share(rows.tax(at), unit.tax, amount, unit.gross);
        let fee =
            if computed { stated(rows.fee(at)) } else { given_or_share(rows.fee(at), unit.fee, amount, unit.gross) };
        let other_currency = rows.records[at].currency != rows.records[unit.row as usize].currency;
        if other_currency || amount > unit.gross || tax > unit.tax || (!computed && fee > unit.fee) {
            return Fate::Quarantined(Reason::ReversalExceedsCharge);
        }
        unit.gross -= amount;
        unit.tax -= tax;
        unit.events += 1;
        let kept = computed && rows.fee(at) != NULL;
        let (fee_more, fee_back) = if kept { (amount - tax, fee) } else { (0, 0) };
        let fee = if computed { 0 } else { fee };
        unit.fee_more += fee_more;
        unit.fee_back += fee_back;
        unit.fee -= fee;
        let emptied = unit.gross == 0;
        left.emptied += u32::from(emptied);
        unit.pays = pays(rows.amount(unit.row as usize), unit.gross, left.emptied, left.orphan);
        let is_chargeback = is_chargeback(self.known, row);
        let taken = Taken { charge, amount, tax, fee, fee_more, fee_back, is_chargeback, emptied };
        self.taken.insert((rows.records[at].log, rows.id[at]), taken);
        left.fate
    }

    /// Gives back what a chargeback took.
    fn restore(&mut self, row: u32, key: (Log, u128), taken: Taken) -> Result<Fate> {
        let rows = self.known.rows;
        let at = row as usize;
        let left = &mut self.left[taken.charge];
        if !left.orphan {
            self.charge_of.insert(row, left.unit.row);
        }
        let amount = rows.amount(at);
        let computed = left.unit.fee == NULL;
        let tax = given_or_share(rows.tax(at), taken.tax, amount, taken.amount);
        let fee = if computed { 0 } else { given_or_share(rows.fee(at), taken.fee, amount, taken.amount) };
        let other_currency = rows.records[at].currency != rows.records[left.unit.row as usize].currency;
        if other_currency || amount > taken.amount || tax > taken.tax || fee > taken.fee {
            return Ok(Fate::Quarantined(Reason::ReversalExceedsCharge));
        }
        let fee_more = if taken.fee_more == 0 { 0 } else { amount - tax };
        let fee_back = given_or_share(NULL, taken.fee_back, amount, taken.amount);
        let unit = &mut left.unit;
        unit.gross += amount;
        unit.tax += tax;
        unit.events += 1;
        unit.fee_more -= fee_more;
        unit.fee_back -= fee_back;
        unit.fee += fee;
        left.emptied = left.emptied.saturating_sub(u32::from(taken.emptied));
        unit.pays = pays(rows.amount(unit.row as usize), unit.gross, left.emptied, left.orphan);
        let rest = Taken {
            amount: taken.amount - amount,
            tax: taken.tax - tax,
            fee: taken.fee - fee,
            fee_more: taken.fee_more - fee_more,
            fee_back: taken.fee_back - fee_back,
            emptied: false,
            ..taken
        };
        self.taken.insert(key, rest);
        Ok(left.fate)
    }

    fn finish(self, rated: Vec<Rated>) -> Linked {
        let (mut units, mut refused_money) = (FxHashMap::default(), self.refused_money);
        let mut changed = Marks::of(self.known.rows.len(), |_| false);
        for Left { unit, fate, .. } in self.left {
            match fate {
                Fate::Rated => {
                    changed.mark(unit.row);
                    units.insert(unit.row, unit);
                }
                Fate::Ineligible(program, _) => refused_money.push(refused(&unit, program)),
                _ => {}
            }
        }
        debug_assert!(rated.iter().all(|rated| self.known.rows.records[rated.row as usize].creator != NONE));
        Linked { rated, units, changed, refused: refused_money, fates: self.fates, charge_of: self.charge_of }
    }
}

fn refused(unit: &Unit, program: u16) -> Refused {
    let Unit { row, day, gross, tax, .. } = *unit;
    Refused { row, program, day, gross, tax, fee: stated(unit.fee) }
}

/// How often fixed money is due for what is left of a charge of `amount`, or of a reversal that stands alone: while
/// anything is left; of an event without money, while no live reversal has `emptied` it.
fn pays(amount: i64, left: i64, emptied: u32, alone: bool) -> i8 {
    match (amount, alone) {
        (0, true) => 0,
        (0, false) => i8::from(emptied == 0),
        _ => i8::try_from(left.signum()).unwrap_or(0),
    }
}

fn is_chargeback(known: &Known<'_>, row: u32) -> bool {
    known.rows.kind_name(row) == Some("chargeback")
}

/// What a reversal states, or the share of `left` that goes with `amount` of `whole`, half to even; the last takes all.
fn given_or_share(given: i64, left: i64, amount: i64, whole: i64) -> i64 {
    if given != NULL {
        return given;
    }
    let product = i128::from(left) * i128::from(amount);
    let exact = Exact::ratio(product, i128::from(whole)).unwrap_or_default();
    round(&exact, Rounding::HalfEven).ok().and_then(|v| i64::try_from(v).ok()).unwrap_or(left)
}
