//! What a statement says of an earning line, against what an example expects it to say.

use std::collections::{BTreeMap, BTreeSet};

use super::example::{Expected, Holds};
use super::judge::{Verdict, label, only, same_form};
use crate::error::Result;
use crate::ledger::{Earning, EarningView, Part, Tables};
use crate::money::{Currency, major_text};
use crate::pipeline::Behind;
use crate::policy::Policies;
use crate::report::{Explained, LineEvents, explain, is_without_part, no_part, why_without_part};

/// The name under which an example expects explanations.
pub const EXPLAINED: &str = "explained";
/// What it may say of steps, by their names.
pub const LISTS: [&str; 5] = ["steps", "bases", "rates", "causes", "accounts"];
/// What the line is in its program's unit.
const UNITS: &str = "units";
/// The columns that say which line of whom is meant.
const KEYS: [&str; 8] =
    ["party_id", "creator_id", "program", "policy_version", "currency", "earning_period", "cause", "without_part"];

/// Is it one of [`LISTS`]?
pub fn is_list(key: &str) -> bool {
    LISTS.contains(&key)
}

/// What a column of an explained line is for.
pub fn column(key: &str) -> Option<Holds> {
    match key {
        "events" | "part" | UNITS => Some(Holds::Number),
        _ => KEYS.contains(&key).then_some(Holds::Key),
    }
}

/// The events behind the lines of creators.
pub type ToBehind<'a> = dyn Fn(&BTreeSet<String>) -> Result<Behind> + 'a;

/// The verdicts on one party's part of one line, or on a line that nobody has a part of; its explanation must add up whatever the
/// example says. Its events are asked for where the example names its units.
///
/// # Errors
/// The events can't be rated, or do not add up to the line.
pub fn explained(
    expected: &Expected,
    tables: &Tables,
    policies: &Policies,
    behind: &ToBehind<'_>,
) -> Result<Vec<Verdict>> {
    let label = label(expected);
    let told = |line: EarningView<'_>| {
        let nobody = is_without_part(policies, &line);
        let mut line = line.to_row();
        line.parts.extend(nobody.then(|| no_part(&line)));
        (nobody.then(|| why_without_part(&line, None)), line)
    };
    let lines: Vec<(Option<&str>, Earning)> = tables.earnings.iter().map(told).collect();
    let all = lines.iter().flat_map(|(why, line)| line.parts.iter().map(move |part| (*why, line, part)));
    let fitting = all.filter(|(why, line, part)| fits(expected, *why, line, part)).map(|(_, line, part)| (line, part));
    let fitting = fitting.collect();
    let (line, part) = match only(expected, &label, fitting) {
        Ok(found) => found,
        Err(verdicts) => return Ok(verdicts),
    };
    let units = match expected.values.contains_key(UNITS) {
        false => None,
        true => units(policies, line, &behind(&BTreeSet::from([line.creator_id.clone()]))?)?,
    };
    let teller =
        Teller { label, currency: Currency::parse(&line.currency), steps: explain(policies, line, part, None) };
    let mut verdicts = vec![teller.adds_up(part.minor)];
    verdicts.extend(expected.values.iter().map(|(column, value)| match column.as_str() {
        "events" => teller.verdict(column.clone(), value.clone(), Some(line.events.to_string())),
        UNITS => teller.verdict(column.clone(), value.replace(',', ""), units.clone()),
        _ => teller.amount(column.clone(), value, Some(part.minor)),
    }));
    verdicts.extend(expected.lists.iter().flat_map(|(list, named)| teller.list(list, named)));
    Ok(verdicts)
}

/// How many units a line is; none where its program names no unit.
fn units(policies: &Policies, line: &Earning, behind: &Behind) -> Result<Option<String>> {
    let events = LineEvents::of(behind, policies, line)?;
    Ok(events.and_then(|events| events.units()).map(|units| units.number))
}

fn fits(expected: &Expected, why: Option<&str>, line: &Earning, part: &Part) -> bool {
    let value = |column: &str| match column {
        "party_id" => part.party_id.clone(),
        "creator_id" => line.creator_id.clone(),
        "program" => line.program.clone(),
        "policy_version" => line.policy_version.clone(),
        "currency" => line.currency.clone(),
        "earning_period" => line.earning_period.to_string(),
        "without_part" => why.unwrap_or_default().to_owned(),
        _ => line.cause.to_owned(),
    };
    expected.key.iter().all(|(column, wanted)| value(column) == *wanted)
}

/// An explanation that is looked at.
struct Teller {
    label: String,
    currency: Option<Currency>,
    steps: Vec<Explained>,
}

impl Teller {
    fn verdict(&self, column: String, expected: String, found: Option<String>) -> Verdict {
        Verdict { row: self.label.clone(), column, expected, found: found.unwrap_or_else(|| "nothing".into()) }
    }

    fn amount(&self, column: String, expected: &str, minor: Option<i64>) -> Verdict {
        self.verdict(column, same_form(expected, self.currency), minor.map(|minor| self.major(minor)))
    }

    fn major(&self, minor: i64) -> String {
        self.currency.map_or_else(|| minor.to_string(), |c| major_text(minor, c))
    }

    /// Each sum among the steps is what the steps before it add up to, and the last one is the part.
    fn adds_up(&self, part: i64) -> Verdict {
        let (mut sum, mut wrong) = (0, None);
        for step in &self.steps {
            if !step.is_sum {
                sum += step.amount_minor;
            } else if step.amount_minor != sum {
                wrong.get_or_insert(format!("{} up to {}", self.major(sum), step.step));
            }
        }
        let found = wrong.unwrap_or_else(|| self.major(sum));
        self.verdict("what the steps add up to".into(), self.major(part), Some(found))
    }

    /// The verdicts on one list; `steps` must name them all.
    fn list(&self, list: &str, named: &BTreeMap<String, String>) -> Vec<Verdict> {
        let find = |name: &String| self.steps.iter().find(|step| step.step == *name);
        let mut verdicts: Vec<Verdict> = named
            .iter()
            .map(|(name, value)| match list {
                "steps" => self.amount(format!("step {name}"), value, find(name).map(|s| s.amount_minor)),
                _ => self.verdict(format!("{list} {name}"), value.clone(), find(name).and_then(|s| said(s, list))),
            })
            .collect();
        let others = self.steps.iter().filter(|step| list == "steps" && !named.contains_key(&step.step));
        verdicts.extend(others.map(|step| {
            self.verdict(format!("step {}", step.step), "nothing".into(), Some(self.major(step.amount_minor)))
        }));
        verdicts
    }
}

fn said(step: &Explained, list: &str) -> Option<String> {
    match list {
        "bases" => step.base.clone(),
        "rates" => step.rate.clone(),
        "causes" => step.cause.clone(),
        _ => step.account.clone(),
    }
}
