//! Terms in sentences.

use super::super::model::{Below, TaxOf, Terms, Withholding};
use super::words::{count, fx_date, hold_text, money, percent};
use super::{Said, Sentences, aloud};

impl Terms {
    /// The terms in sentences.
    #[must_use]
    pub fn said(&self) -> Said {
        let mut s = Sentences::default();
        let back = count(self.fx_max_days_back, "day");
        s.say(
            &["fx_date", "fx_max_days_back"],
            "fx_date",
            format!("Parts are converted at the rates of {}, at most {back} old.", fx_date(self.fx_date)),
        );
        s.say(&["minimum_payout_minor", "below_minimum", "expires_months"], "minimum_payout", minimum(self));
        s.say(
            &["due_days"],
            "due_days",
            format!("A payout is due {} after the period's last day.", count(self.due_days, "day")),
        );
        if let Some(hold) = &self.hold {
            s.say(&["hold"], "hold", hold_text(hold, "What programs without a hold of their own earn"));
        }
        for case in &self.withholding {
            s.say(&["withholding"], format!("withholding {}", case.name), withheld(case));
        }
        if let Some(reserve) = &self.reserve {
            let (part, days) = (percent(&reserve.percent), count(reserve.days, "day"));
            s.say(
                &["reserve"],
                "reserve",
                format!("Of what is earned {part} is kept in reserve, for {days} after the period."),
            );
        }
        let order: Vec<String> = self.order.iter().map(ToString::to_string).collect();
        s.say(&["order"], "order", format!("A settlement takes its steps in this order: {}.", order.join(", ")));
        orders(self, &mut s);
        let (owner, version) = ("terms".to_owned(), Some(self.version.clone()));
        s.of_version(owner, version, (self.valid_from, self.valid_to), self.canonical())
    }
}

/// Taxes are withheld one after the other, and of the cases of each the first that holds counts.
fn orders(terms: &Terms, s: &mut Sentences) {
    let taxes = terms.taxes();
    s.in_order("withholding", "Taxes are withheld", taxes.iter().filter_map(|(tax, _)| *tax));
    for (tax, cases) in taxes {
        let asked = tax.map_or("Cases of withholding are asked".to_owned(), |tax| format!("Cases of {tax} are asked"));
        s.in_order("withholding", asked, cases.iter().map(|at| terms.withholding[*at].name.as_str()));
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
        (Below::Carry, Some(months)) => format!("less is carried, and lapses after {}", count(months, "month")),
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
