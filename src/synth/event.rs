//! An event before it is a row of a Parquet file.

use crate::log::Log;
use crate::money::Currency;

/// Microseconds in a second, the unit of every instant here.
pub const SECOND: i64 = 1_000_000;

/// The id of an event: its number, and its role among the events that stem from that number (0 the event itself, 1 what
/// takes it back, 2 what takes that back).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id {
    pub number: u64,
    pub role: u8,
}

impl Id {
    /// As Int64, for gifts and engagement.
    #[must_use]
    pub fn number(self) -> i64 {
        1_000_000_000_000 + (self.number * 4 + u64::from(self.role)).cast_signed()
    }

    /// As text, for the others.
    #[must_use]
    pub fn text(self, log: Log) -> String {
        let prefix = match log {
            Log::Adjustments => "adj",
            Log::BrandDeals => "deal",
            Log::Commerce => "shop",
            Log::Engagement => "view",
            Log::Gifts => "gift",
            Log::Subscriptions => "sub",
        };
        format!("{prefix}-{:012}-{}", self.number, self.role)
    }
}

/// Who an event names as its creator (of an adjustment: its party).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Nobody,
    /// The creator with this rank, from 1.
    Rank(u64),
    /// Somebody whom no reference knows.
    Stranger(u64),
}

impl Who {
    /// The id in the logs and references.
    #[must_use]
    pub fn text(self) -> Option<String> {
        match self {
            Who::Nobody => None,
            Who::Rank(rank) => Some(format!("c{rank:08}")),
            Who::Stranger(number) => Some(format!("x{number:08}")),
        }
    }
}

/// An event with everything that its row will say; amounts in minor units, instants in microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub id: Option<Id>,
    pub time: Option<i64>,
    pub kind: &'static str,
    pub creator: Who,
    pub payer: u64,
    pub country: &'static str,
    pub amount: Option<i64>,
    pub tax: Option<i64>,
    pub fee: Option<i64>,
    pub currency: Option<&'static str>,
    pub original: Option<Id>,
    pub original_time: Option<i64>,
    pub own: Own,
}

/// The columns of one log alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Own {
    Adjustment { reason: &'static str, requested_by: &'static str, approved_by: &'static str },
    BrandDeal { campaign: u64, brand: u64 },
    Commerce { product: u64, seller: u64, category: &'static str, commission_bps: i64 },
    Engagement { content: u64, content_kind: &'static str, audience: &'static str, seconds: i64, views: i64 },
    Gift { live: i64, gift: &'static str, quantity: i64, coins: i64 },
    Subscription { subscription: u64, tier: &'static str, channel: &'static str, tenure: i64, from: i32, to: i32 },
}

impl Own {
    /// The log that has these columns.
    #[must_use]
    pub fn log(&self) -> Log {
        match self {
            Own::Adjustment { .. } => Log::Adjustments,
            Own::BrandDeal { .. } => Log::BrandDeals,
            Own::Commerce { .. } => Log::Commerce,
            Own::Engagement { .. } => Log::Engagement,
            Own::Gift { .. } => Log::Gifts,
            Own::Subscription { .. } => Log::Subscriptions,
        }
    }
}

/// The largest amount that a row may carry, in minor units: 10^15 (contract, section 4).
pub const MOST: i64 = 1_000_000_000_000_000;

impl Event {
    /// The amount that `control` counts: signed by the kind's effect; 0 where it can't be read.
    #[must_use]
    pub fn counted(&self) -> i64 {
        let readable = self.currency.is_some_and(|code| Currency::parse(code).is_some());
        let amount = self.amount.filter(|amount| readable && (0..=MOST).contains(amount)).unwrap_or(0);
        let log = self.own.log();
        log.kind_named(self.kind).map_or(1, |kind| log.effect(kind).sign()) * amount
    }
}
