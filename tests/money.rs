//! Money: exact ratios, rounding, largest remainder, currencies.
//!
//! Expected numbers are published ones (the table of primitives, P1 to P22) or the worked book's, done by hand.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::str::FromStr;

use everycent::money::{
    Allocation, Currency, Exact, OddCents, Rounding, allocate, allocate_by, major_grouped, major_text, parse_major,
    round, to_minor,
};
use everycent::period::{Period, parse_day};
use num_bigint::BigInt;
use num_rational::Ratio;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn exact(text: &str) -> Exact {
    Exact::parse(text).unwrap_or_else(|| panic!("no number: {text}"))
}

fn exacts(texts: &[&str]) -> Vec<Exact> {
    texts.iter().map(|text| exact(text)).collect()
}

fn ratio(numerator: i128, denominator: i128) -> Exact {
    Exact::ratio(numerator, denominator).expect("a denominator")
}

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap_or_else(|| panic!("no currency: {code}"))
}

// ---------------------------------------------------------------- exact

#[test]
fn numbers_of_a_policy_are_read_exactly_and_shown_reduced() {
    let readings = [
        ("12", "12"),
        ("-0.25", "-1/4"),
        ("80/100", "4/5"),
        ("80 %", "4/5"),
        ("2.5%", "1/40"),
        (" 0.10 ", "1/10"),
        ("-0", "0"),
        ("007", "7"),
        ("-3/6", "-1/2"),
        (" 1/3 ", "1/3"),
        ("-2.5 %", "-1/40"),
        ("0/7", "0"),
        ("170141183460469231731687303715884105728", "170141183460469231731687303715884105728"),
        ("0.0000000000000000000000000000000000000000000002", "1/5000000000000000000000000000000000000000000000"),
    ];
    for (text, shown) in readings {
        assert_eq!(exact(text).to_string(), shown, "{text}");
    }
}

#[test]
fn what_is_no_plain_number_is_refused() {
    let wrong = [
        "", " ", "-", "%", ".5", "5.", "1e3", "+1", "1,000", "1_000", "33 1/3", "1/0", "1/-2", "1/2 %", "0.5/2",
        "1 / 2", "--1", "0x1", "NaN", "1/2/3", "- 1", "1..2", "١",
    ];
    for text in wrong {
        assert_eq!(Exact::parse(text), None, "{text}");
    }
    assert!(Exact::parse(&"1".repeat(64)).is_some());
    assert_eq!(Exact::parse(&"1".repeat(65)), None);
    assert_eq!(Exact::parse_decimal(&"1".repeat(65)), None);
    let long = format!("-{}1/{}7", "3".repeat(400), "2".repeat(300));
    assert_eq!(Exact::read_back(&long).map(|e| Exact::read_back(&e.to_string()) == Some(e)), Some(true));
    assert_eq!(Exact::read_back("-6/8"), Exact::ratio(-3, 4));
    for wrong in ["", "1/", "/2", "1/0", "1.5", "+1", "1/-2", " 1", "80 %"] {
        assert_eq!(Exact::read_back(wrong), None, "{wrong}");
    }
    assert_eq!(Exact::parse(&format!("1/{}", "3".repeat(63))), None);
}

#[test]
fn a_price_is_a_plain_decimal_only() {
    assert_eq!(Exact::parse_decimal(" -0.25 "), Exact::ratio(-1, 4));
    for text in ["80 %", "1/2", "1e2", ""] {
        assert_eq!(Exact::parse_decimal(text), None, "{text}");
    }
}

#[test]
fn a_ratio_is_reduced_with_its_sign_above() {
    assert_eq!(Exact::ratio(1, 0), None);
    assert_eq!(ratio(6, -4).to_string(), "-3/2");
    assert_eq!(ratio(i128::MIN, i128::MIN), Exact::one());
    assert_eq!(ratio(i128::MIN, 2).to_string(), "-85070591730234615865843651857942052864");
    assert_eq!(ratio(1, i128::MIN).to_string(), "-1/170141183460469231731687303715884105728");
}

#[test]
fn nothing_has_no_inverse() {
    assert_eq!(Exact::ZERO.recip(), None);
    assert_eq!(Exact::one().checked_div(&Exact::zero()), None);
    assert_eq!(ratio(-2, 3).recip(), Exact::ratio(-3, 2));
    assert_eq!(Exact::default(), Exact::ZERO);
}

#[test]
fn floors_go_down_and_fractions_stand_above_them() {
    for (text, floor, fraction) in
        [("7/2", 3, "1/2"), ("-7/2", -4, "1/2"), ("-5", -5, "0"), ("-1/10", -1, "9/10"), ("0", 0, "0")]
    {
        assert_eq!(exact(text).floor_i128(), Some(floor), "{text}");
        assert_eq!(exact(text).floor(), Exact::from_int(floor), "{text}");
        assert_eq!(exact(text).fraction(), exact(fraction), "{text}");
    }
    let beyond = Exact::from_int(i128::MAX) + ratio(3, 2);
    assert_eq!(beyond.floor_i128(), None);
    assert_eq!(beyond.fraction(), ratio(1, 2));
    assert_eq!(beyond.floor().to_string(), "170141183460469231731687303715884105728");
}

#[test]
fn a_decimal_comes_back_as_the_shortest_text() {
    for (text, shown) in
        [("1.10", "1.1"), ("-0.05", "-0.05"), ("20275.17", "20275.17"), ("136", "136"), ("0", "0"), ("-1/8", "-0.125")]
    {
        assert_eq!(exact(text).to_decimal().as_deref(), Some(shown), "{text}");
    }
    assert_eq!(exact("1/3").to_decimal(), None);
}

/// A number whose size is anything from one bit to 127, so that sums and products cross the border of i128.
fn any_integer(random: &mut ChaCha8Rng) -> i128 {
    let value = i128::from_ne_bytes(random.random::<[u8; 16]>()) >> random.random_range(0..128);
    match random.random_range(0..20) {
        0 => i128::MAX,
        1 => i128::MIN,
        2 => 0,
        _ => value,
    }
}

fn any_pair(random: &mut ChaCha8Rng) -> (Exact, Ratio<BigInt>) {
    let (n, d) = (any_integer(random), any_integer(random));
    let d = if d == 0 { 1 } else { d };
    (ratio(n, d), Ratio::new(n.into(), d.into()))
}

fn hash_of(value: &Exact) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[test]
fn every_operation_agrees_with_big_rationals_across_the_border_of_128_bits() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..20_000 {
        let ((a, big_a), (b, big_b)) = (any_pair(&mut random), any_pair(&mut random));
        assert_eq!((&a + &b).to_string(), (&big_a + &big_b).to_string(), "{a} + {b}");
        assert_eq!((&a - &b).to_string(), (&big_a - &big_b).to_string(), "{a} - {b}");
        assert_eq!((&a * &b).to_string(), (&big_a * &big_b).to_string(), "{a} * {b}");
        assert_eq!(a.cmp(&b), big_a.cmp(&big_b), "{a} <=> {b}");
        assert_eq!(a.floor().to_string(), big_a.floor().to_string(), "floor of {a}");
        assert_eq!(a.floor() + a.fraction(), a, "parts of {a}");
        assert_eq!((-&a).to_string(), (-&big_a).to_string(), "-{a}");
        assert_eq!(
            a.checked_div(&b).map(|q| q.to_string()),
            (!b.is_zero()).then(|| (&big_a / &big_b).to_string()),
            "{a} / {b}"
        );
    }
}

#[test]
fn what_comes_back_from_beyond_128_bits_is_equal_and_hashes_equal() {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    for _ in 0..5_000 {
        let ((a, _), (b, _)) = (any_pair(&mut random), any_pair(&mut random));
        let back = (&a + &b) - &b;
        assert_eq!((&back, hash_of(&back)), (&a, hash_of(&a)), "{a} + {b} - {b}");
        if let Some(back) = (&a * &b).checked_div(&b) {
            assert_eq!((&back, hash_of(&back)), (&a, hash_of(&a)), "{a} * {b} / {b}");
        }
        assert_eq!(HashSet::from([a.clone(), -(-a)]).len(), 1);
    }
}

/// A long sum or product, as a line is made of: what a step leaves unreduced must not be seen in any answer.
#[test]
fn chains_of_operations_agree_with_big_rationals_whatever_common_divisors_they_keep() {
    const DENOMINATORS: [i128; 9] = [1, 1, 2, 3, 10, 100, 360, 10_000, 86_934_000];
    let mut random = ChaCha8Rng::seed_from_u64(4);
    for _ in 0..2_000 {
        let (mut exact, mut big) = (Exact::from(1_000_i64), Ratio::from_integer(BigInt::from(1_000)));
        for _ in 0..12 {
            let (n, d) = (random.random_range(-2_000_000..2_000_000), DENOMINATORS[random.random_range(0..9)]);
            let (by, by_big) = (ratio(n, d), Ratio::new(BigInt::from(n), BigInt::from(d)));
            (exact, big) = match random.random_range(0..4) {
                0 => (&exact + &by, big + by_big),
                1 => (&exact - &by, big - by_big),
                2 => (&exact * &by, big * by_big),
                _ if n == 0 => continue,
                _ => (exact.checked_div(&by).expect("a number"), big / by_big),
            };
            let same = Exact::read_back(&big.to_string()).expect("what a fraction is shown as");
            assert_eq!(exact.to_string(), big.to_string());
            assert_eq!((&exact, hash_of(&exact)), (&same, hash_of(&same)), "{big}");
            assert_eq!((exact.floor().to_string(), exact.is_integer()), (big.floor().to_string(), big.is_integer()));
            assert_eq!(exact.fraction().to_string(), (&big - big.floor()).to_string(), "{big}");
            assert_eq!(exact.cmp(&by), same.cmp(&by), "{big}");
            assert_eq!(exact.small_parts(), same.small_parts(), "{big}");
            assert_eq!(exact.to_big_parts(), (big.numer().clone(), big.denom().clone()));
            if let Ok(whole) = round(&exact, Rounding::HalfEven) {
                assert_eq!(whole, round(&same, Rounding::HalfEven).expect("the same"), "{big}");
            }
        }
    }
}

#[test]
fn sums_take_values_and_references_in_every_form() {
    let parts = exacts(&["1/3", "1/6", "1/2"]);
    let mut sum = Exact::ZERO;
    sum += &parts[0];
    sum += parts[1].clone();
    sum -= &exact("-1/2");
    assert_eq!(sum, Exact::one());
    assert_eq!(parts.iter().sum::<Exact>(), Exact::one());
    assert_eq!(parts.into_iter().sum::<Exact>(), Exact::from(1_i64));
}

// ---------------------------------------------------------------- round

#[test]
fn modes_differ_on_halves_and_the_sign_returns() {
    let rows = [
        // value, half_even, half_up, floor
        ("5/2", 2, 3, 2),
        ("7/2", 4, 4, 3),
        ("1/2", 0, 1, 0),
        ("249/100", 2, 2, 2),
        ("251/100", 3, 3, 2),
        ("3", 3, 3, 3),
        ("0", 0, 0, 0),
    ];
    for (text, even, up, floor) in rows {
        for (mode, expected) in [(Rounding::HalfEven, even), (Rounding::HalfUp, up), (Rounding::Floor, floor)] {
            assert_eq!(round(&exact(text), mode).expect("in range"), expected, "{text} {mode}");
            assert_eq!(round(&-exact(text), mode).expect("in range"), -expected, "-{text} {mode}");
        }
    }
}

#[test]
fn p1_the_order_of_deductions_gives_299_yen_of_610() {
    let rounded = |text: &str| round(&(Exact::from(610_i64) * exact(text)), Rounding::HalfEven).expect("in range");
    assert_eq!([rounded("30 %"), rounded("21 %"), rounded("49 %")], [183, 128, 299]);
    assert_eq!(round(&(Exact::from(500_i64) * exact("49 %")), Rounding::HalfEven).expect("in range"), 245);
}

#[test]
fn p2_card_fees_are_rounded_half_up() {
    let fee =
        |minor: i64| round(&(Exact::from(minor) * exact("2.9 %") + exact("30")), Rounding::HalfUp).expect("in range");
    assert_eq!([500, 700, 1000, 1500, 2500, 5000].map(fee), [45, 50, 59, 74, 103, 175]);
}

#[test]
fn p22_a_progressive_share_is_rounded_half_to_even() {
    let rows = [(130_i64, "37 %", 48), (150, "41 %", 62), (250, "57 %", 142), (350, "65 %", 228)];
    for (minor, percent, expected) in rows {
        let share = Exact::from(minor) * exact(percent);
        assert_eq!(round(&share, Rounding::default()).expect("in range"), expected, "{minor} x {percent}");
    }
}

#[test]
fn modes_and_rules_are_read_by_their_names_only() {
    for name in ["half_even", "half_up", "floor"] {
        assert_eq!(Rounding::from_str(name).expect("a mode").to_string(), name);
    }
    for name in ["first", "rotate", "platform"] {
        assert_eq!(OddCents::from_str(name).expect("a rule").to_string(), name);
    }
    assert_eq!(Rounding::from_str("ceil").expect_err("no mode").exit_code(), 2);
    assert_eq!(OddCents::from_str("First").expect_err("no rule").exit_code(), 2);
}

#[test]
fn a_ledger_value_beyond_int64_is_a_gate() {
    assert_eq!(to_minor(i64::MAX.into(), "gross_minor").expect("fits"), i64::MAX);
    let error = to_minor(i128::from(i64::MAX) + 1, "gross_minor").expect_err("too large");
    assert_eq!((error.exit_code(), error.what()), (4, "gross_minor is beyond Int64"));
    let beyond = Exact::from_int(i128::MAX) + ratio(1, 2);
    assert_eq!(round(&beyond, Rounding::HalfUp).expect_err("too large").exit_code(), 4);
    assert_eq!(round(&beyond, Rounding::Floor).expect("fits"), i128::MAX);
}

// ---------------------------------------------------------------- allocate

fn first(total: i128, parts: &[&str]) -> Vec<i128> {
    allocate_by(total, &exacts(parts)).expect("a total that fits")
}

fn turned(values: Vec<i128>) -> Vec<i128> {
    values.into_iter().map(|value| -value).collect()
}

#[test]
fn p14_two_levels_multiplied_out_leave_one_cent_to_the_largest_remainder() {
    assert_eq!(first(1000, &["440", "340", "120", "100"]), [440, 340, 120, 100]);
    assert_eq!(first(103, &["45.32", "35.02", "12.36", "10.30"]), [45, 35, 13, 10]);
    assert_eq!(first(-103, &["-45.32", "-35.02", "-12.36", "-10.30"]), [-45, -35, -13, -10]);
}

#[test]
fn p22_remainders_always_add_up() {
    assert_eq!(first(100, &["33.33", "33.33", "33.34"]), [33, 33, 34]);
    assert_eq!(first(5, &["3.5", "1.5"]), [4, 1]);
    assert_eq!(first(5, &["1.5", "3.5"]), [2, 3]);
    assert_eq!(first(9999, &["7499.25", "2499.75"]), [7499, 2500]);
}

#[test]
fn the_worked_book_splits_between_ada_and_north() {
    assert_eq!(first(1248, &["953.09", "294.41"]), [953, 295]);
    assert_eq!(first(1697, &["1267.46", "429.14"]), [1268, 429]);
    assert_eq!(first(1347, &["988.02", "359.28"]), [988, 359]);
    assert_eq!(first(349, &["244.51", "104.79"]), [244, 105]);
}

#[test]
fn ties_go_first_in_rotation_or_to_the_platform() {
    let thirds = [ratio(100, 3), ratio(100, 3), ratio(100, 3)];
    let rotated = |period: &str| {
        let ordinal = Period::from_str(period).expect("a period").ordinal();
        allocate(100, &thirds, OddCents::Rotate, ordinal).expect("fits").minors
    };
    assert_eq!(allocate(100, &thirds, OddCents::First, 24322).expect("fits").minors, [34, 33, 33]);
    // 2026 x 12 + 10 - 1 = 24321 = 3 x 8107
    assert_eq!(rotated("2026-10"), [34, 33, 33]);
    assert_eq!(rotated("2026-11"), [33, 34, 33]);
    assert_eq!(rotated("2026-12"), [33, 33, 34]);
    let platform = allocate(100, &thirds, OddCents::Platform, 0).expect("fits");
    assert_eq!(platform, Allocation { minors: vec![33, 33, 33], platform: 1 });
    let taken_back = allocate(-100, &thirds.map(|part| -part), OddCents::Platform, 0).expect("fits");
    assert_eq!(taken_back, Allocation { minors: vec![-33, -33, -33], platform: -1 });
}

#[test]
fn rotation_goes_around_and_skips_who_is_not_tied() {
    let parts = exacts(&["1.5", "2", "3.5", "4.5", "5.5"]);
    let rotated = |ordinal| allocate(17, &parts, OddCents::Rotate, ordinal).expect("fits").minors;
    assert_eq!(rotated(0), [2, 2, 4, 4, 5]);
    assert_eq!(rotated(1), [1, 2, 4, 5, 5]);
    assert_eq!(rotated(4), [2, 2, 3, 4, 6]);
    assert_eq!(rotated(-1), rotated(4));
}

#[test]
fn only_ties_that_compete_are_odd_cents() {
    // one cent, one clear winner: the rule has nothing to say
    let clear = exacts(&["10.6", "10.2", "10.2"]);
    let kept = Allocation { minors: vec![11, 10, 10], platform: 0 };
    assert_eq!(allocate(31, &clear, OddCents::Platform, 0).expect("fits"), kept);
    // two cents for two equal remainders: both get theirs
    let both = exacts(&["1.8", "2.8", "0.4"]);
    assert_eq!(allocate(5, &both, OddCents::Platform, 0).expect("fits").minors, [2, 3, 0]);
    // two cents: one to the clear winner, one that two compete for
    let mixed = exacts(&["1.9", "2.55", "0.55"]);
    let expected = Allocation { minors: vec![2, 2, 0], platform: 1 };
    assert_eq!(allocate(5, &mixed, OddCents::Platform, 0).expect("fits"), expected);
}

#[test]
fn parts_of_both_signs_stay_next_to_their_exact_value() {
    assert_eq!(first(99, &["99.9", "-0.9"]), [100, -1]);
    assert_eq!(first(-99, &["-99.9", "0.9"]), [-100, 1]);
    assert_eq!(first(0, &["0.6", "-0.6"]), [1, -1]);
    assert_eq!(first(0, &["0.4", "-0.4"]), [0, 0]);
    assert_eq!(first(0, &["0.5", "-0.5"]), [1, -1]);
    assert_eq!(first(0, &["-0.5", "0.5"]), [-1, 1]);
    assert_eq!(first(7, &["10", "-3"]), [10, -3]);
    assert_eq!(first(2, &["-1/3", "-1/3", "8/3"]), [0, 0, 2]);
}

#[test]
fn a_total_that_is_not_the_rounded_sum_is_our_bug_and_a_part_beyond_128_bits_a_gate() {
    assert_eq!(allocate_by(3, &exacts(&["1.5", "0.5"])).expect_err("one too many").exit_code(), 1);
    assert_eq!(allocate_by(1, &[]).expect_err("nobody").exit_code(), 1);
    assert_eq!(allocate_by(0, &[]).expect("nothing for nobody"), Vec::<i128>::new());
    let vast = Exact::from_int(i128::MAX) * Exact::from_int(4);
    let error = allocate_by(0, &[vast.clone(), -vast]).expect_err("beyond");
    assert_eq!(error.exit_code(), 4);
}

/// Some parts with small denominators, the same or not, of one sign or of both, of some cents or of more than 64 bits; and
/// their sum rounded some way.
fn any_parts(random: &mut ChaCha8Rng, most: usize) -> (i128, Vec<Exact>) {
    let lowest = if random.random_bool(0.5) { -60 } else { 0 };
    let count = random.random_range(1..=most);
    let (alike, vast) = (random.random_bool(0.5), random.random_range(0..3) == 0);
    let denominator = random.random_range(1..=8);
    let mut part = || {
        let d = if alike { denominator } else { random.random_range(1..=8) };
        let more = if vast { (1_i128 << 70) * random.random_range(-1..=1) } else { 0 };
        ratio(random.random_range(lowest..=60) + more * d, d)
    };
    let parts: Vec<Exact> = (0..count).map(|_| part()).collect();
    let mode = [Rounding::HalfEven, Rounding::HalfUp, Rounding::Floor][random.random_range(0..3)];
    (round(&parts.iter().sum(), mode).expect("in range"), parts)
}

#[test]
fn allocations_add_up_stay_within_one_and_mirror() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    for _ in 0..20_000 {
        let (total, parts) = any_parts(&mut random, 7);
        let ties = [OddCents::First, OddCents::Rotate, OddCents::Platform][random.random_range(0..3)];
        let ordinal = random.random_range(0..40_000);
        let given = allocate(total, &parts, ties, ordinal).expect("fits");
        assert_eq!(given.minors.iter().sum::<i128>() + given.platform, total, "{total} over {parts:?}");
        assert!(given.platform == 0 || ties == OddCents::Platform);
        for (minor, part) in given.minors.iter().zip(&parts) {
            assert!((Exact::from(*minor) - part).abs() < Exact::one(), "{minor} for {part} of {parts:?}");
        }
        let negated: Vec<Exact> = parts.iter().map(|part| -part).collect();
        let mirror = allocate(-total, &negated, ties, ordinal).expect("fits");
        assert_eq!((turned(mirror.minors), -mirror.platform), (given.minors, given.platform), "{total} over {parts:?}");
    }
}

#[test]
fn no_other_division_is_nearer_to_the_exact_parts() {
    let mut random = ChaCha8Rng::seed_from_u64(4);
    for _ in 0..2_000 {
        let (total, parts) = any_parts(&mut random, 4);
        let given = allocate_by(total, &parts).expect("fits");
        let best = nearest(total, &parts).expect("some division");
        assert_eq!(distance(&given, &parts), best, "{total} over {parts:?}: {given:?}");
    }
}

fn distance(minors: &[i128], parts: &[Exact]) -> Exact {
    minors.iter().zip(parts).map(|(minor, part)| (Exact::from(*minor) - part).abs()).sum()
}

/// The least distance of all divisions of a total with each part within two of its exact value, by trying them.
fn nearest(total: i128, parts: &[Exact]) -> Option<Exact> {
    let Some((part, others)) = parts.split_first() else { return (total == 0).then_some(Exact::ZERO) };
    let floor = part.floor_i128()?;
    let with = |minor: i128| Some(nearest(total - minor, others)? + distance(&[minor], std::slice::from_ref(part)));
    (floor - 1..=floor + 2).filter_map(with).min()
}

// ---------------------------------------------------------------- currency

#[test]
fn minor_units_are_those_of_iso_4217() {
    for code in "JPY KRW VND CLP ISK UGX XAF XOF XPF PYG RWF KMF GNF DJF BIF VUV UYI".split(' ') {
        assert_eq!(currency(code).digits(), 0, "{code}");
    }
    for code in "BHD IQD JOD KWD LYD OMR TND".split(' ') {
        assert_eq!(currency(code).digits(), 3, "{code}");
    }
    for (code, digits) in
        [("CLF", 4), ("UYW", 4), ("EUR", 2), ("USD", 2), ("IDR", 2), ("HUF", 2), ("TRL", 0), ("MGA", 2)]
    {
        assert_eq!(currency(code).digits(), digits, "{code}");
    }
}

#[test]
fn codes_are_exact_and_those_without_a_minor_unit_are_unknown() {
    for text in ["XXX", "XTS", "XAU", "XAG", "XDR", "XBA", "eur", "EU", "EURO", "", "ZZZ", " EUR", "€"] {
        assert_eq!(Currency::parse(text), None, "{text}");
    }
    assert_eq!((Currency::EUR, Currency::EUR.code()), (currency("EUR"), "EUR"));
    assert_eq!(format!("{} {:?}", Currency::EUR, currency("JPY")), "EUR JPY");
}

#[test]
fn the_table_is_whole_and_ordered_by_code() {
    let table = include_str!("../data/currencies.csv");
    let codes: Vec<&str> = table.lines().skip(1).map(|line| &line[..3]).collect();
    assert_eq!(Currency::all().map(Currency::code).collect::<Vec<_>>(), codes);
    assert!(Currency::all().is_sorted() && codes.len() == 291);
    let today = parse_day("2026-11-23").expect("a day");
    assert_eq!(Currency::all().filter(|known| known.in_use_on(today)).count(), 165);
}

#[test]
fn historic_currencies_are_known_by_date() {
    let rows = [
        // code, day, in use
        ("EUR", "1998-12-31", false),
        ("EUR", "1999-01-01", true),
        ("DEM", "2001-12-31", true),
        ("DEM", "2003-01-01", false),
        ("HRK", "2023-01-31", true),
        ("HRK", "2023-02-01", false),
        ("BGN", "2025-12-31", true),
        ("BGN", "2026-02-01", false),
        ("TRY", "2004-12-31", false),
        ("TRL", "2004-12-31", true),
        ("RUB", "2026-10-01", true),
        ("LVL", "2013-12-31", true),
        ("LVL", "2014-02-01", false),
        ("USD", "1970-01-01", true),
        ("USD", "2099-12-31", true),
        ("SLE", "2022-07-01", true),
        ("VED", "2021-09-30", false),
        ("MRU", "2018-01-01", true),
    ];
    for (code, day, used) in rows {
        assert_eq!(currency(code).in_use_on(parse_day(day).expect("a day")), used, "{code} on {day}");
    }
    // 2000-02-29 and 2000-03-01 tell whether the table's own calendar knows leap days: AON ends on the latter
    assert!(currency("AON").in_use_on(parse_day("2000-02-29").expect("a day")));
    assert!(!currency("AON").in_use_on(parse_day("2000-03-01").expect("a day")));
}

#[test]
fn major_units_are_exact_text() {
    let (eur, jpy, kwd) = (currency("EUR"), currency("JPY"), currency("KWD"));
    let texts = [1234, -5, 0, 100, -123_456].map(|minor: i64| major_text(minor, eur));
    assert_eq!(texts, ["12.34", "-0.05", "0.00", "1.00", "-1234.56"]);
    assert_eq!([major_text(610_i64, jpy), major_text(-1_i64, jpy), major_text(5_i64, kwd)], ["610", "-1", "0.005"]);
    assert_eq!(major_text(i128::MIN, jpy), i128::MIN.to_string());
    let grouped = [4_849_030, -100_000, 99_999, -12_345_678_901].map(|minor: i64| major_grouped(minor, eur));
    assert_eq!(grouped, ["48,490.30", "-1,000.00", "999.99", "-123,456,789.01"]);
    assert_eq!([1_234_567_i64, 100].map(|minor| major_grouped(minor, jpy)), ["1,234,567", "100"]);
}

#[test]
fn major_units_are_read_back_or_refused() {
    let (eur, jpy) = (currency("EUR"), currency("JPY"));
    assert_eq!(
        ["25.00", "25", "-0.05", "0.1", "1.500"].map(|text| parse_major(text, eur)),
        [Some(2500), Some(2500), Some(-5), Some(10), Some(150)]
    );
    assert_eq!(
        ["0.001", "1e2", "", "25,00", "1/2", "92233720368547758.08"].map(|text| parse_major(text, eur)),
        [None; 6]
    );
    assert_eq!([parse_major("610", jpy), parse_major("610.5", jpy)], [Some(610), None]);
    assert_eq!(parse_major("92233720368547758.07", eur), Some(i64::MAX));
}
