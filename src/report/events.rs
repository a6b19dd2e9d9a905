//! Down from the lines of a statement to the events: what each brought, and that together they are the line.

use serde::Serialize;

use super::line::Line;
use crate::earn::{REFERRAL, Taken};
use crate::error::{Error, Result};
use crate::ledger::Earning;
use crate::money::Exact;
use crate::period::day_text;
use crate::pipeline::{Behind, EventBehind, LineOf};
use crate::policy::{Fills, Policies, percent_text, units_text};

/// An event behind a line. Amounts are exact, in major units of the event currency; of a correction, by how much they
/// changed.
#[derive(Clone, Debug, Serialize)]
pub struct EventLine {
    pub log: &'static str,
    pub event_id: String,
    pub kind: String,
    pub day: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid: Option<String>,
    pub deductions: Vec<EventDeduction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creator_side: Option<String>,
    /// The creator side in the program's unit, where it names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub units: Option<Units>,
    /// This party's part, where there are others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taken_back_by: Vec<String>,
    /// Of usage that divides a pot: what it weighs, before multipliers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<i64>,
}

/// What left an event's amount.
#[derive(Clone, Debug, Serialize)]
pub struct EventDeduction {
    pub name: String,
    pub amount: String,
    /// None where the log states the amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
}

/// A number of units of a policy's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Units {
    /// The policy's name for it.
    pub unit: String,
    /// Exact: `420`, `210.5`, `420 1/3`.
    pub number: String,
}

impl Units {
    fn new(unit: &str, number: &Exact) -> Self {
        let mixed = || {
            let (size, sign) = (number.abs(), if number.is_negative() { "-" } else { "" });
            let part = size.fraction();
            format!("{sign}{} {part}", size - part.clone())
        };
        Self { unit: unit.to_owned(), number: number.to_decimal().unwrap_or_else(mixed) }
    }

    /// `420 diamonds`.
    #[must_use]
    pub fn text(&self) -> String {
        units_text(&self.number, &self.unit)
    }
}

/// What a line's events say of one deduction, in minor units.
#[derive(Clone, Debug, Default)]
pub struct StepSum {
    /// How many events it was computed for, and of what.
    pub computed: usize,
    pub base: Exact,
    /// What the log states of it.
    pub stated: Exact,
}

/// The events behind a row of `earnings`.
pub struct LineEvents<'a> {
    line: Line<'a>,
    events: &'a [EventBehind],
    /// What the line is in its program's unit.
    units: Option<&'a Exact>,
}

impl<'a> LineEvents<'a> {
    /// The events of a line; none where no event is behind it: it follows what others earned, or was rated otherwise by
    /// another version of the program.
    ///
    /// # Errors
    /// The events do not add up to the line (difference).
    pub fn of(behind: &'a Behind, policies: &'a Policies, line: &'a Earning) -> Result<Option<Self>> {
        let key: LineOf = (
            line.creator_id.clone(),
            line.program.clone(),
            line.policy_version.clone(),
            line.currency.clone(),
            line.earning_period,
            line.fx_date,
            line.cause.to_owned(),
        );
        if line.program == REFERRAL || line.cause == "program_version" {
            return Ok(None);
        }
        let events = behind.lines.get(&key).map_or(&[][..], Vec::as_slice);
        let events = Self { line: Line::of(policies, line), events, units: behind.units.get(&key) };
        events.add_up()?;
        Ok(Some(events))
    }

    fn sum(&self, of: fn(&EventBehind) -> &Exact) -> Exact {
        self.events.iter().map(of).sum()
    }

    /// Together they are the line: events, what was paid, and the creator side before it was rounded.
    fn add_up(&self) -> Result<()> {
        let line = self.line.row;
        let rounding = Exact::read_back(&line.rounding).unwrap_or_default();
        let told = [
            (
                "events",
                Exact::from(line.events),
                Exact::from(self.events.iter().map(|e| e.brought.events).sum::<i64>()),
            ),
            ("gross", Exact::from(line.gross_minor), self.sum(|e| &e.brought.gross)),
            ("creator side", Exact::from(line.creator_minor) + rounding, self.sum(|e| &e.brought.exact)),
        ];
        match told.iter().find(|(_, line, events)| line != events) {
            None => Ok(()),
            Some((what, expected, found)) => Err(Error::difference("the events of a line do not add up to it")
                .at(format!(
                    "{} version {} of {}, {} {}, {}: {what}",
                    line.program, line.policy_version, line.creator_id, line.currency, line.earning_period, line.cause
                ))
                .expected(expected.to_string())
                .found(found.to_string())
                .next("the run was made by another program, or under other settings in everycent.toml")),
        }
    }

    /// Whether any of them is of money that was paid, or taken back.
    #[must_use]
    pub fn is_any_paid(&self) -> bool {
        self.events.iter().any(|event| !event.brought.gross.is_zero() || !event.taken_back_by.is_empty())
    }

    /// What the line is in its program's unit, as it is booked.
    #[must_use]
    pub fn units(&self) -> Option<Units> {
        self.in_unit(self.units?)
    }

    fn in_unit(&self, number: &Exact) -> Option<Units> {
        let unit = self.line.program?.unit.as_ref()?;
        Some(Units::new(&unit.text, number))
    }

    /// What the events say of the program's step at this place.
    #[must_use]
    pub fn step(&self, at: usize) -> StepSum {
        let fills = self.line.deductions().get(at).map(|step| step.fills);
        let mut sum = StepSum::default();
        let mut computed = Exact::ZERO;
        for event in self.events {
            let Some(taken) = event.brought.steps.get(at).and_then(Option::as_ref).filter(|taken| !taken.stated) else {
                continue;
            };
            sum.computed += 1;
            sum.base += &taken.base;
            computed += &taken.minor;
        }
        sum.stated = match fills {
            Some(Fills::Tax) => self.sum(|e| &e.brought.tax) - computed,
            Some(Fills::ChannelFee) => self.sum(|e| &e.brought.fee) - computed,
            _ => Exact::ZERO,
        };
        sum
    }

    /// As lines, for one party.
    #[must_use]
    pub fn lines(&self, party: &str) -> Vec<EventLine> {
        self.events.iter().map(|event| self.line_of(event, party)).collect()
    }

    fn line_of(&self, event: &EventBehind, party: &str) -> EventLine {
        let amount = |exact: &Exact| self.line.exact_amount(exact);
        let is_usage = event.weight.is_some();
        let part = event.brought.parts.iter().find(|(name, _)| name == party).filter(|_| self.line.row.parts.len() > 1);
        EventLine {
            log: event.log,
            event_id: event.event_id.clone(),
            kind: event.kind.clone(),
            day: day_text(event.day),
            paid: (!is_usage).then(|| amount(&event.brought.gross)),
            deductions: self.deductions(event),
            creator_side: (!is_usage).then(|| amount(&event.brought.creator)),
            units: event.brought.units.as_ref().and_then(|units| self.in_unit(units)),
            part: part.map(|(_, part)| amount(part)),
            taken_back_by: event.taken_back_by.clone(),
            weight: event.weight,
        }
    }

    fn deductions(&self, event: &EventBehind) -> Vec<EventDeduction> {
        let amount = |exact: &Exact| self.line.exact_amount(exact);
        let plain = |name: &str, minor: &Exact| EventDeduction {
            name: name.to_owned(),
            amount: amount(&-minor),
            base: None,
            rate: None,
        };
        let steps = self.line.deductions();
        let mut all = Vec::new();
        let computed = |at: usize| event.brought.steps.get(at).and_then(Option::as_ref);
        let tax: Exact = steps
            .iter()
            .enumerate()
            .filter(|(_, s)| s.fills == Fills::Tax)
            .filter_map(|(at, _)| Some(computed(at)?.minor.clone()))
            .sum();
        let stated = &event.brought.tax - &tax;
        if !stated.is_zero() {
            all.push(plain("tax", &stated));
        }
        for (step, taken) in steps.iter().enumerate().filter_map(|(at, step)| Some((step, computed(at)?))) {
            if taken.minor.is_zero() && taken.base.is_zero() {
                continue;
            }
            let Taken { base, minor, stated } = taken;
            let fixed = self.line.fixed(step).map(|minor| self.line.amount(minor));
            let rate = match (step.percent.is_zero(), fixed) {
                (_, None) => percent_text(&step.percent),
                (true, Some(fixed)) => fixed,
                (false, Some(fixed)) => format!("{} and {fixed}", percent_text(&step.percent)),
            };
            all.push(EventDeduction {
                base: (!stated).then(|| amount(base)),
                rate: (!stated).then_some(rate),
                ..plain(&step.name, minor)
            });
        }
        if !self.line.is_listed("channel_fee") && !event.brought.fee.is_zero() {
            all.push(plain("channel_fee", &event.brought.fee));
        }
        all
    }
}

impl EventLine {
    /// As a line of a statement: `2026-10-05 gifts g1 send: paid 5.00, channel_fee -1.50 (30 % of 5.00), creator side 2.45`.
    #[must_use]
    pub fn text(&self) -> String {
        let mut said: Vec<String> = Vec::new();
        said.extend(self.paid.as_ref().map(|paid| format!("paid {paid}")));
        for d in &self.deductions {
            let how = match (&d.rate, &d.base) {
                (Some(rate), Some(base)) => format!(" ({rate} of {base})"),
                _ => " (as the log states it)".to_owned(),
            };
            said.push(format!("{} {}{how}", d.name, d.amount));
        }
        let units = self.units.as_ref().map(|units| format!(" ({})", units.text())).unwrap_or_default();
        said.extend(self.creator_side.as_ref().map(|side| format!("creator side {side}{units}")));
        said.extend(self.part.as_ref().map(|part| format!("part {part}")));
        said.extend(self.weight.map(|weight| format!("weighs {weight}")));
        if !self.taken_back_by.is_empty() {
            said.push(format!("taken back by {}", self.taken_back_by.join(", ")));
        }
        let words = [self.day.as_str(), self.log, &self.event_id, &self.kind];
        let head = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        format!("{head}: {}", said.join(", "))
    }
}
