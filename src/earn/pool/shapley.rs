//! Shapley: of every payer's pot, the same to each creator that the payer used at all.

use super::sums::Collect;
use super::usage::Usage;
use crate::error::Result;

/// Gives each creator, of every payer that used it, the fee over the number of creators that the payer used: sum of
/// `f_i [w_ij > 0] / (how many creators i used)`.
///
/// # Errors
/// A sum is beyond 128 bits (gate).
pub fn shapley(usage: &Usage, fees: &[u64], to: &mut impl Collect) -> Result<()> {
    for (payer, fee) in fees.iter().enumerate().filter(|(_, fee)| **fee != 0) {
        let used = || usage.entries(payer).filter(|e| e.weight != 0);
        let many = used().count() as u64;
        for entry in used() {
            to.add(entry.creator, u128::from(*fee), many)?;
        }
    }
    Ok(())
}
