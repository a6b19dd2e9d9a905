//! The primitives: one small policy file for each thing that a policy must be able to say, its published numbers beside it as
//! worked examples, rated by the machinery of `policy test`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use everycent::policy::check;
use everycent::query::Engine;
use everycent::trial::{Kind, Preset, perform, presets};

/// P1 to P23.
const COUNT: usize = 23;

fn primitives() -> Vec<Preset> {
    presets().into_iter().filter(|p| p.kind == Kind::Primitive).collect()
}

/// `p04_bonus_points` is 4.
fn number(preset: &Preset) -> usize {
    preset.name[1..3].parse().unwrap_or_else(|_| panic!("{} has no number", preset.name))
}

#[test]
fn there_is_one_file_for_each_and_its_first_line_says_what_it_is() {
    let all = primitives();
    assert_eq!(all.iter().map(number).collect::<Vec<_>>(), (1..=COUNT).collect::<Vec<_>>());
    for preset in all {
        assert!(preset.title.starts_with(&format!("P{}: ", number(&preset))), "{}", preset.title);
    }
}

/// Every example of these primitives comes out, and the linter finds nothing in their policies.
#[track_caller]
fn pay(numbers: std::ops::RangeInclusive<usize>) {
    for preset in primitives().into_iter().filter(|p| numbers.contains(&number(p))) {
        let mut policies = preset.files();
        policies.retain(|(name, _)| !name.ends_with(".examples.toml"));
        let findings = check(&policies);
        assert!(findings.is_empty(), "{findings:#?}");
        for example in preset.examples().unwrap_or_else(|e| panic!("{e}")).0 {
            let verdicts = perform(Engine::new(2, 1024), &policies, &example).unwrap_or_else(|e| panic!("{e}"));
            let wrong: Vec<_> = verdicts.iter().filter(|v| !v.holds()).collect();
            assert!(wrong.is_empty() && !verdicts.is_empty(), "{}, {}: {wrong:#?}", preset.name, example.name);
        }
    }
}

#[test]
fn earning_pays_its_published_numbers() {
    pay(1..=5);
}

#[test]
fn enrolment_fixed_money_and_units_pay_their_published_numbers() {
    pay(6..=8);
}

#[test]
fn pools_and_orders_pay_their_published_numbers() {
    pay(9..=12);
}

#[test]
fn settlement_pays_its_published_numbers() {
    pay(13..=18);
}

#[test]
fn taxes_referrals_currencies_rounding_and_explanations_come_out_as_published() {
    pay(19..=COUNT);
}

/// The numbers of a text as digits: `49,990.00` is 4999000, and so is `49990.00`.
fn numbers(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_digit() || c == ',' || c == '.';
    let digits = |word: &str| word.chars().filter(char::is_ascii_digit).collect::<String>();
    let words = text.split(|c| !is_part(c)).map(|w| digits(w).trim_start_matches('0').to_owned());
    words.filter(|w| !w.is_empty()).collect()
}

/// Each number of the published examples stands in the files of its primitive (skipped where the table is absent).
#[test]
fn no_published_number_is_left_out() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/primitives.md");
    let Ok(table) = fs::read_to_string(path) else {
        println!("skipped: ../shared/primitives.md is not here");
        return;
    };
    let mut seen = 0;
    for preset in primitives() {
        let start = format!("| P{} |", number(&preset));
        let line = table.lines().find(|l| l.starts_with(&start)).unwrap_or_else(|| panic!("no line {start}"));
        let published = line.split('|').nth(4).expect("a worked example");
        let told: BTreeSet<String> = preset.files().iter().flat_map(|(_, text)| numbers(text)).collect();
        let missing: Vec<_> = numbers(published).into_iter().filter(|n| !told.contains(n)).collect();
        assert!(missing.is_empty(), "{} does not say {missing:?} of: {published}", preset.name);
        seen += 1;
    }
    assert_eq!(seen, COUNT);
}
