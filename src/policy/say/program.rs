//! Programs in sentences.

use super::super::model::{
    Band, Basis, Bonus, Case, Fills, First, Kept, Of, Pay, Payment, Program, RoundAt, Step, TierMode, Tiers, Window,
    Within,
};
use super::super::unit::units_text;
use super::pool::{pool_rest, pool_text, usage_texts};
use super::words::{count, decimal, fx_date, hold_text, mode_words, money, odd_cents, percent};
use super::{Said, Sentence, Sentences, aloud};
use crate::money::Exact;

impl Program {
    /// The program in sentences.
    #[must_use]
    pub fn said(&self) -> Said {
        let mut s = Sentences::default();
        let which = self.condition.as_ref().map(|c| format!(" where {}", aloud(&c.text))).unwrap_or_default();
        s.say(&["log", "where"], "where", format!("It rates every event of the log {}{which}.", self.log));
        for rule in &self.eligible {
            let text = format!("An event is eligible only when {} (rule {}).", aloud(&rule.when.text), rule.rule);
            s.say(&["eligible"], format!("rule {}", rule.rule), text);
        }
        for (at, step) in self.deductions.iter().enumerate() {
            s.say(&["deductions"], format!("deduction {}", step.name), deduction(at, step));
        }
        let unit = self.unit.as_ref().map_or("unit", |unit| unit.text.as_str());
        let keys = ["share", "tiers", "pool", "pay_each", "first", "unit"];
        s.say(&keys, "share", pay(&self.pay, unit, self.first.is_some()));
        if let Some(first) = &self.first {
            s.say(&["first"], "first", first_text(first));
        }
        if let Some(unit) = &self.unit {
            let text =
                format!("What is earned is counted in whole parts of the unit {}, at its worth on the day.", unit.text);
            s.say(&["unit"], "unit", text);
        }
        if let Pay::Pool(pool) = &self.pay {
            usage_texts(pool).into_iter().for_each(|(clause, text)| s.say(&["pool"], clause, text));
            s.say(&["pool"], "without_weight", pool_rest(pool));
        }
        for bonus in &self.bonus {
            s.say(&["bonus"], format!("bonus {}", bonus.name), bonus_text(bonus));
        }
        if let Some(max) = &self.max_share {
            s.say(&["max_share"], "max_share", format!("Share and bonuses together are at most {}.", percent(max)));
        }
        s.say(&["round_at", "rounding"], "rounding", rounding(self));
        s.say(&["odd_cents"], "odd_cents", format!("Ties of a split go {}.", odd_cents(self.odd_cents)));
        if let Some(fx) = self.fx_date {
            s.say(&["fx_date"], "fx_date", format!("Other currencies are converted at the rates of {}.", fx_date(fx)));
        }
        if let Some(hold) = &self.hold {
            s.say(&["hold"], "hold", hold_text(hold, "What is earned"));
        }
        let bears = if self.kept == Kept::Platform {
            "the platform"
        } else {
            "the creator side and the platform, by the share"
        };
        s.say(&["kept"], "kept", format!("What a reversal keeps beyond the amount is borne by {bears}."));
        s.in_order("eligible", "Rules of eligibility are asked", self.eligible.iter().map(|r| r.rule.as_str()));
        s.in_order("deductions", "Deductions are taken", self.deductions.iter().map(|d| d.name.as_str()));
        s.in_order("bonus", "Bonuses are added", self.bonus.iter().map(|b| b.name.as_str()));
        let (owner, version) = (format!("program {}", self.name), Some(self.version.clone()));
        s.of_version(owner, version, (self.valid_from, self.valid_to), self.canonical())
    }
}

impl Program {
    /// How the creator side comes about, in words: share, or which events are paid, bonuses, their cap.
    #[must_use]
    pub fn share_words(&self) -> String {
        let said = self.said();
        let of = |s: &&Sentence| {
            let clause = s.clause.as_str();
            ["share", "first", "max_share"].contains(&clause)
                || clause.starts_with("pool ")
                || clause.starts_with("bonus ")
        };
        said.sentences.iter().filter(of).map(|s| s.text.as_str()).collect::<Vec<_>>().join(" ")
    }
}

fn deduction(at: usize, step: &Step) -> String {
    let of = match (step.of, at) {
        (Of::Amount, _) => "the amount after tax",
        (Of::Rest, 0) => "the amount",
        (Of::Rest, _) => "what is left then",
    };
    let when = step.when.as_ref().map(|sql| format!(" when {}", aloud(&sql.text))).unwrap_or_default();
    let stated = if step.fills != Fills::Deductions { ", where the log states none" } else { "" };
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

fn pay(pay: &Pay, unit: &str, is_of_first: bool) -> String {
    match pay {
        Pay::Each(payments) => payments_text(payments, unit, is_of_first),
        Pay::Share(cases) => share(cases),
        Pay::Column { column, per } => {
            format!("The creator gets the part of what is left that {} states, per {per}.", column.text)
        }
        Pay::Tiers(tiers) => tiers_text(tiers),
        Pay::Pool(pool) => pool_text(pool),
    }
}

fn payments_text(payments: &[Payment], unit: &str, is_of_first: bool) -> String {
    let payment = |p: &Payment| {
        let units = || units_text(&p.minor.to_string(), unit);
        let paid = p.currency.map_or_else(units, |currency| money(p.minor, currency));
        let when = p.when.as_ref().map(|sql| format!(" when {}", aloud(&sql.text))).unwrap_or_default();
        format!("{paid}{when}")
    };
    let all = payments.iter().map(payment).collect::<Vec<_>>().join(", else ");
    let event = if is_of_first { "event that counts" } else { "event" };
    format!("For each {event} the platform pays the creator {all}.")
}

/// Which events count.
fn first_text(first: &First) -> String {
    let within = match first.within {
        Within::Day => "day",
        Within::Period => "earning period",
    };
    let (of, per) = (aloud(&first.of.text), aloud(&first.per.text));
    let firsts = if first.n == 1 { format!("first {of}") } else { format!("first {} different {of}", first.n) };
    let counts = if first.n == 1 { "counts" } else { "count" };
    let having = first.having.as_ref().map(|h| {
        let sum = aloud(&h.sum.text);
        format!(", among those whose sum of {sum} for that {per} and {within} is at least {}", h.at_least)
    });
    format!(
        "Only the {firsts} of each {per} and {within} {counts}, each once, for its first event, and in the order of these first \
         events{}; an event without {per} or {of} does not count.",
        having.unwrap_or_default()
    )
}

fn share(cases: &[Case]) -> String {
    let part = |case: &Case| match &case.locked {
        None => percent(&case.percent),
        Some(lock) => format!(
            "the rate that {} names for the creator and {} (a raise counts at once, a cut after {}; {} where it names none)",
            lock.rates,
            lock.by.text,
            count(lock.cut_after_days, "day"),
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
    let band = |b: &Band| format!("{} from {} on", percent(&b.percent), money(b.from_minor, tiers.currency));
    let bands: Vec<String> = tiers.bands.iter().map(band).collect();
    format!(
        "Of what is left the creator gets a share that follows {window} {basis} in {}; {mode}: {}.",
        tiers.currency,
        bands.join(", ")
    )
}

fn bonus_text(bonus: &Bonus) -> String {
    let when = bonus.when.as_ref().map(|sql| format!(" when {}", aloud(&sql.text))).unwrap_or_default();
    let cap = bonus.cap.map(|c| format!(", at most {} in an earning period", money(c.minor, c.currency)));
    let points = count(decimal(&(&bonus.points * &Exact::from_int(100))), "point");
    format!("The bonus {} adds {points} to the share{when}{}.", bonus.name, cap.unwrap_or_default())
}

fn rounding(program: &Program) -> String {
    let at = match program.round_at {
        RoundAt::Line => "once for each earning line",
        RoundAt::Event => "for each event by itself",
    };
    format!("The creator side is rounded {at}, {}.", mode_words(program.rounding))
}
