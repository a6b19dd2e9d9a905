//! A `[[measure]]` table: sums and counts over a window, and enrolments over such a number.

use super::model::{Added, Enrolment, Late, Measure, MeasureEnd, Span};
use super::source::{Faults, Place, Table, Value};
use super::values::{self, MEASURED_LOGS};

/// The keys of a measure over rows, and those of a measure over a measure.
pub const KEYS: [&str; 14] = [
    "name",
    "log",
    "where",
    "sum",
    "count",
    "distinct",
    "days",
    "months",
    "end",
    "late",
    "of",
    "at_least",
    "months_in_a_row",
    "lasts_months",
];
const OF_ROWS: [&str; 9] = ["log", "where", "sum", "count", "distinct", "days", "months", "end", "late"];
const OF_MEASURE: [&str; 3] = ["at_least", "months_in_a_row", "lasts_months"];

/// A hundred years of days.
const MOST_DAYS: i64 = 36_525;
/// A hundred years of months.
const MOST_MONTHS: i64 = 1200;

/// A measure over rows, and the place of its name.
pub fn measure(table: &Table<'_>, faults: &mut Faults) -> Option<(Measure, Place)> {
    refuse(table, &OF_MEASURE, "needs `of`, the measure that it looks at", faults);
    let name = table.need("name", faults);
    let text = name.and_then(|v| values::name(v, faults));
    let log = table.need("log", faults).and_then(|v| values::log(v, &MEASURED_LOGS, faults));
    let condition = table.get("where").and_then(|v| values::sql(v, faults));
    let added = added(table, faults);
    let span = span(table, faults);
    let end = table.need("end", faults).and_then(|v| values::choice(v, MeasureEnd::ALL, faults));
    let late = table.need("late", faults).and_then(|v| values::choice(v, Late::ALL, faults));
    let (name_text, log) = (text?, log?.name().to_owned());
    let measure = Measure { name: name_text, log, condition, added: added?, span: span?, end: end?, late: late? };
    Some((measure, name?.place))
}

/// A measure over a measure, the place of its name, and the place of the name that it looks at.
pub fn enrolment(table: &Table<'_>, of: Value<'_>, faults: &mut Faults) -> Option<(Enrolment, Place, Place)> {
    refuse(table, &OF_ROWS, "belongs to the measure that `of` names", faults);
    let name = table.need("name", faults);
    let text = name.and_then(|v| values::name(v, faults));
    let base = values::name(of, faults);
    let at_least = table.need("at_least", faults).and_then(|v| values::whole(v, 1..=i64::MAX, faults));
    let mut months = |key: &str| table.need(key, faults).and_then(|v| values::days(v, 1..=MOST_MONTHS, faults));
    let (months_in_a_row, lasts_months) = (months("months_in_a_row"), months("lasts_months"));
    let enrolment = Enrolment {
        name: text?,
        of: base?,
        at_least: at_least?,
        months_in_a_row: months_in_a_row?,
        lasts_months: lasts_months?,
    };
    Some((enrolment, name?.place, of.place))
}

/// Keys that this kind of measure does not have.
fn refuse(table: &Table<'_>, keys: &[&str], why: &str, faults: &mut Faults) {
    for (key, value) in keys.iter().filter_map(|key| Some((key, table.get(key)?))) {
        faults.error(value.place, format!("`{key}` {why}"), "leave it out, or make two measures of this one");
    }
}

fn span(table: &Table<'_>, faults: &mut Faults) -> Option<Span> {
    match (table.get("days"), table.get("months")) {
        (Some(_), Some(months)) => {
            faults.error(months.place, "a window is counted in days or in months, not both", "leave one of them out");
            None
        }
        (None, Some(months)) => values::days(months, 1..=MOST_MONTHS, faults).map(Span::Months),
        _ => table.need("days", faults).and_then(|v| values::days(v, 1..=MOST_DAYS, faults)).map(Span::Days),
    }
}

fn added(table: &Table<'_>, faults: &mut Faults) -> Option<Added> {
    let help = "write sum = \"…\" to add up, count = true to count rows, or distinct = \"…\" to count different values";
    let given: Vec<(&str, Value<'_>)> =
        ["sum", "count", "distinct"].into_iter().filter_map(|key| Some((key, table.get(key)?))).collect();
    match given.as_slice() {
        [("sum", sum)] => values::sql(*sum, faults).map(Added::Sum),
        [("distinct", of)] => values::sql(*of, faults).map(Added::Distinct),
        [(_, count)] => {
            let counts = values::flag(*count, faults)?;
            if !counts {
                faults.error(count.place, "a measure that does not count needs a sum", help);
            }
            counts.then_some(Added::Count)
        }
        [(first, _), (second, value), ..] => {
            faults.error(value.place, format!("a measure has `{first}` or `{second}`, not both"), help);
            None
        }
        [] => {
            faults.error(table.place, "a measure needs `sum`, `count` or `distinct`", help);
            None
        }
    }
}
