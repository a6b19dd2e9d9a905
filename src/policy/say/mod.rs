//! Policies in plain sentences, one for each clause: what `policy show` and `policy diff` read aloud.
//!
//! [`program`], [`pool`], [`measure`] and [`terms`] say what stands in such a table, [`words`] has the words that they share,
//! [`differences`] compares what is said.

mod differences;
mod measure;
mod pool;
mod program;
mod terms;
mod words;

pub use differences::differences;
pub use words::{aloud, percent};

use super::model::{Enrolment, Measure, Policies, Program, Terms, Unit, covers};
use crate::period::day_text;
use words::plain;

/// What one clause says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// The clause's name within its owner, such as `bonus reach`: the same clause of another version has it too.
    pub clause: String,
    pub text: String,
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
    /// Everything that is in force on a day, or, without one, ever: programs, then terms, then measures.
    #[must_use]
    pub fn said(&self, on: Option<i32>) -> Vec<Said> {
        let holds = |from: i32, to: Option<i32>| on.is_none_or(|day| covers(from, to, day));
        let programs = self.programs.iter().filter(|p| holds(p.valid_from, p.valid_to));
        let terms = self.terms.iter().filter(|t| holds(t.valid_from, t.valid_to));
        let mut all: Vec<Said> = programs.map(Program::said).chain(terms.map(Terms::said)).collect();
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
    /// The keys of the pinned form that they speak of.
    keys: Vec<&'static str>,
}

impl Sentences {
    /// A sentence about what these keys of the pinned form hold.
    fn say(&mut self, keys: &[&'static str], clause: impl Into<String>, text: impl Into<String>) {
        self.keys.extend(keys);
        self.all.push(Sentence { clause: clause.into(), text: text.into() });
    }

    /// What is said of something that is in force at all times.
    fn always(self, owner: String, pinned: serde_json::Value) -> Said {
        let sentences = self.and_the_rest(&pinned);
        Said { owner, version: None, from: i32::MIN, to: None, sentences, pinned }
    }

    /// All of them, and what the pinned form holds and none has said: nothing stays unsaid.
    fn and_the_rest(mut self, pinned: &serde_json::Value) -> Vec<Sentence> {
        let fields = pinned.as_object().into_iter().flatten();
        let is_said = |key: &str| HEADING.contains(&key) || self.keys.contains(&key);
        let unsaid = fields.filter(|(key, value)| !is_said(key) && !value.as_array().is_some_and(Vec::is_empty));
        let rest =
            unsaid.map(|(key, value)| Sentence { clause: key.clone(), text: format!("Its {key}: {}.", plain(value)) });
        let rest: Vec<Sentence> = rest.collect();
        self.all.extend(rest);
        self.all
    }
}
