//! Terms in sentences.

use super::super::model::{Below, TaxOf, Terms, Withholding};
use super::words::{aloud, fx_date, hold_text, money, percent};
use super::{Said, Sentences};

impl Terms {
    /// The terms in sentences.
    #[must_use]
    pub fn said(&self) -> Said {
        let mut s = Sentences::default();
        let back = self.fx_max_days_back;
        s.say(
            &["fx_date", "fx_max_days_back"],
            "fx_date",
            format!("Parts are converted at the rates of {}, at most {back} days old.", fx_date(self.fx_date)),
        );
        s.say(&["minimum_payout_minor", "below_minimum", "expires_months"], "minimum_payout", minimum(self));
        s.say(
            &["due_days"],
            "due_days",
            format!("A payout is due {} days after the period's last day.", self.due_days),
        );
        if let Some(hold) = &self.hold {
            s.say(&["hold"], "hold", hold_text(hold));
        }
        for case in &self.withholding {
            s.say(&["withholding"], format!("withholding {}", case.name), withheld(case));
        }
        if let Some(reserve) = &self.reserve {
            let (part, days) = (percent(&reserve.percent), reserve.days);
            s.say(
                &["reserve"],
                "reserve",
                format!("Of what is earned {part} is kept in reserve, for {days} days after the period."),
            );
        }
        let order: Vec<String> = self.order.iter().map(ToString::to_string).collect();
        s.say(&["order"], "order", format!("A settlement takes its steps in this order: {}.", order.join(", ")));
        let pinned = self.canonical();
        let (owner, version) = ("terms".to_owned(), Some(self.version.clone()));
        Said { owner, version, from: self.valid_from, to: self.valid_to, sentences: s.and_the_rest(&pinned), pinned }
    }
}

fn minimum(terms: &Terms) -> String {
    let minimums: Vec<String> = terms.minimum_payout.iter().map(|(c, minor)| money(*minor, *c)).collect();
    if minimums.is_empty() {
        return "Every positive balance is paid out.".to_owned();
    }
    let less = match (terms.below, terms.expires_months) {
        (Below::Forfeit, _) => "less lapses".to_owned(),
        (Below::Carry, None) => "less is carried".to_owned(),
        (Below::Carry, Some(months)) => format!("less is carried, and lapses after {months} months"),
    };
    format!("A balance is paid out from {} on; {less}.", minimums.join(", "))
}

fn withheld(case: &Withholding) -> String {
    let when = case.when.as_ref().map(|sql| format!(" when {}", aloud(&sql.text))).unwrap_or_default();
    let of = match (case.payers.is_empty(), case.of) {
        (true, TaxOf::Base) => "what is earned".to_owned(),
        (true, TaxOf::Rest) => "what the taxes before it left of what is earned".to_owned(),
        (false, _) => format!("what payers of {} brought", case.payers.join(", ")),
    };
    let tax = case.tax.as_ref().map_or("tax".to_owned(), |tax| format!("the tax {tax}"));
    let counts = case.tax.as_ref().map(|tax| format!(" of {tax}")).unwrap_or_default();
    format!(
        "{}: {} of {of} is withheld as {tax}{when}; the first case{counts} that holds counts.",
        case.name,
        percent(&case.percent)
    )
}
