//! Reference rates: the two forms of a file, cross rates, averages, conversion, the guard, and the ECB's real history.
//!
//! Expected rates were computed outside the program, with exact fractions of another language, from the same file.

use std::path::Path;

use everycent::money::{Currency, Exact, FxTable, Quote, Rounding, convert, round};
use everycent::period::parse_day;

fn day(text: &str) -> i32 {
    parse_day(text).unwrap_or_else(|| panic!("no day: {text}"))
}

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap_or_else(|| panic!("no currency: {code}"))
}

fn exact(text: &str) -> Exact {
    Exact::parse(text).unwrap_or_else(|| panic!("no number: {text}"))
}

fn table(text: &str) -> FxTable {
    FxTable::read(text.as_bytes(), "rates.csv").unwrap_or_else(|error| panic!("{error}"))
}

fn cross(table: &FxTable, from: &str, to: &str, on: &str, max_days_back: i32) -> Option<(String, String)> {
    let quote = table.cross(currency(from), currency(to), day(on), max_days_back)?;
    Some((quote.rate.to_string(), everycent::period::day_text(quote.table_day)))
}

fn found(rate: &str, on: &str) -> (String, String) {
    (rate.to_owned(), on.to_owned())
}

/// The rates of the worked book.
const WORKED: &str = "\
date,currency,rate
2026-10-01,GBP,0.80
2026-10-29,USD,1.10
2026-10-29,JPY,165
2026-10-30,USD,1.25
2026-10-30,JPY,150
2026-11-02,USD,1.15
2026-11-02,JPY,138
2026-11-27,USD,1.25
2026-11-27,JPY,150
2026-11-30,USD,1.30
2026-12-31,USD,1.20
2026-12-31,JPY,156
";

#[test]
fn a_saturday_takes_fridays_rates() {
    let table = table(WORKED);
    assert_eq!(cross(&table, "EUR", "USD", "2026-10-31", 7), Some(found("5/4", "2026-10-30")));
    assert_eq!(cross(&table, "USD", "EUR", "2026-10-31", 7), Some(found("4/5", "2026-10-30")));
    assert_eq!(cross(&table, "JPY", "USD", "2026-10-31", 7), Some(found("1/120", "2026-10-30")));
}

#[test]
fn both_legs_come_from_one_day_that_quotes_both() {
    let table = table(WORKED);
    assert_eq!(cross(&table, "EUR", "USD", "2026-11-30", 7), Some(found("13/10", "2026-11-30")));
    assert_eq!(cross(&table, "JPY", "USD", "2026-11-30", 7), Some(found("1/120", "2026-11-27")));
    assert_eq!(cross(&table, "USD", "JPY", "2026-11-30", 7), Some(found("120", "2026-11-27")));
    assert_eq!(cross(&table, "GBP", "USD", "2026-12-31", 365), None);
}

#[test]
fn a_rate_too_old_or_too_new_is_none() {
    let table = table(WORKED);
    assert_eq!(cross(&table, "GBP", "EUR", "2026-10-31", 7), None);
    assert_eq!(cross(&table, "GBP", "EUR", "2026-10-31", 29), None);
    assert_eq!(cross(&table, "GBP", "EUR", "2026-10-31", 30), Some(found("5/4", "2026-10-01")));
    assert_eq!(cross(&table, "EUR", "USD", "2026-10-28", 7), None);
    assert_eq!(cross(&table, "EUR", "USD", "2026-10-29", 0), Some(found("11/10", "2026-10-29")));
    assert_eq!(cross(&table, "EUR", "CHF", "2026-10-31", 7), None);
}

#[test]
fn a_currency_in_itself_is_one_without_any_table() {
    let quote = FxTable::empty().cross(currency("CHF"), currency("CHF"), day("2026-10-31"), 0);
    assert_eq!(quote, Some(Quote { rate: Exact::one(), table_day: day("2026-10-31") }));
    assert_eq!(FxTable::empty().average(Currency::EUR, Currency::EUR, 0, 0), Some(Exact::one()));
    assert_eq!(FxTable::empty().cross(Currency::EUR, currency("USD"), day("2026-10-31"), i32::MAX), None);
}

#[test]
fn an_average_is_the_mean_of_the_exact_cross_rates() {
    let table = table(WORKED);
    let average = |from, to, first, last| {
        table.average(currency(from), currency(to), day(first), day(last)).map(|rate| rate.to_string())
    };
    // (1.10 + 1.25) / 2; inverted (10/11 + 4/5) / 2 = 47/55, which is not its inverse 40/47
    assert_eq!(average("EUR", "USD", "2026-10-01", "2026-10-31").as_deref(), Some("47/40"));
    assert_eq!(average("USD", "EUR", "2026-10-01", "2026-10-31").as_deref(), Some("47/55"));
    // the 30th quotes no yen: 150 / 1.25 = 138 / 1.15 = 120
    assert_eq!(average("USD", "JPY", "2026-11-01", "2026-11-30").as_deref(), Some("120"));
    assert_eq!(average("USD", "JPY", "2026-10-29", "2026-10-29").as_deref(), Some("150"));
    assert_eq!(average("GBP", "USD", "2026-10-01", "2026-12-31"), None);
    assert_eq!(average("EUR", "USD", "2026-12-01", "2026-11-01"), None);
}

#[test]
fn the_worked_book_converts_to_the_cent() {
    let table = table(WORKED);
    let rows = [
        // minor, from, to, last day of the earning period, payout
        (295, "EUR", "USD", "2026-10-31", 369),
        (429, "EUR", "USD", "2026-10-31", 536),
        (359, "EUR", "USD", "2026-10-31", 449),
        (214, "JPY", "USD", "2026-10-31", 178),
        (455, "JPY", "USD", "2026-11-30", 379),
        (105, "EUR", "USD", "2026-12-31", 126),
        (-295, "EUR", "USD", "2026-10-31", -369),
        (125, "USD", "JPY", "2026-10-31", 150),
    ];
    for (minor, from, to, on, payout) in rows {
        let (from, to) = (currency(from), currency(to));
        let quote = table.cross(from, to, day(on), 7).expect("a rate");
        let exact = convert(&Exact::from(i64::from(minor)), from, to, &quote.rate);
        assert_eq!(round(&exact, Rounding::HalfEven).expect("in range"), payout, "{minor} {from} in {to}");
    }
}

#[test]
fn minor_units_of_other_sizes_shift_the_point() {
    let convert = |minor: i64, from, to, rate| {
        convert(&Exact::from(minor), currency(from), currency(to), &exact(rate)).to_string()
    };
    assert_eq!(convert(100, "EUR", "KWD", "0.3"), "300");
    assert_eq!(convert(1000, "KWD", "JPY", "500"), "500");
    assert_eq!(convert(1, "JPY", "KWD", "1/500"), "2");
    assert_eq!(convert(7, "USD", "GBP", "1/3"), "7/3");
}

#[test]
fn the_wide_form_is_the_same_table() {
    let wide = table("Date,USD,JPY,GBP,\n2026-10-30,1.25,150,N/A,\n2026-10-01,N/A,,0.8,\n2026-10-29,1.1,165.0,N/A,\n");
    let long = table(
        "date,currency,rate\n2026-10-29,JPY,165\n2026-10-29,USD,1.10\n2026-10-01,GBP,0.80\n\
         2026-10-30,USD,1.25\n2026-10-30,JPY,150\n2026-10-30,EUR,1\n",
    );
    assert_eq!(wide, long);
    assert_eq!(
        table("\u{feff}Date, USD\r\n2026-10-30 , 1.25\r\n\r\n"),
        table("date,currency,rate\n2026-10-30,USD,1.25\n2026-10-30,USD,1.250\n")
    );
    assert_eq!(table("date,currency,rate\n"), FxTable::empty());
}

#[test]
fn canonical_rows_are_sorted_and_read_back() {
    let table = table("Date,USD,JPY,\n2026-10-30,1.250,150,\n2026-10-29,1.10,165.50,\n");
    let csv = "date,currency,rate\n2026-10-29,JPY,165.5\n2026-10-29,USD,1.1\n2026-10-30,JPY,150\n2026-10-30,USD,1.25\n";
    assert_eq!(table.to_csv(), csv);
    assert_eq!(FxTable::read(csv.as_bytes(), "copy.csv").expect("its own form"), table);
    assert_eq!(table.canonical_rows().next(), Some((day("2026-10-29"), currency("JPY"), "165.5".to_owned())));
}

#[test]
fn a_fault_in_a_file_is_named_by_line_and_column() {
    let rows = [
        // file, where, found
        ("", "rates.csv:1, column 1", "an empty file"),
        ("day,currency,rate\n", "rates.csv:1, column 1", "day,currency,rate"),
        ("Date\n", "rates.csv:1, column 1", "Date"),
        ("Date,USD,ZZZ,\n", "rates.csv:1, column 3", "ZZZ"),
        ("Date,USD,,JPY\n", "rates.csv:1, column 3", ""),
        ("Date,USD,USD\n", "rates.csv:1, column 3", "USD"),
        ("Date,USD,\n2026-10-30,1.2,\n2026-10-29,x,\n", "rates.csv:3, column 2", "x"),
        ("Date,USD,JPY\n2026-10-30,1.2\n", "rates.csv:2, column 2", "2 fields"),
        ("date,currency,rate\n2026-13-30,USD,1.2\n", "rates.csv:2, column 1", "2026-13-30"),
        ("date,currency,rate\n2026-10-30,usd,1.2\n", "rates.csv:2, column 2", "usd"),
        ("date,currency,rate\n\n2026-10-30,USD,0\n", "rates.csv:3, column 3", "0"),
        ("date,currency,rate\r\n\r\n2026-10-30,USD,0\r\n", "rates.csv:3, column 3", "0"),
        ("date,currency,rate\n2026-10-30,USD,-1\n", "rates.csv:2, column 3", "-1"),
        ("date,currency,rate\n2026-10-30,USD,1.2e3\n", "rates.csv:2, column 3", "1.2e3"),
        ("date,currency,rate\n2026-10-30,USD,\n", "rates.csv:2, column 3", ""),
        ("date,currency,rate\n2026-10-30,USD,N/A\n", "rates.csv:2, column 3", "N/A"),
        ("date,currency,rate\n2026-10-30,EUR,1.1\n", "rates.csv:2, column 3", "1.1 for EUR on 2026-10-30"),
        (
            "date,currency,rate\n2026-10-30,USD,1.1\n2026-10-29,USD,1\n2026-10-30,USD,1.2\n",
            "rates.csv:4, column 3",
            "1.2 for USD on 2026-10-30",
        ),
        ("Date,USD\n2026-10-30,1.1\n2026-10-30,1.2\n", "rates.csv:3, column 2", "1.2 for USD on 2026-10-30"),
    ];
    for (text, place, what) in rows {
        let error = FxTable::read(text.as_bytes(), "rates.csv").expect_err(text);
        assert_eq!(error.exit_code(), 3, "{text}");
        let shown = error.to_string();
        assert!(shown.contains(&format!("{place}\n")), "{text}\n{shown}");
        assert!(shown.ends_with(&format!("found     {what}")), "{text}\n{shown}");
    }
    assert_eq!(
        FxTable::read(b"date,currency,rate\n2026-10-30,\xff\xff\xff,1\n", "rates.csv")
            .expect_err("no text")
            .exit_code(),
        3
    );
}

#[test]
fn p21_an_inverted_rate_is_refused_whatever_the_bound() {
    let table = table("date,currency,rate\n2026-10-29,USD,1.1270\n2026-10-30,USD,0.8840\n");
    for bound in ["20 %", "500 %"] {
        let fault = table.guard(currency("USD"), day("2026-10-30"), &exact(bound)).expect("a fault");
        assert!(fault.inverted, "{bound}");
        let shown = "USD of 2026-10-30, 0.884 per EUR, is nearer to the inverse of the quote before than to it: \
                     1.127 of 2026-10-29";
        assert_eq!(fault.to_string(), shown);
    }
}

#[test]
fn a_rate_is_held_against_the_quote_before_it() {
    let table = table(
        "date,currency,rate\n2026-10-01,USD,1.50\n2026-10-29,USD,1.80\n\
         2026-10-30,USD,1.50\n2026-10-31,USD,1.8001\n2026-11-02,USD,1.5\n",
    );
    let guard = |on: &str, bound: &str| table.guard(currency("USD"), day(on), &exact(bound));
    assert_eq!(guard("2026-10-01", "0 %"), None, "nothing before it");
    assert_eq!(guard("2026-10-29", "20 %"), None, "20 % up is not more than 20 %");
    assert_eq!(guard("2026-10-30", "20 %"), None, "1.8 / 1.5 the other way");
    assert_eq!(guard("2026-11-01", "0 %"), None, "no quote of that day");
    let up = guard("2026-10-31", "20 %").expect("a fault");
    assert_eq!((up.previous_day, &up.previous, up.inverted), (day("2026-10-30"), &exact("1.5"), false));
    assert_eq!(up.to_string(), "USD of 2026-10-31, 1.8001 per EUR, is too far off the quote before: 1.5 of 2026-10-30");
    assert_eq!(guard("2026-11-02", "20 %").map(|fault| fault.rate), Some(exact("1.5")));
    assert_eq!(table.guard(Currency::EUR, day("2026-10-31"), &Exact::ZERO), None);
    assert_eq!(table.guard(currency("GBP"), day("2026-10-31"), &Exact::ZERO), None);
}

// ---------------------------------------------------------------- the ECB's history

/// The ECB's file, which stands beside the repository; without it these tests say so and pass.
fn ecb() -> Option<FxTable> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/real/ecb_fx/eurofxref-hist.csv");
    let Ok(bytes) = std::fs::read(&path) else {
        println!("skipped: the ECB's history of rates is not beside this repository");
        return None;
    };
    Some(FxTable::read(&bytes, "eurofxref-hist.csv").unwrap_or_else(|error| panic!("{error}")))
}

#[test]
fn the_ecbs_history_is_read_to_the_last_digit() {
    let Some(table) = ecb() else { return };
    let rows: Vec<_> = table.canonical_rows().collect();
    assert_eq!(rows.len(), 221_702);
    assert_eq!(rows.iter().map(|(_, _, rate)| exact(rate)).sum::<Exact>(), exact("1949574276.426484"));
    assert_eq!(rows.first(), Some(&(day("1999-01-04"), currency("AUD"), "1.91".to_owned())));
    assert_eq!(rows.last(), Some(&(day("2026-10-30"), currency("ZAR"), "18.6455".to_owned())));
    let copy = table.to_csv();
    assert_eq!(copy.len(), 4_888_035);
    assert_eq!(FxTable::read(copy.as_bytes(), "copy.csv").expect("its own form"), table);
}

#[test]
fn the_ecbs_cross_rates_are_exact_over_weekends_ends_and_holes() {
    let Some(table) = ecb() else { return };
    let rows = [
        ("USD", "GBP", "2026-10-30", 7, Some(found("4169/5586", "2026-10-30"))),
        ("JPY", "USD", "2026-10-31", 7, Some(found("931/146400", "2026-10-30"))),
        ("RUB", "USD", "2022-03-08", 7, Some(found("1/105", "2022-03-01"))),
        ("RUB", "USD", "2022-03-09", 7, None),
        ("EUR", "ISK", "2015-01-05", 30, None),
        ("ISK", "EUR", "2018-02-02", 10, Some(found("5/626", "2018-02-02"))),
        ("TRL", "USD", "2004-12-31", 0, Some(found("13621/18362000000", "2004-12-31"))),
        ("TRY", "TRL", "2005-01-04", 10, None),
        ("GBP", "JPY", "1999-01-03", 7, None),
        ("GBP", "JPY", "1999-01-04", 0, Some(found("1337300/7111", "1999-01-04"))),
        ("KRW", "IDR", "2020-12-27", 5, Some(found("1731406/134497", "2020-12-24"))),
        ("BGN", "HRK", "2023-01-02", 5, Some(found("75365/19558", "2022-12-30"))),
    ];
    for (from, to, on, back, expected) in rows {
        assert_eq!(cross(&table, from, to, on, back), expected, "{from} in {to} on {on}");
    }
}

#[test]
fn the_ecbs_averages_are_exact() {
    let Some(table) = ecb() else { return };
    let average = |from, to, first, last| {
        table.average(currency(from), currency(to), day(first), day(last)).map(|rate| rate.to_string())
    };
    assert_eq!(average("EUR", "USD", "2026-09-01", "2026-09-30").as_deref(), Some("253291/220000"));
    assert_eq!(average("USD", "EUR", "2026-10-29", "2026-10-30").as_deref(), Some("44250/49343"));
    assert_eq!(average("JPY", "USD", "2026-10-28", "2026-10-30").as_deref(), Some("1993761653/314529127200"));
    assert_eq!(average("EUR", "HRK", "2022-12-15", "2023-01-31").as_deref(), Some("165857/22000"));
    assert_eq!(average("EUR", "HRK", "2023-01-01", "2023-01-31"), None);
}

#[test]
fn the_guard_finds_the_known_jumps_of_the_ecbs_history() {
    let Some(table) = ecb() else { return };
    let guard = |(on, currency, _): (i32, Currency, String)| table.guard(currency, on, &exact("20 %"));
    let faults: Vec<_> = table.canonical_rows().filter_map(guard).collect();
    let jumps: Vec<_> =
        faults.iter().filter(|fault| !fault.inverted).map(|fault| (fault.currency.code(), fault.day)).collect();
    let known = [
        ("TRL", "2001-02-22"),
        ("ISK", "2008-10-06"),
        ("ISK", "2008-10-08"),
        ("ISK", "2008-11-06"),
        ("RUB", "2014-12-16"),
        ("ISK", "2018-02-01"),
        ("TRY", "2021-12-21"),
        ("RUB", "2022-02-28"),
    ];
    assert_eq!(jumps, known.map(|(code, on)| (code, day(on))));
    // Days on which the dollar or the franc crossed parity: such a rate is nearer to the inverse of the one before.
    let crossings = |code: &str| faults.iter().filter(|fault| fault.inverted && fault.currency.code() == code).count();
    assert_eq!((crossings("USD"), crossings("CHF"), faults.len()), (26, 9, 43));
}
