//! What a close pins of policies: the parsed form, its hash, and what has changed since.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::model::{
    Added, Band, Below, Bonus, Cap, Case, Enrolment, First, Having, Hold, HoldAfter, Locked, Measure, Pay, Payment,
    Policies, Program, Reserve, Rule, SettleStep, Span, Sql, Step, TaxOf, Terms, Tiers, Unit, UnitRate, Withholding,
};
use super::source::Place;
use crate::money::Currency;
use crate::period::day_text;

/// What has changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKey {
    Program { name: String, version: String },
    Measure { name: String },
    Terms { version: String },
}

/// A difference from what a close has pinned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// As a reader names it: `program live_subs version 1`.
    pub what: String,
    pub key: ChangeKey,
}

impl From<ChangeKey> for Change {
    fn from(key: ChangeKey) -> Self {
        let what = match &key {
            ChangeKey::Program { name, version } => format!("program {name} version {version}"),
            ChangeKey::Measure { name } => format!("measure {name}"),
            ChangeKey::Terms { version } => format!("terms version {version}"),
        };
        Self { what, key }
    }
}

/// What differs between pinned and present policies before `first_open_day`, by kind and name.
///
/// Versions that begin on or after that day say nothing about closed periods. Of the others, an end on or after it
/// counts as open: a version may be given an end in the open time. A version that is edited, removed, or new in closed
/// time is a change. A measure is one when it is edited or removed; a new one is asked by nothing that was pinned.
#[must_use]
pub fn changed(pinned: &Policies, now: &Policies, first_open_day: i32) -> Vec<Change> {
    let (then, today) = (in_closed_time(pinned, first_open_day), in_closed_time(now, first_open_day));
    let differs = |key: &&ChangeKey| then.get(key) != today.get(key);
    let is_new_measure = |key: &ChangeKey| matches!(key, ChangeKey::Measure { .. }) && !then.contains_key(key);
    let mut keys: Vec<&ChangeKey> = then.keys().chain(today.keys()).filter(differs).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter().filter(|key| !is_new_measure(key)).cloned().map(Change::from).collect()
}

impl Policies {
    /// Everything in them that a correction can be about.
    #[must_use]
    pub fn change_keys(&self) -> BTreeSet<ChangeKey> {
        in_closed_time(self, i32::MAX).into_keys().collect()
    }

    /// Where the files say what has changed; none where it is in none of them.
    #[must_use]
    pub fn place_of_change(&self, key: &ChangeKey) -> Option<Place> {
        match key {
            ChangeKey::Program { name, version } => {
                self.programs.iter().find(|p| p.name == *name && p.version == *version).map(|p| p.place)
            }
            ChangeKey::Terms { version } => self.terms.iter().find(|t| t.version == *version).map(|t| t.place),
            ChangeKey::Measure { name } => self.place_of_name(name),
        }
    }

    /// Where a name stands for the first time.
    fn place_of_name(&self, name: &str) -> Option<Place> {
        let quoted = format!("\"{name}\"");
        let starts = [format!("name = {quoted}"), quoted.clone()];
        let found = starts.iter().find_map(|text| {
            self.files.iter().enumerate().find_map(|(file, f)| Some((file, f.text.find(text.as_str())? + text.len())))
        });
        found.map(|(file, end)| Place { file, start: end - quoted.len(), end })
    }
}

/// The parsed form of everything that may have rated a closed day.
fn in_closed_time(policies: &Policies, first_open_day: i32) -> BTreeMap<ChangeKey, Value> {
    let closed_end = |to: Option<i32>| to.filter(|to| *to < first_open_day);
    let programs = policies.programs.iter().filter(|p| p.valid_from < first_open_day).map(|p| {
        let key = ChangeKey::Program { name: p.name.clone(), version: p.version.clone() };
        let unit = policies.unit_of(p).map(|unit| unit.until(first_open_day).canonical());
        (key, json!([Program { valid_to: closed_end(p.valid_to), ..p.clone() }.canonical(), unit]))
    });
    let measures = policies.measures.iter().map(|m| (ChangeKey::Measure { name: m.name.clone() }, m.canonical()));
    let terms = policies.terms.iter().filter(|t| t.valid_from < first_open_day).map(|t| {
        let key = ChangeKey::Terms { version: t.version.clone() };
        (key, Terms { valid_to: closed_end(t.valid_to), ..t.clone() }.canonical())
    });
    let enrolments = policies.enrolments.iter().map(|e| (ChangeKey::Measure { name: e.name.clone() }, e.canonical()));
    programs.chain(measures).chain(enrolments).chain(terms).collect()
}

impl Policies {
    /// The parsed form of all policies as JSON: comments, white space, the order of keys, and names and order of files
    /// change nothing in it.
    #[must_use]
    pub fn canonical_json(&self) -> String {
        let measures = self.measures.iter().map(Measure::canonical);
        let units: Vec<Value> = self.units.iter().map(Unit::canonical).collect();
        filled(json!({
            "measures": measures.chain(self.enrolments.iter().map(Enrolment::canonical)).collect::<Vec<_>>(),
            "programs": self.programs.iter().map(Program::canonical).collect::<Vec<_>>(),
            "terms": self.terms.iter().map(Terms::canonical).collect::<Vec<_>>(),
            "units": (!units.is_empty()).then_some(units),
        }))
        .to_string()
    }

    /// Every word of every text in them, in lower case: among them are the names of all columns that their SQL looks at.
    #[must_use]
    pub fn words(&self) -> BTreeSet<String> {
        let programs = self.programs.iter().map(Program::canonical);
        let measures = self.measures.iter().map(Measure::canonical);
        let mut words = BTreeSet::new();
        programs.chain(measures).for_each(|value| add_words(&value, &mut words));
        words.extend(self.settled_by().into_iter().map(str::to_owned));
        words
    }

    /// Columns that settlement looks at: whose order was delivered, and where payers are.
    fn settled_by(&self) -> Vec<&'static str> {
        let waits = self.programs.iter().any(|p| p.hold.is_some_and(|hold| hold.after == HoldAfter::Delivered));
        let mut columns = if waits { vec!["order_id", "product_id"] } else { Vec::new() };
        if !self.payer_countries().is_empty() {
            columns.push("payer_country");
        }
        columns
    }

    /// SHA-256 of [`Policies::canonical_json`], in lower-case hexadecimal digits.
    #[must_use]
    pub fn sha256(&self) -> String {
        sha256(&self.canonical_json())
    }
}

// Keys stand in alphabetical order, so that the text is the same whether or not serde_json keeps the order of keys.

impl Program {
    /// Its parsed form, defaults written out; what is left out and has no default is left out here too.
    #[must_use]
    pub fn canonical(&self) -> Value {
        filled(json!({
            "bonus": self.bonus.iter().map(bonus).collect::<Vec<_>>(),
            "deductions": self.deductions.iter().map(step).collect::<Vec<_>>(),
            "eligible": self.eligible.iter().map(rule).collect::<Vec<_>>(),
            "first": self.first.as_ref().map(first),
            "fx_date": self.fx_date.map(|f| f.to_string()),
            "hold": self.hold.map(hold),
            "kept": self.kept.to_string(),
            "log": self.log,
            "max_share": self.max_share.as_ref().map(ToString::to_string),
            "name": self.name,
            "odd_cents": self.odd_cents.to_string(),
            "pay_each": payments(&self.pay),
            "pool": pool(&self.pay),
            "round_at": self.round_at.to_string(),
            "rounding": self.rounding.to_string(),
            "share": share(&self.pay),
            "tiers": tiers_of(&self.pay),
            "unit": sql(self.unit.as_ref()),
            "valid_from": day_text(self.valid_from),
            "valid_to": self.valid_to.map(day_text),
            "version": self.version,
            "where": sql(self.condition.as_ref()),
        }))
    }

    /// SHA-256 of [`Program::canonical`], in lower-case hexadecimal digits.
    #[must_use]
    pub fn sha256(&self) -> String {
        sha256(&self.canonical().to_string())
    }
}

impl Measure {
    /// Its parsed form.
    #[must_use]
    pub fn canonical(&self) -> Value {
        let (days, months) = match self.span {
            Span::Days(days) => (Some(days), None),
            Span::Months(months) => (None, Some(months)),
        };
        let (sum, distinct) = match &self.added {
            Added::Sum(sum) => (Some(sum), None),
            Added::Count => (None, None),
            Added::Distinct(of) => (None, Some(of)),
        };
        filled(json!({
            "days": days,
            "distinct": sql(distinct),
            "end": self.end.to_string(),
            "late": self.late.to_string(),
            "log": self.log,
            "months": months,
            "name": self.name,
            "sum": sql(sum),
            "where": sql(self.condition.as_ref()),
        }))
    }
}

impl Enrolment {
    /// Its parsed form.
    #[must_use]
    pub fn canonical(&self) -> Value {
        json!({
            "at_least": self.at_least,
            "lasts_months": self.lasts_months,
            "months_in_a_row": self.months_in_a_row,
            "name": self.name,
            "of": self.of,
        })
    }
}

impl Unit {
    /// Its parsed form.
    #[must_use]
    pub fn canonical(&self) -> Value {
        let rate = |r: &UnitRate| json!({ "from": day_text(r.from), "rate": r.rate.to_string() });
        json!({
            "currency": self.currency.code(),
            "digits": self.digits,
            "name": self.name,
            "rates": self.rates.iter().map(rate).collect::<Vec<_>>(),
        })
    }

    /// With the rates of the days before a day alone.
    fn until(&self, day: i32) -> Self {
        let rates = self.rates.iter().filter(|rate| rate.from < day).cloned().collect();
        Self { rates, ..self.clone() }
    }
}

impl Terms {
    /// Its parsed form.
    #[must_use]
    pub fn canonical(&self) -> Value {
        filled(json!({
            "below_minimum": (self.below != Below::Carry).then(|| self.below.to_string()),
            "due_days": self.due_days,
            "expires_months": self.expires_months,
            "fx_date": self.fx_date.to_string(),
            "fx_max_days_back": self.fx_max_days_back,
            "hold": self.hold.map(hold),
            "minimum_payout_minor": by_currency(&self.minimum_payout),
            "order": (self.order != SettleStep::ALL).then(|| self.order.iter().map(ToString::to_string).collect::<Vec<_>>()),
            "reserve": self.reserve.as_ref().map(reserve),
            "valid_from": day_text(self.valid_from),
            "valid_to": self.valid_to.map(day_text),
            "version": self.version,
            "withholding": (!self.withholding.is_empty()).then(|| self.withholding.iter().map(withheld).collect::<Vec<_>>()),
        }))
    }
}

fn hold(hold: Hold) -> Value {
    json!({ "after": hold.after.to_string(), "days": hold.days })
}

fn reserve(reserve: &Reserve) -> Value {
    json!({ "days": reserve.days, "percent": reserve.percent.to_string() })
}

fn withheld(case: &Withholding) -> Value {
    filled(json!({
        "name": case.name,
        "of": (case.of != TaxOf::Base).then(|| case.of.to_string()),
        "payers": (!case.payers.is_empty()).then_some(&case.payers),
        "percent": case.percent.to_string(),
        "tax": case.tax,
        "when": sql(case.when.as_ref()),
    }))
}

/// Without the keys that say nothing.
pub(super) fn filled(mut value: Value) -> Value {
    if let Some(map) = value.as_object_mut() {
        map.retain(|_, v| !v.is_null());
    }
    value
}

fn bonus(bonus: &Bonus) -> Value {
    filled(json!({
        "cap": bonus.cap.map(cap),
        "name": bonus.name,
        "points": bonus.points.to_string(),
        "when": sql(bonus.when.as_ref()),
    }))
}

fn cap(cap: Cap) -> Value {
    json!({ "amount_minor": cap.minor, "currency": cap.currency.code() })
}

fn step(step: &Step) -> Value {
    filled(json!({
        "account": step.account,
        "fixed_minor": (!step.fixed.is_empty()).then(|| by_currency(&step.fixed)),
        "name": step.name,
        "of": step.of.to_string(),
        "percent": step.percent.to_string(),
        "round": step.round.map(|r| r.to_string()),
        "when": sql(step.when.as_ref()),
    }))
}

fn by_currency(amounts: &BTreeMap<Currency, i64>) -> BTreeMap<&str, i64> {
    amounts.iter().map(|(currency, minor)| (currency.code(), *minor)).collect()
}

fn payments(pay: &Pay) -> Option<Value> {
    let Pay::Each(payments) = pay else { return None };
    let payment = |p: &Payment| {
        let (key, code) = p.currency.map_or(("units", None), |c| ("amount_minor", Some(c.code())));
        filled(json!({ key: p.minor, "currency": code, "when": sql(p.when.as_ref()) }))
    };
    Some(Value::Array(payments.iter().map(payment).collect()))
}

fn first(first: &First) -> Value {
    let having = |h: &Having| json!({ "at_least": h.at_least, "sum": normal(&h.sum.text) });
    filled(json!({
        "having": first.having.as_ref().map(having),
        "n": first.n,
        "of": normal(&first.of.text),
        "per": normal(&first.per.text),
        "within": first.within.to_string(),
    }))
}

fn rule(rule: &Rule) -> Value {
    json!({ "rule": rule.rule, "when": normal(&rule.when.text) })
}

fn share(pay: &Pay) -> Value {
    match pay {
        Pay::Share(cases) => Value::Array(cases.iter().map(case).collect()),
        Pay::Column { column, per } => json!({ "column": column.text, "per": per }),
        Pay::Tiers(_) | Pay::Each(_) | Pay::Pool(_) => Value::Null,
    }
}

fn pool(pay: &Pay) -> Option<Value> {
    let Pay::Pool(pool) = pay else { return None };
    Some(pool.canonical())
}

fn case(case: &Case) -> Value {
    filled(json!({
        "locked": case.locked.as_ref().map(locked),
        "percent": case.percent.to_string(),
        "when": sql(case.when.as_ref()),
    }))
}

fn locked(locked: &Locked) -> Value {
    json!({ "by": locked.by.text, "cut_after_days": locked.cut_after_days, "rates": locked.rates })
}

fn tiers_of(pay: &Pay) -> Option<Value> {
    let Pay::Tiers(Tiers { window, basis, currency, mode, bands }) = pay else { return None };
    Some(json!({
        "bands": bands.iter().map(band).collect::<Vec<_>>(),
        "basis": basis.to_string(),
        "currency": currency.code(),
        "mode": mode.to_string(),
        "window": window.to_string(),
    }))
}

fn band(band: &Band) -> Value {
    json!({ "from_minor": band.from_minor, "percent": band.percent.to_string() })
}

pub(super) fn sql(sql: Option<&Sql>) -> Option<String> {
    sql.map(|sql| normal(&sql.text))
}

/// SQL without comments, and without white space that means nothing. It is for comparing, never for running.
///
/// Text with a backslash or a dollar sign may hold strings that are quoted otherwise: it stays as it is.
fn normal(text: &str) -> String {
    if text.contains(['\\', '$']) {
        return text.trim().to_owned();
    }
    let mut normal = String::new();
    for (token, is_apart) in tokens(text) {
        if is_apart && normal.ends_with(is_word) && token.starts_with(is_word) {
            normal.push(' ');
        }
        normal.push_str(token);
    }
    normal
}

/// Quoted texts and single characters of an expression, and whether white space or a comment stands before each.
pub(super) fn tokens(mut rest: &str) -> Vec<(&str, bool)> {
    let mut all = Vec::new();
    let mut is_apart = false;
    while let Some(first) = rest.chars().next() {
        let (token, after) = rest.split_at(token(rest, first));
        rest = after;
        let says_nothing = first.is_whitespace() || token.starts_with("--") || token.starts_with("/*");
        if !says_nothing {
            all.push((token, is_apart));
        }
        is_apart = says_nothing;
    }
    all
}

/// Blanks between two of these mean something.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '\'' | '"' | '`' | '.')
}

/// The length in bytes of the comment, quoted text or character that begins here.
fn token(rest: &str, first: char) -> usize {
    let until = |end: Option<usize>, length: usize| end.map_or(rest.len(), |at| at + length);
    match first {
        '\'' | '"' | '`' => until(rest[1..].find(first), 2),
        '-' if rest.starts_with("--") => until(rest.find('\n'), 1),
        '/' if rest.starts_with("/*") => until(rest[2..].find("*/"), 4),
        _ => first.len_utf8(),
    }
}

fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// The words of a text, in lower case.
pub fn words_of(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    parts.filter(|part| !part.is_empty()).map(str::to_lowercase)
}

fn add_words(value: &Value, words: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => words.extend(words_of(text)),
        Value::Array(values) => values.iter().for_each(|value| add_words(value, words)),
        Value::Object(values) => values.values().for_each(|value| add_words(value, words)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
