//! Where an earning line's money went, step by step: what was paid, each deduction, the platform's part, the creator side,
//! the split, the conversion. Up to the creator side, and on to the part, the amounts add up.

use serde::Serialize;

use super::events::{LineEvents, StepSum, exact_amount};
use crate::ledger::{Earning, Part};
use crate::money::{Currency, Exact, major_grouped};
use crate::policy::{Of, Policies, Program, Step, aloud, percent_text};

/// One step of an earning line; minor units of the event currency, what is taken away negative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// `paid`, a deduction's name, `platform`, `creator side`, `other parties`, `part`.
    pub step: String,
    pub amount_minor: i64,
    pub amount: String,
    /// What a rate is of, in major units, where the ledger alone says it: a step with a condition is of some events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
    /// The rule, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Is it the sum of the steps before it?
    pub is_sum: bool,
}

/// Explains a line, and one party's part of it; with its events, the base of every deduction is known.
#[must_use]
pub fn explain(policies: &Policies, line: &Earning, part: &Part, events: Option<&LineEvents<'_>>) -> Vec<Explained> {
    let version = |p: &&Program| p.name == line.program && p.version == line.policy_version;
    let teller = Teller { line, program: policies.programs.iter().find(version), events };
    let mut steps = vec![teller.step("paid", line.gross_minor)];
    steps[0].cause = Some(format!("{} events", line.events));
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
    line: &'a Earning,
    program: Option<&'a Program>,
    events: Option<&'a LineEvents<'a>>,
}

impl Teller<'_> {
    fn step(&self, step: impl Into<String>, minor: i64) -> Explained {
        Explained {
            step: step.into(),
            amount_minor: minor,
            amount: self.amount(minor),
            base: None,
            rate: None,
            cause: None,
            account: None,
            is_sum: false,
        }
    }

    fn amount(&self, minor: i64) -> String {
        Currency::parse(&self.line.currency).map_or_else(|| minor.to_string(), |c| major_grouped(minor, c))
    }

    /// Tax, the channel's fee and the program's own steps, in the order of the program.
    fn deductions(&self) -> Vec<Explained> {
        let line = self.line;
        let listed: &[Step] = self.program.map_or(&[], |p| &p.deductions);
        let mut steps = Vec::new();
        let is_listed = |name: &str| listed.iter().any(|s| s.name == name);
        if !is_listed("tax") {
            let cause = Some("stated by the log".to_owned());
            steps.push(Explained { cause, account: Some("tax_payable".into()), ..self.step("tax", -line.tax_minor) });
        }
        let mut left = line.gross_minor - line.tax_minor;
        for (at, step) in listed.iter().enumerate() {
            let minor = self.taken(&step.name);
            steps.push(self.listed(step, minor, left, self.events.map(|events| events.step(at))));
            left -= if step.name == "tax" { 0 } else { minor };
        }
        if !is_listed("channel_fee") {
            let cause = Some("kept by the channel, out of the platform's part".to_owned());
            let account = Some("channel_fees".into());
            steps.push(Explained { cause, account, ..self.step("channel_fee", -line.channel_fee_minor) });
        }
        let unknown = line.deductions.iter().filter(|d| !is_listed(&d.name));
        steps.extend(unknown.map(|d| Explained { account: Some(d.account.clone()), ..self.step(&d.name, -d.minor) }));
        steps
    }

    fn taken(&self, name: &str) -> i64 {
        match name {
            "tax" => self.line.tax_minor,
            "channel_fee" => self.line.channel_fee_minor,
            _ => self.line.deductions.iter().filter(|d| d.name == name).map(|d| d.minor).sum(),
        }
    }

    /// A step of the program; its base is known where it is taken of every event, or where the events are given.
    fn listed(&self, step: &Step, minor: i64, left: i64, events: Option<StepSum>) -> Explained {
        let may_be_stated = matches!(step.name.as_str(), "tax" | "channel_fee");
        let all = if step.of == Of::Rest { left } else { self.line.gross_minor - self.line.tax_minor };
        let base = match &events {
            None => (step.when.is_none() && !may_be_stated).then(|| self.amount(all)),
            Some(sum) => (sum.computed != 0).then(|| exact_amount(&sum.base, &self.line.currency)),
        };
        let when = step.when.as_ref().map(|sql| format!("when {}", aloud(&sql.text)));
        let fixed = step.fixed.iter().find(|(c, _)| c.code() == self.line.currency);
        let fixed = fixed.map(|(_, minor)| format!("and {} of each event", self.amount(*minor)));
        let stated = match &events {
            None => may_be_stated.then(|| "as the log states it, where it does".to_owned()),
            Some(sum) if sum.stated.is_zero() => None,
            Some(sum) => Some(format!("{} as the log states it", exact_amount(&sum.stated, &self.line.currency))),
        };
        let why: Vec<String> = [fixed, when, stated].into_iter().flatten().collect();
        let is_computed = events.as_ref().is_none_or(|sum| sum.computed != 0);
        Explained {
            base,
            rate: is_computed.then(|| percent_text(&step.percent)),
            cause: (!why.is_empty()).then(|| why.join("; ")),
            account: Some(step.account.clone()),
            ..self.step(&step.name, -minor)
        }
    }

    fn creator_side(&self) -> Explained {
        let rounded = Exact::read_back(&self.line.rounding).filter(|r| !r.is_zero());
        let rounded = rounded
            .map(|r| format!(" Rounded off: {} of a minor unit.", r.to_decimal().unwrap_or_else(|| r.to_string())));
        let share = self.program.map(|p| p.share_words()).unwrap_or_default();
        let cause = Some(format!("{share}{}", rounded.unwrap_or_default())).filter(|c| !c.is_empty());
        Explained { is_sum: true, cause, ..self.step("creator side", self.line.creator_minor) }
    }
}

impl Explained {
    /// As a line of a statement: `-1.50  channel_fee: 30 % of 5.00, when channel is not 'web'`.
    #[must_use]
    pub fn text(&self, width: usize) -> String {
        let of = self.base.as_ref().map(|base| format!(" of {base}")).unwrap_or_default();
        let rate = self.rate.as_ref().map(|rate| format!("{rate}{of}"));
        let why: Vec<String> = [rate, self.cause.clone()].into_iter().flatten().collect();
        let colon = if why.is_empty() { "" } else { ": " };
        let sum = if self.is_sum { "= " } else { "" };
        format!("{:>width$}  {}{colon}{}", format!("{sum}{}", self.amount), self.step, why.join(", "))
    }
}
