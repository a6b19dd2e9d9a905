//! Every place of a policy where SQL stands, and what it decides there.

use super::model::{Added, Case, Measure, Pay, Payment, Policies, Program, Sql, Terms};
use super::pool::Pool;

/// What an expression decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Which events a program rates, or a measure looks at.
    Where,
    /// A rule of eligibility.
    Rule,
    /// Whether a deduction is taken.
    Deduction,
    /// Whether a case of a share holds; cases before it come first.
    Case,
    /// Whether a bonus is earned.
    Bonus,
    /// A whole number.
    Number,
    /// A thing that is told from others: text, a whole number, a day.
    Thing,
}

/// An expression and where it belongs.
#[derive(Clone, Debug)]
pub struct Clause<'a> {
    /// As a reader names it: `the bonus reach`.
    pub what: String,
    pub role: Role,
    pub sql: &'a Sql,
}

fn clause<'a>(what: impl Into<String>, role: Role, sql: &'a Sql) -> Clause<'a> {
    Clause { what: what.into(), role, sql }
}

impl Program {
    /// Its expressions, in the order in which they are asked.
    #[must_use]
    pub fn clauses(&self) -> Vec<Clause<'_>> {
        let mut all: Vec<Clause<'_>> = Vec::new();
        all.extend(self.condition.iter().map(|sql| clause("`where`", Role::Where, sql)));
        all.extend(self.eligible.iter().map(|r| clause(format!("the rule {}", r.rule), Role::Rule, &r.when)));
        let steps = self.deductions.iter().filter_map(|s| Some((s, s.when.as_ref()?)));
        all.extend(steps.map(|(s, sql)| clause(format!("the deduction {}", s.name), Role::Deduction, sql)));
        match &self.pay {
            Pay::Share(cases) => all.extend(cases.iter().enumerate().filter_map(case)),
            Pay::Column { column, .. } => all.push(clause("the share's column", Role::Number, column)),
            Pay::Pool(pool) => all.extend(pool_clauses(pool)),
            Pay::Each(payments) => all.extend(payments.iter().enumerate().filter_map(payment)),
            Pay::Tiers(_) => {}
        }
        let having = self.first.iter().filter_map(|first| first.having.as_ref());
        all.extend(having.map(|h| clause("`having` of `first`", Role::Number, &h.sum)));
        let bonuses = self.bonus.iter().filter_map(|b| Some((b, b.when.as_ref()?)));
        all.extend(bonuses.map(|(b, sql)| clause(format!("the bonus {}", b.name), Role::Bonus, sql)));
        all
    }
}

/// What a pool asks of usage.
fn pool_clauses(pool: &Pool) -> Vec<Clause<'_>> {
    let mut all = vec![clause("`weight`", Role::Number, &pool.weight)];
    let multipliers = pool.multipliers.iter().enumerate().filter_map(|(at, m)| Some((at, m.when.as_ref()?)));
    all.extend(multipliers.map(|(at, sql)| clause(format!("multiplier {}", at + 1), Role::Deduction, sql)));
    let stays = pool.carve_out.iter().flat_map(|c| &c.stays).enumerate();
    let stays = stays.filter_map(|(at, s)| Some((at, s.when.as_ref()?)));
    all.extend(stays.map(|(at, sql)| clause(format!("case {} of the carve-out", at + 1), Role::Case, sql)));
    all
}

fn case((at, case): (usize, &Case)) -> Option<Clause<'_>> {
    Some(clause(format!("case {} of the share", at + 1), Role::Case, case.when.as_ref()?))
}

fn payment((at, payment): (usize, &Payment)) -> Option<Clause<'_>> {
    Some(clause(format!("payment {}", at + 1), Role::Case, payment.when.as_ref()?))
}

impl Measure {
    /// Its expressions.
    #[must_use]
    pub fn clauses(&self) -> Vec<Clause<'_>> {
        let condition = self.condition.iter().map(|sql| clause("`where`", Role::Where, sql));
        let added = match &self.added {
            Added::Sum(sum) => Some(clause("`sum`", Role::Number, sum)),
            Added::Count => None,
            Added::Distinct(of) => Some(clause("`distinct`", Role::Thing, of)),
        };
        condition.chain(added).collect()
    }
}

impl Terms {
    /// The conditions of withholding, tax by tax.
    #[must_use]
    pub fn clauses(&self) -> Vec<Vec<Clause<'_>>> {
        let case = |at: &usize| {
            let case = self.withholding.get(*at)?;
            Some(clause(format!("the case {} of withholding", case.name), Role::Case, case.when.as_ref()?))
        };
        self.taxes().iter().map(|(_, cases)| cases.iter().filter_map(case).collect()).collect()
    }
}

impl Policies {
    /// The words that conditions of programs ask for: names of columns and measures among them.
    pub(super) fn words_asked(program: &Program) -> impl Iterator<Item = String> {
        program.clauses().into_iter().flat_map(|c| words(&c.sql.text)).collect::<Vec<_>>().into_iter()
    }
}

/// The words of an expression that stand outside text in quotes.
pub(super) fn words(sql: &str) -> Vec<String> {
    let outside = sql.split('\'').step_by(2);
    let split = |part: &str| {
        let words = part.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.filter(|w| !w.is_empty()).map(str::to_lowercase).collect::<Vec<_>>()
    };
    outside.flat_map(split).collect()
}
