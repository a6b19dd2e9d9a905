//! Policies: every message with its place, the parsed form, what counts as changed, corrections.
//!
//! Places are counted by hand: `program(…)` puts its lines from line 6 on, `terms(…)` from line 6, `measure(…)` from
//! line 3. Columns are characters from 1.

use everycent::money::{Currency, Exact, OddCents, Rounding};
use everycent::period::parse_day;
use everycent::policy::{
    Added, Basis, Change, ChangeKey, Corrections, Finding, FxDate, Kept, Late, Level, MeasureEnd, Of, Pay, Policies,
    Program, RoundAt, Span, TierMode, Window, changed, check,
};

const FILE: &str = "policies/x.toml";

fn program(lines: &str) -> String {
    format!("[[program]]\nname = \"p\"\nversion = \"1\"\nvalid_from = 2026-01-01\nlog = \"gifts\"\n{lines}\n")
}

fn shared(lines: &str) -> String {
    program(&format!("share = \"70 %\"\n{lines}"))
}

fn terms(lines: &str) -> String {
    format!("[[terms]]\nversion = \"1\"\nvalid_from = 2026-01-01\nfx_max_days_back = 7\ndue_days = 15\n{lines}\n")
}

fn measure(lines: &str) -> String {
    format!("[[measure]]\nname = \"views_30d\"\n{lines}\n")
}

fn one(text: &str) -> Vec<(String, String)> {
    vec![(FILE.to_owned(), text.to_owned())]
}

fn read(text: &str) -> Policies {
    Policies::read(one(text)).unwrap_or_else(|e| panic!("{e}"))
}

fn only_program(text: &str) -> Program {
    let mut programs = read(text).programs;
    assert_eq!(programs.len(), 1);
    programs.remove(0)
}

fn exact(text: &str) -> Exact {
    Exact::parse(text).unwrap_or_else(|| panic!("no number: {text}"))
}

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap_or_else(|| panic!("no currency: {code}"))
}

fn day(text: &str) -> i32 {
    parse_day(text).unwrap_or_else(|| panic!("no day: {text}"))
}

fn at(place: &str) -> String {
    format!("{FILE}:{place}")
}

/// One error, at this place, with these words in message or way out; reading refuses with the same.
#[track_caller]
fn refused(text: &str, place: &str, words: &[&str]) {
    let findings = check(&one(text));
    let errors: Vec<&Finding> = findings.iter().filter(|f| f.level == Level::Error).collect();
    assert_eq!(errors.len(), 1, "{findings:#?}");
    assert_eq!(errors[0].place, at(place), "{}", errors[0].picture);
    has_words(&format!("{}\n{}", errors[0].message, errors[0].help), words);
    assert!(errors[0].picture.contains('^') && errors[0].picture.contains(FILE), "{}", errors[0].picture);
    let error = Policies::read(one(text)).expect_err("a finding, and yet it was read");
    assert_eq!((error.what(), error.exit_code()), (errors[0].message.as_str(), 2));
    has_words(&error.to_string(), &[&at(place), "^", &errors[0].help]);
}

#[track_caller]
fn warned(text: &str, place: &str, words: &[&str]) {
    let findings = check(&one(text));
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!((findings[0].level, &findings[0].place), (Level::Warning, &at(place)), "{}", findings[0].picture);
    has_words(&format!("{}\n{}", findings[0].message, findings[0].help), words);
    assert!(Policies::read(one(text)).is_ok());
}

#[track_caller]
fn accepted(text: &str) {
    let findings = check(&one(text));
    let errors: Vec<&Finding> = findings.iter().filter(|f| f.level == Level::Error).collect();
    assert!(errors.is_empty(), "{findings:#?}");
    assert!(Policies::read(one(text)).is_ok());
}

#[track_caller]
fn has_words(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
}

// ---------------------------------------------------------------- what is read

const LIVE: &str = r#"
[[program]]
name = "live_subs"
version = "1"
valid_from = 2026-01-01
log = "subscriptions"
where = "tier = 'live'"
eligible = [
    { rule = "age_18", when = "age >= 18" },
    { rule = "followers_1000", when = "followers >= 1000" },
]
deductions = [
    { name = "tax", percent = "19/119" },
    { name = "channel_fee", percent = "30 %", when = "channel <> 'web'" },
    { name = "platform", percent = "2.5 %", of = "amount" },
]
share = [ { when = "tenure_months = 1", percent = "70 %" }, { percent = "75 %" } ]
bonus = [ { name = "reach", points = "20", when = "views_30d >= 100000", cap = { amount = "1000.00", currency = "USD" } } ]
max_share = "90 %"
"#;

#[test]
fn a_program_is_read_with_its_defaults() {
    let program = only_program(LIVE);
    assert_eq!(
        (program.name.as_str(), program.version.as_str(), program.log.as_str()),
        ("live_subs", "1", "subscriptions")
    );
    assert_eq!((program.valid_from, program.valid_to), (day("2026-01-01"), None));
    assert_eq!(program.condition.map(|sql| sql.text), Some("tier = 'live'".to_owned()));
    let rules: Vec<&str> = program.eligible.iter().map(|r| r.rule.as_str()).collect();
    assert_eq!(rules, ["age_18", "followers_1000"]);
    assert_eq!(program.max_share, Some(exact("9/10")));
    assert_eq!(
        (program.round_at, program.rounding, program.odd_cents),
        (RoundAt::Line, Rounding::HalfEven, OddCents::First)
    );
    assert_eq!((program.fx_date, program.kept), (None, Kept::Platform));
}

#[test]
fn deductions_keep_their_order_and_have_accounts() {
    let program = only_program(LIVE);
    let steps: Vec<(&str, &str)> = program.deductions.iter().map(|s| (s.name.as_str(), s.account.as_str())).collect();
    assert_eq!(steps, [("tax", "tax_payable"), ("channel_fee", "channel_fees"), ("platform", "platform_revenue")]);
    assert_eq!(program.deductions[0].percent, exact("19/119"));
    assert_eq!((program.deductions[1].of, program.deductions[1].round), (Of::Rest, None));
    assert_eq!((program.deductions[2].of, program.deductions[2].round), (Of::Amount, None));
    assert_eq!(program.deductions[2].percent, exact("1/40"));
}

#[test]
fn shares_have_cases_and_bonuses_have_points_and_caps() {
    let program = only_program(LIVE);
    let Pay::Share(cases) = &program.pay else { panic!("a share") };
    let cases: Vec<(bool, Exact)> = cases.iter().map(|c| (c.when.is_some(), c.percent.clone())).collect();
    assert_eq!(cases, [(true, exact("7/10")), (false, exact("3/4"))]);
    assert_eq!(program.bonus[0].points, exact("1/5"));
    let cap = program.bonus[0].cap.expect("a cap");
    assert_eq!((cap.minor, cap.currency), (100_000, currency("USD")));
}

#[test]
fn a_plain_share_is_one_case_and_a_column_is_divided() {
    let Pay::Share(cases) = only_program(&shared("")).pay else { panic!("a share") };
    assert_eq!((cases.len(), &cases[0].percent, cases[0].when.is_none()), (1, &exact("7/10"), true));
    let column = only_program(&program("share = { column = \"commission_bps\", per = 10000 }")).pay;
    assert!(matches!(column, Pay::Column { column, per: 10_000 } if column.text == "commission_bps"));
}

#[test]
fn tiers_are_read_in_minor_units() {
    let text = program(
        "tiers = { window = \"lifetime\", basis = \"gross\", currency = \"EUR\", \
         bands = [ { from = \"0.00\", percent = \"97 %\" }, { from = \"50000.00\", percent = \"80 %\" } ] }",
    );
    let Pay::Tiers(tiers) = only_program(&text).pay else { panic!("tiers") };
    assert_eq!((tiers.window, tiers.basis, tiers.mode), (Window::Lifetime, Basis::Gross, TierMode::Marginal));
    let bands: Vec<(i64, Exact)> = tiers.bands.iter().map(|b| (b.from_minor, b.percent.clone())).collect();
    assert_eq!(bands, [(0, exact("97/100")), (5_000_000, exact("4/5"))]);
}

#[test]
fn measures_and_terms_are_read() {
    let text = measure(
        "log = \"engagement\"\nwhere = \"kind = 'post'\"\ncount = true\ndays = 30\nend = \"event_day\"\nlate = \"rerate\"",
    ) + &terms("minimum_payout = { EUR = \"25.00\", JPY = \"4000\" }");
    let policies = read(&text);
    let measure = &policies.measures[0];
    assert_eq!((measure.span, measure.end, measure.late), (Span::Days(30), MeasureEnd::EventDay, Late::Rerate));
    assert!(matches!(measure.added, Added::Count) && measure.condition.is_some());
    let terms = &policies.terms[0];
    assert_eq!((terms.fx_date, terms.fx_max_days_back, terms.due_days), (FxDate::PeriodEnd, 7, 15));
    let minimums: Vec<(&str, i64)> = terms.minimum_payout.iter().map(|(c, minor)| (c.code(), *minor)).collect();
    assert_eq!(minimums, [("EUR", 2500), ("JPY", 4000)]);
}

/// 38 + 2 + 8 + 2 + 3 points stack to 53 %; the last is capped.
#[test]
fn stacked_bonuses_need_no_cap_on_points_while_they_stay_within_the_whole() {
    let bonus = |name: &str, points: &str| format!("{{ name = \"{name}\", points = \"{points}\" }}");
    let list = [bonus("a", "2"), bonus("b", "8"), bonus("c", "2"), bonus("d", "3")].join(", ");
    accepted(&program(&format!("share = \"38 %\"\nbonus = [ {list} ]")));
}

#[test]
fn the_order_does_not_depend_on_files() {
    let b = shared("valid_to = 2026-03-01").replace("\"p\"", "\"b\"");
    let later = b.replace("valid_to = 2026-03-01", "").replace("2026-01-01", "2026-03-01").replace("\"1\"", "\"2\"");
    let files = vec![("2.toml".into(), shared("")), ("0.toml".into(), later), ("1.toml".into(), b)];
    let policies = Policies::read(files).expect("sound");
    let order: Vec<(&str, &str)> = policies.programs.iter().map(|p| (p.name.as_str(), p.version.as_str())).collect();
    assert_eq!(order, [("b", "1"), ("b", "2"), ("p", "1")]);
}

#[test]
fn the_end_of_a_version_is_out_of_it() {
    let text = shared("valid_to = 2026-03-01");
    let policies = read(&text);
    let count = |log: &str, on: &str| policies.in_force(log, day(on)).count();
    assert_eq!([count("gifts", "2025-12-31"), count("gifts", "2026-01-01")], [0, 1]);
    assert_eq!([count("gifts", "2026-02-28"), count("gifts", "2026-03-01")], [1, 0]);
    assert_eq!((count("commerce", "2026-01-01"), policies.program_versions_for("gifts").count()), (0, 1));
}

#[test]
fn a_gap_in_the_terms_is_named() {
    let second = terms("").replace("\"1\"", "\"2\"").replace("2026-01-01", "2026-06-01");
    let policies = read(&(terms("valid_to = 2026-03-01") + &second));
    assert_eq!(policies.terms_on(day("2026-02-28")).map(|t| t.version.clone()).ok(), Some("1".into()));
    assert_eq!(policies.terms_on(day("2026-06-01")).map(|t| t.version.clone()).ok(), Some("2".into()));
    let error = policies.terms_on(day("2026-03-01")).expect_err("a gap").to_string();
    has_words(&error, &["2026-03-01", "version 1 ends with 2026-03-01", "version 2 begins on 2026-06-01"]);
    let error = read(&shared("")).terms_on(day("2026-03-01")).expect_err("none").to_string();
    has_words(&error, &["no [[terms]] at all"]);
}

#[test]
fn the_query_engine_s_refusal_points_at_the_sql() {
    let policies = read(&shared("where = \"agee >= 18\""));
    let sql = policies.programs[0].condition.clone().expect("a condition");
    let error = policies.sql_error(&sql, "no column agee");
    assert_eq!(error.exit_code(), 2);
    has_words(&error.to_string(), &["no column agee", "policies/x.toml:7:9", "^^^^^^^^^^^^"]);
}

// ---------------------------------------------------------------- TOML, keys, types

#[test]
fn broken_toml_is_placed() {
    refused(&shared("where = \"open"), "7:14", &["no TOML"]);
}

#[test]
fn every_fault_of_every_file_is_found_in_order() {
    let a = program("shares = \"70 %\"\nrounding = \"up\"");
    let files = vec![("b.toml".to_owned(), "[[programm]]\n".to_owned()), ("a.toml".to_owned(), a)];
    let places: Vec<String> = check(&files).into_iter().map(|f| f.place).collect();
    // No share (the table), an unknown key, an unknown mode; then the other file.
    assert_eq!(places, ["a.toml:1:1", "a.toml:6:1", "a.toml:7:12", "b.toml:1:3"]);
    let error = Policies::read(files).expect_err("four faults").to_string();
    has_words(&error, &["a.toml:1:1", "share or tiers"]);
}

#[test]
fn columns_count_characters() {
    refused(&shared("where = \"tier = 'ü'\" \nkept = \"ü\""), "8:8", &["\"ü\" is unknown"]);
    refused(&program("share = [ { when = \"'ü' = 'ü'\", percent = 1 }, { percent = \"70 %\" } ]"), "6:43", &["70 %"]);
}

#[test]
fn unknown_keys_name_the_nearest_known_one() {
    refused(&shared("roundat = \"line\""), "7:1", &["a program has no key `roundat`", "did you mean `round_at`?"]);
    refused(&shared("sponsor = \"ads\""), "7:1", &["a program has no key `sponsor`", "known here: name, version"]);
    refused(&terms("due_day = 15"), "6:1", &["terms has no key `due_day`", "`due_days`"]);
    refused("[terms_]\n", "1:2", &["a policy file has no key `terms_`", "`terms`"]);
    refused(
        &shared("bonus = [ { name = \"b\", points = \"1\", cpa = 1 } ]"),
        "7:39",
        &["a bonus has no key `cpa`", "`cap`"],
    );
    refused(
        &shared("eligible = [ { rule = \"r\", if = \"true\" , when = \"true\" } ]"),
        "7:28",
        &["a rule of eligibility has no key `if`"],
    );
}

#[test]
fn missing_keys_are_placed_at_their_table() {
    refused(
        "[[program]]\nname = \"p\"\nversion = \"1\"\nvalid_from = 2026-01-01\nshare = \"1 %\"\n",
        "1:1",
        &["a program needs `log`"],
    );
    refused(&shared("eligible = [ { rule = \"r\" } ]"), "7:14", &["a rule of eligibility needs `when`"]);
    refused(
        "\n[[terms]]\nversion = \"1\"\nvalid_from = 2026-01-01\ndue_days = 1\n",
        "2:1",
        &["terms needs `fx_max_days_back`"],
    );
    refused(
        &measure("log = \"engagement\"\ncount = true\ndays = 1\nend = \"event_day\""),
        "1:1",
        &["a measure needs `late`"],
    );
}

#[test]
fn a_single_table_is_no_list() {
    refused("[program]\nname = \"p\"\n", "1:1", &["a table does not belong here", "[[program]]"]);
}

#[test]
fn floats_are_refused_wherever_they_stand() {
    refused(&program("share = 0.7"), "6:9", &["0.7 is a binary float", "write it as text: \"0.7\""]);
    refused(&shared("bonus = [ { name = \"b\", points = 2.5 } ]"), "7:34", &["2.5 is a binary float"]);
    refused(&terms("minimum_payout = { EUR = 25.00 }"), "6:26", &["25.00 is a binary float"]);
}

#[test]
fn types_are_told_apart() {
    refused(&program("share = 70"), "6:9", &["a bare number does not belong here", "\"70 %\""]);
    refused(&shared("where = true"), "7:9", &["true or false does not belong here", "SQL"]);
    refused(&shared("round_at = [\"line\"]"), "7:12", &["a list does not belong here", "one of line, event"]);
    refused(&shared("max_share = 2026-01-01"), "7:13", &["a date does not belong here"]);
    refused(&terms("fx_date = 2"), "6:11", &["period_end, event_day, period_average"]);
    refused(&terms("minimum_payout = \"25.00\""), "6:18", &["text does not belong here", "{ EUR = \"25.00\" }"]);
}

#[test]
fn no_torn_file_is_too_much() {
    let borders = (0..WORKED.len()).filter(|at| WORKED.is_char_boundary(*at));
    for at in borders {
        for torn in [&WORKED[..at], &WORKED[at..]] {
            let errors = check(&one(torn)).iter().filter(|f| f.level == Level::Error).count();
            assert_eq!(errors == 0, Policies::read(one(torn)).is_ok(), "{torn}");
        }
    }
}

// ---------------------------------------------------------------- words

#[test]
fn a_percentage_says_that_it_is_one() {
    refused(&program("share = \"70\""), "6:9", &["\"70\" is no percentage", "\"70 %\""]);
    refused(&program("share = \"0.7\""), "6:9", &["\"0.7\" is no percentage"]);
    refused(&program("share = \"seventy %\""), "6:9", &["no percentage"]);
    refused(&program("share = \"1/0\""), "6:9", &["no percentage"]);
    accepted(&program("share = \"2/3\""));
}

#[test]
fn a_share_is_at_most_the_whole() {
    refused(&program("share = \"100.01 %\""), "6:9", &["out of range"]);
    refused(&program("share = \"-1 %\""), "6:9", &["out of range"]);
    refused(&shared("deductions = [ { name = \"fee\", percent = \"101 %\" } ]"), "7:42", &["out of range"]);
    accepted(&program("share = \"100 %\""));
    accepted(&program("share = \"0 %\""));
}

#[test]
fn points_have_no_sign() {
    refused(&shared("bonus = [ { name = \"b\", points = \"20 %\" } ]"), "7:34", &["no number of points", "\"20\""]);
    refused(&shared("bonus = [ { name = \"b\", points = \"-1\" } ]"), "7:34", &["no number of points"]);
    refused(&shared("bonus = [ { name = \"b\", points = \"101\" } ]"), "7:34", &["no number of points"]);
}

#[test]
fn money_fits_its_currency() {
    let minimum = |text: &str| terms(&format!("minimum_payout = {{ {text} }}"));
    refused(&minimum("EUR = \"25.001\""), "6:26", &["\"25.001\" is finer than the minor unit of EUR (2 digits)"]);
    refused(&minimum("JPY = \"0.5\""), "6:26", &["finer than the minor unit of JPY (0 digits)", "\"2500\""]);
    refused(&minimum("EUR = \"25,00\""), "6:26", &["\"25,00\" is no amount of money", "\"25.00\""]);
    refused(&minimum("EUR = \"99999999999999999999\""), "6:26", &["more money than a ledger holds"]);
    refused(&minimum("EUR = \"-1.00\""), "6:26", &["below 0"]);
    refused(&minimum("eur = \"25.00\""), "6:20", &["eur is no currency", "did you mean `EUR`?"]);
    refused(&minimum("XXX = \"25.00\""), "6:20", &["XXX is no currency", "ISO 4217"]);
}

#[test]
fn days_are_days_of_the_calendar() {
    let dated = |value: &str| shared("").replace("2026-01-01", value);
    refused(&dated("\"2026-01-01\""), "4:14", &["text does not belong here", "a day without quotes"]);
    refused(&dated("2026-01-01T00:00:00Z"), "4:14", &["2026-01-01T00:00:00Z is more than a day"]);
    refused(&dated("2026-01-01T00:00:00"), "4:14", &["2026-01-01T00:00:00 is more than a day"]);
    refused(&dated("2026-02-30"), "4:14", &["2026-02-30 is no day of the calendar"]);
    refused(&shared("valid_to = 2026-01-01"), "7:12", &["valid_to", "after 2026-01-01"]);
    accepted(&shared("valid_to = 2026-01-02"));
}

#[test]
fn names_are_plain() {
    for name in ["Live", "1st", "a-b", "", "_a", "ä"] {
        refused(&shared("").replace("\"p\"", &format!("\"{name}\"")), "2:8", &["is no name", "a-z"]);
    }
    let long = "a".repeat(65);
    refused(&shared("").replace("\"p\"", &format!("\"{long}\"")), "2:8", &["is no name"]);
    accepted(&shared("").replace("\"p\"", "\"a_1\""));
}

#[test]
fn versions_are_short() {
    refused(&shared("").replace("version = \"1\"", "version = \" \""), "3:11", &["empty, too long"]);
    refused(
        &shared("").replace("version = \"1\"", &format!("version = \"{}\"", "v".repeat(41))),
        "3:11",
        &["40 characters"],
    );
    accepted(&shared("").replace("version = \"1\"", "version = \"2026-10 Übergang\""));
}

#[test]
fn sql_is_not_empty() {
    refused(&shared("where = \" \""), "7:9", &["this SQL is empty"]);
    refused(&shared("eligible = [ { rule = \"r\", when = \"\" } ]"), "7:35", &["this SQL is empty"]);
}

#[test]
fn choices_are_known() {
    refused(&shared("round_at = \"evnet\""), "7:12", &["\"evnet\" is unknown here", "did you mean `event`?"]);
    refused(&shared("rounding = \"half_evn\""), "7:12", &["did you mean `half_even`?"]);
    refused(&shared("odd_cents = \"last\""), "7:13", &["first"]);
    refused(&shared("fx_date = \"today\""), "7:11", &["period_end"]);
    refused(&shared("kept = \"creator\""), "7:8", &["platform"]);
}

// ---------------------------------------------------------------- programs

#[test]
fn a_program_rates_a_log_with_charges() {
    let on = |log: &str| shared("").replace("gifts", log);
    refused(&on("gift"), "5:7", &["there is no log \"gift\"", "did you mean `gifts`?"]);
    refused(&on("engagement"), "5:7", &["engagement has nothing", "subscriptions"]);
    refused(&on("adjustments"), "5:7", &["adjustments has nothing"]);
}

#[test]
fn versions_of_a_program_do_not_overlap() {
    let second = |from: &str| shared("").replace("\"1\"", "\"2\"").replace("2026-01-01", from);
    // The first is lines 1 to 8; the second's valid_from is in line 12.
    let open = shared("");
    let ended = shared("valid_to = 2026-03-01");
    refused(
        &(open + &second("2026-02-01")),
        "11:14",
        &["program p: versions 1 and 2 are both in force on 2026-02-01", "valid_to = 2026-02-01"],
    );
    refused(&(ended.clone() + &second("2026-02-28")), "11:14", &["both in force on 2026-02-28"]);
    accepted(&(ended.clone() + &second("2026-03-01")));
    warned(
        &(ended + &second("2026-03-02")),
        "11:14",
        &["no version is in force from 2026-03-01 up to 2026-03-02", "valid_from = 2026-03-01"],
    );
}

#[test]
fn an_early_version_is_not_hidden_by_a_shorter_one() {
    let version = |name: &str, from: &str, to: &str| {
        shared(&format!("valid_to = {to}")).replace("\"1\"", &format!("\"{name}\"")).replace("2026-01-01", from)
    };
    let text = version("1", "2026-01-01", "2026-12-01")
        + &version("2", "2026-02-01", "2026-03-01")
        + &version("3", "2026-05-01", "2026-06-01");
    let findings: Vec<(Level, String)> = check(&one(&text)).into_iter().map(|f| (f.level, f.place)).collect();
    assert_eq!(findings, [(Level::Error, at("11:14")), (Level::Error, at("18:14"))]);
}

#[test]
fn a_version_stands_once() {
    let again = shared("").replace("2026-01-01", "2026-03-01");
    refused(&(shared("valid_to = 2026-03-01") + &again), "10:11", &["program p has version 1 twice"]);
    let other_name = again.replace("\"p\"", "\"q\"");
    accepted(&(shared("valid_to = 2026-03-01") + &other_name));
}

#[test]
fn terms_do_not_overlap_either() {
    let second = |from: &str| terms("").replace("\"1\"", "\"2\"").replace("2026-01-01", from);
    refused(&(terms("") + &second("2026-03-01")), "9:14", &["terms: versions 1 and 2 are both in force on 2026-03-01"]);
    warned(&(terms("valid_to = 2026-03-01") + &second("2026-03-02")), "9:14", &["terms: no version is in force"]);
}

#[test]
fn faults_across_files_are_placed_in_the_later_file() {
    let files = vec![("b.toml".to_owned(), shared("")), ("a.toml".to_owned(), shared(""))];
    let findings = check(&files);
    let places: Vec<&str> = findings.iter().map(|f| f.place.as_str()).collect();
    assert_eq!(places, ["b.toml:3:11", "b.toml:4:14"]);
    has_words(&findings[1].help, &["another day"]);
}

const TIERS: &str =
    "{ window = \"year\", basis = \"net\", currency = \"EUR\", bands = [ { from = \"0.00\", percent = \"70 %\" } ] }";

#[test]
fn a_program_has_a_share_or_tiers() {
    refused(&program(""), "1:1", &["needs a share or tiers"]);
    refused(&shared(&format!("tiers = {TIERS}")), "7:9", &["a share or tiers, not both"]);
    accepted(&program(&format!("tiers = {TIERS}")));
}

#[test]
fn only_the_last_case_has_no_condition() {
    let always = "{ percent = \"70 %\" }";
    let first = "{ when = \"tenure_months = 1\", percent = \"60 %\" }";
    refused(&program(&format!("share = [ {first} ]")), "6:20", &["the last case of a share has a condition"]);
    refused(&program(&format!("share = [ {always}, {first}, {always} ]")), "6:11", &["the cases after it are dead"]);
    refused(&program("share = []"), "6:9", &["a share without cases"]);
    accepted(&program(&format!("share = [ {first}, {always} ]")));
}

#[test]
fn a_column_is_divided_by_something() {
    refused(&program("share = { column = \"commission_bps\" }"), "6:9", &["needs `per`"]);
    refused(&program("share = { column = \"commission_bps\", per = 0 }"), "6:44", &["0 is out of range"]);
    refused(&program("share = { column = \"a + b\", per = 100 }"), "6:20", &["is no name"]);
}

#[test]
fn bands_begin_at_zero_and_rise() {
    let tiers = |bands: &str| {
        program(&format!("tiers = {{ window = \"year\", basis = \"net\", currency = \"EUR\", bands = [\n{bands}\n] }}"))
    };
    let band = |from: &str| format!("{{ from = \"{from}\", percent = \"70 %\" }}");
    let list = |froms: &[&str]| tiers(&froms.iter().map(|f| band(f)).collect::<Vec<_>>().join(",\n"));
    refused(&list(&["1.00"]), "7:10", &["volumes below the first band", "begin at 0"]);
    refused(&list(&["0.00", "5.00", "5.00"]), "9:10", &["never reached"]);
    refused(&list(&["0.00", "5.00", "4.00", "6.00"]), "9:10", &["never reached"]);
    refused(&tiers(""), "6:69", &["tiers without bands"]);
    refused(&list(&["0.00", "5.001"]), "8:10", &["finer than the minor unit of EUR"]);
    accepted(&list(&["0.00", "5.00", "5.01"]));
}

#[test]
fn tiers_name_window_basis_and_currency() {
    let bands = "bands = [ { from = \"0\", percent = \"1 %\" } ]";
    refused(
        &program(&format!("tiers = {{ basis = \"net\", currency = \"EUR\", {bands} }}")),
        "6:9",
        &["needs `window`"],
    );
    refused(
        &program(&format!("tiers = {{ window = \"month\", basis = \"net\", currency = \"EUR\", {bands} }}")),
        "6:20",
        &["\"month\" is unknown here", "period, year, lifetime"],
    );
    refused(
        &program(&format!("tiers = {{ window = \"year\", basis = \"net\", currency = \"EURO\", {bands} }}")),
        "6:54",
        &["EURO is no currency"],
    );
}

#[test]
fn whole_volume_is_not_rounded_by_event() {
    let tiers = TIERS.replace("basis", "mode = \"whole\", basis");
    refused(
        &program(&format!("tiers = {tiers}\nround_at = \"event\"")),
        "6:35",
        &["can't be rounded by event", "round_at = \"line\""],
    );
    accepted(&program(&format!("tiers = {tiers}")));
    accepted(&program(&format!("tiers = {TIERS}\nround_at = \"event\"")));
    let marginal = TIERS.replace("basis", "mode = \"marginal\", basis");
    accepted(&program(&format!("tiers = {marginal}\nround_at = \"event\"")));
}

#[test]
fn share_and_bonuses_stay_within_the_whole() {
    let bonus = |points: &str| {
        format!("bonus = [ {{ name = \"a\", points = \"{points}\" }}, {{ name = \"b\", points = \"10\" }} ]")
    };
    refused(&shared(&bonus("20.5")), "6:9", &["together can reach 100.5 %", "max_share"]);
    accepted(&shared(&bonus("20")));
    let cases = "share = [ { when = \"tier = 'live'\", percent = \"90 %\" }, { percent = \"50 %\" } ]";
    refused(&program(&format!("{cases}\n{}", bonus("0.5"))), "6:9", &["together can reach 100.5 %"]);
    accepted(&shared(&format!("{}\nmax_share = \"100 %\"", bonus("20.5"))));
    let tiers = format!("tiers = {TIERS}\n{}", bonus("30"));
    refused(&program(&tiers), "6:9", &["together can reach 110 %"]);
    refused(&shared("max_share = \"69 %\""), "7:13", &["the share alone, 70 %, is above this"]);
}

#[test]
fn bonuses_have_names_and_caps() {
    let capped = |cap: &str| shared(&format!("bonus = [ {{ name = \"b\", points = \"1\", cap = {cap} }} ]"));
    refused(&capped("{ amount = \"-1.00\", currency = \"USD\" }"), "7:56", &["\"-1.00\" is below 0"]);
    refused(&capped("{ amount = \"1.00\" }"), "7:45", &["a cap needs `currency`"]);
    refused(&capped("{ amount = \"1.005\", currency = \"USD\" }"), "7:56", &["finer than the minor unit of USD"]);
    accepted(&capped("{ amount = \"0.00\", currency = \"USD\" }"));
    refused(
        &shared("bonus = [ { name = \"b\", points = \"1\" }, { name = \"b\", points = \"2\" } ]"),
        "7:50",
        &["the bonus b stands here twice"],
    );
}

#[test]
fn rules_of_eligibility_have_names() {
    refused(
        &shared("eligible = [ { rule = \"r\", when = \"true\" }, { rule = \"r\", when = \"false\" } ]"),
        "7:54",
        &["the rule r stands here twice"],
    );
}

#[test]
fn deductions_have_names_and_accounts() {
    let step = |rest: &str| shared(&format!("deductions = [ {{ name = \"fee\", percent = \"10 %\", {rest} }} ]"));
    refused(
        &step("account = \"chanel_fees\""),
        "7:60",
        &["the chart has no account \"chanel_fees\"", "`channel_fees`"],
    );
    refused(
        &step("account = \"party_payable\""),
        "7:60",
        &["can't stand on party_payable", "tax_payable, channel_fees, platform_revenue, pool"],
    );
    refused(&step("of = \"gross\""), "7:55", &["\"gross\" is unknown here", "rest, amount"]);
    refused(&step("round = \"up\""), "7:58", &["\"up\" is unknown here"]);
    refused(&step("round = \"half_up\""), "7:58", &["a step's rounding mode needs round_at", "leave the step exact"]);
    for account in ["tax_payable", "channel_fees", "platform_revenue", "pool"] {
        accepted(&step(&format!("account = \"{account}\"")));
    }
    refused(
        &shared("deductions = [ { name = \"a\", percent = \"1 %\" }, { name = \"a\", percent = \"1 %\" } ]"),
        "7:58",
        &["the deduction a stands here twice"],
    );
}

#[test]
fn tax_and_channel_fee_have_their_own_accounts_and_order() {
    let step = |name: &str, account: &str| {
        shared(&format!("deductions = [ {{ name = \"{name}\", percent = \"10 %\", account = \"{account}\" }} ]"))
    };
    refused(&step("tax", "channel_fees"), "7:60", &["the step tax always stands on tax_payable"]);
    refused(&step("channel_fee", "pool"), "7:68", &["the step channel_fee always stands on channel_fees"]);
    accepted(&step("tax", "tax_payable"));
    accepted(&step("channel_fee", "channel_fees"));
    refused(
        &shared("deductions = [ { name = \"fee\", percent = \"10 %\" }, { name = \"tax\", percent = \"10 %\" } ]"),
        "7:61",
        &["the step tax comes first"],
    );
}

#[test]
fn fixed_fees_are_of_single_events_and_name_their_money() {
    let step = |step: &str, more: &str| shared(&format!("deductions = [ {{ name = \"fee\", {step} }} ]\n{more}"));
    let by_event = "round_at = \"event\"";
    accepted(&step("fixed = { USD = \"0.30\", JPY = \"30\" }", by_event));
    accepted(&step("percent = \"2.9 %\", fixed = { USD = \"0.30\" }, round = \"half_up\"", by_event));
    refused(&step("fixed = { USD = \"0.30\" }", ""), "7:40", &["fixed money is taken of single events"]);
    refused(&step("fixed = { USD = \"0.305\" }", by_event), "7:48", &["finer than the minor unit of USD"]);
    refused(&step("fixed = { usd = \"0.30\" }", by_event), "7:42", &["did you mean `USD`?"]);
    refused(&step("fixed = {  }", by_event), "7:40", &["this names no money"]);
    refused(&step("fixed = \"0.30\"", by_event), "7:40", &["write a table such as"]);
    refused(&step("of = \"rest\"", by_event), "7:16", &["a deduction needs `percent` or `fixed`"]);
}

#[test]
fn fixed_pay_names_money_and_has_no_points() {
    let pay = |payments: &str, more: &str| program(&format!("pay_each = [ {payments} ]\n{more}"));
    let one = "{ amount = \"2.25\", currency = \"USD\" }";
    accepted(&pay(one, ""));
    accepted(&pay(one, "").replace("gifts", "engagement"));
    refused(&shared("").replace("gifts", "engagement"), "5:7", &["engagement has nothing for this to look at"]);
    refused(&pay("", ""), "6:12", &["pay_each without a payment"]);
    refused(&pay(&format!("{one}, {one}"), ""), "6:14", &["those after it are dead"]);
    refused(&pay("{ amount = \"2.25\" }", ""), "6:14", &["a payment needs `currency`"]);
    refused(&pay("{ amount = \"-1\", currency = \"USD\" }", ""), "6:25", &["below 0"]);
    refused(&pay(one, "share = \"70 %\""), "6:12", &["has `share` or `pay_each`, not both"]);
    refused(&pay(one, "max_share = \"70 %\""), "7:13", &["max_share adds points to a share"]);
}

#[test]
fn an_order_rule_goes_with_fixed_pay() {
    let pay = "pay_each = [ { amount = \"0.05\", currency = \"USD\" } ]";
    let first = |rule: &str| program(&format!("{pay}\nfirst = {{ {rule} }}"));
    let sound = "n = 3, of = \"gift_id\", per = \"payer_id\", within = \"day\"";
    accepted(&first(sound));
    accepted(&first(&format!("{sound}, having = {{ sum = \"coins\", at_least = 600 }}")));
    refused(&shared(&format!("first = {{ {sound} }}")), "7:9", &["only fixed money for each event"]);
    refused(&first(&sound.replace('3', "0")), "7:15", &["0 is out of range"]);
    refused(&first(&sound.replace("day", "week")), "7:61", &["\"week\" is unknown here", "day, period"]);
    refused(&first("n = 3, of = \"gift_id\", per = \"payer_id\""), "7:9", &["an order rule needs `within`"]);
    refused(&first(&format!("{sound}, having = {{ sum = \"coins\" }}")), "7:77", &["needs `at_least`"]);
}

#[test]
fn deductions_take_no_more_than_the_amount() {
    let steps = |first: &str, second: &str| {
        shared(&format!(
            "deductions = [ {{ name = \"a\", percent = \"60 %\", of = \"amount\" {first} }}, \
             {{ name = \"b\", percent = \"41 %\", of = \"{second}\" }} ]"
        ))
    };
    refused(&steps("", "amount"), "7:14", &["take more than the amount", "percents of the rest"]);
    warned(&steps(", when = \"channel = 'ios'\"", "amount"), "7:14", &["where all of their conditions hold"]);
    accepted(&steps("", "rest"));
}

#[test]
fn lists_are_as_long_as_the_engine_counts() {
    let list = |count: u32| {
        let items: Vec<String> = (0..count).map(|n| format!("{{ name = \"b{n}\", points = \"0\" }}")).collect();
        shared(&format!("bonus = [ {} ]", items.join(", ")))
    };
    accepted(&list(32));
    refused(&list(33), "1:1", &["33 bonuses", "at most 32"]);
}

// ---------------------------------------------------------------- measures, terms

fn sum_of_views(lines: &str) -> String {
    measure(&format!("log = \"engagement\"\nsum = \"views\"\n{lines}"))
}

const WINDOW: &str = "days = 30\nend = \"event_day\"\nlate = \"rerate\"";

#[test]
fn a_measure_adds_up_or_counts_rows_or_different_values() {
    let with = |lines: &str| measure(&format!("log = \"engagement\"\n{lines}{WINDOW}"));
    accepted(&with("sum = \"views\"\n"));
    accepted(&with("count = true\n"));
    refused(&with(""), "1:1", &["a measure needs `sum`, `count` or `distinct`"]);
    refused(&with("sum = \"views\"\ncount = true\n"), "5:9", &["a measure has `sum` or `count`, not both"]);
    refused(&with("count = false\n"), "4:9", &["needs a sum"]);
    accepted(&with("distinct = \"payer_id\"\n"));
    refused(
        &with("count = true\ndistinct = \"payer_id\"\n"),
        "5:12",
        &["a measure has `count` or `distinct`, not both"],
    );
    refused(&with("distinct = [\"payer_id\"]\n"), "4:12", &["a list does not belong here"]);
}

#[test]
fn a_measure_has_a_window() {
    refused(&sum_of_views(&WINDOW.replace("30", "0")), "5:8", &["0 is out of range", "from 1"]);
    refused(
        &sum_of_views(&WINDOW.replace("event_day", "today")),
        "6:7",
        &["\"today\" is unknown here", "event_day, period_end"],
    );
    refused(&sum_of_views(&WINDOW.replace("rerate", "ignore")), "7:8", &["rerate, frozen"]);
    refused(&sum_of_views(WINDOW).replace("engagement", "adjustments"), "3:7", &["adjustments has nothing"]);
    accepted(&sum_of_views(WINDOW).replace("engagement", "subscriptions"));
}

const POINTS: &str = r#"
[[measure]]
name = "points"
log = "gifts"
sum = "coins"
months = 1
end = "period_end"
late = "rerate"
[[measure]]
name = "plus"
of = "points"
at_least = 100
months_in_a_row = 3
lasts_months = 12
"#;

#[test]
fn a_measure_over_a_measure_counts_its_months() {
    accepted(POINTS);
    let hash = read(POINTS).sha256();
    let with = |old: &str, new: &str| POINTS.replacen(old, new, 1);
    for (old, new) in [
        ("months = 1", "months = 2"),
        ("at_least = 100", "at_least = 101"),
        ("months_in_a_row = 3", "months_in_a_row = 4"),
        ("lasts_months = 12", "lasts_months = 11"),
    ] {
        let edited = with(old, new).replace("of = \"points\"", "of = \"base\"")
            + "[[measure]]\nname = \"base\"\nlog = \"gifts\"\ncount = true\nmonths = 1\nend = \"period_end\"\nlate = \"rerate\"\n";
        assert_ne!(read(&edited).sha256(), hash, "{old} -> {new}");
    }
    refused(
        &with("of = \"points\"", "of = \"pionts\""),
        "11:6",
        &["no measure pionts over rows", "did you mean `points`?"],
    );
    refused(&with("months = 1", "months = 2"), "11:6", &["points is not counted by calendar month"]);
    refused(&with("\"period_end\"", "\"event_day\""), "11:6", &["end = \"period_end\""]);
    refused(&with("months = 1", "days = 30\nmonths = 1"), "7:10", &["in days or in months, not both"]);
    refused(&with("at_least = 100", "at_least = 0"), "12:12", &["0 is out of range"]);
    refused(
        &with("lasts_months = 12", "lasts_months = 12\nlate = \"rerate\""),
        "15:8",
        &["`late` belongs to the measure"],
    );
    refused(&with("late = \"rerate\"", "late = \"rerate\"\nat_least = 1"), "9:12", &["`at_least` needs `of`"]);
    refused(&with("name = \"plus\"", "name = \"points\""), "10:8", &["there are two measures points"]);
}

const STARS: &str = r#"
[[unit]]
name = "star"
digits = 0
currency = "USD"
rates = [ { from = 2026-01-01, rate = "0.05" }, { from = 2026-10-15, rate = "0.04" } ]
[[program]]
name = "subs"
version = "1"
valid_from = 2026-01-01
log = "subscriptions"
share = "50 %"
unit = "star"
"#;

#[test]
fn a_unit_is_worth_something_on_every_day_of_its_programs() {
    accepted(STARS);
    let hash = read(STARS).sha256();
    let with = |old: &str, new: &str| STARS.replacen(old, new, 1);
    for (old, new) in [
        ("digits = 0", "digits = 1"),
        ("\"USD\"", "\"EUR\""),
        ("2026-10-15", "2026-10-16"),
        ("0.05", "0.06"),
        ("unit = \"star\"", ""),
    ] {
        assert_ne!(read(&with(old, new)).sha256(), hash, "{old} -> {new}");
    }
    refused(&with("unit = \"star\"", "unit = \"starr\""), "13:8", &["no unit starr", "did you mean `star`?"]);
    refused(&with("from = 2026-01-01", "from = 2026-02-01"), "13:8", &["star has no rate before 2026-02-01"]);
    refused(&with("2026-10-15", "2026-01-01"), "6:58", &["does not begin after the one before it"]);
    refused(&with("\"0.04\"", "\"0\""), "6:77", &["\"0\" is no worth of a unit"]);
    refused(&with("\"0.04\"", "\"4 %\""), "6:77", &["no worth of a unit"]);
    refused(&with("digits = 0", "digits = 7"), "4:10", &["7 is out of range"]);
    refused(
        &with(
            "rates = [ { from = 2026-01-01, rate = \"0.05\" }, { from = 2026-10-15, rate = \"0.04\" } ]",
            "rates = []",
        ),
        "6:9",
        &["worth nothing"],
    );
    refused(
        &(STARS.to_owned()
            + "[[unit]]\nname = \"star\"\ndigits = 0\ncurrency = \"USD\"\nrates = [ { from = 2026-01-01, rate = \"1\" } ]\n"),
        "15:8",
        &["there are two units star"],
    );
    refused(&program("pay_each = [ { units = 5 } ]"), "6:24", &["the program names no unit"]);
    refused(
        &with("share = \"50 %\"", "pay_each = [ { units = 5, currency = \"USD\" } ]"),
        "12:38",
        &["of money or of units, not both"],
    );
}

#[test]
fn a_later_rate_of_a_unit_is_no_change_of_closed_time() {
    let added = STARS.replace("\"0.04\" }", "\"0.04\" }, { from = 2026-11-01, rate = \"0.03\" }");
    assert!(change_names(STARS, &added, "2026-11-01").is_empty());
    let edited = STARS.replace("0.04", "0.03");
    assert_eq!(change_names(STARS, &edited, "2026-11-01"), ["program subs version 1"]);
    assert!(change_names(STARS, &edited, "2026-10-01").is_empty());
}

#[test]
fn a_locked_share_says_where_its_rates_are() {
    let case = |keys: &str| program(&format!("share = [ {{ percent = \"5 %\", {keys} }} ]"));
    let sound = "rates = \"commission\", by = \"gift_id\", cut_after_days = 30";
    accepted(&case(sound));
    refused(&case("rates = \"commission\", by = \"gift_id\""), "6:11", &["needs `cut_after_days`"]);
    refused(&case("cut_after_days = 30, by = \"gift_id\""), "6:11", &["needs `rates`"]);
    refused(&case("rates = \"commission\", cut_after_days = 30"), "6:11", &["needs `by`"]);
    let hash = only_program(&case(sound)).sha256();
    for (old, new) in [("commission", "fees"), ("gift_id", "live_id"), ("30", "31")] {
        assert_ne!(only_program(&case(&sound.replace(old, new))).sha256(), hash, "{old} -> {new}");
    }
}

#[test]
fn a_measure_has_a_name_of_its_own() {
    let text = sum_of_views(WINDOW);
    refused(&(text.clone() + &text), "9:8", &["two measures views_30d"]);
    for taken in ["followers", "amount_minor", "tenure_months"] {
        refused(&text.replace("views_30d", taken), "2:8", &["is a column already"]);
    }
}

#[test]
fn terms_count_days() {
    refused(&terms("").replace("due_days = 15", "due_days = -1"), "5:12", &["-1 is out of range"]);
    refused(&terms("").replace("back = 7", "back = 367"), "4:20", &["367 is out of range"]);
    refused(
        &terms("").replace("due_days = 15", "due_days = \"15\""),
        "5:12",
        &["text does not belong here", "whole number"],
    );
}

// ---------------------------------------------------------------- parsed form

const WORKED: &str = include_str!("policy/worked.toml");

#[test]
fn the_worked_policies_are_sound() {
    accepted(WORKED);
    let policies = read(WORKED);
    let names: Vec<&str> = policies.programs.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["brand", "gifts", "live_subs", "members", "shop"]);
}

#[test]
fn comments_white_space_order_and_files_change_nothing() {
    let hash = read(WORKED).sha256();
    assert_eq!(hash.len(), 64);
    let commented = WORKED.replace("log = ", "# a comment\n\nlog    = ").replace("age >= 18", "age>=18 /* adult */");
    assert_eq!(read(&commented).sha256(), hash);
    let mut tables: Vec<&str> = WORKED.split("\n\n").collect();
    tables.reverse();
    let files = tables.iter().enumerate().map(|(n, t)| (format!("renamed_{n}.toml"), format!("{t}\n"))).collect();
    assert_eq!(Policies::read(files).expect("sound").sha256(), hash);
    let reordered = WORKED.replace("name = \"gifts\"\nversion = \"1\"\n", "version = \"1\"\nname = 'gifts'\n");
    assert_ne!(reordered, WORKED);
    assert_eq!(read(&reordered).sha256(), hash);
}

#[test]
fn what_is_written_out_and_what_is_a_default_are_one() {
    let plain = only_program(&shared("deductions = [ { name = \"channel_fee\", percent = \"30 %\" } ]"));
    let written = only_program(&program(
        "share = [ { percent = \"7/10\" } ]\nround_at = \"line\"\nrounding = \"half_even\"\nodd_cents = \"first\"\n\
         kept = \"platform\"\nbonus = []\neligible = []\n\
         deductions = [ { name = \"channel_fee\", percent = \"30.0%\", of = \"rest\", account = \"channel_fees\" } ]",
    ));
    assert_eq!(plain.canonical(), written.canonical());
    assert_eq!(plain.sha256(), written.sha256());
}

#[test]
fn everything_that_means_something_changes_the_hash() {
    let hash = read(WORKED).sha256();
    let edits = [
        ("\"70 %\"", "\"71 %\""),
        ("age >= 18", "age >= 19"),
        ("tier = 'live'", "tier = 'Live'"),
        ("points = \"20\"", "points = \"21\""),
        ("per = 10000", "per = 1000"),
        ("\"50000.00\"", "\"50000.01\""),
        ("round_at = \"event\"", "round_at = \"line\""),
        ("days = 30", "days = 31"),
        ("late = \"rerate\"", "late = \"frozen\""),
        ("due_days = 15", "due_days = 16"),
        ("EUR = \"25.00\"", "EUR = \"25.01\""),
        ("2026-01-01", "2026-01-02"),
        ("rule = \"age_18\"", "rule = \"adult\""),
        ("sum = \"views\"", "count = true"),
    ];
    for (old, new) in edits {
        let edited = WORKED.replacen(old, new, 1);
        assert_ne!(edited, WORKED, "{old}");
        assert_ne!(read(&edited).sha256(), hash, "{old} -> {new}");
    }
}

const PAID: &str = r#"
[[program]]
name = "daily"
version = "1"
valid_from = 2026-01-01
log = "engagement"
pay_each = [ { when = "payer_country = 'US'", amount = "0.05", currency = "USD" } ]
first = { n = 3, of = "content_id", per = "payer_id", within = "day", having = { sum = "seconds", at_least = 600 } }
[[program]]
name = "letters"
version = "1"
valid_from = 2026-01-01
log = "subscriptions"
deductions = [ { name = "card", percent = "2.9 %", fixed = { USD = "0.30" } } ]
share = "100 %"
round_at = "event"
"#;

#[test]
fn every_word_about_fixed_money_changes_the_hash() {
    let hash = read(PAID).sha256();
    let edits = [
        ("'US'", "'GB'"),
        ("\"0.05\"", "\"0.06\""),
        ("currency = \"USD\"", "currency = \"EUR\""),
        ("n = 3", "n = 4"),
        ("of = \"content_id\"", "of = \"creator_id\""),
        ("per = \"payer_id\"", "per = \"payer_country\""),
        ("\"day\"", "\"period\""),
        ("sum = \"seconds\"", "sum = \"likes\""),
        ("600", "601"),
        (", having = { sum = \"seconds\", at_least = 600 }", ""),
        ("USD = \"0.30\"", "USD = \"0.31\""),
        ("USD = \"0.30\"", "EUR = \"0.30\""),
    ];
    for (old, new) in edits {
        let edited = PAID.replacen(old, new, 1);
        assert_ne!(edited, PAID, "{old}");
        assert_ne!(read(&edited).sha256(), hash, "{old} -> {new}");
    }
}

#[test]
fn blanks_in_sql_count_only_where_they_mean_something() {
    let canonical = |sql: &str| only_program(&shared(&format!("where = '''{sql}'''"))).canonical().to_string();
    let same = [
        ("age >= 18", " age>=18 "),
        ("a and b", "a\n  and -- why\n  b"),
        ("a = 'x'", "a='x'/* x */"),
        ("f(a, b)", "f( a,b )"),
    ];
    for (one, other) in same {
        assert_eq!(canonical(one), canonical(other), "{one} / {other}");
    }
    let different = [
        ("a = 'x y'", "a = 'xy'"),
        ("a = 'x  y'", "a = 'x y'"),
        ("a = '-- x'", "a = ''"),
        ("a and b", "aandb"),
        ("a - -1", "a --1"),
        ("'a' 'b'", "'a''b'"),
        ("a = $$x  y$$", "a = $$x y$$"),
        ("\"a  b\"", "\"a b\""),
        ("a <> 'é'", "a <> 'e'"),
    ];
    for (one, other) in different {
        assert_ne!(canonical(one), canonical(other), "{one} / {other}");
    }
}

// ---------------------------------------------------------------- pins

fn change_names(pinned: &str, now: &str, open: &str) -> Vec<String> {
    changed(&read(pinned), &read(now), day(open)).into_iter().map(|c| c.what).collect()
}

#[test]
fn nothing_changes_by_itself() {
    assert!(change_names(WORKED, WORKED, "2026-11-01").is_empty());
    assert!(change_names(WORKED, &WORKED.replace("log = ", "# why\nlog = "), "2026-11-01").is_empty());
}

#[test]
fn an_edit_a_removal_and_an_addition_in_closed_time_are_changes() {
    let second = shared("").replace("\"p\"", "\"q\"");
    let both = shared("") + &second;
    assert_eq!(change_names(&shared(""), &program("share = \"71 %\""), "2026-11-01"), ["program p version 1"]);
    assert_eq!(change_names(&both, &shared(""), "2026-11-01"), ["program q version 1"]);
    assert_eq!(change_names(&shared(""), &both, "2026-11-01"), ["program q version 1"]);
    assert_eq!(change_names(&terms(""), &terms("fx_date = \"event_day\""), "2026-11-01"), ["terms version 1"]);
    assert_eq!(change_names(&(terms("") + &both), &both, "2026-11-01"), ["terms version 1"]);
}

#[test]
fn a_version_may_end_in_the_open_time_and_another_begin() {
    let next = |from: &str| shared("").replace("\"1\"", "\"2\"").replace("2026-01-01", from);
    let ended = |day: &str| shared(&format!("valid_to = {day}"));
    assert!(change_names(&shared(""), &(ended("2026-11-01") + &next("2026-11-01")), "2026-11-01").is_empty());
    assert!(change_names(&ended("2026-12-01"), &shared(""), "2026-11-01").is_empty());
    assert_eq!(
        change_names(&shared(""), &(ended("2026-10-31") + &next("2026-10-31")), "2026-11-01"),
        ["program p version 1", "program p version 2"]
    );
    assert_eq!(change_names(&ended("2026-10-31"), &ended("2026-11-01"), "2026-11-01"), ["program p version 1"]);
}

#[test]
fn a_version_of_the_open_time_may_be_edited_and_moved() {
    let open = |share: &str, from: &str| program(&format!("share = \"{share}\"")).replace("2026-01-01", from);
    assert!(change_names(&open("70 %", "2026-11-01"), &open("71 %", "2026-11-01"), "2026-11-01").is_empty());
    assert!(change_names(&open("70 %", "2026-11-01"), &open("70 %", "2026-12-01"), "2026-11-01").is_empty());
    assert_eq!(
        change_names(&open("70 %", "2026-11-01"), &open("70 %", "2026-10-31"), "2026-11-01"),
        ["program p version 1"]
    );
    assert_eq!(
        change_names(&open("70 %", "2026-10-31"), &open("70 %", "2026-11-01"), "2026-11-01"),
        ["program p version 1"]
    );
    let of_terms = |days: &str| terms("").replace("2026-01-01", "2026-11-01").replace("= 15", days);
    assert!(change_names(&of_terms("= 15"), &of_terms("= 16"), "2026-11-01").is_empty());
    assert_eq!(change_names(&of_terms("= 15"), &of_terms("= 16"), "2026-11-02"), ["terms version 1"]);
}

#[test]
fn a_measure_is_changed_by_any_edit_but_may_be_new() {
    let text = sum_of_views(WINDOW);
    assert_eq!(change_names(&text, &text.replace("= 30", "= 31"), "2026-01-01"), ["measure views_30d"]);
    assert_eq!(change_names(&text, &text.replace("sum =", "distinct ="), "2026-01-01"), ["measure views_30d"]);
    assert_eq!(change_names(&(text.clone() + &shared("")), &shared(""), "2026-01-01"), ["measure views_30d"]);
    assert!(change_names(&shared(""), &(text + &shared("")), "2026-11-01").is_empty());
}

// ---------------------------------------------------------------- corrections

fn correction(lines: &str, requested_by: &str, approved_by: &str) -> String {
    format!(
        "[[correction]]\n{lines}\nreason = \"contract of 3 May\"\n\
         requested_by = \"{requested_by}\"\napproved_by = \"{approved_by}\"\n"
    )
}

fn signed(lines: &str) -> Corrections {
    Corrections::read(&correction(lines, "Ada", "Ben")).unwrap_or_else(|e| panic!("{e}"))
}

fn of_program(name: &str, version: &str) -> Change {
    ChangeKey::Program { name: name.into(), version: version.into() }.into()
}

#[test]
fn a_correction_allows_what_it_names() {
    let program = signed("program = \"p\"\nversion = \"2\"");
    assert!(program.allows(&of_program("p", "2")));
    assert!(!program.allows(&of_program("p", "1")) && !program.allows(&of_program("q", "2")));
    let of_terms = |version: &str| Change::from(ChangeKey::Terms { version: version.into() });
    assert!(!program.allows(&of_terms("2")) && !program.allows_staging("gifts"));
    let terms = signed("terms = true\nversion = \"2\"");
    assert!(terms.allows(&of_terms("2")) && !terms.allows(&of_terms("1")) && !terms.allows(&of_program("p", "2")));
    let measure = signed("measure = \"views_30d\"");
    assert!(measure.allows(&ChangeKey::Measure { name: "views_30d".into() }.into()));
    assert!(!measure.allows(&ChangeKey::Measure { name: "posts_30d".into() }.into()));
    let staging = signed("staging = \"commerce\"\nversion = \"2\"");
    assert!(staging.allows_staging("commerce") && !staging.allows_staging("gifts"));
    assert_eq!((staging.list[0].reason.as_str(), staging.list[0].version.as_deref()), ("contract of 3 May", Some("2")));
    assert!(Corrections::read("").is_ok_and(|c| c.list.is_empty()));
}

#[test]
fn a_correction_has_two_names() {
    for (one, other) in [("Ada", "Ada"), ("Ada", " ada "), ("Jürgen STRASSE", "JÜRGEN straße")] {
        let text = correction("terms = true\nversion = \"1\"", one, other);
        let error = Corrections::read(&text).expect_err("one person").to_string();
        has_words(&error, &["needs two names", "corrections.toml:6:15", "^"]);
    }
    let error = Corrections::read(&correction("terms = true\nversion = \"1\"", "Ada", " ")).expect_err("nobody");
    has_words(&error.to_string(), &["empty", "corrections.toml:6:15"]);
}

#[test]
fn a_correction_is_about_one_thing() {
    let refusal = |lines: &str| Corrections::read(&correction(lines, "Ada", "Ben")).expect_err("wrong").to_string();
    has_words(&refusal("version = \"1\""), &["corrections.toml:1:1", "about one of program, terms, measure, staging"]);
    has_words(&refusal("program = \"p\"\nmeasure = \"m\""), &["corrections.toml:1:1", "about one of"]);
    has_words(&refusal("program = \"p\""), &["corrections.toml:1:1", "needs `version`"]);
    has_words(&refusal("terms = false\nversion = \"1\""), &["corrections.toml:2:9", "corrects nothing"]);
    has_words(&refusal("staging = \"comerce\""), &["corrections.toml:2:11", "`commerce`"]);
    has_words(&refusal("terms = true\nversion = \"1\"\nreasn = 1"), &["corrections.toml:4:1", "`reason`"]);
    has_words(&refusal("terms = true\nversion = 1.0"), &["corrections.toml:3:11", "binary float"]);
}

#[test]
fn settlement_keys_are_read_strictly() {
    let delivered = terms("hold = { after = \"delivered\", days = 15 }");
    refused(&delivered, "6:18", &["only what a program of the log commerce rates is delivered"]);
    refused(&terms("order = [\"reserve\"]"), "6:9", &["every step once", "stand_in, recoupment, withholding, reserve"]);
    refused(&terms("below_minimum = \"forfeit\"\nexpires_months = 3"), "7:18", &["can't expire later"]);
    let cases = "withholding = [{ name = \"a\", percent = \"24 %\" }, { name = \"b\", percent = \"30 %\" }]";
    refused(&terms(cases), "6:16", &["holds for everybody"]);
    refused(&terms("reserve = { percent = \"110 %\", days = 10 }"), "6:23", &["out of range"]);
    refused(&terms("withholding = [{ name = \"a\", percent = \"24 %\", payers = [] }]"), "6:57", &["no countries"]);
}

#[test]
fn what_terms_say_of_settlement_is_pinned() {
    let lines = [
        "hold = { days = 30 }",
        "reserve = { percent = \"10 %\", days = 30 }",
        "withholding = [{ name = \"a\", percent = \"24 %\" }]",
        "below_minimum = \"forfeit\"",
        "expires_months = 3",
        "order = [\"reserve\", \"stand_in\", \"recoupment\", \"withholding\"]",
    ];
    for line in lines {
        let found = changed(&read(&terms("")), &read(&terms(line)), day("2026-02-01"));
        assert_eq!(found.len(), 1, "{line}");
    }
    let said = terms("below_minimum = \"carry\"\norder = [\"stand_in\", \"recoupment\", \"withholding\", \"reserve\"]");
    assert!(changed(&read(&terms("")), &read(&said), day("2026-02-01")).is_empty(), "defaults that are written out");
}

// ---------------------------------------------------------------- what can not be, and what says nothing

#[test]
fn countries_are_those_of_iso_3166() {
    let payers =
        |code: &str| terms(&format!("withholding = [{{ name = \"us\", percent = \"30 %\", payers = [\"{code}\"] }}]"));
    for (code, meant) in [("us", "US"), ("UK", "GB"), ("USA", "US"), ("Germany", "DE"), ("XX", "ISO 3166-1")] {
        refused(&payers(code), "6:59", &["is no country", meant]);
    }
    accepted(&payers("US"));
}

#[test]
fn sql_compares_columns_with_values_that_they_can_have() {
    let when = |sql: &str| shared(&format!("where = \"{sql}\""));
    refused(&when("kind = 'sned'"), "7:17", &["gifts has no kind 'sned'", "did you mean `send`?"]);
    refused(&when("coins > 1 and kind in ('send', 'sned')"), "7:41", &["did you mean `send`?"]);
    refused(&when("kind = 'view'"), "7:17", &["gifts has no kind 'view'"]);
    refused(&when("'view' <> kind"), "7:10", &["gifts has no kind 'view'"]);
    refused(&when("currency = 'eur'"), "7:21", &["did you mean `EUR`?"]);
    refused(&when("currency = 'EURO'"), "7:21", &["did you mean `EUR`?"]);
    refused(&when("payer_country = 'USA'"), "7:26", &["did you mean `US`?"]);
    refused(&when("country = 'us'"), "7:20", &["did you mean `US`?"]);
    refused(&when("case kind when 'sned' then true else false end"), "7:25", &["no kind 'sned'"]);
    accepted(&when("kind = 'send' and currency in ('EUR', 'JPY') and country <> 'DE' and payer_country is not null"));
    accepted(&when("lower(country) = 'us' and gift_id = 'sned'"));
    let posts = |sql: &str| {
        sum_of_views("days = 30\nend = \"event_day\"\nlate = \"rerate\"")
            .replace("sum = ", &format!("where = \"{sql}\"\nsum = "))
    };
    let refused_posts = |sql: &str, words: &[&str]| {
        let findings = check(&one(&posts(sql)));
        let error = findings.iter().find(|f| f.level == Level::Error).unwrap_or_else(|| panic!("{findings:#?}"));
        has_words(&error.picture, words);
    };
    refused_posts("audience = 'subscriber'", &["did you mean `subscribers`?"]);
    refused_posts("kind = 'send'", &["engagement has no kind 'send'"]);
    let party = "withholding = [{ name = \"us\", percent = \"30 %\", when = \"payout_currency = 'usd'\" }]";
    refused(&terms(party), "6:75", &["did you mean `USD`?"]);
}

#[test]
fn nothing_is_divided_by_zero() {
    refused(&shared("where = \"coins / 0 > 1\""), "7:18", &["divides by 0", "nullif"]);
    accepted(&shared("where = \"coins / 10 > 1\""));
}

#[test]
fn taxes_that_hold_together_withhold_at_most_everything() {
    let taxes = |cases: &str| terms(&format!("withholding = [{cases}]"));
    let tax = |name: &str, more: &str| format!("{{ tax = \"{name}\", name = \"{name}\", percent = \"70 %\"{more} }}");
    let both = |a: &str, b: &str| taxes(&format!("{}, {}", tax("a", a), tax("b", b)));
    refused(&both("", ""), "6:15", &["withhold 140 %"]);
    refused(&both(", when = \"status = 'x'\"", ", when = \"status  = 'x'\""), "6:15", &["withhold 140 %"]);
    refused(&both(", payers = [\"US\", \"DE\"]", ", payers = [\"DE\"]"), "6:15", &["withhold 140 %"]);
    warned(&both(", when = \"country = 'US'\"", ", when = \"country = 'DE'\""), "6:15", &["140 %"]);
    for (a, b) in [(", payers = [\"US\"]", ", payers = [\"DE\"]"), ("", ", of = \"rest\"")] {
        assert!(check(&one(&both(a, b))).is_empty(), "{a} {b}");
    }
    let cases = "{ name = \"a\", when = \"country = 'US'\", percent = \"70 %\" }, { name = \"b\", percent = \"70 %\" }";
    assert!(check(&one(&taxes(cases))).is_empty(), "cases of one tax exclude each other");
}

/// A program over subscriptions with this share, and a pool that takes so much of what payers paid for it.
fn drawn(share: &str, pools: &[(&str, &str)]) -> String {
    let pool = |(name, percent): &(&str, &str)| {
        format!(
            "[[program]]\nname = \"{name}\"\nversion = \"1\"\nvalid_from = 2026-01-01\nlog = \"engagement\"\n[program.pool]\npot = {{ program = \"p\", percent = \"{percent}\" }}\nrule = \"pro_rata\"\nwithout_weight = \"platform\"\n"
        )
    };
    program(&format!("share = \"{share}\"")) + &pools.iter().map(pool).collect::<String>()
}

#[test]
fn a_program_and_its_pools_give_away_what_was_paid_once() {
    assert!(check(&one(&drawn("30 %", &[("a", "70 %")]))).is_empty());
    warned(&drawn("50 %", &[("a", "70 %")]), "13:19", &["give away 120 % of what payers paid"]);
    assert!(check(&one(&drawn("0 %", &[("a", "100 %"), ("b", "100 %")]))).is_empty(), "rules are compared");
    refused(&drawn("0 %", &[("a", "70 %"), ("b", "40 %")]), "22:19", &["take 110 % of what payers paid"]);
}

#[test]
fn a_program_is_not_called_like_the_lines_of_referrals() {
    refused(&shared("").replace("\"p\"", "\"referral\""), "2:8", &["referral is the name of the lines"]);
}

#[test]
fn clauses_that_say_nothing_are_named() {
    let two = |first: &str, second: &str| {
        program(&format!(
            "share = [{{ when = \"{first}\", percent = \"1 %\" }}, {{ when = \"{second}\", percent = \"2 %\" }}, {{ percent = \"3 %\" }}]"
        ))
    };
    let dead = ["case 2 of the share is dead", "case 1 of the share holds and comes first"];
    warned(&two("coins > 5", "coins > 10"), "6:60", &dead);
    warned(&two("coins > 5", "7 = coins"), "6:60", &dead);
    warned(&two("tier in ('a', 'b')", "tier = 'a'"), "6:69", &dead);
    for apart in [("coins > 10", "coins > 5"), ("coins > 5", "quantity > 10"), ("coins < 5", "coins < 6")] {
        assert!(check(&one(&two(apart.0, apart.1))).is_empty(), "{apart:?}");
    }
    warned(&two("coins is null and coins > 2", "coins > 10"), "6:19", &["never holds: coins is null, and compared"]);
    let same = "share = [{ when = \"coins > 1\", percent = \"7 %\" }, { percent = \"7 %\" }]";
    warned(&program(same), "6:10", &["changes nothing"]);
    warned(&shared("max_share = \"90 %\""), "7:13", &["caps nothing", "reach 70 % at most"]);
    warned(&shared("deductions = [{ name = \"fee\", percent = \"0 %\" }]"), "7:15", &["fee takes nothing"]);
    let all = "deductions = [{ name = \"a\", percent = \"100 %\" }, { name = \"b\", percent = \"1 %\" }]";
    warned(&shared(all), "7:50", &["b takes nothing: those before it take all"]);
    let rules = "eligible = [{ rule = \"a\", when = \"age >= 18\" }, { rule = \"b\", when = \"age>=18\" }]";
    warned(&shared(rules), "7:70", &["b refuses nobody: a says the same"]);
    warned(&terms("below_minimum = \"forfeit\""), "6:17", &["`below_minimum` says nothing"]);
    warned(&terms("expires_months = 12"), "6:18", &["`expires_months` says nothing"]);
    let unit =
        "[[unit]]\nname = \"gem\"\ndigits = 0\ncurrency = \"USD\"\nrates = [{ from = 2026-01-01, rate = \"1\" }]\n";
    warned(unit, "2:8", &["no program earns the unit gem"]);
    let pool = |more: &str| drawn("0 %", &[("a", "70 %")]) + more;
    warned(&pool("weight = \"0\""), "16:10", &["nothing weighs anything"]);
    warned(&pool("multipliers = [{ times = \"1\" }]"), "16:16", &["this multiplier changes nothing"]);
    let carved = "carve_out = { stays = [{ when = \"seconds = 1\", part = \"50 %\" }, { part = \"1/2\" }] }";
    warned(&pool(carved), "16:24", &["this case changes nothing"]);
}

#[test]
fn a_name_that_nothing_has_is_told_what_to_add() {
    refused(&shared("unit = \"gem\""), "7:8", &["there is no unit gem", "add a [[unit]] of that name"]);
    refused(&shared("deductions = [ { name = \"fee\", percent = \"-3 %\" } ]"), "7:42", &["between 0 % and 100 %"]);
}
