//! Decisions on periods and the chain that they form: each names the hash of the one before.

use serde::{Deserialize, Serialize};

use super::canonical::sha256;
use super::seal::seal;
use crate::error::{Error, Result};
use crate::period::Period;

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Close,
    Reject,
    Approve,
}

/// A decision on a period: `periods/<period>/<n>.json`, in the form of the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// From 1, within the period.
    pub n: u32,
    pub action: Action,
    pub period: String,
    /// The run that is closed, or that was; as are root, manifest and seal.
    pub run_id: String,
    pub root: String,
    pub manifest_sha256: String,
    /// The seal of the period before; none for a book's first.
    pub previous_seal: Option<String>,
    /// [`seal`] of root, manifest and previous seal.
    pub seal: String,
    /// SHA-256 of the file of the decision before: n - 1, or the last one of the period before.
    pub previous_decision: Option<String>,
    pub reason: Option<String>,
    /// Over the seal; none in a book without signers.
    pub signatures: Vec<Signature>,
}

/// An Ed25519 signature, key and value in lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    pub key: String,
    pub value: String,
}

/// A closed period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    pub period: Period,
    pub run_id: String,
    pub root: String,
    pub seal: String,
}

/// All decisions of a ledger so far, held against each other one by one.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    closed: Vec<Closed>,
    approved: bool,
    last: Option<(Period, u32, String)>,
}

impl Chain {
    /// The closed periods, in order.
    #[must_use]
    pub fn into_closed(self) -> Vec<Closed> {
        self.closed
    }

    /// The decision that would come next on a run of a period.
    #[must_use]
    pub fn next(&self, period: Period, action: Action, run: (&str, &str, &str), reason: Option<String>) -> Decision {
        let (run_id, root, manifest_sha256) = run;
        let before = self.seal_before(period);
        Decision {
            n: self.n_after(period),
            action,
            period: period.to_string(),
            run_id: run_id.to_owned(),
            root: root.to_owned(),
            manifest_sha256: manifest_sha256.to_owned(),
            seal: seal(root, manifest_sha256, before.as_deref()),
            previous_seal: before,
            previous_decision: self.last.as_ref().map(|(_, _, hash)| hash.clone()),
            reason,
            signatures: Vec::new(),
        }
    }

    fn n_after(&self, period: Period) -> u32 {
        self.last.as_ref().filter(|(last, _, _)| *last == period).map_or(1, |(_, n, _)| n.saturating_add(1))
    }

    fn seal_before(&self, period: Period) -> Option<String> {
        self.closed.iter().rev().find(|closed| closed.period < period).map(|closed| closed.seal.clone())
    }

    /// Adds a decision as its file has it.
    ///
    /// # Errors
    /// It does not continue the chain (input, expected and found).
    pub fn add(&mut self, period: Period, decision: &Decision, bytes: &[u8]) -> Result<()> {
        let run = (decision.run_id.as_str(), decision.root.as_str(), decision.manifest_sha256.as_str());
        let expected = self.next(period, decision.action, run, decision.reason.clone());
        same("number", &expected.n.to_string(), &decision.n.to_string())?;
        same("period", &expected.period, &decision.period)?;
        let text = |seal: &Option<String>| seal.clone().unwrap_or_else(|| "none".to_owned());
        same("previous decision", &text(&expected.previous_decision), &text(&decision.previous_decision))?;
        same("previous seal", &text(&expected.previous_seal), &text(&decision.previous_seal))?;
        same("seal", &expected.seal, &decision.seal)?;
        self.act(period, decision)?;
        self.last = Some((period, decision.n, sha256(bytes)));
        Ok(())
    }

    fn act(&mut self, period: Period, decision: &Decision) -> Result<()> {
        let last = self.closed.last();
        match decision.action {
            Action::Close => {
                let open = last.is_none_or(|last| last.period.next() == period);
                let after = last.map_or_else(String::new, |last| format!("a close of {}", last.period.next()));
                allowed(open, &after, decision)?;
                self.approved = false;
                self.closed.push(closed(period, decision));
            }
            Action::Approve | Action::Reject => {
                let same = last.is_some_and(|last| *last == closed(period, decision));
                allowed(
                    same && !self.approved,
                    "a decision on the last close, as long as it is not approved",
                    decision,
                )?;
                self.approved = decision.action == Action::Approve;
                if decision.action == Action::Reject {
                    self.closed.pop();
                }
            }
        }
        Ok(())
    }
}

fn closed(period: Period, decision: &Decision) -> Closed {
    Closed { period, run_id: decision.run_id.clone(), root: decision.root.clone(), seal: decision.seal.clone() }
}

fn allowed(yes: bool, expected: &str, decision: &Decision) -> Result<()> {
    if yes {
        return Ok(());
    }
    let found = format!("{:?} of {}, run {}", decision.action, decision.period, decision.run_id).to_lowercase();
    Err(broken("a decision that may not follow").expected(expected).found(found))
}

fn same(what: &str, expected: &str, found: &str) -> Result<()> {
    if expected == found { Ok(()) } else { Err(broken(what).expected(expected).found(found)) }
}

fn broken(what: &str) -> Error {
    Error::input(format!("the chain of decisions is broken: {what}"))
        .next("restore the ledger's periods/ from a copy; nothing was published")
}
