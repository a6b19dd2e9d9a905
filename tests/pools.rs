//! The mathematics of pools: published numbers, rounding as the exact value would be, and what the four rules promise.

use std::collections::BTreeMap;

use everycent::earn::pool::{BITS, Division, Entry, Rule, Stake, Usage, divide, multiply_divide};
use everycent::facts::{Use, summed_within};
use everycent::money::{Exact, allocate_by};
use everycent::period::Period;
use everycent::query::Engine;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::support::engine::Outcome;
use crate::support::folder::{Folder, Layout};
use crate::support::story::Story;

/// Usage by payer and creator.
type Matrix = Vec<Vec<u64>>;

fn exact(value: impl Into<i128>) -> Exact {
    Exact::from_int(value.into())
}

fn ratio(numerator: u64, denominator: u64) -> Exact {
    Exact::ratio(numerator.into(), denominator.into()).expect("a denominator")
}

/// The usage of a matrix; its last row is of payers without an id where `unnamed`.
fn usage(matrix: &Matrix, unnamed: &[u64]) -> Usage {
    let creators = matrix.first().map_or(unnamed.len(), Vec::len);
    let mut usage = Usage::of_creators(creators);
    for row in matrix {
        let used = row.iter().enumerate().filter(|(_, w)| **w > 0);
        let entries = used.map(|(j, w)| Entry { creator: u32::try_from(j).expect("few"), weight: *w, counted: *w });
        usage.push(&entries.collect::<Vec<_>>());
    }
    for (j, weight) in unnamed.iter().enumerate() {
        usage.push_unnamed(u32::try_from(j).expect("few"), *weight);
    }
    usage
}

/// The formulas of the four rules, in plain exact arithmetic: what each creator gets of `amount`.
fn slow(rule: &Rule, matrix: &Matrix, unnamed: &[u64], fees: &[u64], amount: &Exact) -> Vec<Exact> {
    let creators = matrix.first().map_or(unnamed.len(), Vec::len);
    let sum = |row: &Vec<u64>| row.iter().sum::<u64>();
    let mut weights = vec![Exact::ZERO; creators];
    for (row, fee) in matrix.iter().zip(fees) {
        let fee = exact(*fee);
        let used = row.iter().filter(|w| **w > 0).count() as u64;
        let filled = match rule {
            Rule::Scaled { share } => (exact(sum(row)) * &pace(matrix, fees, share)).min(fee.clone()),
            _ => fee.clone(),
        };
        for (weight, w) in weights.iter_mut().zip(row).filter(|(_, w)| **w > 0) {
            *weight += match rule {
                Rule::ProRata { cap } => {
                    exact(*w) * &cap.map_or(Exact::ONE, |cap| ratio(cap, sum(row)).min(Exact::ONE))
                }
                Rule::UserCentric | Rule::Scaled { .. } => &filled * &ratio(*w, sum(row)),
                Rule::Shapley => &fee * &ratio(1, used),
            };
        }
    }
    if let Rule::ProRata { .. } = rule {
        weights.iter_mut().zip(unnamed).for_each(|(weight, w)| *weight += exact(*w));
    }
    let all: Exact = weights.iter().sum();
    weights.iter().map(|w| (amount * w).checked_div(&all).expect("somebody used something")).collect()
}

/// The g at which min(g S, f) adds up to a share of all fees: tried at every payer's corner.
fn pace(matrix: &Matrix, fees: &[u64], share: &Exact) -> Exact {
    let all: u64 = fees.iter().sum();
    let target = exact(all) * share;
    let sums: Vec<u64> = matrix.iter().map(|row| row.iter().sum()).collect();
    let filled = |g: &Exact| -> Exact { sums.iter().zip(fees).map(|(s, f)| (exact(*s) * g).min(exact(*f))).sum() };
    let mut corners: Vec<Exact> = sums.iter().zip(fees).map(|(s, f)| ratio(*f, *s)).collect();
    corners.sort();
    let below = corners.iter().rev().find(|g| filled(g) <= target).cloned().unwrap_or_default();
    let growing: u64 = sums.iter().zip(fees).filter(|(s, f)| exact(**s) * &below < exact(**f)).map(|(s, _)| s).sum();
    let more = (&target - &filled(&below)).checked_div(&exact(growing));
    below + more.unwrap_or_default()
}

fn random_matrix(rng: &mut ChaCha8Rng, payers: usize, creators: usize, most: u64) -> Matrix {
    let row = |rng: &mut ChaCha8Rng| {
        let mut row: Vec<u64> =
            (0..creators).map(|_| if rng.random_range(0..3) == 0 { rng.random_range(1..=most) } else { 0 }).collect();
        if row.iter().all(|w| *w == 0) {
            let at = rng.random_range(0..creators);
            row[at] = rng.random_range(1..=most);
        }
        row
    };
    (0..payers).map(|_| row(rng)).collect()
}

fn rules(rng: &mut ChaCha8Rng) -> Vec<Rule> {
    let share = ratio(rng.random_range(1..=10), 10);
    let cap = Some(rng.random_range(1..=12));
    vec![Rule::ProRata { cap: None }, Rule::ProRata { cap }, Rule::UserCentric, Rule::Shapley, Rule::Scaled { share }]
}

#[test]
fn parts_are_rounded_as_the_exact_values_would_be() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for round in 0..400 {
        let (payers, creators) = (rng.random_range(1..9), rng.random_range(1..9));
        let most = if round % 2 == 0 { 3 } else { 1000 };
        let matrix = random_matrix(&mut rng, payers, creators, most);
        let unnamed: Vec<u64> = (0..creators).map(|_| rng.random_range(0..4)).collect();
        let fees: Vec<u64> = (0..payers).map(|_| rng.random_range(1..6)).collect();
        for rule in rules(&mut rng) {
            let amount = ratio(rng.random_range(1..2000), rng.random_range(1..4));
            let fixed = vec![ratio(rng.random_range(0..50), rng.random_range(1..7)), Exact::ZERO];
            let mut parts = slow(&rule, &matrix, &unnamed, &fees, &amount);
            parts.extend(fixed.iter().cloned());
            let sum: Exact = parts.iter().sum();
            let total = sum.floor_i128().expect("small");
            let expected = allocate_by(total, &parts).expect("parts");
            let stake = Stake { amount, rule: rule.clone(), fees: &fees };
            for bits in [BITS, 9, 4, 1] {
                let found = divide(total, &usage(&matrix, &unnamed), std::slice::from_ref(&stake), &fixed, bits);
                let Division { creators: mut minors, fixed } = found.expect("a division");
                minors.extend(fixed);
                assert_eq!(minors, expected, "round {round}, {bits} bits, {rule:?}, {matrix:?} {unnamed:?} {fees:?}");
                assert_eq!(minors.iter().sum::<i128>(), total);
            }
        }
    }
}

#[test]
fn two_stakes_of_one_pot_are_rounded_together() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for _ in 0..200 {
        let matrix = random_matrix(&mut rng, 4, 5, 7);
        let (unnamed, fees) = (vec![1, 0, 2, 0, 5], vec![3, 1, 4, 1]);
        let (own, shared) = (ratio(rng.random_range(1..900), 7), ratio(rng.random_range(1..900), 11));
        let a = slow(&Rule::Shapley, &matrix, &unnamed, &fees, &own);
        let b = slow(&Rule::ProRata { cap: None }, &matrix, &unnamed, &fees, &shared);
        let parts: Vec<Exact> = a.iter().zip(&b).map(|(a, b)| a + b).collect();
        let total = parts.iter().sum::<Exact>().floor_i128().expect("small");
        let stakes = [
            Stake { amount: own, rule: Rule::Shapley, fees: &fees },
            Stake { amount: shared, rule: Rule::ProRata { cap: None }, fees: &[] },
        ];
        let found = divide(total, &usage(&matrix, &unnamed), &stakes, &[], BITS).expect("a division");
        assert_eq!(found.creators, allocate_by(total, &parts).expect("parts"));
    }
}

/// P10: two payers x 600; 10 plays of X, 3,000 of Y.
#[test]
fn two_fans_of_different_zeal() {
    let matrix = vec![vec![10, 0], vec![0, 3000]];
    let divided = |rule| {
        let stake = Stake { amount: exact(1200), rule, fees: &[600, 600] };
        divide(1200, &usage(&matrix, &[0, 0]), &[stake], &[], BITS).expect("a division").creators
    };
    assert_eq!(divided(Rule::ProRata { cap: None }), [4, 1196]);
    assert_eq!(divided(Rule::UserCentric), [600, 600]);
}

/// P11: one payer counts at most 1,000 times; at four times the weight that is 4,000.
#[test]
fn a_payer_counts_at_most_a_thousand_times() {
    let mut plays = Usage::of_creators(2);
    plays.push(&[Entry { creator: 0, weight: 4 * 1500, counted: 1500 }]);
    plays.push(&[Entry { creator: 1, weight: 1000, counted: 1000 }]);
    let stake = Stake { amount: exact(5000), rule: Rule::ProRata { cap: Some(1000) }, fees: &[] };
    assert_eq!(divide(5000, &plays, &[stake], &[], BITS).expect("a division").creators, [4000, 1000]);
}

/// Thirds that add up to whole cents leave a bound open, and a hundred thousand equal creators are one tie.
#[test]
fn ties_go_to_the_first_and_whole_sums_stay_whole() {
    let matrix = vec![vec![1, 1, 1]; 3];
    let stake = Stake { amount: exact(3), rule: Rule::UserCentric, fees: &[1, 1, 1] };
    assert_eq!(divide(3, &usage(&matrix, &[0; 3]), &[stake], &[], BITS).expect("a division").creators, [1, 1, 1]);
    let many = 100_000;
    let stake = Stake { amount: exact(many / 4), rule: Rule::ProRata { cap: None }, fees: &[] };
    let all = usage(&Vec::new(), &vec![1; usize::try_from(many).expect("many")]);
    let found = divide(i128::from(many / 4), &all, &[stake], &[], BITS).expect("a division").creators;
    assert!(found[..25_000].iter().all(|m| *m == 1) && found[25_000..].iter().all(|m| *m == 0));
}

/// Payers with a thousand different sums: the exact fallback sums fractions with as many denominators.
#[test]
fn a_thousand_denominators_are_worked_out_where_they_must_be() {
    let matrix: Matrix = (0..1000).map(|i| vec![i + 1, i + 1, 2 * i + 7]).collect();
    let fees = vec![1; matrix.len()];
    let amount = exact(1_000_003);
    let expected = allocate_by(1_000_003, &slow(&Rule::UserCentric, &matrix, &[0; 3], &fees, &amount)).expect("parts");
    let stake = Stake { amount, rule: Rule::UserCentric, fees: &fees };
    let found = divide(1_000_003, &usage(&matrix, &[0; 3]), &[stake], &[], BITS).expect("a division");
    assert_eq!(found.creators, expected);
}

#[test]
fn products_of_256_bits_are_divided_exactly() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    for _ in 0..2000 {
        let mut wide = || rng.random::<u128>() >> rng.random_range(0..120);
        let (a, b, d) = (wide(), wide(), wide().max(1));
        let product = num_bigint::BigUint::from(a) * b;
        let (whole, rest) = (&product / d, &product % d);
        let expected = u128::try_from(whole).ok().map(|whole| (whole, rest != num_bigint::BigUint::ZERO));
        assert_eq!(multiply_divide(a, b, d), expected, "{a} * {b} / {d}");
    }
}

/// The most that any set of creators gains or loses.
fn moved(before: &[Exact], after: &[Exact]) -> Exact {
    let differences: Vec<Exact> = before.iter().zip(after).map(|(b, a)| a - b).collect();
    let gained: Exact = differences.iter().filter(|d| !d.is_negative()).sum();
    let lost: Exact = differences.iter().filter(|d| d.is_negative()).map(Exact::abs).sum();
    gained.max(lost)
}

/// What creators get of n payers who pay 1 each, the platform keeping 1 - a.
fn awards(rule: &Rule, matrix: &Matrix, a: &Exact) -> Vec<Exact> {
    let fees = vec![1; matrix.len()];
    slow(rule, matrix, &[], &fees, &(exact(matrix.len() as u64) * a))
}

#[test]
fn a_payer_moves_any_creators_by_at_most_one_fee_but_under_pro_rata() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for round in 0..300 {
        let a = ratio(rng.random_range(1..=10), 10);
        let before = random_matrix(&mut rng, 5, 5, 40);
        let mut more = before.clone();
        more.extend(random_matrix(&mut rng, 1, 5, 4000));
        let mut changed = before.clone();
        changed[0] = random_matrix(&mut rng, 1, 5, 4000).remove(0);
        for rule in [Rule::UserCentric, Rule::Shapley, Rule::Scaled { share: a.clone() }] {
            for after in [&more, &changed] {
                let moved = moved(&awards(&rule, &before, &a), &awards(&rule, after, &a));
                assert!(moved <= Exact::ONE, "round {round}: {rule:?} moved {moved} by {after:?} of {before:?}");
            }
        }
    }
}

/// Two fans of X listen once each; a third plays Y 98 times: of 3 fees, X has 6 cents, where it had 2 fees.
#[test]
fn under_pro_rata_one_payer_moves_more_than_a_fee() {
    let rule = Rule::ProRata { cap: None };
    let (before, after) = (vec![vec![1, 0]; 2], vec![vec![1, 0], vec![1, 0], vec![0, 98]]);
    assert_eq!(awards(&rule, &before, &Exact::ONE), [exact(2), Exact::ZERO]);
    assert_eq!(awards(&rule, &after, &Exact::ONE), [ratio(6, 100), ratio(294, 100)]);
    assert!(moved(&awards(&rule, &before, &Exact::ONE), &awards(&rule, &after, &Exact::ONE)) > Exact::ONE);
}

#[test]
fn splitting_a_creator_changes_nothing_but_under_shapley() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    for _ in 0..200 {
        let a = ratio(rng.random_range(1..=10), 10);
        let matrix = random_matrix(&mut rng, 5, 4, 30);
        let split = |row: &Vec<u64>| {
            let one = row[0] / 2;
            [&[one, row[0] - one], &row[1..]].concat()
        };
        let twins: Matrix = matrix.iter().map(split).collect();
        for rule in [
            Rule::ProRata { cap: None },
            Rule::ProRata { cap: Some(9) },
            Rule::UserCentric,
            Rule::Scaled { share: a.clone() },
        ] {
            let (one, two) = (awards(&rule, &matrix, &a), awards(&rule, &twins, &a));
            assert_eq!(one[0], &two[0] + &two[1], "{rule:?}");
            assert_eq!(one[1..], two[2..], "{rule:?}");
        }
    }
    let awards = |matrix: Matrix| awards(&Rule::Shapley, &matrix, &Exact::ONE);
    assert_eq!(awards(vec![vec![4, 4]]), [ratio(1, 2), ratio(1, 2)]);
    assert_eq!(awards(vec![vec![2, 2, 4]]), [ratio(1, 3), ratio(1, 3), ratio(1, 3)], "two of three parts");
}

/// Constrained equal awards: everybody the same, but nobody more than the claim. By raising the level from the lowest
/// claim on.
fn equal_awards(estate: &Exact, claims: &[Exact]) -> Vec<Exact> {
    let mut order: Vec<usize> = (0..claims.len()).collect();
    order.sort_by(|a, b| claims[*a].cmp(&claims[*b]));
    let (mut left, mut awards) = (estate.clone(), vec![Exact::ZERO; claims.len()]);
    for (done, at) in order.iter().enumerate() {
        let equal = left.checked_div(&exact((claims.len() - done) as u64)).expect("somebody is left");
        awards[*at] = claims[*at].clone().min(equal);
        left = &left - &awards[*at];
    }
    awards
}

/// Proportional awards.
fn proportional(estate: &Exact, claims: &[Exact]) -> Vec<Exact> {
    let all: Exact = claims.iter().sum();
    claims.iter().map(|c| (estate * c).checked_div(&all).expect("a claim")).collect()
}

/// Two divisions, one after the other: among payers by what they used in all, and each payer's award among creators.
fn twice(
    matrix: &Matrix,
    a: &Exact,
    first: fn(&Exact, &[Exact]) -> Vec<Exact>,
    second: fn(&Exact, &[Exact]) -> Vec<Exact>,
) -> Vec<Exact> {
    let claims: Vec<Exact> = matrix.iter().map(|row| exact(row.iter().sum::<u64>())).collect();
    let payers = first(&(exact(matrix.len() as u64) * a), &claims);
    let mut creators = vec![Exact::ZERO; matrix[0].len()];
    for (row, award) in matrix.iter().zip(&payers) {
        let claims: Vec<Exact> = row.iter().map(|w| exact(*w)).collect();
        creators.iter_mut().zip(second(award, &claims)).for_each(|(sum, part)| *sum += part);
    }
    creators
}

#[test]
fn the_rules_are_two_divisions_of_claims() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    for _ in 0..200 {
        let a = ratio(rng.random_range(1..=10), 10);
        let matrix = random_matrix(&mut rng, 6, 5, 30);
        let awards = |rule| awards(&rule, &matrix, &a);
        assert_eq!(awards(Rule::ProRata { cap: None }), twice(&matrix, &a, proportional, proportional));
        assert_eq!(awards(Rule::UserCentric), twice(&matrix, &a, equal_awards, proportional));
        assert_eq!(awards(Rule::Shapley), twice(&matrix, &a, equal_awards, equal_awards));
    }
}

/// Four hundred thousand groups, with memory for a part of them and with memory for all.
#[test]
fn usage_that_spills_adds_up_to_the_same() {
    let mut rng = ChaCha8Rng::seed_from_u64(10);
    let event = |at: u128| Use {
        month: Period::new(2026, 10),
        country: 0,
        payer: at % 400_000,
        creator: u32::try_from(at % 7).expect("few"),
        outcome: 0,
        reached: 0,
        usage: rng.random_range(0..1000),
        kept: 1,
        events: 1,
    };
    let uses: Vec<Use> = (0..500_000).map(event).collect();
    let mut sums: BTreeMap<(u128, u32), (i64, i64)> = BTreeMap::new();
    for one in &uses {
        let sum = sums.entry((one.payer, one.creator)).or_default();
        (sum.0, sum.1) = (sum.0 + one.usage, sum.1 + one.kept);
    }
    for memory_mib in [16, 1024] {
        let found = summed_within(Engine::new(2, 8192), memory_mib, uses.clone()).expect("sums");
        let found: BTreeMap<_, _> = found.iter().map(|u| ((u.payer, u.creator), (u.usage, u.kept))).collect();
        assert!(found == sums, "{memory_mib} MiB");
    }
}

/// What `policy check` says of a pool, each line of it changed.
#[test]
fn a_pool_that_could_not_be_divided_is_refused() {
    let says = |pool: &str, more: &str| {
        let text = format!(
            "[[program]]\nname = \"plays\"\nversion = \"1\"\nvalid_from = 2026-01-01\nlog = \"engagement\"\n{more}\n\
             pool = {{ {pool} }}\n[[program]]\nname = \"premium\"\nversion = \"1\"\nvalid_from = 2026-01-01\n\
             log = \"subscriptions\"\nshare = \"0 %\"\n"
        );
        let findings = everycent::policy::check(&[("policies/a.toml".to_owned(), text)]);
        findings.iter().map(|f| f.message.clone()).collect::<Vec<_>>().join("; ")
    };
    let paid = "pot = { program = \"premium\", percent = \"70 %\" }, without_weight = \"carry\"";
    let pots = "pot = \"pots\", without_weight = \"carry\"";
    let rule = "eligible = [{ rule = \"adult\", when = \"age >= 18\" }]";
    assert_eq!(says(&format!("{pots}, rule = \"pro_rata\""), rule), "");
    assert_eq!(says(&format!("{paid}, rule = \"scaled\", idle_payer = \"carry\""), ""), "");
    let refused = [
        (format!("{pots}, rule = \"scaled\""), "", "the rule scaled looks at what each payer paid"),
        (format!("{paid}, rule = \"shapley\""), "", "the rule shapley needs `idle_payer`"),
        (format!("{pots}, rule = \"pro_rata\", idle_payer = \"carry\""), "", "`idle_payer` is for pots of what"),
        (format!("{pots}, rule = \"user_centric\", cap_per_payer = 5"), "", "a cap changes nothing"),
        (format!("{paid}, rule = \"pro_rata\", late = \"next_period\""), "", "a pool that a close pins can't change"),
        (format!("{pots}, rule = \"pro_rata\", threshold = {{ reading = \"whole_month\" }}"), "", "always reached"),
        (format!("{pots}, rule = \"pro_rata\""), "bonus = [{ name = \"a\", points = \"1\" }]", "has no `bonus`"),
        (format!("{pots}, rule = \"pro_rata\""), "valid_to = 2026-02-03", "begin and end on the first of one"),
        ("pot = \"pots\", rule = \"pro_rata\"".to_owned(), "", "a pool needs `without_weight`"),
        (format!("{}, rule = \"pro_rata\"", paid.replace("premium", "prime")), "", "there is no program prime"),
        (format!("{}, rule = \"pro_rata\"", paid.replace("premium", "plays")), "", "plays is a pool itself"),
    ];
    for (pool, more, message) in refused {
        let said = says(&pool, more);
        assert!(said.contains(message), "{pool} {more}: {said}");
    }
}

const REFUSED: &str = include_str!("scenarios/pool_refused.txt");
const STORY: &str = include_str!("scenarios/pool_thresholds.txt");
const CARVE_OUT: &str = include_str!("scenarios/pool_carve_out.txt");

/// A story's book after its first delivery and the run of October.
fn october(text: &str, layout: Layout) -> (tempfile::TempDir, Folder, Outcome) {
    let story = Story::parse(text);
    let dir = tempfile::tempdir().expect("a folder");
    let mut folder = Folder::create(dir.path(), &story.book, layout);
    folder.deliver(1);
    let outcome = folder.run("2026-10");
    (dir, folder, outcome)
}

/// How rows are cut into files, named and ordered changes nothing of a pool.
#[test]
fn pools_do_not_depend_on_files() {
    for text in [STORY, CARVE_OUT, REFUSED] {
        let root = |layout| {
            let (_dir, folder, outcome) = october(text, layout);
            outcome.succeeded("run of October");
            folder.draft("2026-10", "root")
        };
        let plain = root(Layout::Plain);
        assert_eq!(plain, root(Layout::Shuffled(1)));
        assert_eq!(plain, root(Layout::Shuffled(2)));
    }
}

#[test]
fn pots_and_usage_that_can_t_be_divided_stop_the_run() {
    let refused = |from: &str, to: &str| {
        assert!(STORY.contains(from), "{from}");
        let (_dir, _folder, outcome) = october(&STORY.replace(from, to), Layout::Plain);
        (outcome.code, outcome.stderr)
    };
    let cases = [
        ("view ada, views 800", "view ada, views -800", 4, "usage of a pool is negative"),
        ("whole 2026-10: 90.00", "whole 2026-10: -90.00", 4, "a pot is negative"),
        ("whole 2026-10: 90.00", "hole 2026-10: 90.00", 3, "no version of a pool that divides it"),
        ("whole 2026-10: 90.00 EUR", "whole 2026-10: 90.00 EUR, in US", 3, "its pool tells none apart"),
    ];
    for (from, to, code, message) in cases {
        let (found, said) = refused(from, to);
        assert_eq!(found, Some(code), "{to}: {said}");
        assert!(said.contains(message), "{to}: {said}");
    }
}
