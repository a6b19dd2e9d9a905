//! Broken rows and conflicting ones.

use super::event::{Event, MOST, Own, SECOND, Who};
use super::plan::Back;
use super::reverse::kind;
use crate::fate::Reason;
use crate::log::Log;

/// No currency has this code.
const NO_CURRENCY: &str = "ZZZ";
const DAY: i64 = 86_400 * SECOND;

/// The event with exactly this fault.
#[must_use]
pub fn spoiled(event: Event, reason: Reason) -> Event {
    let log = event.own.log();
    let (amount, number) = (event.amount.unwrap_or(0), event.id.map_or(0, |id| id.number));
    match reason {
        Reason::IdMissing => Event { id: None, ..event },
        Reason::TimeMissing => Event { time: None, ..event },
        Reason::TimeOutOfRange => Event { time: Some(-DAY), ..event },
        Reason::UnknownKind => Event { kind: "unheard_of", ..event },
        Reason::CreatorMissing | Reason::PartyMissing => Event { creator: Who::Nobody, ..event },
        Reason::CreatorUnknownOnDate | Reason::PartyUnknownOnDate => {
            Event { creator: Who::Stranger(number % 1000), ..event }
        }
        Reason::UnknownCurrency => Event { currency: Some(NO_CURRENCY), ..event },
        Reason::AmountMissing => Event { amount: None, ..event },
        Reason::AmountNegative => Event { amount: Some(-amount.max(1)), ..event },
        Reason::AmountTooLarge => Event { amount: Some(MOST + 1), ..event },
        Reason::TaxNegative => Event { tax: Some(-1), ..event },
        Reason::FeeNegative => Event { fee: Some(-1), ..event },
        Reason::TaxAndFeeExceedAmount => Event { tax: Some(amount), fee: Some(1), ..event },
        Reason::OriginalOnCharge => Event { original: event.id, ..event },
        Reason::OriginalAfterEvent => {
            Event { kind: kind(log, Back::Full(0)), original_time: event.time.map(|time| time + DAY), ..event }
        }
        Reason::NotFourEyes => one_name(event),
        Reason::NoPolicy => unknown_tier(event),
        // What needs another row, or a finer amount, or is a matter of the policy, is not made here.
        Reason::SubMinor
        | Reason::Conflict
        | Reason::ReversalExceedsCharge
        | Reason::ShareMissing
        | Reason::ShareOutOfRange => event,
    }
}

fn one_name(event: Event) -> Event {
    match event.own {
        Own::Adjustment { reason, requested_by, .. } => {
            Event { own: Own::Adjustment { reason, requested_by, approved_by: " Support Desk" }, ..event }
        }
        _ => event,
    }
}

fn unknown_tier(mut event: Event) -> Event {
    if let Own::Subscription { tier, .. } = &mut event.own {
        *tier = "retired";
    }
    event
}

/// The event as it is delivered a second time: one minor unit more, or one view.
#[must_use]
pub fn conflicting(mut event: Event) -> Event {
    match &mut event.own {
        Own::Engagement { views, .. } => *views += 1,
        _ => event.amount = event.amount.map(|amount| amount + 1),
    }
    event
}

/// An order's delivery, which moves no money.
#[must_use]
pub fn delivered(event: Event) -> Event {
    if event.own.log() != Log::Commerce {
        return event;
    }
    Event { kind: "delivered", amount: None, tax: None, fee: None, currency: None, ..event }
}
