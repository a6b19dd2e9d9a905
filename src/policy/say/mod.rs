//! Policies in plain sentences, one for each clause: what `policy show` and `policy diff` read aloud.
//!
//! [`program`], [`pool`], [`measure`] and [`terms`] say what stands in such a table, [`words`] and [`sql`] have the words that
//! they share; [`differences`] compares what is said, [`order`] what comes before what, [`unsaid`] the rest of the pinned form.

mod differences;
mod measure;
mod order;
mod pool;
mod program;
mod sql;
mod terms;
mod unsaid;
mod words;

pub use differences::differences;
pub use order::Order;
pub use sql::aloud;
pub use words::percent;

use super::model::{Enrolment, Measure, Policies, Program, Terms, Unit, covers};
use crate::period::day_text;
use words::plain;

/// What one clause says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// The clause's name within its owner, such as `bonus reach`: the same clause of another version has it too.
    pub clause: String,
    pub text: String,
    /// The keys of the pinned form that it speaks of.
    pub keys: Vec<String>,
}

/// A program, measure or terms, in sentences.
#[derive(Clone, Debug)]
pub struct Said {
    /// `program live_subs`, `measure views_30d`, `terms`.
    pub owner: String,
    /// None of a measure.
    pub version: Option<String>,
    /// When it is in force; of a measure always.
    pub from: i32,
    pub to: Option<i32>,
    pub sentences: Vec<Sentence>,
    /// What is done in the order of the file.
    pub orders: Vec<Order>,
    /// What a close pins of it.
    pub pinned: serde_json::Value,
}

impl Said {
    /// `program live_subs version 1, from 2026-01-01 on`.
    #[must_use]
    pub fn heading(&self) -> String {
        match &self.version {
            None => self.owner.clone(),
            Some(_) => format!("{}, {}", self.name(), days(self.from, self.to)),
        }
    }

    /// `program live_subs version 1`.
    #[must_use]
    pub fn name(&self) -> String {
        let version = self.version.as_ref().map(|v| format!(" version {v}")).unwrap_or_default();
        format!("{}{version}", self.owner)
    }
}

/// `from 2026-01-01 on`, or `from 2026-01-01 to 2026-06-30`: both days included.
fn days(from: i32, to: Option<i32>) -> String {
    match to {
        None => format!("from {} on", day_text(from)),
        Some(to) => format!("from {} to {}", day_text(from), day_text(to - 1)),
    }
}

impl Policies {
    /// Everything that is in force on a day, or, without one, ever: programs, then terms, then measures and units; nothing
    /// on a day without programs and terms.
    #[must_use]
    pub fn said(&self, on: Option<i32>) -> Vec<Said> {
        let holds = |from: i32, to: Option<i32>| on.is_none_or(|day| covers(from, to, day));
        let programs = self.programs.iter().filter(|p| holds(p.valid_from, p.valid_to));
        let terms = self.terms.iter().filter(|t| holds(t.valid_from, t.valid_to));
        let mut all: Vec<Said> = programs.map(Program::said).chain(terms.map(Terms::said)).collect();
        if on.is_some() && all.is_empty() {
            return all;
        }
        all.extend(self.measures.iter().map(Measure::said));
        all.extend(self.enrolments.iter().map(Enrolment::said));
        all.extend(self.units.iter().map(Unit::said));
        all
    }
}

/// What the heading says of a program, a measure or terms.
const HEADING: [&str; 4] = ["name", "version", "valid_from", "valid_to"];

/// Sentences while they are collected.
#[derive(Default)]
struct Sentences {
    all: Vec<Sentence>,
    orders: Vec<Order>,
}

impl Sentences {
    /// A sentence about what these keys of the pinned form hold.
    fn say(&mut self, keys: &[&'static str], clause: impl Into<String>, text: impl Into<String>) {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        self.all.push(Sentence { clause: clause.into(), text: text.into(), keys });
    }

    /// Things that a key of the pinned form holds, and that are `done` in their order, such as `Deductions are taken`.
    fn in_order<'a>(&mut self, key: &'static str, done: impl Into<String>, names: impl Iterator<Item = &'a str>) {
        self.orders.push(Order { key, done: done.into(), names: names.map(str::to_owned).collect() });
    }

    /// What is said of something that is in force at all times.
    fn always(self, owner: String, pinned: serde_json::Value) -> Said {
        self.of_version(owner, None, (i32::MIN, None), pinned)
    }

    /// What is said of a version, and the days on which it is in force.
    fn of_version(
        mut self,
        owner: String,
        version: Option<String>,
        (from, to): (i32, Option<i32>),
        pinned: serde_json::Value,
    ) -> Said {
        let orders = std::mem::take(&mut self.orders);
        Said { owner, version, from, to, sentences: self.and_the_rest(&pinned), orders, pinned }
    }

    /// All of them, and what the pinned form holds and none has said: nothing stays unsaid.
    fn and_the_rest(mut self, pinned: &serde_json::Value) -> Vec<Sentence> {
        let fields = pinned.as_object().into_iter().flatten();
        let is_said = |key: &str| HEADING.contains(&key) || self.all.iter().any(|s| s.keys.iter().any(|k| k == key));
        let unsaid = fields.filter(|(key, value)| !is_said(key) && !value.as_array().is_some_and(Vec::is_empty));
        let rest = unsaid.map(|(key, value)| {
            let text = format!("Its {key}: {}.", plain(value));
            Sentence { clause: key.clone(), text, keys: vec![key.clone()] }
        });
        let rest: Vec<Sentence> = rest.collect();
        self.all.extend(rest);
        self.all
    }
}
