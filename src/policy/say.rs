//! Policies in plain sentences, one for each clause: what `policy show` and `policy diff` read aloud.

use std::collections::BTreeMap;

use super::model::{
    Added, Basis, Below, Bonus, Case, Enrolment, FxDate, Hold, HoldAfter, Kept, Late, Measure, MeasureEnd, Of, Pay,
    Payment, Policies, Program, RoundAt, Span, Step, TaxOf, Terms, TierMode, Tiers, Unit, Window, Withholding, covers,
};
use super::pool::{Idle, Pool, PoolLate, PoolRule, Pot, Reading, Threshold, WithoutWeight};
use crate::money::{Currency, Exact, OddCents, Rounding, major_grouped};
use crate::period::day_text;

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

/// Sentences while they are collected.
#[derive(Default)]
struct Sentences(Vec<Sentence>);

impl Sentences {
    fn say(&mut self, clause: impl Into<String>, text: impl Into<String>) {
        self.0.push(Sentence { clause: clause.into(), text: text.into() });
    }

    /// What the pinned form holds and no sentence above has said: nothing stays unsaid.
    fn rest(&mut self, pinned: &serde_json::Value, said: &[&str]) {
        let fields = pinned.as_object().into_iter().flatten();
        for (key, value) in fields.filter(|(key, _)| !said.contains(&key.as_str())) {
            let empty = value.as_array().is_some_and(Vec::is_empty);
            if !empty {
                self.say(key.clone(), format!("Its {key}: {}.", plain(value)));
            }
        }
    }
}

/// A value of the pinned form in words: `{ n: 3, of: content_id }` without braces and quotes.
fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join("; "),
        serde_json::Value::Object(fields) => {
            fields.iter().map(|(key, value)| format!("{key} {}", plain(value))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

impl Program {
    /// The program in sentences.
    #[must_use]
    pub fn said(&self) -> Said {
        let mut s = Sentences::default();
        let which = self.condition.as_ref().map(|c| format!(" where {}", aloud(&c.text))).unwrap_or_default();
        s.say("where", format!("It rates every event of the log {}{which}.", self.log));
        for rule in &self.eligible {
            let text = format!("An event is eligible only when {} (rule {}).", aloud(&rule.when.text), rule.rule);
            s.say(format!("rule {}", rule.rule), text);
        }
        for (at, step) in self.deductions.iter().enumerate() {
            s.say(format!("deduction {}", step.name), deduction(at, step));
        }
        s.say("share", pay(&self.pay, self.unit.as_ref().map_or("unit", |unit| unit.text.as_str())));
        if let Some(unit) = &self.unit {
            let text =
                format!("What is earned is counted in whole parts of the unit {}, at its worth on the day.", unit.text);
            s.say("unit", text);
        }
        if let Pay::Pool(pool) = &self.pay {
            s.say("without_weight", pool_rest(pool));
        }
        for bonus in &self.bonus {
            s.say(format!("bonus {}", bonus.name), bonus_text(bonus));
        }
        if let Some(max) = &self.max_share {
            s.say("max_share", format!("Share and bonuses together are at most {}.", percent(max)));
        }
        s.say("rounding", rounding(self));
        s.say("odd_cents", format!("A split cent that is tied goes {}.", odd_cents(self.odd_cents)));
        if let Some(fx) = self.fx_date {
            s.say("fx_date", format!("Other currencies are converted at the rates of {}.", fx_date(fx)));
        }
        if let Some(hold) = &self.hold {
            s.say("hold", hold_text(hold));
        }
        let bears = if self.kept == Kept::Platform {
            "the platform"
        } else {
            "the creator side and the platform, by the share"
        };
        s.say("kept", format!("What a reversal keeps beyond the amount is borne by {bears}."));
        let pinned = self.canonical();
        s.rest(&pinned, &SAID_OF_PROGRAMS);
        let (owner, version) = (format!("program {}", self.name), Some(self.version.clone()));
        Said { owner, version, from: self.valid_from, to: self.valid_to, sentences: s.0, pinned }
    }
}

impl Program {
    /// How the creator side comes about, in words: share, bonuses, their cap.
    #[must_use]
    pub fn share_words(&self) -> String {
        let said = self.said();
        let of = |s: &&Sentence| s.clause == "share" || s.clause == "max_share" || s.clause.starts_with("bonus ");
        said.sentences.iter().filter(of).map(|s| s.text.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// The pinned fields of a program that have sentences of their own, or stand in the heading.
const SAID_OF_PROGRAMS: [&str; 21] = [
    "hold",
    "pool",
    "pay_each",
    "unit",
    "name",
    "version",
    "valid_from",
    "valid_to",
    "log",
    "where",
    "eligible",
    "deductions",
    "share",
    "tiers",
    "bonus",
    "max_share",
    "round_at",
    "rounding",
    "odd_cents",
    "fx_date",
    "kept",
];

fn deduction(at: usize, step: &Step) -> String {
    let of = match (step.of, at) {
        (Of::Amount, _) => "the amount after tax",
        (Of::Rest, 0) => "the amount",
        (Of::Rest, _) => "what is left then",
    };
    let when = step.when.as_ref().map(|sql| format!(" when {}", aloud(&sql.text))).unwrap_or_default();
    let stated = if matches!(step.name.as_str(), "tax" | "channel_fee") { ", where the log states none" } else { "" };
    let round = step.round.map(|mode| format!(", rounded {}", mode_words(mode))).unwrap_or_default();
    let order = if at == 0 { "First" } else { "Then" };
    let (name, account) = (&step.name, &step.account);
    let fixed: Vec<String> = step.fixed.iter().map(|(currency, minor)| money(*minor, *currency)).collect();
    let share = format!("{} of {of}", percent(&step.percent));
    let takes = match (fixed.is_empty(), step.percent.is_zero()) {
        (true, _) => share,
        (false, true) => format!("{} of each event", fixed.join(" or ")),
        (false, false) => format!("{share} and {} of each event", fixed.join(" or ")),
    };
    format!("{order} {name} takes {takes}{when}{stated}{round}, and stands on {account}.")
}

fn pay(pay: &Pay, unit: &str) -> String {
    match pay {
        Pay::Each(payments) => payments_text(payments, unit),
        Pay::Share(cases) => share(cases),
        Pay::Column { column, per } => {
            format!("The creator gets the part of what is left that {} states, per {per}.", column.text)
        }
        Pay::Tiers(tiers) => tiers_text(tiers),
        Pay::Pool(pool) => pool_text(pool),
    }
}

fn payments_text(payments: &[Payment], unit: &str) -> String {
    let payment = |p: &Payment| {
        let paid = p.currency.map_or_else(|| format!("{} {unit}", p.minor), |currency| money(p.minor, currency));
        let when = p.when.as_ref().map(|sql| format!(" when {}", aloud(&sql.text))).unwrap_or_default();
        format!("{paid}{when}")
    };
    let all = payments.iter().map(payment).collect::<Vec<_>>().join(", else ");
    format!("For each event the platform pays the creator {all}.")
}

fn share(cases: &[Case]) -> String {
    let part = |case: &Case| match &case.locked {
        None => percent(&case.percent),
        Some(lock) => format!(
            "the rate that {} names for the creator and {} (a raise counts at once, a cut after {} days; {} where it names none)",
            lock.rates,
            lock.by.text,
            lock.cut_after_days,
            percent(&case.percent)
        ),
    };
    let case = |case: &Case| match &case.when {
        Some(sql) => format!("{} when {}", part(case), aloud(&sql.text)),
        None if cases.len() == 1 => part(case),
        None => format!("otherwise {}", part(case)),
    };
    format!("Of what is left the creator gets {}.", cases.iter().map(case).collect::<Vec<_>>().join(", "))
}

fn tiers_text(tiers: &Tiers) -> String {
    let window = match tiers.window {
        Window::Period => "the earning period's",
        Window::Year => "the calendar year's",
        Window::Lifetime => "the creator's lifetime",
    };
    let basis = match tiers.basis {
        Basis::Gross => "amounts as paid",
        Basis::Net => "amounts after deductions",
        Basis::Earned => "earnings",
    };
    let mode = match tiers.mode {
        TierMode::Marginal => "each band has its own share",
        TierMode::Whole => "the band that is reached counts for all of it",
    };
    let band =
        |b: &super::model::Band| format!("{} from {} on", percent(&b.percent), money(b.from_minor, tiers.currency));
    let bands: Vec<String> = tiers.bands.iter().map(band).collect();
    format!(
        "Of what is left the creator gets a share that follows {window} {basis} in {}; {mode}: {}.",
        tiers.currency,
        bands.join(", ")
    )
}

/// What pot is divided, how, and by what.
fn pool_text(pool: &Pool) -> String {
    let pot = match &pool.pot {
        Pot::Reference => "the month's pot".to_owned(),
        Pot::Paid { program, percent: of, .. } => {
            format!("{} of what payers paid for the program {program}", percent(of))
        }
    };
    let rule = match pool.rule {
        PoolRule::ProRata => "by everybody's usage added up",
        PoolRule::UserCentric => "each payer's part by what that payer used",
        PoolRule::Shapley => "each payer's part equally among those that the payer used",
        PoolRule::Scaled => "each payer's part by what that payer used, growing with usage",
    };
    let country = if pool.by_country { ", country by country" } else { "" };
    let mut text = format!(
        "It divides {pot}{country}: {rule}, an event weighing {}. The creator gets {} of his part.",
        pool.weight.text,
        percent(&pool.share)
    );
    if let Some(cap) = pool.cap_per_payer {
        text.push_str(&format!(" One payer counts at most {cap}."));
    }
    if let Some(t) = &pool.threshold {
        text.push_str(&format!(" Usage counts only {}.", threshold(t)));
    }
    for m in &pool.multipliers {
        let when = m.when.as_ref().map(|sql| format!(" when {}", aloud(&sql.text))).unwrap_or_default();
        let reached = m.threshold.as_ref().map(|t| format!(" {}", threshold(t))).unwrap_or_default();
        text.push_str(&format!(" It counts {} times{when}{reached}.", decimal(&m.times)));
    }
    for stays in pool.carve_out.iter().flat_map(|c| &c.stays) {
        let when = stays.when.as_ref().map_or("otherwise".to_owned(), |sql| format!("when {}", aloud(&sql.text)));
        text.push_str(&format!(" Of the revenue {} stays in the pool {when}.", percent(&stays.part)));
    }
    text
}

/// What becomes of money that nobody used, and of usage that comes late.
fn pool_rest(pool: &Pool) -> String {
    let idle = pool.idle_payer.map(|idle| match idle {
        Idle::Carry => "The pot of a payer who used nothing waits for a month in which he does. ",
        Idle::Platform => "The pot of a payer who used nothing stays with the platform. ",
        Idle::Redistribute => "The pot of a payer who used nothing goes to the others' pots. ",
    });
    let without = match pool.without_weight {
        WithoutWeight::Carry => "A pot that nothing weighs waits for the next month.",
        WithoutWeight::Platform => "A pot that nothing weighs stays with the platform.",
    };
    let late = match pool.late {
        PoolLate::Rerate => "Usage that comes late divides its month again.",
        PoolLate::NextPeriod => "Usage that comes late counts in the period that learns of it.",
    };
    format!("{}{without} {late}", idle.unwrap_or_default())
}

fn threshold(t: &Threshold) -> String {
    let months = if t.months == 1 { "the month".to_owned() } else { format!("{} months", t.months) };
    let what = match t.reading {
        Reading::WholeMonth => "all of the month counts then",
        Reading::AfterThreshold => "what comes after that counts",
        Reading::Retroactive => "all that led there counts then",
    };
    format!("of creators with at least {} from at least {} payers in {months} ({what})", t.usage, t.payers)
}

fn bonus_text(bonus: &Bonus) -> String {
    let when = bonus.when.as_ref().map(|sql| format!(" when {}", aloud(&sql.text))).unwrap_or_default();
    let cap = bonus.cap.map(|c| format!(", at most {} in an earning period", money(c.minor, c.currency)));
    let points = decimal(&(&bonus.points * &Exact::from_int(100)));
    format!("The bonus {} adds {points} points to the share{when}{}.", bonus.name, cap.unwrap_or_default())
}

fn rounding(program: &Program) -> String {
    let at = match program.round_at {
        RoundAt::Line => "once for each earning line",
        RoundAt::Event => "for each event by itself",
    };
    format!("The creator side is rounded {at}, {}.", mode_words(program.rounding))
}

fn mode_words(mode: Rounding) -> &'static str {
    match mode {
        Rounding::HalfEven => "halves to the even cent",
        Rounding::HalfUp => "halves up",
        Rounding::Floor => "down",
    }
}

fn odd_cents(odd: OddCents) -> &'static str {
    match odd {
        OddCents::First => "to the first party",
        OddCents::Rotate => "to the parties in turn, month by month",
        OddCents::Platform => "to the platform",
    }
}

fn fx_date(date: FxDate) -> &'static str {
    match date {
        FxDate::PeriodEnd => "the earning period's last day",
        FxDate::EventDay => "the day of the event",
        FxDate::PeriodAverage => "the earning period's average",
    }
}

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
        s.say("sum", format!("It is {added} in the log {}{which}.", self.log));
        let pinned = self.canonical();
        let end = match (self.end, self.span) {
            (MeasureEnd::EventDay, Span::Days(_)) => "before the day of the event",
            (MeasureEnd::EventDay, Span::Months(_)) => "before the month of the event",
            (MeasureEnd::PeriodEnd, _) => "up to the earning period's last day",
        };
        s.say(
            "days",
            match self.span {
                Span::Days(days) => format!("It looks at the {days} days {end}."),
                Span::Months(1) => format!("It looks at one calendar month, {end}."),
                Span::Months(months) => format!("It looks at {months} calendar months {end}."),
            },
        );
        let late = match self.late {
            Late::Rerate => "What arrives late counts, and the period is rated again.",
            Late::Frozen => "What arrives late does not count: it stays as the period's close saw it.",
        };
        s.say("late", late);
        s.rest(&pinned, &["name", "log", "where", "sum", "distinct", "days", "months", "end", "late"]);
        Said {
            owner: format!("measure {}", self.name),
            version: None,
            from: i32::MIN,
            to: None,
            sentences: s.0,
            pinned,
        }
    }
}

impl Enrolment {
    /// The enrolment in sentences.
    #[must_use]
    pub fn said(&self) -> Said {
        let mut s = Sentences::default();
        let text = format!(
            "It is 1 while a creator is enrolled: who has at least {} of {} in {} months in a row is enrolled for the next {} months.",
            self.at_least, self.of, self.months_in_a_row, self.lasts_months
        );
        s.say("enrolment", text);
        Said {
            owner: format!("measure {}", self.name),
            version: None,
            from: i32::MIN,
            to: None,
            sentences: s.0,
            pinned: self.canonical(),
        }
    }
}

impl Unit {
    /// The unit in sentences.
    #[must_use]
    pub fn said(&self) -> Said {
        let mut s = Sentences::default();
        s.say("digits", format!("Its smallest part has {} digits.", self.digits));
        for rate in &self.rates {
            let clause = format!("rate from {}", day_text(rate.from));
            s.say(
                clause,
                format!(
                    "Earned from {} on, one is worth {} {}.",
                    day_text(rate.from),
                    decimal(&rate.rate),
                    self.currency
                ),
            );
        }
        Said {
            owner: format!("unit {}", self.name),
            version: None,
            from: i32::MIN,
            to: None,
            sentences: s.0,
            pinned: self.canonical(),
        }
    }
}

impl Terms {
    /// The terms in sentences.
    #[must_use]
    pub fn said(&self) -> Said {
        let mut s = Sentences::default();
        let back = self.fx_max_days_back;
        s.say(
            "fx_date",
            format!("Parts are converted at the rates of {}, at most {back} days old.", fx_date(self.fx_date)),
        );
        s.say("minimum_payout", minimum(self));
        s.say("due_days", format!("A payout is due {} days after the period's last day.", self.due_days));
        if let Some(hold) = &self.hold {
            s.say("hold", hold_text(hold));
        }
        for case in &self.withholding {
            s.say(format!("withholding {}", case.name), withheld(case));
        }
        if let Some(reserve) = &self.reserve {
            let (part, days) = (percent(&reserve.percent), reserve.days);
            s.say("reserve", format!("Of what is earned {part} is kept in reserve, for {days} days after the period."));
        }
        let order: Vec<String> = self.order.iter().map(ToString::to_string).collect();
        s.say("order", format!("A settlement takes its steps in this order: {}.", order.join(", ")));
        let pinned = self.canonical();
        s.rest(&pinned, &SAID_OF_TERMS);
        let (owner, version) = ("terms".to_owned(), Some(self.version.clone()));
        Said { owner, version, from: self.valid_from, to: self.valid_to, sentences: s.0, pinned }
    }
}

/// The pinned fields of terms that have sentences of their own, or stand in the heading.
const SAID_OF_TERMS: [&str; 13] = [
    "version",
    "valid_from",
    "valid_to",
    "fx_date",
    "fx_max_days_back",
    "minimum_payout_minor",
    "below_minimum",
    "expires_months",
    "due_days",
    "hold",
    "withholding",
    "reserve",
    "order",
];

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

fn hold_text(hold: &Hold) -> String {
    let after = match hold.after {
        HoldAfter::Event => "after the event",
        HoldAfter::Delivered => "after the delivery, and until there is one",
    };
    format!("What is earned is held for {} days {after}.", hold.days)
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

/// `70 %`, or a fraction where no decimal is exact.
#[must_use]
pub fn percent(fraction: &Exact) -> String {
    let hundredfold = fraction * &Exact::from_int(100);
    hundredfold.to_decimal().map_or_else(|| fraction.to_string(), |decimal| format!("{decimal} %"))
}

fn decimal(exact: &Exact) -> String {
    exact.to_decimal().unwrap_or_else(|| exact.to_string())
}

fn money(minor: i64, currency: Currency) -> String {
    format!("{} {currency}", major_grouped(minor, currency))
}

/// SQL with its comparisons in words, outside text in quotes: `followers is at least 10000`.
#[must_use]
pub fn aloud(sql: &str) -> String {
    let spoken = |part: &str| {
        let signs = [(">=", " is at least "), ("<=", " is at most "), ("<>", " is not "), ("!=", " is not ")];
        let mut text = part.to_owned();
        for (sign, words) in signs.into_iter().chain([(">", " is above "), ("<", " is below "), ("=", " is ")]) {
            text = text.replace(sign, words);
        }
        text
    };
    let parts =
        sql.split('\'').enumerate().map(|(at, part)| if at % 2 == 0 { spoken(part) } else { format!("'{part}'") });
    parts.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What changes from one set of policies to another, owner by owner; nothing where they say the same.
#[must_use]
pub fn differences(before: &Policies, after: &Policies) -> Vec<String> {
    let (then, now) = (keyed(before), keyed(after));
    let mut keys: Vec<&(String, Option<String>)> = then.keys().chain(now.keys()).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter()
        .flat_map(|key| match (then.get(key), now.get(key)) {
            (Some(old), Some(new)) => changes(old, new),
            (None, Some(new)) => added(new, &now, &then),
            (Some(old), None) => vec![format!("{} is gone.", old.heading())],
            (None, None) => Vec::new(),
        })
        .collect()
}

type Keyed = BTreeMap<(String, Option<String>), Said>;

fn keyed(policies: &Policies) -> Keyed {
    policies.said(None).into_iter().map(|said| ((said.owner.clone(), said.version.clone()), said)).collect()
}

/// One owner and version, then and now.
fn changes(old: &Said, new: &Said) -> Vec<String> {
    let mut lines = Vec::new();
    if (old.from, old.to) != (new.from, new.to) {
        lines.push(format!(
            "{} was in force {}; it is now in force {}.",
            new.name(),
            days(old.from, old.to),
            days(new.from, new.to)
        ));
    }
    lines.extend(clauses(old, new).into_iter().map(|change| format!("{}: {change}", new.name())));
    let silent = lines.is_empty() && old.pinned != new.pinned;
    lines.extend(silent.then(|| format!("{} is written otherwise, and says the same in words.", new.name())));
    lines
}

/// A version that was not there: against the version before it, if there is one.
fn added(new: &Said, now: &Keyed, then: &Keyed) -> Vec<String> {
    let earlier = |said: &&Said| said.owner == new.owner && said.from < new.from;
    let before = now.values().chain(then.values()).filter(earlier).max_by_key(|said| said.from);
    let mut lines = vec![format!("{} is new.", new.heading())];
    match before {
        Some(before) => {
            let against = format!("{} against version {}", new.name(), before.version.as_deref().unwrap_or(""));
            lines.extend(clauses(before, new).into_iter().map(|change| format!("{against}: {change}")));
        }
        None => lines.extend(new.sentences.iter().map(|s| format!("{}: {}", new.name(), s.text))),
    }
    lines
}

fn clauses(old: &Said, new: &Said) -> Vec<String> {
    let find = |said: &Said, clause: &str| said.sentences.iter().find(|s| s.clause == clause).cloned();
    let changed = new.sentences.iter().filter_map(|s| match find(old, &s.clause) {
        None => Some(format!("new: {}", s.text)),
        Some(was) if was.text != s.text => Some(format!("{} Before: {}", s.text, was.text)),
        Some(_) => None,
    });
    let gone = old.sentences.iter().filter(|s| find(new, &s.clause).is_none());
    changed.chain(gone.map(|s| format!("no longer: {}", s.text))).collect()
}
