//! What takes an event back: refunds, returns, cancels, chargebacks, and chargebacks that are won.

use super::charge::day_micros;
use super::draw::{Draw, Purpose, key};
use super::event::{Event, Id, SECOND};
use super::plan::Back;
use super::recipe::Recipe;
use crate::log::Log;

/// Seconds at a day's end for what takes a reversal back.
const EVENING: i64 = 30;

/// The day that something falls on which comes `lag` days after `day`: the book's last day at the latest.
#[must_use]
pub fn day_after(recipe: &Recipe, day: i32, lag: i32) -> i32 {
    (day + lag).min(recipe.end_day() - 1)
}

/// The days of the reversal, and of what takes it back.
#[must_use]
pub fn days(recipe: &Recipe, day: i32, back: Back) -> (i32, Option<i32>) {
    let (lag, more) = back.lags();
    let first = day_after(recipe, day, lag);
    (first, more.map(|more| day_after(recipe, first, more)))
}

/// The events that take `charge`, an event of `day`, back: each with its day.
#[must_use]
pub fn events(recipe: &Recipe, charge: &Event, day: i32, back: Back) -> Vec<(i32, Event)> {
    let log = charge.own.log();
    let number = charge.id.map_or(0, |id| id.number);
    let mut draw = Draw::new(key(recipe.seed, Some(log), Purpose::Reversal), number);
    let (first_day, won_day) = days(recipe, day, back);
    let charged = charge.time.unwrap_or(0);
    let at = after(recipe, charged, first_day, EVENING, &mut draw);
    let first = reversal(charge, back, at, &mut draw);
    let won = won_day.map(|won_day| {
        let at = after(recipe, at, won_day, 1, &mut draw);
        (won_day, won(&first, at))
    });
    std::iter::once((first_day, first)).chain(won).collect()
}

/// An instant of `day` that is at least a second after `instant`, and `evening` seconds before the day's end.
fn after(recipe: &Recipe, instant: i64, day: i32, evening: i64, draw: &mut Draw) -> i64 {
    let (start, end) = day_micros(recipe, day);
    let from = start.max(instant + SECOND);
    from + draw.below(u64::try_from(end - evening * SECOND - from).unwrap_or(0)).cast_signed()
}

fn reversal(charge: &Event, back: Back, at: i64, draw: &mut Draw) -> Event {
    let amount = charge.amount.map(|amount| match back {
        Back::Part(_) => (amount * draw.between(10, 90) / 100).max(1),
        _ => amount,
    });
    let named = !matches!(back, Back::Unnamed(_));
    Event {
        id: charge.id.map(|id| Id { role: 1, ..id }),
        time: Some(at),
        kind: kind(charge.own.log(), back),
        amount,
        tax: charge.tax.filter(|_| !named),
        fee: charge.fee.filter(|_| !named),
        original: charge.id.filter(|_| named),
        original_time: charge.time,
        ..charge.clone()
    }
}

fn won(chargeback: &Event, at: i64) -> Event {
    Event {
        id: chargeback.id.map(|id| Id { role: 2, ..id }),
        time: Some(at),
        kind: "chargeback_won",
        original: chargeback.id,
        original_time: chargeback.time,
        ..chargeback.clone()
    }
}

/// The kind of the event that takes a charge of a log back.
#[must_use]
pub fn kind(log: Log, back: Back) -> &'static str {
    match (back, log) {
        (_, Log::BrandDeals) => "cancel",
        (Back::Chargeback(_) | Back::Won(..), _) => "chargeback",
        (_, Log::Commerce) => "return",
        _ => "refund",
    }
}
