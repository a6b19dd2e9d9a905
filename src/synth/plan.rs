//! Which fault an event has, if any: a pure function of its number, cheap enough to be asked of every event of a fortnight.

use super::draw::{Draw, Purpose, key, mixed};
use super::recipe::{Recipe, WHOLE};
use crate::error::Result;
use crate::fate::Reason;
use crate::log::Log;

/// The most days until an event is delivered again.
pub const AGAIN_LAG: i32 = 6;
/// The most days until an event is charged back, and the chargeback won.
pub const BACK_LAG: i32 = 2 * AGAIN_LAG;
/// Days of the month after, on which late events are delivered.
pub const LATE_DAYS: i32 = 5;

/// What becomes of an event. Each has at most one fault, so that the counts of different faults never mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    Plain,
    /// Delivered again, the same, so many days later.
    Duplicate(i32),
    /// Delivered again with another amount, so many days later.
    Conflict(i32),
    /// Taken back.
    Reversal(Back),
    /// Broken: the row has this fault.
    Bad(Reason),
    /// Delivered after the end of its month, on the day with this index.
    Late(i32),
}

/// How an event is taken back; each after so many days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Back {
    /// Whole, with `original_id`.
    Full(i32),
    /// A part of it, with `original_id`.
    Part(i32),
    /// Whole, with `original_time` alone.
    Unnamed(i32),
    /// A chargeback that stays.
    Chargeback(i32),
    /// A chargeback, and after so many days more it is won.
    Won(i32, i32),
}

impl Back {
    /// The days until it is taken back, and from then until that is taken back.
    #[must_use]
    pub fn lags(self) -> (i32, Option<i32>) {
        match self {
            Back::Full(lag) | Back::Part(lag) | Back::Unnamed(lag) | Back::Chargeback(lag) => (lag, None),
            Back::Won(lag, more) => (lag, Some(more)),
        }
    }
}

/// The plans of one log.
pub struct Plans {
    log: Log,
    key: u64,
    bounds: [u64; 5],
}

impl Plans {
    /// The plans of a log.
    ///
    /// # Errors
    /// The recipe's shares are out of range (usage).
    pub fn new(recipe: &Recipe, log: Log) -> Result<Self> {
        Ok(Self { log, key: key(recipe.seed, Some(log), Purpose::Plan), bounds: recipe.bounds()? })
    }

    /// The plan of an event.
    #[must_use]
    pub fn of(&self, number: u64) -> Plan {
        let word = mixed(self.key.wrapping_add(number)) % WHOLE;
        match self.bounds.iter().position(|bound| word < *bound) {
            None => Plan::Plain,
            Some(which) => self.fault(which, &mut Draw::new(!self.key, number)),
        }
    }

    fn fault(&self, which: usize, draw: &mut Draw) -> Plan {
        let lag = days(draw);
        match which {
            0 => Plan::Duplicate(lag),
            1 => Plan::Conflict(lag),
            2 if reversals(self.log) => Plan::Reversal(self.back(lag, draw)),
            3 => draw.one_of(reasons(self.log)).map_or(Plan::Plain, Plan::Bad),
            4 if self.log != Log::Adjustments => Plan::Late(lag % LATE_DAYS),
            _ => Plan::Plain,
        }
    }

    /// Half whole, a quarter in part, the rest charged back; a deal is never charged back. One in ten of the whole ones
    /// does not name its charge.
    fn back(&self, lag: i32, draw: &mut Draw) -> Back {
        match (draw.below(100), self.log) {
            (0..5, _) => Back::Unnamed(lag),
            (5..50, _) | (75.., Log::BrandDeals) => Back::Full(lag),
            (50..75, _) => Back::Part(lag),
            (75..90, _) => Back::Chargeback(lag),
            _ => Back::Won(lag, days(draw)),
        }
    }
}

fn days(draw: &mut Draw) -> i32 {
    i32::try_from(draw.below(u64::from(AGAIN_LAG.unsigned_abs()) + 1)).unwrap_or(0)
}

fn reversals(log: Log) -> bool {
    !matches!(log, Log::Adjustments | Log::Engagement)
}

/// The faults that a row of a log can have by itself.
#[must_use]
pub fn reasons(log: Log) -> &'static [Reason] {
    use Reason::{
        AmountMissing, AmountNegative, AmountTooLarge, CreatorMissing, CreatorUnknownOnDate, FeeNegative, IdMissing,
        NoPolicy, NotFourEyes, OriginalAfterEvent, OriginalOnCharge, PartyMissing, PartyUnknownOnDate,
        TaxAndFeeExceedAmount, TaxNegative, TimeMissing, TimeOutOfRange, UnknownCurrency, UnknownKind,
    };
    const MONEY: [Reason; 16] = [
        IdMissing,
        TimeMissing,
        TimeOutOfRange,
        UnknownKind,
        CreatorMissing,
        UnknownCurrency,
        AmountMissing,
        AmountNegative,
        AmountTooLarge,
        TaxNegative,
        FeeNegative,
        TaxAndFeeExceedAmount,
        OriginalOnCharge,
        OriginalAfterEvent,
        CreatorUnknownOnDate,
        NoPolicy,
    ];
    match log {
        Log::Engagement => &[IdMissing, TimeMissing, TimeOutOfRange, UnknownKind, CreatorMissing],
        Log::Adjustments => &[
            IdMissing,
            TimeMissing,
            TimeOutOfRange,
            UnknownKind,
            PartyMissing,
            UnknownCurrency,
            AmountMissing,
            AmountNegative,
            AmountTooLarge,
            OriginalOnCharge,
            NotFourEyes,
            PartyUnknownOnDate,
        ],
        Log::Subscriptions => &MONEY,
        _ => MONEY.split_last().map_or(&[], |(_, others)| others),
    }
}
