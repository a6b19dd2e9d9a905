//! Deliveries: the day from which a hold until delivery counts.

use rustc_hash::FxHashMap;

use super::Known;
use crate::log::{Effect, Log};
use crate::policy::HoldAfter;

/// Order, creator, and the product where the delivery names one.
type Parcel<'a> = (&'a str, u32, Option<&'a str>);

/// The first day on which each order of a creator was delivered, or a product of it.
#[derive(Debug, Default)]
pub struct Deliveries<'a>(FxHashMap<Parcel<'a>, i32>);

impl<'a> Deliveries<'a> {
    /// The deliveries that an evaluation knows; none where no program waits for any.
    #[must_use]
    pub fn of(known: &Known<'a>) -> Self {
        let rows = known.rows;
        let waits = known.policies.programs.iter().any(|p| p.hold.is_some_and(|h| h.after == HoldAfter::Delivered));
        let mut days: FxHashMap<Parcel<'a>, i32> = FxHashMap::default();
        for (row, _) in known.standing.iter().filter(|_| waits) {
            let at = *row as usize;
            if rows.records[at].log != Log::Commerce || rows.effect(*row) != Effect::Nothing {
                continue;
            }
            let Some(order) = rows.text(*row, "order_id") else { continue };
            let day = days.entry((order, rows.records[at].creator, rows.text(*row, "product_id"))).or_insert(i32::MAX);
            *day = rows.records[at].day.min(*day);
        }
        Self(days)
    }

    /// When the order of a charge was delivered; a delivery that names a product says nothing of others.
    #[must_use]
    pub fn day(&self, known: &Known<'a>, row: u32) -> Option<i32> {
        let order = known.rows.text(row, "order_id")?;
        let creator = known.rows.records[row as usize].creator;
        let whole = self.0.get(&(order, creator, None));
        let product = known.rows.text(row, "product_id");
        let own = product.and_then(|product| self.0.get(&(order, creator, Some(product))));
        whole.into_iter().chain(own).min().copied()
    }
}
