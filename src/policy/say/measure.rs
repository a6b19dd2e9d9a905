//! Measures, enrolments and units in sentences.

use super::super::model::{Added, Enrolment, Late, Measure, MeasureEnd, Span, Unit};
use super::words::{count, decimal};
use super::{Said, Sentences, aloud};
use crate::period::day_text;

impl Measure {
    /// The measure in sentences.
    #[must_use]
    pub fn said(&self) -> Said {
        let mut s = Sentences::default();
        let added = match &self.added {
            Added::Sum(sql) => format!("the sum of {}", sql.text),
            Added::Count => "how many events there are".to_owned(),
            Added::Distinct(sql) => format!("how many different {} there are", sql.text),
        };
        let which = self.condition.as_ref().map(|c| format!(" where {}", aloud(&c.text))).unwrap_or_default();
        s.say(&["log", "where", "sum", "distinct"], "sum", format!("It is {added} in the log {}{which}.", self.log));
        let end = match (self.end, self.span) {
            (MeasureEnd::EventDay, Span::Days(_)) => "before the day of the event",
            (MeasureEnd::EventDay, Span::Months(_)) => "before the month of the event",
            (MeasureEnd::PeriodEnd, _) => "up to the earning period's last day",
        };
        s.say(
            &["days", "months", "end"],
            "days",
            match self.span {
                Span::Days(1) => format!("It looks at one day, {end}."),
                Span::Days(days) => format!("It looks at the {days} days {end}."),
                Span::Months(1) => format!("It looks at one calendar month, {end}."),
                Span::Months(months) => format!("It looks at {months} calendar months {end}."),
            },
        );
        let late = match self.late {
            Late::Rerate => "What arrives late counts, and the period is rated again.",
            Late::Frozen => "What arrives late does not count: it stays as the period's close saw it.",
        };
        s.say(&["late"], "late", late);
        s.always(format!("measure {}", self.name), self.canonical())
    }
}

impl Enrolment {
    /// The enrolment in sentences.
    #[must_use]
    pub fn said(&self) -> Said {
        let mut s = Sentences::default();
        let text = format!(
            "It is 1 while a creator is enrolled: who has at least {} of {} in {} in a row is enrolled for {} from the next one on.",
            self.at_least,
            self.of,
            count(self.months_in_a_row, "month"),
            count(self.lasts_months, "month")
        );
        s.say(&["at_least", "lasts_months", "months_in_a_row", "of"], "enrolment", text);
        s.always(format!("measure {}", self.name), self.canonical())
    }
}

impl Unit {
    /// The unit in sentences.
    #[must_use]
    pub fn said(&self) -> Said {
        let mut s = Sentences::default();
        let counted = match self.digits {
            0 => "It is counted in whole ones.".to_owned(),
            digits => format!("It is counted to {} after the point.", count(digits, "digit")),
        };
        s.say(&["digits"], "digits", counted);
        for rate in &self.rates {
            let clause = format!("rate from {}", day_text(rate.from));
            s.say(
                &["currency", "rates"],
                clause,
                format!(
                    "Earned from {} on, one is worth {} {}.",
                    day_text(rate.from),
                    decimal(&rate.rate),
                    self.currency
                ),
            );
        }
        s.always(format!("unit {}", self.name), self.canonical())
    }
}
