//! Policies in sentences: `policy show` says every key, `policy diff` names every change of one.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use everycent::policy::{Policies, aloud, differences};

/// A policy that has every key of the language.
const EVERY_KEY: &str = include_str!("policy/every_key.toml");

/// What is changed in it.
const CHANGES: &str = include_str!("policy/changes.txt");

const TERMS: &str = "[[terms]]\nversion = \"1\"\nvalid_from = 2020-01-01\nfx_max_days_back = 7\ndue_days = 15\n";

fn read(text: &str) -> Policies {
    Policies::read(vec![("p.toml".to_owned(), text.to_owned())]).unwrap_or_else(|e| panic!("{e}"))
}

fn program(lines: &str) -> String {
    format!("[[program]]\nname = \"p\"\nversion = \"1\"\nvalid_from = 2026-01-01\n{lines}\n\n{TERMS}")
}

fn shown(policies: &Policies) -> Vec<String> {
    let said = policies.said(None).into_iter();
    said.flat_map(|s| [vec![s.heading()], s.sentences.into_iter().map(|s| s.text).collect()].concat()).collect()
}

/// What changes where `old` becomes `new`.
fn diff(text: &str, old: &str, new: &str) -> Vec<String> {
    assert!(text.contains(old), "{old}");
    differences(&read(text), &read(&text.replacen(old, new, 1)))
}

fn every_change() -> impl Iterator<Item = (String, String)> {
    let line = |text: &str| text.replace("\\n", "\n");
    let changes = CHANGES.lines().skip(1).map(|change| change.split_once(" => ").unwrap_or_else(|| panic!("{change}")));
    changes.map(move |(old, new)| (line(old), line(new)))
}

/// What stands before `=` outside quotes, but for keys of lists and tables.
fn keys(toml: &str) -> BTreeSet<&str> {
    let code = toml.lines().map(|line| line.split('#').next().unwrap_or(line));
    let outside = code.flat_map(|line| line.split('"').step_by(2));
    let before =
        outside.flat_map(|part| part.match_indices(" = ").map(|(at, _)| part.split_at(at)).collect::<Vec<_>>());
    let before =
        before.filter(|(_, value)| !value.starts_with(" = [") && !value.starts_with(" = {")).map(|(key, _)| key);
    before.filter_map(|text| text.rsplit(|c: char| !(c.is_ascii_lowercase() || c == '_')).next()).collect()
}

/// The fenced blocks of docs/policy.md that are policies.
fn of_the_page() -> String {
    let page = fs::read_to_string("docs/policy.md").expect("the page");
    let blocks = page.split("```").skip(1).step_by(2).filter(|block| block.starts_with("toml"));
    let policies = blocks.filter(|block| !block.contains("[[example]]") && !block.contains("[[correction]]"));
    policies.collect()
}

#[test]
fn every_key_of_the_language_is_in_the_policy_whose_keys_are_changed() {
    let page = of_the_page();
    let missing: Vec<&str> = keys(&page).difference(&keys(EVERY_KEY)).copied().collect();
    assert!(missing.is_empty(), "{missing:?}");
    let is_changed = |key: &str| {
        let key = format!("{key} = ");
        every_change().any(|(old, new)| old.contains(&key) || new.contains(&key))
    };
    let unchanged: Vec<&str> = keys(EVERY_KEY).into_iter().filter(|key| !is_changed(key)).collect();
    assert!(unchanged.is_empty(), "{unchanged:?}");
}

#[test]
fn every_change_of_one_key_is_shown_and_named_in_a_sentence() {
    let before = read(EVERY_KEY);
    let mut wrong = Vec::new();
    for (old, new) in every_change() {
        assert!(EVERY_KEY.contains(&old), "{old}");
        let after = read(&EVERY_KEY.replacen(&old, &new, 1));
        let lines = differences(&before, &after);
        let is_said = !lines.is_empty() && lines.iter().all(|line| !line.contains('`') && !line.contains("Its "));
        if !is_said || shown(&before) == shown(&after) {
            wrong.push(format!("{old} -> {new}: {lines:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn diff_says_what_now_comes_before_what() {
    let steps = ["a", "b", "c"].map(|name| format!("{{ name = \"{name}\", percent = \"10 %\" }}"));
    let three = program(&format!("log = \"gifts\"\ndeductions = [{}]\nshare = \"50 %\"", steps.join(", ")));
    let swapped = [&steps[0], &steps[2], &steps[1]].map(String::as_str).join(", ");
    assert_eq!(
        diff(&three, &steps.join(", "), &swapped),
        ["program p version 1: Deductions are taken in another order: a, then c, then b (before: a, then b, then c)."]
    );
    let between = diff(&three, &steps[1], &format!("{{ name = \"x\", percent = \"1 %\" }}, {}", steps[1]));
    let order = "Deductions are taken in this order now: a, then x, then b, then c (before: a, then b, then c).";
    assert!(between.len() == 2 && between[1].ends_with(order), "{between:#?}");
    let case = |tax: &str, name: &str, more: &str| {
        format!("{{ tax = \"{tax}\", name = \"{name}\", percent = \"9 %\", {more} }}")
    };
    let (rich, poor) =
        (case("f", "rich", "when = \"country = 'GB'\""), case("f", "poor", "when = \"country <> 'US'\""));
    let levy = case("l", "levy", "of = \"rest\"");
    let terms = format!("{TERMS}withholding = [{rich}, {poor}, {levy}]\n");
    assert_eq!(
        diff(&terms, &format!("{rich}, {poor}"), &format!("{poor}, {rich}")),
        ["terms version 1: Cases of f are asked in another order: poor, then rich (before: rich, then poor)."]
    );
    assert_eq!(
        diff(&terms, &format!("{rich}, {poor}, {levy}"), &format!("{levy}, {rich}, {poor}")),
        ["terms version 1: Taxes are withheld in another order: l, then f (before: f, then l)."]
    );
}

#[test]
fn what_no_sentence_tells_apart_is_named_by_its_key_with_both_values() {
    // An expiry of what is too small to be paid says nothing where everything is paid; the pinned form has it.
    let terms = format!("{TERMS}expires_months = 12\n");
    let expires = differences(&read(TERMS), &read(&terms));
    assert_eq!(expires, ["terms version 1: `expires_months` is 12. Before: not given."]);
    let case = |tax: &str, name: &str| {
        format!("{{ tax = \"{tax}\", name = \"{name}\", percent = \"1 %\", when = \"country = 'GB'\" }}")
    };
    let [a, b, levy] = [("f", "a"), ("f", "b"), ("l", "levy")].map(|(tax, name)| case(tax, name));
    let lines =
        diff(&format!("{TERMS}withholding = [{a}, {levy}, {b}]\n"), &format!("{levy}, {b}"), &format!("{b}, {levy}"));
    assert_eq!(lines.len(), 4, "{lines:#?}");
    assert!(lines.contains(&"terms version 1: `withholding[2].name` is b. Before: levy.".to_owned()), "{lines:#?}");
}

#[test]
fn other_spellings_of_the_same_are_no_difference() {
    let text = program("log = \"gifts\"\nwhere = \"coins >= 5 and gift_id = 'a'\"\nshare = \"70 %\"");
    for (old, new) in [("70 %", "7/10"), (">= 5", ">=  5 /* five */"), ("share =", "# the creator's\nshare  =")] {
        assert_eq!(diff(&text, old, new), [""; 0], "{new}");
    }
    assert_eq!(diff(&text, "'a'", "'a '").len(), 1);
}

#[test]
fn an_order_rule_is_said_with_what_it_pays() {
    let first = "first = { n = 3, of = \"content_id\", per = \"payer_id\", within = \"day\", having = { sum = \"seconds\", at_least = 600 } }";
    let policies = read(&program(&format!(
        "log = \"engagement\"\npay_each = [{{ amount = \"0.05\", currency = \"USD\" }}]\n{first}"
    )));
    let said = "For each event that counts the platform pays the creator 0.05 USD. \
                Only the first 3 different content_id of each payer_id and day count, each once, for its first event, and in the \
                order of these first events, among those whose sum of seconds for that payer_id and day is at least 600; an event \
                without payer_id or content_id does not count.";
    assert_eq!(policies.programs[0].share_words(), said);
    assert!(shown(&policies).join(" ").contains(said));
}

#[test]
fn sql_is_said_as_it_means() {
    for (sql, said) in [
        ("coins >= 5 and age<18", "coins is at least 5 and age is below 18"),
        ("coins <> null or (gift_id = NULL)", "coins <> null or (gift_id = NULL)"),
        ("null!=coins and nullable = 1", "null!=coins and nullable is 1"),
        ("gift_id  =  'a  = b'", "gift_id is 'a  = b'"),
        ("\"my  column\" = 'it''s  = so'", "\"my  column\" is 'it''s  = so'"),
        ("coins > 5 -- it's many\n and age >= 1", "coins is above 5 and age is at least 1"),
        ("gift_id = 'null' and a -> 'b' = 'c'", "gift_id is 'null' and a -> 'b' is 'c'"),
    ] {
        assert_eq!(aloud(sql), said);
    }
}

#[test]
fn one_is_singular() {
    let one = |text: &str| shown(&read(text)).join("\n");
    let terms = "[[terms]]\nversion = \"1\"\nvalid_from = 2020-01-01\nfx_max_days_back = 1\ndue_days = 1\nhold = { days = 1 }\n\
                 minimum_payout = { JPY = \"10\" }\nexpires_months = 1\nreserve = { percent = \"1 %\", days = 1 }\n";
    let terms = one(terms);
    for words in
        ["1 day old", "1 day after the period", "held for 1 day after", "lapses after 1 month", "for 1 day after"]
    {
        assert!(terms.contains(words), "{words}: {terms}");
    }
    let unit = one(&program(
        "log = \"engagement\"\nunit = \"block\"\npay_each = [{ when = \"age > 1\", units = 5 }, { units = 1 }]\n\
         [[unit]]\nname = \"block\"\ndigits = 1\ncurrency = \"JPY\"\nrates = [{ from = 2026-01-01, rate = \"1\" }]",
    ));
    assert!(
        unit.contains("5 blocks when age is above 1, else 1 block.") && unit.contains("to 1 digit after the point."),
        "{unit}"
    );
    assert!(!unit.contains("cent"), "neither a unit nor a yen has cents: {unit}");
}

#[test]
fn a_hold_of_the_terms_is_of_programs_without_one() {
    let held =
        read(&format!("{}hold = {{ days = 10 }}\n", program("log = \"gifts\"\nhold = { days = 0 }\nshare = \"70 %\"")));
    let said = shown(&held);
    let all = [
        "What is earned is not held.",
        "What programs without a hold of their own earn is held for 10 days after the event.",
    ];
    assert!(all.iter().all(|sentence| said.iter().any(|s| s == sentence)), "{said:#?}");
}

#[test]
fn show_says_that_nothing_is_in_force() {
    let dir = tempfile::tempdir().expect("a folder");
    let book = dir.path().join("b");
    let book = book.to_str().expect("a name");
    let everycent = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_everycent")).args(arguments).output().expect("starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    everycent(&["init", book, "--preset", "kick"]);
    fs::write(dir.path().join("b/policies/every_key.toml"), EVERY_KEY.split("[[terms]]").next().expect("programs"))
        .expect("written");
    let shown = everycent(&["policy", "show", "--on", "1999-12-31", "--book", book]);
    assert_eq!(shown, "Nothing is in force on 1999-12-31.\n");
}
