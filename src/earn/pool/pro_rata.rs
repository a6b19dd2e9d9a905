//! Pro rata: the pot by everybody's usage added up, a payer counting at most so much.

use super::bound::beyond;
use super::sums::Collect;
use super::usage::Usage;
use crate::error::Result;

/// Gives each creator what it was used, payers without an id among them. Of a payer who counts more than `cap`, every
/// entry counts in the same ratio less: 1,500 plays under a cap of 1,000 count two thirds each.
///
/// # Errors
/// A sum is beyond 128 bits (gate).
pub fn pro_rata(usage: &Usage, cap: Option<u64>, to: &mut impl Collect) -> Result<()> {
    for payer in 0..usage.payers() {
        let over = cap.filter(|cap| usage.counted(payer) > u128::from(*cap));
        let counted = if over.is_some() { u64::try_from(usage.counted(payer)).map_err(|_| beyond())? } else { 1 };
        for entry in usage.entries(payer) {
            match over {
                None => to.add_whole(entry.creator, entry.weight)?,
                Some(cap) => to.add(entry.creator, u128::from(entry.weight) * u128::from(cap), counted)?,
            }
        }
    }
    unnamed(usage, to)
}

/// Gives each creator what payers without an id used it.
///
/// # Errors
/// As [`pro_rata`].
fn unnamed(usage: &Usage, to: &mut impl Collect) -> Result<()> {
    for (creator, weight) in (0_u32..).zip(usage.unnamed()).filter(|(_, weight)| **weight != 0) {
        to.add_whole(creator, *weight)?;
    }
    Ok(())
}
