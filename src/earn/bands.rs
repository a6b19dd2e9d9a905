//! Events that fall in one band together are added up before they are multiplied: the sums are linear, so that only an
//! event that crosses a band has to be walked alone.

use rustc_hash::FxHashMap;

use super::lookup::Lookup;
use super::order;
use super::tiers::window_of;
use crate::facts::{Class, Fact};
use crate::log::Log;
use crate::money::{Currency, Exact};
use crate::period::Period;
use crate::policy::{Basis, Pay, Program, RoundAt, TierMode, Tiers};

/// Facts of one program and window, in their order, each with what a minor unit of it is worth in the tiers' currency.
pub struct Run<'f, 'a> {
    pub facts: &'f [Fact<'a>],
    /// By fact: which of `worths` is its own.
    pub worth_of: &'f [usize],
    pub worths: &'f [Exact],
}

/// The tiers of a program of which facts may be added up: marginal bands over what payers paid, one definition for all
/// versions (of all of them, `definitions`), rounded by line, without caps on bonuses.
#[must_use]
pub fn additive<'a>(program: &'a Program, definitions: &[&Tiers]) -> Option<&'a Tiers> {
    let capped = program.bonus.iter().any(|bonus| bonus.cap.is_some());
    match (&program.pay, definitions) {
        (Pay::Tiers(tiers), [_]) if program.round_at == RoundAt::Line && !capped => {
            (tiers.mode == TierMode::Marginal && tiers.basis == Basis::Gross).then_some(tiers)
        }
        _ => None,
    }
}

/// Sorts the facts of a creator, those that may be added up behind the others, program by program and window by window;
/// gives where they begin. Where facts of more than one version of a program are among them, none of it add up.
pub fn sort_runs_last(look: &Lookup<'_>, facts: &mut [Fact<'_>]) -> usize {
    let mixed = mixed(look, facts);
    let tiers_of = |fact: &Fact<'_>| {
        let program = look.program(fact.program);
        program.additive.filter(|_| !mixed.contains(&program.name))
    };
    order::sort(look.known.rows, facts, |fact| Some((fact.program, window(tiers_of(fact)?, fact))));
    facts.partition_point(|fact| tiers_of(fact).is_none())
}

/// Do two facts that add up move the same volume?
pub fn one_run(look: &Lookup<'_>, a: &Fact<'_>, b: &Fact<'_>) -> bool {
    let tiers = look.program(a.program).additive;
    a.program == b.program && tiers.is_some_and(|tiers| a.day == b.day || window(tiers, a) == window(tiers, b))
}

fn window(tiers: &Tiers, fact: &Fact<'_>) -> i32 {
    window_of(tiers.window, Period::of_day(fact.day))
}

/// The programs of which a creator has facts of more than one version.
fn mixed(look: &Lookup<'_>, facts: &[Fact<'_>]) -> Vec<u32> {
    let mut met: Vec<(u32, u16)> = Vec::new();
    for fact in facts {
        let program = look.program(fact.program);
        if program.versions && !met.contains(&(program.name, fact.program)) {
            met.push((program.name, fact.program));
        }
    }
    met.sort_unstable();
    met.chunk_by(|a, b| a.0 == b.0).filter(|versions| versions.len() > 1).map(|versions| versions[0].0).collect()
}

/// May the fact be one of a sum? It brings money, and nothing in it is less than nothing.
#[must_use]
pub fn adds(fact: &Fact<'_>) -> bool {
    fact.gross >= 0 && fact.fee_more == 0 && fact.fee_back == 0 && !fact.falls_short
}

impl<'a> Run<'_, 'a> {
    /// The facts of the run, those that lie within one band from the volume `from` on added up; in an order that moves the
    /// volume over the same edges by the same events.
    #[must_use]
    pub fn summed(&self, tiers: &Tiers, from: &Exact) -> Vec<Fact<'a>> {
        let mut done = Vec::new();
        let mut at = from.clone();
        self.divide(tiers, 0, self.facts.len(), &mut at, &mut done);
        done
    }

    /// Adds up a stretch that stays in one band; divides one that does not.
    fn divide(&self, tiers: &Tiers, from: usize, to: usize, at: &mut Exact, done: &mut Vec<Fact<'a>>) {
        if from == to {
            return;
        }
        let after = &*at + &self.volume(from, to);
        let edge = tiers.bands.iter().map(|band| Exact::from(band.from_minor)).find(|edge| *edge > *at);
        if to - from == 1 {
            done.push(self.facts[from]);
            *at = after;
        } else if at.is_negative() || edge.is_some_and(|edge| after > edge) {
            let middle = from + (to - from) / 2;
            self.divide(tiers, from, middle, at, done);
            self.divide(tiers, middle, to, at, done);
        } else if add_up(&self.facts[from..to], done) {
            *at = after;
        } else {
            done.extend_from_slice(&self.facts[from..to]);
            *at = after;
        }
    }

    /// How far a stretch moves the volume.
    fn volume(&self, from: usize, to: usize) -> Exact {
        let mut sums = vec![0_i128; self.worths.len()];
        for at in from..to {
            sums[self.worth_of[at]] += i128::from(self.facts[at].gross);
        }
        sums.into_iter().zip(self.worths).map(|(sum, worth)| Exact::from(sum) * worth).sum()
    }
}

/// What tells sums apart: currency, day, log, channel, class (each stands once), fee and tax stated.
type Alike = (Currency, i32, Log, u32, *const Class, bool, bool);

/// Sums of facts that are rated alike, at the end of `done`; false, and nothing there, where a sum is beyond Int64.
fn add_up<'a>(facts: &[Fact<'a>], done: &mut Vec<Fact<'a>>) -> bool {
    let first = done.len();
    let mut places: FxHashMap<Alike, usize> = FxHashMap::default();
    for fact in facts {
        let class = std::ptr::from_ref(fact.class);
        let alike = (fact.currency, fact.day, fact.log, fact.channel, class, fact.fee_stated, fact.tax_stated);
        let place = *places.entry(alike).or_insert(done.len());
        let Some(sum) = done.get_mut(place) else {
            done.push(*fact);
            continue;
        };
        let sums = (
            sum.events.checked_add(fact.events),
            sum.gross.checked_add(fact.gross),
            sum.tax.checked_add(fact.tax),
            sum.fee.checked_add(fact.fee),
        );
        let (Some(events), Some(gross), Some(tax), Some(fee)) = sums else {
            done.truncate(first);
            return false;
        };
        *sum = Fact { events, gross, tax, fee, row: None, ..*sum };
    }
    true
}
