//! User-centric: one pot per payer, divided by what that payer used.

use super::bound::beyond;
use super::sums::Collect;
use super::usage::Usage;
use crate::error::Result;

/// Gives each creator, of every payer's fee, the share that it had of the payer's usage: sum of f_i w_ij / S_i.
///
/// # Errors
/// A sum is beyond 128 bits (gate).
pub fn user_centric(usage: &Usage, fees: &[u64], to: &mut impl Collect) -> Result<()> {
    for (payer, fee) in fees.iter().enumerate() {
        own_pot(usage, payer, *fee, to)?;
    }
    Ok(())
}

/// Divides one payer's fee.
///
/// # Errors
/// As [`user_centric`].
pub fn own_pot(usage: &Usage, payer: usize, fee: u64, to: &mut impl Collect) -> Result<()> {
    let sum = u64::try_from(usage.weight(payer)).map_err(|_| beyond())?;
    for entry in usage.entries(payer).filter(|e| e.weight != 0 && fee != 0) {
        to.add(entry.creator, u128::from(fee) * u128::from(entry.weight), sum)?;
    }
    Ok(())
}
