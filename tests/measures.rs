//! Measures that count different things: every window at once, and what policies ask of them.

use std::collections::BTreeSet;

use everycent::facts::{Different, Seen, lint_log};
use everycent::intake::canonical_schema;
use everycent::log::Log;
use everycent::period::Period;
use everycent::policy::Policies;
use everycent::query::Engine;
use everycent::trial::{Examples, Verdict, perform};

/// A window counted by hand: which things stand in it.
fn slowly(seen: &[Seen], first: i32, length: i32, close: i32) -> i64 {
    let counts = |s: &Seen| if close == i32::MAX { s.gone == close } else { (s.since..s.gone).contains(&close) };
    let inside = |s: &&Seen| (first..first + length).contains(&s.place) && counts(s);
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
            let since = january.ordinal() + dice(4);
            let gone = if dice(4) == 0 { since + 1 + dice(2) } else { i32::MAX };
            seen.push(Seen { thing: dice(9).unsigned_abs(), place: dice(40), since, gone });
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

const PROGRAM: &str = "[[program]]\nname = \"p\"\nversion = \"1\"\nvalid_from = 2026-01-01\nlog = \"engagement\"\nwhere = \"people >= 2\"\n\
                       pay_each = [{ amount = \"1.00\", currency = \"EUR\" }]\n\
                       [[terms]]\nversion = \"1\"\nvalid_from = 2026-01-01\nfx_max_days_back = 7\ndue_days = 15\n";

fn people(distinct: &str) -> Vec<(String, String)> {
    let measure = format!(
        "[[measure]]\nname = \"people\"\nlog = \"engagement\"\ndistinct = \"{distinct}\"\ndays = 30\nend = \"period_end\"\nlate = \"rerate\"\n"
    );
    vec![("policies/p.toml".to_owned(), measure + PROGRAM)]
}

#[test]
fn a_measure_of_different_things_is_read_aloud() {
    let said = Policies::read(people("payer_id")).expect("policies").said(None);
    let sentences: Vec<String> = said.into_iter().flat_map(|s| s.sentences).map(|s| s.text).collect();
    assert!(
        sentences.contains(&"It is how many different payer_id there are in the log engagement.".to_owned()),
        "{sentences:#?}"
    );
}

#[test]
fn what_is_counted_must_be_a_column_of_the_log_and_some_thing() {
    let look = |distinct: &str| {
        let policies = Policies::read(people(distinct)).expect("policies");
        let findings =
            lint_log(Engine::new(1, 256), &policies, Log::Engagement, &canonical_schema(Log::Engagement, &[]));
        findings.into_iter().map(|f| f.picture).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(look("payer_id"), "");
    assert_eq!(look("cast(event_time as date)"), "");
    let unknown = look("payer_ID_");
    assert!(unknown.contains("`distinct` can't be used") && unknown.contains("policies/p.toml:4:"), "{unknown}");
    assert!(look("null").contains("what tells one from another"), "{}", look("null"));
    assert!(look("cast(seconds as double)").contains("float"), "{}", look("cast(seconds as double)"));
}

#[test]
fn days_and_contents_can_be_counted_too() {
    let example = "[[example]]\nname = \"two days, three contents\"\nevents = [\n\
        { log = \"engagement\", event_time = 2026-10-05T08:00:00Z, creator_id = \"ada\", content_id = \"a\" },\n\
        { log = \"engagement\", event_time = 2026-10-05T09:00:00Z, creator_id = \"ada\", content_id = \"b\" },\n\
        { log = \"engagement\", event_time = 2026-10-07T08:00:00Z, creator_id = \"ada\", content_id = \"c\" },\n\
        { log = \"engagement\", event_time = 2026-10-07T09:00:00Z, creator_id = \"ada\", content_id = \"c\" }]\n";
    let paid = |distinct: &str, least: i64| {
        let mut policies = people(distinct);
        policies[0].1 = policies[0].1.replace("people >= 2", &format!("people = {least}"));
        let expected = format!("{example}earnings = [{{ creator_id = \"ada\", creator = \"4.00\" }}]\n");
        let examples = Examples::read("policies/p.examples.toml".into(), expected).unwrap_or_else(|e| panic!("{e}"));
        let verdicts = perform(Engine::new(1, 256), &policies, &examples.0[0]).unwrap_or_else(|e| panic!("{e}"));
        verdicts.iter().all(Verdict::holds)
    };
    assert!(paid("cast(event_time as date)", 2) && !paid("cast(event_time as date)", 3));
    assert!(paid("content_id", 3) && !paid("content_id", 4));
    assert!(paid("payer_id", 0));
}

/// The error of a run of these policies over two views.
fn refused(policies: &str) -> String {
    let example = "[[example]]\nname = \"two views\"\nevents = [\n\
        { log = \"engagement\", event_id = \"v1\", event_time = 2026-10-05, creator_id = \"ada\", seconds = 9 },\n\
        { log = \"engagement\", event_id = \"v2\", event_time = 2026-10-05, creator_id = \"ada\", seconds = 10 }]\n\
        earnings = [{ creator_id = \"ada\", none = true }]\n";
    let examples =
        Examples::read("policies/p.examples.toml".into(), example.to_owned()).unwrap_or_else(|e| panic!("{e}"));
    let policies = vec![("policies/p.toml".to_owned(), policies.to_owned())];
    let refused = perform(Engine::new(1, 256), &policies, &examples.0[0]).expect_err("a run");
    assert_eq!(refused.exit_code(), 2, "{refused}");
    refused.to_string()
}

#[test]
fn a_clause_that_fails_on_a_row_is_named_with_the_row() {
    let measured = people("payer_id")[0].1.clone();
    let summed = measured.replace("distinct = \"payer_id\"", "sum = \"seconds * 1000000000000000000\"");
    let asked = "pay_each = [{ when = \"100 / (seconds - 10) < 0\",";
    let divided = measured.replace("people >= 2", "people >= 0").replace("pay_each = [{", asked);
    let cases = [
        (
            summed,
            "`sum` of measure people fails on a row: it gives 10000000000000000000, which is beyond 64 bits",
            "4:7",
        ),
        (divided.clone(), "payment 1 of program p, version 1 fails on a row: it divides by 0", "14:22"),
    ];
    for (policies, what, place) in cases {
        let said = refused(&policies);
        let row = format!("policies/p.toml:{place}; engagement events.parquet, row group 0, row 1, event_id 'v2'");
        for words in [what, &row, "seconds = 10", "^^^", "nothing was published", "nullif(coins, 0)"] {
            assert!(said.contains(words), "{words}: {said}");
        }
    }
    // What the program's `where` leaves out is not asked.
    let guarded = divided.replace("people >= 0", "seconds < 10");
    let examples = "[[example]]\nname = \"guarded\"\nevents = [\n\
        { log = \"engagement\", event_time = 2026-10-05, creator_id = \"ada\", seconds = 9 },\n\
        { log = \"engagement\", event_time = 2026-10-05, creator_id = \"ada\", seconds = 10 }]\n\
        earnings = [{ creator_id = \"ada\", creator = \"1.00\" }]\n";
    let examples =
        Examples::read("policies/p.examples.toml".into(), examples.to_owned()).unwrap_or_else(|e| panic!("{e}"));
    let policies = vec![("policies/p.toml".to_owned(), guarded)];
    let verdicts = perform(Engine::new(1, 256), &policies, &examples.0[0]).unwrap_or_else(|e| panic!("{e}"));
    assert!(verdicts.iter().all(Verdict::holds));
}
