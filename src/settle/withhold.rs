//! Withholding: tax that is kept back by what the party's paperwork says, of all that it earned or of what payers of
//! certain countries brought.

use super::{Key, Row, Settlement};
use crate::error::Result;
use crate::ledger::{Account, Entry};
use crate::money::{Exact, Rounding, round};
use crate::policy::Withholding;

/// Withholds by the first case that holds for each party.
///
/// # Errors
/// An amount beyond Int64 (gate).
pub fn take(s: &mut Settlement<'_>) -> Result<()> {
    let keys: Vec<Key> = s.rows.keys().cloned().collect();
    for key in keys {
        let case = s.given.withholding.get(&key.0).and_then(|at| s.given.terms.withholding.get(*at));
        if let Some(case) = case {
            withhold(s, &key, case)?;
        }
    }
    Ok(())
}

fn withhold(s: &mut Settlement<'_>, key: &Key, case: &Withholding) -> Result<()> {
    let rest = s.carried.withholding_rests.remove(key).unwrap_or(0);
    let base = rest + base(s, key, case);
    if base < 0 {
        s.carried.withholding_rests.insert(key.clone(), base);
        return Ok(());
    }
    let withheld = round(&(&Exact::from(base) * &case.percent), Rounding::HalfEven)?;
    let entry = Entry::new(s.given.period, "withhold");
    let mut entry = entry.detail(&key.0).detail(key.1.code()).detail(&case.name);
    entry = entry.detail(&case.percent.to_string()).detail(&base.to_string());
    entry.post(Account::PartyPayable, Some(&key.0), withheld, key.1);
    entry.post(Account::WithholdingPayable, None, -withheld, key.1);
    entry.add_to(&mut s.postings)?;
    s.rows.entry(key.clone()).or_default().withheld += withheld;
    Ok(())
}

/// What became payable of this period's earnings and corrections, or of those that payers of these countries brought.
fn base(s: &Settlement<'_>, key: &Key, case: &Withholding) -> i128 {
    if case.payers.is_empty() {
        return s.rows.get(key).map_or(0, Row::due);
    }
    let of = |country: &String| {
        let key = (key.0.clone(), key.1, country.clone());
        let so_far = |map: &std::collections::BTreeMap<_, i128>| map.get(&key).copied().unwrap_or(0);
        so_far(&s.inputs.payers) - so_far(&s.given.carried.payers)
    };
    case.payers.iter().map(of).sum()
}
