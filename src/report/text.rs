//! Statements as text.

use super::brought_over::BroughtOver;
use super::statement::{ADJUSTMENTS, AccountSection, CORRECTIONS, EARNED, OPENING, StatementDocument};
use crate::policy::units_text;

impl StatementDocument {
    /// As text: one line per step, the amounts aligned, so that the column adds up.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{}  statement for {}  {} ({})\n", self.book, self.party_id, self.period, self.state);
        for account in &self.accounts {
            text.push_str(&account.text(self.brought_over.as_ref()));
        }
        if let Some(brought_over) = &self.brought_over {
            text.push_str(&brought_over.beside());
        }
        text.push_str(&self.footnote());
        text
    }

    /// What the star beside a rate means.
    fn footnote(&self) -> String {
        let lines = || self.accounts.iter().flat_map(|account| &account.lines);
        if !lines().any(|line| line.explanation.iter().any(|step| step.where_it_applies)) {
            return String::new();
        }
        let (party, period) = (&self.party_id, &self.period);
        let ask = match lines().any(|line| line.behind.is_some()) {
            true => String::new(),
            false => format!(": `everycent statement {party} --period {period} --events` says of how much"),
        };
        format!("\n  * the ledger has one sum for all events of a line{ask}\n")
    }
}

impl AccountSection {
    fn text(&self, brought_over: Option<&BroughtOver>) -> String {
        let opened = brought_over.filter(|b| b.payable(&self.currency).next().is_some());
        let width = self
            .steps
            .iter()
            .map(|s| s.amount.len())
            .chain(self.lines.iter().map(|l| l.amount.len()))
            .chain(self.moves.iter().map(|m| m.amount.len()))
            .chain(self.waiting.iter().map(|w| w.amount.len()))
            .max()
            .unwrap_or(0);
        let mut text = format!("\n  {}\n", self.currency);
        for step in &self.steps {
            if step.step == "payable" || step.step == "closing balance" {
                text.push_str(&format!("  {:<34} {:>width$}\n", "", "-".repeat(width)));
            }
            text.push_str(&format!("  {:<34} {:>width$}\n", step.step, step.amount));
            if let Some(opened) = opened.filter(|_| step.step == OPENING) {
                text.push_str(&opened.behind(&self.currency, width));
            }
            text.push_str(&self.behind(step.step, width));
            for a in self.adjustments.iter().flatten().filter(|_| step.step == ADJUSTMENTS) {
                text.push_str(&format!("      {:>width$}   {} adjustments {}\n", a.amount, a.day, a.event_id));
            }
            for m in self.moves.iter().filter(|m| m.step == step.step) {
                text.push_str(&format!("      {:>width$}   {}\n", m.amount, m.what));
            }
        }
        if let Some(due) = &self.due_date {
            text.push_str(&format!("  due on {due}\n"));
        }
        if !self.waiting.is_empty() {
            text.push_str("  not among these:\n");
        }
        for waiting in &self.waiting {
            text.push_str(&format!("      {:>width$}   {}\n", waiting.amount, waiting.what));
        }
        text
    }

    /// The lines that a step is the sum of, further in.
    fn behind(&self, step: &str, width: usize) -> String {
        let current = match step {
            EARNED => true,
            CORRECTIONS => false,
            _ => return String::new(),
        };
        let mut text = String::new();
        for l in self.lines.iter().filter(|l| l.is_current() == current) {
            let rate = l.rate.as_ref().map(|r| format!(" x {r}")).unwrap_or_default();
            let cause = if current { String::new() } else { format!(" {} of {}", l.cause, l.earning_period) };
            let why = l.without_part.map(|why| format!(", {why}")).unwrap_or_default();
            let what = format!(
                "{} v{} of {}{cause}: {}{rate}{why}, {}",
                l.program,
                l.policy_version,
                l.creator_id,
                l.part,
                units_text(&l.events.to_string(), "event")
            );
            text.push_str(&format!("      {:>width$}   {what}\n", l.amount));
            for step in &l.explanation {
                text.push_str(&format!("      {:width$}      {}\n", "", step.text(width + 2)));
            }
            for event in l.behind.iter().flatten() {
                text.push_str(&format!("      {:width$}      {}\n", "", event.text()));
            }
        }
        text
    }
}
