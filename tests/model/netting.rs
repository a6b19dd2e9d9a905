//! Reversals against their charges: which count, and what is left of every charge.

use std::collections::BTreeMap;

use super::calendar::{Day, Month, month_of, parse_instant};
use super::event::{Effect, Key, Row};
use super::fates::{Fate, Fates};
use super::number::{half_even, q};
use super::rating::World;

/// Money to rate: what is left of a charge, or a reversal that stands by itself.
#[derive(Clone, Debug)]
pub struct Unit<'a> {
    pub row: &'a Row,
    /// The earning day.
    pub day: Day,
    /// -1 for a reversal that stands by itself.
    pub sign: i64,
    pub amount: i64,
    pub tax: Option<i64>,
    pub fee: Option<i64>,
    /// Of a fee that is computed: the base whose fee did not go back, and what was stated to go back.
    pub kept_base: i64,
    pub fee_back: i64,
    /// The charge and the reversals that took part of it.
    pub events: i64,
    /// Live reversals; of a reversal that stands by itself, whether it was won back.
    pub taken_back: i64,
}

impl<'a> Unit<'a> {
    /// A row that brings no money.
    pub fn of_no_money(row: &'a Row) -> Self {
        let (day, tax, fee) = (row.day, Some(0), Some(0));
        Self { row, day, sign: 1, amount: 0, tax, fee, kept_base: 0, fee_back: 0, events: 1, taken_back: 0 }
    }

    /// Whether anything is left of it; of a charge of nothing, whether nobody took it back.
    pub fn stands(&self) -> bool {
        if self.row.int("amount_minor").unwrap_or(0) == 0 { self.taken_back == 0 } else { self.amount > 0 }
    }
}

/// Money of a row that no creator gets: where and how much, signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retained {
    pub month: Month,
    pub program: String,
    pub amount: i64,
    pub tax: i64,
    pub fee: i64,
}

/// What became of a set of standing rows.
#[derive(Default)]
pub struct Judged<'a> {
    pub fates: Fates,
    pub units: Vec<Unit<'a>>,
    pub retained: BTreeMap<usize, Retained>,
}

/// The rows' fates and what is left to rate, when these rows are all that is known.
pub fn judge<'a>(world: &World, standing: &[&'a Row], last_day: Day) -> Judged<'a> {
    let mut book = Netting { world, last_day, units: BTreeMap::new(), taken: BTreeMap::new(), out: Judged::default() };
    let (back, other): (Vec<&Row>, Vec<&Row>) =
        standing.iter().partition(|row| matches!(row.effect, Effect::Reversal | Effect::Won));
    for row in other {
        match row.effect {
            Effect::Charge => book.own_columns(row, row.day, 1),
            Effect::Adjustment if world.refs.payout_currency(&row.cells["party_id"], row.day).is_none() => {
                book.out.fates.insert(row.n, Fate::Quarantined("party_unknown_on_date"));
            }
            Effect::Nothing if row.log == "engagement" => book.engaged(row),
            _ => drop(book.out.fates.insert(row.n, Fate::Rated)),
        }
    }
    let mut back = back;
    back.sort_by_key(|row| row.order());
    let known: BTreeMap<Key, &Row> = standing.iter().map(|row| (row.key().expect("an id"), *row)).collect();
    for row in back {
        book.take_back(row, &known);
    }
    let rated = |n: &usize| book.out.fates[n] == Fate::Rated;
    book.out.units = book.units.iter().filter(|(n, _)| rated(n)).map(|(_, unit)| unit.clone()).collect();
    book.out
}

/// What a live reversal still takes of a unit: of its charge, or of itself where it stands by itself.
struct Taken {
    unit: usize,
    amount: i64,
    tax: i64,
    fee: i64,
    kept_base: i64,
    fee_back: i64,
    live: bool,
}

struct Netting<'w, 'a> {
    world: &'w World<'w>,
    last_day: Day,
    units: BTreeMap<usize, Unit<'a>>,
    taken: BTreeMap<usize, Taken>,
    out: Judged<'a>,
}

impl<'a> Netting<'_, 'a> {
    /// A charge, or a reversal whose charge nobody knows.
    fn own_columns(&mut self, row: &'a Row, day: Day, sign: i64) {
        let amount = row.int("amount_minor").expect("a sound row has an amount");
        let (tax, fee) = (row.int("tax_minor"), row.int("channel_fee_minor"));
        let unit = Unit { row, day, sign, amount, tax, fee, kept_base: 0, fee_back: 0, events: 1, taken_back: 0 };
        let fate = self.world.fate_of(&unit);
        if let Fate::Ineligible(_) = fate {
            self.retain(row, &unit, sign * amount, sign * tax.unwrap_or(0), sign * fee.unwrap_or(0));
        }
        self.out.fates.insert(row.n, fate);
        self.units.insert(row.n, unit);
        if sign < 0 {
            let (tax, fee) = (tax.unwrap_or(0), fee.unwrap_or(0));
            self.taken.insert(row.n, Taken { unit: row.n, amount, tax, fee, kept_base: 0, fee_back: 0, live: true });
        }
    }

    /// A row of no money is rated with nothing, unless a program asks for it. Of several, one that does not know who would be
    /// paid decides, then one that counts it, then the first that refuses it.
    fn engaged(&mut self, row: &'a Row) {
        let unit = Unit::of_no_money(row);
        let paid = self.world.program_of(&unit).map(|_| self.world.fate_of(&unit));
        let said: Vec<Fate> = paid.iter().cloned().chain(self.world.asked_by_pools(row)).collect();
        let strictest = said.iter().find(|fate| matches!(fate, Fate::Quarantined(_)));
        let fate = strictest.or(said.iter().find(|fate| **fate == Fate::Rated)).or(said.first());
        self.out.fates.insert(row.n, fate.cloned().unwrap_or(Fate::Rated));
        if paid == Some(Fate::Rated) {
            self.units.insert(row.n, unit);
        }
    }

    fn retain(&mut self, row: &Row, charge: &Unit, amount: i64, tax: i64, fee: i64) {
        let program = self.world.program_of(charge).expect("an ineligible charge has a program").name.clone();
        let month = month_of(charge.day);
        self.out.retained.insert(row.n, Retained { month, program, amount, tax, fee });
    }

    fn take_back(&mut self, row: &'a Row, known: &BTreeMap<Key, &'a Row>) {
        let sign = if row.effect == Effect::Won { 1 } else { -1 };
        let earned = row.text("original_time").map_or(row.day, |t| self.world.zone.day_at(parse_instant(t)));
        let until = row.day + self.world.orphan_days;
        let wanted = if row.effect == Effect::Won { Effect::Reversal } else { Effect::Charge };
        let fits =
            |o: &&&Row| o.effect == wanted && (row.effect != Effect::Won || o.text("kind") == Some("chargeback"));
        let original = row.original().and_then(|key| known.get(&key)).filter(fits);
        match original {
            Some(original) => self.linked(row, original, until),
            None if row.original().is_none_or(|key| self.world.before.paid.contains(&key))
                || self.last_day >= until =>
            {
                self.own_columns(row, earned, sign);
            }
            None => drop(self.out.fates.insert(row.n, Fate::Waiting(until))),
        }
    }

    fn linked(&mut self, row: &'a Row, original: &Row, until: Day) {
        let fate = match self.out.fates.get(&original.n).cloned().unwrap_or(Fate::Waiting(until)) {
            Fate::Waiting(_) => Fate::Waiting(until),
            Fate::Quarantined(reason) => Fate::Quarantined(reason),
            fate if row.effect == Effect::Won => self.restore(row, original).map_or(EXCEEDS, |()| fate),
            fate => self.take(row, original).map_or(EXCEEDS, |()| fate),
        };
        self.out.fates.insert(row.n, fate);
    }

    /// Takes a reversal's money from what is left of its charge; none if that is less.
    fn take(&mut self, row: &'a Row, charge: &Row) -> Option<()> {
        let unit = self.units.get_mut(&charge.n).expect("a charge is a unit");
        let amount = row.int("amount_minor").filter(|a| *a <= unit.amount && same_currency(row, charge))?;
        let tax = stated_or_part(row, "tax_minor", unit.tax.unwrap_or(0), amount, unit.amount);
        let fee = unit.fee.map_or(0, |left| stated_or_part(row, "channel_fee_minor", left, amount, unit.amount));
        let stated = row.int("channel_fee_minor").filter(|_| unit.fee.is_none());
        let (kept_base, fee_back) = stated.map_or((0, 0), |fee| (amount - tax, fee));
        let taken = Taken { unit: charge.n, amount, tax, fee, kept_base, fee_back, live: true };
        move_money(unit, &taken, -1);
        unit.taken_back += 1;
        let unit = unit.clone();
        self.retain_if_ineligible(row, &unit, -amount, -tax, -fee);
        self.taken.insert(row.n, taken);
        Some(())
    }

    /// Gives back what a chargeback took; none if it holds less.
    fn restore(&mut self, row: &'a Row, chargeback: &Row) -> Option<()> {
        let taken = self.taken.get_mut(&chargeback.n)?;
        let amount = row.int("amount_minor").filter(|a| *a <= taken.amount && same_currency(row, chargeback))?;
        let tax = stated_or_part(row, "tax_minor", taken.tax, amount, taken.amount);
        let fee = stated_or_part(row, "channel_fee_minor", taken.fee, amount, taken.amount);
        let kept_base = if taken.kept_base == 0 { 0 } else { amount - tax };
        let fee_back = in_proportion(taken.fee_back, amount, taken.amount);
        let back = Taken { unit: taken.unit, amount, tax, fee, kept_base, fee_back, live: false };
        let was_live = i64::from(std::mem::take(&mut taken.live));
        taken.less(&back);
        let unit = self.units.get_mut(&back.unit).expect("a reversal took of a unit");
        move_money(unit, &back, unit.sign);
        unit.taken_back -= unit.sign * was_live;
        let unit = unit.clone();
        self.retain_if_ineligible(row, &unit, amount, tax, fee);
        Some(())
    }

    fn retain_if_ineligible(&mut self, row: &Row, charge: &Unit, amount: i64, tax: i64, fee: i64) {
        if let Some(Fate::Ineligible(_)) = self.out.fates.get(&charge.row.n) {
            self.retain(row, charge, amount, tax, fee);
        }
    }
}

const EXCEEDS: Fate = Fate::Quarantined("reversal_exceeds_charge");

impl Taken {
    fn less(&mut self, back: &Taken) {
        self.amount -= back.amount;
        self.tax -= back.tax;
        self.fee -= back.fee;
        self.kept_base -= back.kept_base;
        self.fee_back -= back.fee_back;
    }
}

fn same_currency(row: &Row, original: &Row) -> bool {
    row.text("currency") == original.text("currency")
}

/// What the row states, or its part of what is left, in proportion to the amounts.
fn stated_or_part(row: &Row, column: &str, left: i64, amount: i64, of: i64) -> i64 {
    row.int(column).unwrap_or_else(|| in_proportion(left, amount, of))
}

fn in_proportion(left: i64, amount: i64, of: i64) -> i64 {
    if of == 0 { 0 } else { half_even(&(q(left) * q(amount) / q(of))) }
}

/// Adds (sign 1) or takes (-1) what a reversal took.
fn move_money(unit: &mut Unit, taken: &Taken, sign: i64) {
    unit.amount += sign * taken.amount;
    unit.tax = unit.tax.map(|t| t + sign * taken.tax);
    unit.fee = unit.fee.map(|f| f + sign * taken.fee);
    unit.kept_base -= sign * taken.kept_base;
    unit.fee_back -= sign * taken.fee_back;
    unit.events += 1;
}
