//! Reversals find their charges: what remains of every charge, and the fate of every standing row.

use rustc_hash::{FxHashMap, FxHashSet};

use super::context::earning_day;
use super::{ClassNumber, Classes, Known, Match};
use crate::error::{Error, Result};
use crate::fate::{Fate, Reason};
use crate::intake::{NONE, NULL};
use crate::log::{Effect, Log};
use crate::money::{Exact, Rounding, round};
use crate::period::{Period, day_text};

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

/// The outcome of linking.
pub struct Linked {
    pub units: Vec<Unit>,
    pub refused: Vec<Refused>,
    /// The fate of every standing row, in the order of `standing`.
    pub fates: Vec<(u32, Fate)>,
    /// For every reversal that found its charge: the charge's row.
    pub charge_of: FxHashMap<u32, u32>,
}

/// What is left of a charge while its reversals are taken from it.
struct Left {
    unit: Unit,
    fate: Fate,
    orphan: bool,
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
}

/// Links the standing rows.
///
/// # Errors
/// Two programs rate one charge (usage); an agreement that does not add up (input).
pub fn link(known: &Known<'_>, classes: &Classes) -> Result<Linked> {
    let rows = known.rows;
    let mut linker = Linker {
        known,
        classes,
        left: Vec::with_capacity(known.standing.len()),
        by_id: FxHashMap::default(),
        refused: FxHashMap::default(),
        taken: FxHashMap::default(),
        fates: Vec::with_capacity(known.standing.len()),
        charge_of: FxHashMap::default(),
        parties: FxHashMap::default(),
    };
    let mut back = Vec::new();
    let mut named: FxHashSet<(Log, u128)> = FxHashSet::default();
    for (row, _) in known.standing {
        if rows.effect(*row).takes_back() {
            back.push(*row);
            named.insert((rows.log[*row as usize], rows.original(*row)));
        }
    }
    for (row, _) in known.standing {
        linker.charge(*row, &named)?;
    }
    back.sort_unstable_by(|a, b| rows.in_order(*a, *b));
    for row in back {
        let fate = linker.take_back(row)?;
        if let Fate::Quarantined(reason) = fate {
            linker.refused.insert((rows.log[row as usize], rows.id[row as usize]), reason);
        }
        linker.fates.push((row, fate));
    }
    Ok(linker.finish())
}

struct Linker<'a> {
    known: &'a Known<'a>,
    classes: &'a Classes,
    left: Vec<Left>,
    /// Charges that a reversal names.
    by_id: FxHashMap<(Log, u128), usize>,
    /// Reversals that were refused, by id.
    refused: FxHashMap<(Log, u128), Reason>,
    /// Rated reversals by id.
    taken: FxHashMap<(Log, u128), Taken>,
    fates: Vec<(u32, Fate)>,
    charge_of: FxHashMap<u32, u32>,
    /// Whether every party of (creator, program, day) is known at the period's end.
    parties: FxHashMap<(u32, u16, i32), bool>,
}

fn stated(value: i64) -> i64 {
    if value == NULL { 0 } else { value }
}

impl Linker<'_> {
    /// Gives a charge (or a row without money) its fate and its place among what can be taken back.
    fn charge(&mut self, row: u32, named: &FxHashSet<(Log, u128)>) -> Result<()> {
        let rows = self.known.rows;
        let at = row as usize;
        match rows.effect(row) {
            Effect::Reversal | Effect::Won => return Ok(()),
            Effect::Nothing => self.fates.push((row, Fate::Rated)),
            Effect::Credit | Effect::Debit => {
                let party = rows.names.text(rows.party(row));
                let known = self.known.references.parties.on(party, rows.day[at]).is_some();
                self.fates.push((row, if known { Fate::Rated } else { Fate::Quarantined(Reason::PartyUnknownOnDate) }));
            }
            Effect::Charge => {
                let (fate, class) = self.judge(row)?;
                self.fates.push((row, fate));
                if named.contains(&(rows.log[at], rows.id[at])) {
                    self.by_id.insert((rows.log[at], rows.id[at]), self.left.len());
                }
                let unit = Unit {
                    row,
                    day: rows.day[at],
                    class,
                    events: 1,
                    gross: rows.amount.get(at),
                    tax: stated(rows.tax.get(at)),
                    tax_stated: rows.tax.get(at) != NULL,
                    fee: rows.fee.get(at),
                    fee_more: 0,
                    fee_back: 0,
                };
                self.left.push(Left { unit, fate, orphan: false });
            }
        }
        Ok(())
    }

    /// The fate that policies and references give a row.
    fn judge(&mut self, row: u32) -> Result<(Fate, ClassNumber)> {
        let class = self.classes.of(row);
        let outcome = self.classes.get(class);
        let program = match outcome.matched {
            Match::NoCreator => return Ok((Fate::Quarantined(Reason::CreatorUnknownOnDate), class)),
            Match::NoProgram => return Ok((Fate::Quarantined(Reason::NoPolicy), class)),
            Match::Two(a, b) => return Err(self.two_programs(row, a, b)),
            Match::Program(program) => program,
        };
        if !self.parties_known(row, program)? {
            return Ok((Fate::Quarantined(Reason::PartyUnknownOnDate), class));
        }
        Ok((outcome.failed.map_or(Fate::Rated, |rule| Fate::Ineligible(program, rule)), class))
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
        let creator = known.rows.creator[row as usize];
        let day = earning_day(known, row);
        if let Some(answer) = self.parties.get(&(creator, program, day)) {
            return Ok(*answer);
        }
        let name = &known.policies.programs[usize::from(program)].name;
        let shares = known.references.agreements.on(known.rows.names.text(creator), name, day)?;
        let last = Period::of_day(day).last_day();
        let answer = shares.iter().all(|s| known.references.parties.on(&s.party, last).is_some());
        self.parties.insert((creator, program, day), answer);
        Ok(answer)
    }

    fn take_back(&mut self, row: u32) -> Result<Fate> {
        let rows = self.known.rows;
        let key = (rows.log[row as usize], rows.original(row));
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
        let until = self.known.rows.day[row as usize].saturating_add(self.known.book.orphan_days);
        if self.known.last_day < until { Ok(Fate::Waiting(until)) } else { self.alone(row) }
    }

    /// Rates a reversal by its own columns.
    fn alone(&mut self, row: u32) -> Result<Fate> {
        let rows = self.known.rows;
        let at = row as usize;
        let (fate, class) = self.judge(row)?;
        let sign = if rows.effect(row) == Effect::Won { 1 } else { -1 };
        let unit = Unit {
            row,
            day: earning_day(self.known, row),
            class,
            events: 1,
            gross: sign * rows.amount.get(at),
            tax: sign * stated(rows.tax.get(at)),
            tax_stated: rows.tax.get(at) != NULL,
            fee: if rows.fee.get(at) == NULL { NULL } else { sign * rows.fee.get(at) },
            fee_more: 0,
            fee_back: 0,
        };
        if !fate.is_open() && sign < 0 {
            let taken = Taken {
                charge: self.left.len(),
                amount: rows.amount.get(at),
                tax: stated(rows.tax.get(at)),
                fee: stated(rows.fee.get(at)),
                fee_more: 0,
                fee_back: 0,
                is_chargeback: is_chargeback(self.known, row),
            };
            self.taken.insert((rows.log[at], rows.id[at]), taken);
        }
        self.left.push(Left { unit, fate, orphan: true });
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
        let amount = rows.amount.get(at);
        let computed = unit.fee == NULL;
        let tax = given_or_share(rows.tax.get(at), unit.tax, amount, unit.gross);
        let fee = if computed {
            stated(rows.fee.get(at))
        } else {
            given_or_share(rows.fee.get(at), unit.fee, amount, unit.gross)
        };
        let other_currency = rows.currency[at] != rows.currency[unit.row as usize];
        if other_currency || amount > unit.gross || tax > unit.tax || (!computed && fee > unit.fee) {
            return Fate::Quarantined(Reason::ReversalExceedsCharge);
        }
        unit.gross -= amount;
        unit.tax -= tax;
        unit.events += 1;
        let kept = computed && rows.fee.get(at) != NULL;
        let (fee_more, fee_back) = if kept { (amount - tax, fee) } else { (0, 0) };
        let fee = if computed { 0 } else { fee };
        unit.fee_more += fee_more;
        unit.fee_back += fee_back;
        unit.fee -= fee;
        let is_chargeback = is_chargeback(self.known, row);
        let taken = Taken { charge, amount, tax, fee, fee_more, fee_back, is_chargeback };
        self.taken.insert((rows.log[at], rows.id[at]), taken);
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
        let amount = rows.amount.get(at);
        let computed = left.unit.fee == NULL;
        let tax = given_or_share(rows.tax.get(at), taken.tax, amount, taken.amount);
        let fee = if computed { 0 } else { given_or_share(rows.fee.get(at), taken.fee, amount, taken.amount) };
        let other_currency = rows.currency[at] != rows.currency[left.unit.row as usize];
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
        let rest = Taken {
            amount: taken.amount - amount,
            tax: taken.tax - tax,
            fee: taken.fee - fee,
            fee_more: taken.fee_more - fee_more,
            fee_back: taken.fee_back - fee_back,
            ..taken
        };
        self.taken.insert(key, rest);
        Ok(left.fate)
    }

    fn finish(self) -> Linked {
        let (mut units, mut refused) = (Vec::with_capacity(self.left.len()), Vec::new());
        for Left { unit, fate, .. } in self.left {
            match fate {
                Fate::Rated => units.push(unit),
                Fate::Ineligible(program, _) => refused.push(Refused {
                    row: unit.row,
                    program,
                    day: unit.day,
                    gross: unit.gross,
                    tax: unit.tax,
                    fee: stated(unit.fee),
                }),
                _ => {}
            }
        }
        debug_assert!(units.iter().all(|u| self.known.rows.creator[u.row as usize] != NONE));
        Linked { units, refused, fates: self.fates, charge_of: self.charge_of }
    }
}

fn is_chargeback(known: &Known<'_>, row: u32) -> bool {
    known.rows.text(row, "kind") == Some("chargeback")
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
