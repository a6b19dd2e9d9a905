//! Reversals find their charges: what remains of every charge, and the fate of every standing row.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::context::earning_day;
use super::creators::Ranges;
use super::judge::{Judge, Judged};
use super::marks::Marks;
use super::{ClassNumber, Classes, Known};
use crate::error::{Error, Result};
use crate::fate::{Fate, Reason};
use crate::intake::{NULL, Rows};
use crate::log::{Effect, Log};
use crate::money::{Exact, Rounding, round};

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
    /// The rows that give a unit, creator after creator, in ranges of creators.
    pub rated: Vec<Vec<Rated>>,
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
pub(super) fn charge(known: &Known<'_>, class: ClassNumber, row: u32) -> Unit {
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
pub(super) struct Left {
    pub unit: Unit,
    pub fate: Fate,
    orphan: bool,
    /// Live reversals that left nothing of the charge.
    emptied: u32,
}

impl Left {
    /// All of a charge.
    pub fn of_charge(unit: Unit, fate: Fate) -> Self {
        Self { unit, fate, orphan: false, emptied: 0 }
    }
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
    let ranges = Ranges::of(known);
    let mut linker = Linker::new(known, classes);
    let judged = ranges.sorted(known, classes, |rows| Judge::new(known, classes).all(rows, &named));
    let rated = linker.take(judged)?;
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
    let rated = ranges.with(rows, rated, alone);
    Ok(linker.finish(rated))
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

    /// Takes what was said of the rows of each range of creators; the answer is those that are rated. Of several errors,
    /// that of the first row counts.
    fn take(&mut self, ranges: Vec<std::result::Result<Judged, (u32, Error)>>) -> Result<Vec<Vec<Rated>>> {
        let rows = self.known.rows;
        let mut rated = Vec::with_capacity(ranges.len());
        let mut failed: Option<(u32, Error)> = None;
        for judged in ranges {
            match judged {
                Ok(judged) => {
                    rated.push(judged.rated);
                    self.refused_money.extend(judged.refused);
                    self.fates.extend(judged.fates);
                    for unit in judged.named {
                        let at = unit.unit.row as usize;
                        self.by_id.insert((rows.records[at].log, rows.id[at]), self.left.len());
                        self.left.push(unit);
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

    fn finish(self, rated: Vec<Vec<Rated>>) -> Linked {
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
        Linked { rated, units, changed, refused: refused_money, fates: self.fates, charge_of: self.charge_of }
    }
}

/// The money of what a rule of a program refused.
pub(super) fn refused(unit: &Unit, program: u16) -> Refused {
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
