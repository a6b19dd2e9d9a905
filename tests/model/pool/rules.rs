//! The four rules: what each creator has of what payers paid.

use std::collections::BTreeMap;

use num_traits::Zero;

use crate::model::number::{Q, q, zero};

use super::policy::Rule;
use super::usage::Usage;

/// By creator; what all have together says nothing, only the ratio counts.
pub type Claims = BTreeMap<String, Q>;

/// The claims on pots of payers who paid `fees`, each at least 0; `percent` of it is divided.
pub fn claims(rule: Rule, usage: &Usage, fees: &BTreeMap<String, Q>, percent: &Q) -> Claims {
    if rule == Rule::ProRata {
        return usage.counted.clone();
    }
    let pace = if rule == Rule::Scaled { pace(usage, fees, percent) } else { None };
    let mut claims = Claims::new();
    for (payer, used) in &usage.payers {
        let all = sum(used);
        let creators = i64::try_from(used.len()).expect("few creators");
        let pot = pace.as_ref().map_or_else(|| fees[payer].clone(), |pace| fees[payer].clone().min(pace * &all));
        for (creator, weight) in used {
            let part = if rule == Rule::Shapley { &pot / q(creators) } else { &pot * weight / &all };
            *claims.entry(creator.clone()).or_insert_with(zero) += part;
        }
    }
    claims
}

fn sum(weights: &BTreeMap<String, Q>) -> Q {
    weights.values().fold(zero(), |sum, weight| sum + weight)
}

/// The g at which all min(g S, f) add up to `percent` of all f: tried with the lowest n payers by f / S full, for each n;
/// none if all are.
fn pace(usage: &Usage, fees: &BTreeMap<String, Q>, percent: &Q) -> Option<Q> {
    let mut payers: Vec<(Q, Q)> = usage.payers.iter().map(|(payer, used)| (fees[payer].clone(), sum(used))).collect();
    payers.sort_by_key(|(fee, all)| fee / all);
    let target = sum(fees) * percent;
    let add = |of: &[(Q, Q)], column: fn(&(Q, Q)) -> &Q| of.iter().fold(zero(), |sum, payer| sum + column(payer));
    (0..payers.len()).find_map(|full| {
        let (full, rest) = payers.split_at(full);
        let pace = (&target - add(full, |p| &p.0)) / add(rest, |p| &p.1);
        (&pace * &rest[0].1 <= rest[0].0 && full.iter().all(|(fee, all)| *fee <= &pace * all)).then_some(pace)
    })
}

/// An amount in the ratio of claims; nothing where there are none.
pub fn divided(amount: &Q, claims: &Claims) -> Claims {
    let all = sum(claims);
    if all.is_zero() {
        return Claims::new();
    }
    claims.iter().map(|(creator, claim)| (creator.clone(), amount * claim / &all)).collect()
}
