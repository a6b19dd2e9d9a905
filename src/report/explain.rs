//! Where an earning line's money went, step by step: what was paid, each deduction, the platform's part, the creator side,
//! the split, the conversion. Up to the creator side, and on to the part, the amounts add up.

use serde::Serialize;

use super::events::{LineEvents, StepSum, Units};
use super::line::Line;
use crate::error::Result;
use crate::ledger::{Earning, Part};
use crate::money::{Exact, Rounding, round};
use crate::policy::{Fills, Of, Policies, Step, aloud, percent_text, units_text};

/// One step of an earning line; minor units of the event currency, what is taken away negative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// `paid`, a deduction's name, `platform`, `creator side`, `other parties`, `part`.
    pub step: String,
    pub amount_minor: i64,
    pub amount: String,
    /// What a rate is of, in major units, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// The step may be of some of the events alone, and the ledger has one sum for all of them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub where_it_applies: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
    /// The rule, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The creator side in the program's unit, where its events are known and it names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub units: Option<Units>,
    /// Is it the sum of the steps before it?
    pub is_sum: bool,
}

/// Explains a line, and one party's part of it; with its events, the base of every deduction is known, else as far as the
/// ledger says it.
#[must_use]
pub fn explain(policies: &Policies, line: &Earning, part: &Part, events: Option<&LineEvents<'_>>) -> Vec<Explained> {
    let teller = Teller { line: Line::of(policies, line), events };
    let mut steps = vec![teller.step("paid", line.gross_minor)];
    steps[0].cause = Some(units_text(&line.events.to_string(), "event"));
    steps.extend(teller.deductions());
    steps.push(Explained { account: Some("platform_revenue".into()), ..teller.step("platform", -line.platform_minor) });
    steps.retain(|s| s.amount_minor != 0 || s.step == "paid");
    steps.push(teller.creator_side());
    let others = line.creator_minor - part.minor;
    if others != 0 || line.parts.len() > 1 {
        let cause = Some("by the agreement".to_owned());
        steps.push(Explained { cause, ..teller.step("other parties", -others) });
        steps.push(Explained { is_sum: true, ..teller.step("part", part.minor) });
    }
    steps
}

struct Teller<'a> {
    line: Line<'a>,
    events: Option<&'a LineEvents<'a>>,
}

impl Teller<'_> {
    fn step(&self, step: impl Into<String>, minor: i64) -> Explained {
        Explained {
            step: step.into(),
            amount_minor: minor,
            amount: self.line.amount(minor),
            base: None,
            where_it_applies: false,
            rate: None,
            cause: None,
            account: None,
            units: None,
            is_sum: false,
        }
    }

    /// Tax, the channel's fee and the program's own steps, in the order of the program.
    fn deductions(&self) -> Vec<Explained> {
        let line = self.line.row;
        let mut steps = Vec::new();
        if !self.line.is_listed("tax") {
            let cause = Some("stated by the log".to_owned());
            steps.push(Explained { cause, account: Some("tax_payable".into()), ..self.step("tax", -line.tax_minor) });
        }
        let mut left = line.gross_minor - line.tax_minor;
        for (at, step) in self.line.deductions().iter().enumerate() {
            let minor = self.taken(&step.name);
            steps.push(self.listed(step, at, [minor, left], self.events.map(|events| events.step(at))));
            left -= if step.fills == Fills::Tax { 0 } else { minor };
        }
        if !self.line.is_listed("channel_fee") {
            let cause = Some("kept by the channel, out of the platform's part".to_owned());
            let account = Some("channel_fees".into());
            steps.push(Explained { cause, account, ..self.step("channel_fee", -line.channel_fee_minor) });
        }
        let unknown = line.deductions.iter().filter(|d| !self.line.is_listed(&d.name));
        steps.extend(unknown.map(|d| Explained { account: Some(d.account.clone()), ..self.step(&d.name, -d.minor) }));
        steps
    }

    fn taken(&self, name: &str) -> i64 {
        match name {
            "tax" => self.line.row.tax_minor,
            "channel_fee" => self.line.row.channel_fee_minor,
            _ => self.line.row.deductions.iter().filter(|d| d.name == name).map(|d| d.minor).sum(),
        }
    }

    /// A step of the program at this place, what it took and what was left for it: as its events tell it, or else the ledger.
    fn listed(&self, step: &Step, at: usize, [minor, left]: [i64; 2], events: Option<StepSum>) -> Explained {
        let all = if step.of == Of::Rest { left } else { self.line.row.gross_minor - self.line.row.tax_minor };
        let base = events.as_ref().map_or_else(|| self.of_the_ledger(step, at, minor, all), Base::of);
        let stated = match &events {
            None if !may_be_stated(step) => None,
            None if base == Base::Stated => Some("as the log states it".to_owned()),
            None => Some("as the log states it, where it does".to_owned()),
            Some(sum) if sum.stated.is_zero() => None,
            Some(sum) => Some(format!("{} as the log states it", self.line.exact_amount(&sum.stated))),
        };
        let when = step.when.as_ref().filter(|_| base != Base::Stated);
        let when = when.map(|sql| format!("when {}", aloud(&sql.text)));
        let fixed = self.line.fixed(step).filter(|_| base != Base::Stated);
        let fixed = fixed.map(|minor| format!("and {} of each event", self.line.amount(minor)));
        let why: Vec<String> = [fixed, when, stated].into_iter().flatten().collect();
        Explained {
            where_it_applies: base == Base::Unknown,
            rate: (base != Base::Stated).then(|| percent_text(&step.percent)),
            base: if let Base::Of(base) = base { Some(self.line.exact_amount(&base)) } else { None },
            cause: (!why.is_empty()).then(|| why.join("; ")),
            account: Some(step.account.clone()),
            ..self.step(&step.name, -minor)
        }
    }

    /// What the ledger says of a step's base. A step of every event is of all of the line. Of one event alone it is too, if
    /// its percent comes to what was taken; else the log has stated the amount of a charge, or a correction is of several.
    fn of_the_ledger(&self, step: &Step, at: usize, minor: i64, all: i64) -> Base {
        let line = self.line.row;
        let of_all = Base::Of(Exact::from(all));
        if step.when.is_none() && !may_be_stated(step) {
            return of_all;
        }
        if line.events.abs() != 1 {
            return Base::Unknown;
        }
        if self.comes_to(step, at, all).is_ok_and(|[low, high]| (low..=high).contains(&i128::from(minor))) {
            return of_all;
        }
        let is_charge = line.cause == "current" && line.gross_minor > 0;
        if is_charge && may_be_stated(step) { Base::Stated } else { Base::Unknown }
    }

    /// What a step comes to at least and at most: each step before it is off by half a minor unit where the ledger has it rounded.
    fn comes_to(&self, step: &Step, at: usize, all: i64) -> Result<[i128; 2]> {
        let before = i128::try_from(at).unwrap_or(i128::MAX);
        let slack = Exact::from_int(before).checked_div(&Exact::from_int(2)).unwrap_or_default();
        let (all, sign) = (Exact::from(all), Exact::from(all.signum()));
        let fixed = Exact::from(self.line.fixed(step).unwrap_or(0)) * sign;
        let of = |base: &Exact| round(&(&(&step.percent * base) + &fixed), step.round.unwrap_or(Rounding::HalfEven));
        Ok([of(&(&all - &slack))?, of(&(&all + &slack))?])
    }

    fn creator_side(&self) -> Explained {
        let rounded = Exact::read_back(&self.line.row.rounding).filter(|r| !r.is_zero());
        let rounded = rounded
            .map(|r| format!(" Rounded off: {} of a minor unit.", r.to_decimal().unwrap_or_else(|| r.to_string())));
        let share = self.line.program.map(|p| p.share_words()).unwrap_or_default();
        let cause = Some(format!("{share}{}", rounded.unwrap_or_default())).filter(|c| !c.is_empty());
        let units = self.events.and_then(LineEvents::units);
        Explained { is_sum: true, cause, units, ..self.step("creator side", self.line.row.creator_minor) }
    }
}

/// What a step's percent is of, exact minor units of the event currency.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Base {
    Of(Exact),
    /// Of nothing: the log states the amount.
    Stated,
    Unknown,
}

impl Base {
    /// As the events say.
    fn of(sum: &StepSum) -> Self {
        if sum.computed == 0 { Self::Stated } else { Self::Of(sum.base.clone()) }
    }
}

/// Sales tax and the channel's fee are computed where the log states none.
fn may_be_stated(step: &Step) -> bool {
    step.fills != Fills::Deductions
}

impl Explained {
    /// As a line of a statement: `-1.50  channel_fee: 30 % of 5.00, when channel is not 'web'`.
    #[must_use]
    pub fn text(&self, width: usize) -> String {
        let unknown = if self.where_it_applies { " where it applies*" } else { "" };
        let of = self.base.as_ref().map_or_else(|| unknown.to_owned(), |base| format!(" of {base}"));
        let rate = self.rate.as_ref().map(|rate| format!("{rate}{of}"));
        let said: Vec<String> =
            [self.units.as_ref().map(Units::text), self.cause.clone()].into_iter().flatten().collect();
        let said = (!said.is_empty()).then(|| said.join(". "));
        let why: Vec<String> = [rate, said].into_iter().flatten().collect();
        let colon = if why.is_empty() { "" } else { ": " };
        let sum = if self.is_sum { "= " } else { "" };
        format!("{:>width$}  {}{colon}{}", format!("{sum}{}", self.amount), self.step, why.join(", "))
    }
}
