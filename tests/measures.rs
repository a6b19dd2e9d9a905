//! Measures that count different things: every window at once, and what policies ask of them.

use std::collections::BTreeSet;

use everycent::facts::{Different, Seen};
use everycent::period::Period;

/// A window counted by hand: which things stand in it.
fn slowly(seen: &[Seen], first: i32, length: i32, close: i32) -> i64 {
    let inside = |s: &&Seen| (first..first + length).contains(&s.place) && s.since <= close;
    let things: BTreeSet<u32> = seen.iter().filter(inside).map(|s| s.thing).collect();
    i64::try_from(things.len()).expect("few")
}

#[test]
fn every_window_is_what_counting_it_slowly_gives() {
    let january = Period::new(2026, 1);
    // A small generator of its own: things, places and closes without any order.
    let mut state = 7_u64;
    let mut dice = |sides: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i32::try_from((state >> 33) % sides).expect("small")
    };
    for length in [1, 2, 7, 30] {
        let mut seen = Vec::new();
        for _ in 0..60 {
            seen.push(Seen { thing: dice(9).unsigned_abs(), place: dice(40), since: january.ordinal() + dice(4) });
        }
        let different = Different::of(seen.clone(), length, true);
        for first in -35..45 {
            assert_eq!(different.count(first, None), slowly(&seen, first, length, i32::MAX), "{length} from {first}");
            for months in -1..5 {
                let close = january.plus(months);
                let found = different.count(first, Some(close));
                assert_eq!(found, slowly(&seen, first, length, close.ordinal()), "{length} from {first}, {close}");
            }
        }
    }
}
