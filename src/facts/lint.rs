//! What is wrong with the SQL of policies, all of it at once: what can't be used, and what never changes.

use arrow::datatypes::{DataType, SchemaRef};

use super::context::context_schema;
use crate::log::Log;
use crate::policy::{Clause, Finding, Level, Policies, Role};
use crate::query::{Engine, Examined, Expression, Refusal};

/// Every finding in what the policies ask of a log with this canonical schema.
#[must_use]
pub fn lint_log(engine: Engine, policies: &Policies, log: Log, canonical: &SchemaRef) -> Vec<Finding> {
    let schema = context_schema(canonical, policies);
    let mut findings = Vec::new();
    let columns = "the log's columns, the creator's columns as of the earning day, and measures";
    let look = Look { engine, policies, schema: &schema, columns };
    for program in policies.programs.iter().filter(|p| p.log == log.name()) {
        look.all(program.clauses(), &format!("program {}", program.name), &mut findings);
    }
    let look = Look { engine, policies, schema: canonical, columns: "the log's columns" };
    for measure in policies.measures.iter().filter(|m| m.log == log.name()) {
        let found = measure.clauses().into_iter().map(|c| look.at(&c, &format!("measure {}", measure.name)).1);
        findings.extend(found.flatten());
    }
    findings
}

/// Every finding in what the terms ask of parties with these columns.
#[must_use]
pub fn lint_terms(engine: Engine, policies: &Policies, parties: &SchemaRef) -> Vec<Finding> {
    let look = Look { engine, policies, schema: parties, columns: "a party's columns" };
    let mut findings = Vec::new();
    for terms in &policies.terms {
        for cases in terms.clauses() {
            look.all(cases, &format!("terms version {}", terms.version), &mut findings);
        }
    }
    findings
}

/// What expressions are looked at with.
struct Look<'a> {
    engine: Engine,
    policies: &'a Policies,
    schema: &'a SchemaRef,
    /// What an expression may name, in words.
    columns: &'static str,
}

impl Look<'_> {
    /// Looks at clauses of one owner; of cases, those that come after one with the same condition are dead.
    fn all(&self, clauses: Vec<Clause<'_>>, owner: &str, findings: &mut Vec<Finding>) {
        let mut forms: Vec<(String, String)> = Vec::new();
        for clause in clauses {
            let (examined, found) = self.at(&clause, owner);
            findings.extend(found);
            let Some(examined) = examined.filter(|_| clause.role == Role::Case) else { continue };
            match forms.iter().find(|(form, _)| *form == examined.form) {
                None => forms.push((examined.form, clause.what)),
                Some((_, first)) => {
                    let message = format!("{} is dead: {first} has the same condition and comes first", clause.what);
                    findings.push(self.warn(&clause, message, "change its condition, or leave the case out"));
                }
            }
        }
    }

    /// What an expression is, where it can be used, and what there is to say of it.
    fn at(&self, clause: &Clause<'_>, owner: &str) -> (Option<Examined>, Option<Finding>) {
        match Expression::examine(self.engine, &clause.sql.text, self.schema) {
            Err(refusal) => (None, Some(self.refused(clause, refusal))),
            Ok(examined) => {
                let finding = self.wrong_type(clause, &examined).or_else(|| self.constant(clause, &examined, owner));
                (Some(examined), finding)
            }
        }
    }

    fn refused(&self, clause: &Clause<'_>, refusal: Refusal) -> Finding {
        let message = format!("{} can't be used: {}", clause.what, refusal.message);
        let help = refusal.help.unwrap_or_else(|| format!("write SQL over {}", self.columns));
        self.policies.finding(clause.sql, refusal.span, Level::Error, message, help)
    }

    fn wrong_type(&self, clause: &Clause<'_>, examined: &Examined) -> Option<Finding> {
        let kind = &examined.data_type;
        let (fits, expected) = match clause.role {
            Role::Number => (kind.is_integer(), "a whole number"),
            Role::Thing => (*kind != DataType::Null, "what tells one from another: text, a whole number or a day"),
            _ => (matches!(kind, DataType::Boolean | DataType::Null), "true or false"),
        };
        let message = format!("{} is {expected}; this is {kind}", clause.what);
        (!fits).then(|| self.policies.finding(clause.sql, None, Level::Error, message, format!("write {expected}")))
    }

    /// A condition that has one truth for every row.
    fn constant(&self, clause: &Clause<'_>, examined: &Examined, owner: &str) -> Option<Finding> {
        let always = examined.always.filter(|_| !matches!(clause.role, Role::Number | Role::Thing))?;
        let (what, truth) = (&clause.what, if always { "always holds" } else { "never holds" });
        let effect = match (clause.role, always) {
            (Role::Where, false) => format!("{owner} is dead"),
            (Role::Rule, false) => format!("nobody is eligible for {owner}"),
            (Role::Case, true) => "the cases after it are dead".into(),
            (_, true) => "it says nothing".into(),
            (_, false) => format!("{what} is dead"),
        };
        let message = format!("the condition of {what} {truth}: {effect}");
        Some(self.warn(clause, message, "correct the condition, or leave it out"))
    }

    fn warn(&self, clause: &Clause<'_>, message: String, help: &str) -> Finding {
        self.policies.finding(clause.sql, None, Level::Warning, message, help.to_owned())
    }
}
