//! `policy check` over a whole book, `policy test`, `show` and `diff`, presets, the examples of docs/policy.md, and
//! statements that explain each line.

use std::fs;
use std::path::Path;
use std::process::Command;

use everycent::policy::{Level, Policies, check, differences};
use everycent::query::Engine;
use everycent::trial::{Examples, Kind, Verdict, perform, presets, stage};

fn everycent(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_everycent")).args(arguments).output().expect("starts");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn engine() -> Engine {
    Engine::new(2, 1024)
}

const TERMS: &str = "[[terms]]\nversion = \"1\"\nvalid_from = 2020-01-01\nfx_max_days_back = 7\ndue_days = 15\n";

fn program(lines: &str) -> String {
    format!("[[program]]\nname = \"p\"\nversion = \"1\"\nvalid_from = 2026-01-01\nlog = \"gifts\"\n{lines}\n\n{TERMS}")
}

fn files(text: &str) -> Vec<(String, String)> {
    vec![("policies/p.toml".to_owned(), text.to_owned())]
}

/// A gift of 10.00 EUR for ada; the rest of the example as given.
fn gift(rest: &str) -> String {
    format!(
        "[[example]]\nname = \"a gift\"\nevents = [{{ log = \"gifts\", event_time = 2026-10-05, creator_id = \"ada\", \
         amount = \"10.00\", currency = \"EUR\" }}]\n{rest}\n"
    )
}

fn tried(policies: &str, example: &str) -> Vec<Verdict> {
    let examples =
        Examples::read("policies/p.examples.toml".into(), example.to_owned()).unwrap_or_else(|e| panic!("{e}"));
    let all = examples.0.iter().map(|e| perform(engine(), &files(policies), e).unwrap_or_else(|e| panic!("{e}")));
    all.collect::<Vec<_>>().concat()
}

/// A book in a folder with these policies and one gift.
fn book(dir: &Path, policies: &str) -> String {
    let expected = gift("earnings = [{ creator_id = \"ada\" }]");
    let examples = Examples::read("policies/p.examples.toml".into(), expected).expect("an example");
    stage(dir, &files(policies), &examples.0[0]).expect("a book");
    dir.display().to_string()
}

#[test]
fn an_example_is_rated_by_the_program_and_compared_number_by_number() {
    let example = gift(
        "earnings = [{ creator_id = \"ada\", gross = \"10.00\", creator = \"7.00\", platform = \"3.00\", events = 1 }]",
    );
    let verdicts = tried(&program("share = \"70 %\""), &example);
    assert_eq!(verdicts.len(), 4);
    assert!(verdicts.iter().all(Verdict::holds), "{verdicts:?}");
    let other = tried(&program("share = \"60 %\""), &example);
    let wrong: Vec<_> = other.iter().filter(|v| !v.holds()).map(|v| (v.column.as_str(), v.found.as_str())).collect();
    assert_eq!(wrong, [("creator", "6.00"), ("platform", "4.00")]);
}

#[test]
fn an_example_may_name_deductions_parts_and_rows_that_do_not_exist() {
    let policy = program("deductions = [{ name = \"fund\", percent = \"10 %\" }]\nshare = \"50 %\"");
    let example = gift(
        "agreements = [{ creator_id = \"ada\", party_id = \"ada\", part = \"75 %\" }, { creator_id = \"ada\", party_id = \"north\", part = \"rest\" }]\n\
         earnings = [{ creator_id = \"ada\", deductions = { fund = \"1.00\" }, parts = { ada = \"3.38\", north = \"1.12\" } }, { creator_id = \"bob\" }]",
    );
    let verdicts = tried(&policy, &example);
    // 10.00 - 10 % = 9.00; half is 4.50; 75 % of it 3.375 and 25 % 1.125: a tie, and the odd cent goes to the first.
    assert!(verdicts[..3].iter().all(Verdict::holds), "{verdicts:?}");
    assert_eq!((verdicts[3].column.as_str(), verdicts[3].found.as_str()), ("rows", "none"));
}

#[test]
fn an_example_may_expect_that_there_is_no_row() {
    let verdicts = tried(
        &program("share = \"70 %\""),
        &gift("earnings = [{ creator_id = \"bob\", none = true }, { creator_id = \"ada\", none = true }]"),
    );
    let said: Vec<_> = verdicts.iter().map(|v| (v.holds(), v.expected.as_str(), v.found.as_str())).collect();
    assert_eq!(said, [(true, "none", "none"), (false, "none", "1")]);
}

#[test]
fn an_example_may_expect_that_the_run_is_refused() {
    let rates = "parties = [{ party_id = \"ada\", payout_currency = \"USD\" }]\n\
                 fx_rates = [{ date = 2026-10-29, currency = \"USD\", rate = \"1.00\" }, { date = 2026-10-30, currency = \"USD\", rate = \"1.20\" }]";
    let example = |gates: &str| gift(&format!("{rates}\n{gates}refused = \"within 19.00 % of the quote before\""));
    let policy = program("share = \"70 %\"");
    let refused = tried(&policy, &example("gates = { fx_change = \"19 %\" }\n"));
    assert!(refused.len() == 1 && refused[0].holds(), "{refused:?}");
    let runs = tried(&policy, &example(""));
    assert_eq!((runs[0].column.as_str(), runs[0].found.as_str()), ("refused", "the run is not refused"));
    let otherwise = tried(&policy, &example("gates = { fx_change = \"18 %\" }\n"));
    assert!(otherwise[0].found.contains("a rate is not to be trusted") && !otherwise[0].holds(), "{otherwise:?}");
}

#[test]
fn an_explanation_names_every_step_and_must_add_up() {
    let policy = program("deductions = [{ name = \"fund\", percent = \"10 %\" }]\nshare = \"50 %\"");
    let steps = "steps = { paid = \"10.00\", fund = \"-1.00\", platform = \"-4.50\", \"creator side\" = \"4.50\" }";
    let all = format!(
        "explained = [{{ party_id = \"ada\", part = \"4.50\", {steps}, bases = {{ fund = \"10.00\" }}, rates = {{ fund = \"10 %\" }}, accounts = {{ fund = \"platform_revenue\" }} }}]"
    );
    let verdicts = tried(&policy, &gift(&all));
    assert_eq!(verdicts.len(), 9);
    assert!(verdicts.iter().all(Verdict::holds), "{verdicts:#?}");
    let few = tried(&policy, &gift(&all.replace("fund = \"-1.00\", ", "").replace("\"10 %\"", "\"11 %\"")));
    let wrong: Vec<_> = few.iter().filter(|v| !v.holds()).map(|v| (v.column.as_str(), v.found.as_str())).collect();
    assert_eq!(wrong, [("rates fund", "10 %"), ("step fund", "-1.00")]);
}

#[test]
fn a_wrong_example_is_refused_with_its_place() {
    let refused = |text: &str, words: &[&str]| {
        let error = Examples::read("policies/p.examples.toml".into(), text.to_owned()).expect_err("read").to_string();
        assert!(words.iter().all(|w| error.contains(w)), "{error}");
    };
    refused(&gift(""), &["policies/p.examples.toml:1:1", "expects nothing"]);
    refused(&gift("earnings = [{ creator = 7.5 }]"), &["p.examples.toml:4:", "binary float"]);
    refused(&gift("earnings = [{ creatr = \"7.50\" }]"), &["no column creatr"]);
    refused(
        &gift("earnings = [{ creator = \"7.50\" }]").replace("10.00", "10.005"),
        &["is no amount", "p.examples.toml:3:"],
    );
    refused(&gift("earnings = [{ creator = \"7.00\" }]\nearning = []"), &["did you mean `earnings`?"]);
    refused(&gift("earnings = [{ none = false }]"), &["p.examples.toml:4:", "`none` can only be true"]);
    refused(&gift("earnings = [{ none = true, creator = \"1.00\" }]"), &["a row that is not there has no numbers"]);
    refused(&gift("refused = \"x\"\nearnings = [{ }]"), &["p.examples.toml:4:", "a run that is refused finds no rows"]);
    refused(&gift("explained = [{ steps = \"1.00\" }]"), &["steps can't hold this", "bases, rates"]);
    refused(&gift("explained = [{ step = { paid = \"1.00\" } }]"), &["step can't hold this"]);
    refused(&gift("gates = \"20 %\"\nearnings = [{ }]"), &["p.examples.toml:4:", "gates = { fx_change"]);
}

#[test]
fn every_programme_is_without_findings_and_pays_its_published_numbers() {
    let all: Vec<_> = presets().into_iter().filter(|p| p.kind == Kind::Programme).collect();
    assert!(!all.is_empty());
    for preset in all {
        let policies: Vec<_> =
            preset.files().into_iter().filter(|(name, _)| !name.ends_with(".examples.toml")).collect();
        let findings = check(&policies);
        assert!(findings.is_empty(), "{findings:#?}");
        assert!(policies[0].1.contains("# Source: ") && policies[0].1.contains("ot public"), "{}", preset.name);
        let examples = preset.examples().unwrap_or_else(|e| panic!("{e}"));
        for example in &examples.0 {
            let verdicts = perform(engine(), &policies, example).unwrap_or_else(|e| panic!("{}: {e}", preset.name));
            let wrong: Vec<_> = verdicts.iter().filter(|v| !v.holds()).collect();
            assert!(wrong.is_empty() && !verdicts.is_empty(), "{} {}: {wrong:#?}", preset.name, example.name);
        }
    }
}

#[test]
fn init_starts_a_working_book_from_a_preset() {
    let dir = tempfile::tempdir().expect("a folder");
    let book = dir.path().join("b");
    let book = book.to_str().expect("a name");
    let (code, _, talk) = everycent(&["init", book, "--preset", "kik"]);
    assert_eq!(code, Some(2));
    assert!(talk.contains("did you mean `kick`?"), "{talk}");
    let (code, told, talk) = everycent(&["init", book, "--preset", "kick"]);
    assert_eq!(code, Some(0), "{talk}");
    assert!(told.contains("policy test"), "{told}");
    let (code, table, talk) = everycent(&["policy", "test", "--book", book, "--all"]);
    assert_eq!(code, Some(0), "{table}{talk}");
    assert!(table.contains("4.74"), "{table}");
    let (code, _, talk) = everycent(&["run", "--all", "--close", "--book", book]);
    assert_eq!(code, Some(0), "{talk}");
    let (code, list, _) = everycent(&["init", "--list-presets"]);
    assert!(code == Some(0) && list.contains("kick") && list.contains("95 %"), "{list}");
    let place = |word: &str| list.find(word).unwrap_or_else(|| panic!("{word} in {list}"));
    assert!(place("programme  youtube") < place("primitive  p01_ordered_deductions"), "{list}");
}

#[test]
fn init_starts_a_working_book_from_a_primitive_with_a_reference_of_its_own() {
    let dir = tempfile::tempdir().expect("a folder");
    let book = dir.path().join("b");
    let book = book.to_str().expect("a name");
    let (code, told, talk) = everycent(&["init", book, "--preset", "p15_locked_rate"]);
    assert_eq!(code, Some(0), "{talk}");
    assert!(told.contains("a policy that says one thing: P15: "), "{told}");
    let (code, _, talk) = everycent(&["run", "--all", "--close", "--book", book]);
    assert_eq!(code, Some(0), "{talk}");
    let (code, told, talk) = everycent(&["statement", "ben", "--period", "2026-10", "--book", book]);
    assert!(code == Some(0) && told.contains("10.00"), "{told}{talk}");
}

#[test]
fn a_wrong_example_fails_the_test_with_expected_and_found() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = book(dir.path(), &program("share = \"70 %\""));
    let (code, _, talk) = everycent(&["policy", "test", "--book", &path]);
    assert_eq!(code, Some(2));
    assert!(talk.contains("no worked examples"), "{talk}");
    let example = gift("earnings = [{ creator_id = \"ada\", creator = \"7.10\" }]");
    fs::write(dir.path().join("policies/p.examples.toml"), example).expect("written");
    let (code, table, talk) = everycent(&["policy", "test", "--book", &path]);
    assert_eq!(code, Some(2), "{table}");
    assert!(table.contains("fail") && table.contains("7.10") && table.contains("7.00"), "{table}");
    assert!(talk.contains("1 of 1 examples do not come out"), "{talk}");
}

/// Every finding of a book, as it is printed, and the exit code.
fn findings(policies: &str) -> (Option<i32>, String) {
    let dir = tempfile::tempdir().expect("a folder");
    let path = book(dir.path(), policies);
    let (code, found, talk) = everycent(&["policy", "check", "--book", &path]);
    (code, found + &talk)
}

#[track_caller]
fn finds(policies: &str, code: i32, words: &[&str]) {
    let (found_code, found) = findings(policies);
    assert_eq!(found_code, Some(code), "{found}");
    for word in words {
        assert!(found.contains(word), "{word:?} in {found}");
    }
}

#[test]
fn check_names_what_sql_can_not_mean_with_its_place() {
    // `program` puts its lines from line 6 on.
    let unknown = "where = \"folowers >= 10\"\nshare = \"70 %\"";
    finds(
        &program(unknown),
        2,
        &["policies/p.toml:6:10", "column 'folowers' not found", "did you mean `followers`?", "^"],
    );
    let float = "where = \"followers > cast('1.5' as double)\"\nshare = \"70 %\"";
    finds(&program(float), 2, &["policies/p.toml:6:", "a float stands in it"]);
    let beyond = "where = \"cast(gift_id as xml) is null\"\nshare = \"70 %\"";
    finds(&program(beyond), 2, &["policies/p.toml:6:", "beyond the SQL engine", "^", "say it with comparisons"]);
    let never = "where = \"extract(fortnight from event_time) = 1\"\nshare = \"70 %\"";
    finds(
        &program(never),
        2,
        &["policies/p.toml:6:", "'fortnight' not supported", "^", "write SQL over the log's columns"],
    );
    finds(&program("where = \"coalesce(payer_country, 'US') <> 'XX'\"\nshare = \"70 %\""), 0, &[]);
    finds(&program("where = \"amount_minor\"\nshare = \"70 %\""), 2, &["policies/p.toml:6:", "true or false"]);
}

#[test]
fn check_names_dead_clauses() {
    let rule = "eligible = [{ rule = \"adult\", when = \"age >= 18 and age < 10\" }]\nshare = \"70 %\"";
    finds(&program(rule), 0, &["policies/p.toml:6:", "the rule adult never holds", "nobody is eligible"]);
    let always = "deductions = [{ name = \"fund\", percent = \"1 %\", when = \"1 = 1\" }]\nshare = \"70 %\"";
    finds(&program(always), 0, &["policies/p.toml:6:", "the deduction fund always holds"]);
    let twice = "share = [{ when = \"age > 20\", percent = \"70 %\" }, { when = \"20 < age\", percent = \"60 %\" }, { percent = \"1 %\" }]";
    finds(
        &program(twice),
        0,
        &["policies/p.toml:6:", "case 2 of the share is dead", "case 1 of the share has the same condition"],
    );
    let ended = "valid_to = 2026-02-01\nshare = \"70 %\"\n\n[[program]]\nname = \"p\"\nversion = \"2\"\nvalid_from = 2026-02-01\nlog = \"gifts\"\nshare = \"60 %\"";
    finds(&program(ended), 0, &["policies/p.toml:3:", "program p version 1 is dead: it ends before the book begins"]);
    finds(&program("share = \"70 %\"").replace("gifts", "commerce"), 0, &["the book has no log commerce"]);
}

#[test]
fn doctor_prints_what_the_linter_doubts_and_finds_nothing_wrong() {
    let always = program(
        "deductions = [{ name = \"fund\", percent = \"1 %\", when = \"1 = 1\" }]\nshare = \"70 %\"\nbonus = [{ name = \"b\", points = \"0\" }]",
    );
    let dir = tempfile::tempdir().expect("a folder");
    let path = book(dir.path(), &always);
    let (_, checked, _) = everycent(&["policy", "check", "--book", &path]);
    let (code, examined, talk) = everycent(&["doctor", "--book", &path]);
    assert_eq!(code, Some(0), "{examined}{talk}");
    let said = "2 warnings of the policies, as `everycent policy check` shows them";
    assert!(examined.contains(said) && examined.contains("; 2 warnings"), "{examined}");
    assert!(checked.contains("fund always holds") && examined.ends_with(&checked), "{examined}\n{checked}");
    fs::write(dir.path().join("policies/p.toml"), program("share = \"70 %\"")).expect("written");
    let (_, examined, _) = everycent(&["doctor", "--book", &path]);
    assert!(!examined.contains("warning"), "{examined}");
}

#[test]
fn check_refuses_what_a_run_would_refuse() {
    let no_terms = program("share = \"70 %\"").replace(TERMS, "");
    finds(&no_terms, 2, &["policies/p.toml:3:", "there are no [[terms]]", "^"]);
    let rates = "share = [{ rates = \"commission\", by = \"gift_id\", cut_after_days = 30, percent = \"5 %\" }]";
    finds(&program(rates), 2, &["policies/p.toml:6:", "no reference commission", "[own_reference] commission"]);
}

#[test]
fn check_compares_with_what_a_close_has_used() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = book(dir.path(), &program("share = \"70 %\""));
    for step in [["run", "--period", "2026-10"], ["close", "--period", "2026-10"]] {
        let (code, _, talk) = everycent(&[&step[..], &["--book", &path]].concat());
        assert_eq!(code, Some(0), "{step:?}: {talk}");
    }
    let checked = || {
        let (code, found, talk) = everycent(&["policy", "check", "--book", &path]);
        (code, found + &talk)
    };
    assert_eq!(checked().0, Some(0));
    fs::write(dir.path().join("policies/p.toml"), program("share = \"60 %\"")).expect("written");
    let (code, found) = checked();
    assert_eq!(code, Some(2), "{found}");
    for word in ["policies/p.toml:3:", "program p version 1 differs", "a later valid_from", "corrections.toml", "^"] {
        assert!(found.contains(word), "{word:?} in {found}");
    }
    let signed = |version: &str| {
        let text = format!(
            "[[correction]]\nprogram = \"p\"\nversion = \"{version}\"\nreason = \"r\"\nrequested_by = \"Rita Moura\"\napproved_by = \"Hugo Sa\"\n"
        );
        fs::write(dir.path().join("corrections.toml"), text).expect("written");
    };
    signed("1");
    assert_eq!(checked().0, Some(0));
    signed("9");
    let (code, found) = checked();
    assert_eq!(code, Some(2), "{found}");
    assert!(found.contains("corrections.toml:2:") && found.contains("there is no program p version 9"), "{found}");
}

#[test]
fn check_names_files_that_are_not_read_and_bytes_that_are_no_text() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = book(dir.path(), &program("share = \"70 %\""));
    let policies = dir.path().join("policies");
    fs::create_dir_all(policies.join("sub")).expect("a folder");
    for name in ["sub/b.toml", "b.TOML", "notes.txt", "sub/b.examples.toml"] {
        fs::write(policies.join(name), "").expect("written");
    }
    let (code, found, _) = everycent(&["policy", "check", "--book", &path]);
    assert_eq!(code, Some(0), "{found}");
    assert!(
        found.contains("policies/sub/b.toml is not read") && found.contains("policies/b.TOML is not read"),
        "{found}"
    );
    assert!(!found.contains("notes") && !found.contains("examples"), "{found}");
    fs::write(policies.join("c.toml"), b"# a\n# caf\xE9\n").expect("written");
    let (code, _, talk) = everycent(&["policy", "check", "--book", &path]);
    assert!(code == Some(2) && talk.contains("policies/c.toml:2:6") && talk.contains("0xE9"), "{talk}");
}

#[track_caller]
fn warns(policies: &str, words: &[&str]) {
    let findings = check(&files(policies));
    assert_eq!(findings.len(), 1, "{findings:#?}");
    for word in words {
        assert!(findings[0].picture.contains(word) && findings[0].picture.contains('^'), "{}", findings[0].picture);
    }
}

#[test]
fn check_names_clauses_that_change_nothing() {
    warns(
        &program("share = \"70 %\"\nbonus = [{ name = \"b\", points = \"0\" }]"),
        &["7:10", "the bonus b never adds anything"],
    );
    warns(
        &program("share = \"70 %\"\nmax_share = \"70 %\"\nbonus = [{ name = \"b\", points = \"1\" }]"),
        &["7:13", "no bonus can add"],
    );
    let bands = "tiers = { window = \"year\", basis = \"gross\", currency = \"EUR\", bands = [{ from = \"0\", percent = \"70 %\" }, { from = \"9\", percent = \"70 %\" }] }";
    warns(&program(bands), &["this band changes nothing"]);
    let measure = "share = \"70 %\"\n\n[[measure]]\nname = \"views\"\nlog = \"engagement\"\ncount = true\ndays = 30\nend = \"event_day\"\nlate = \"rerate\"";
    warns(&program(measure), &["nobody asks for the measure views", "9:8"]);
}

#[test]
fn check_asks_for_a_rounding_mode_where_parts_of_a_cent_feed_forward() {
    let step = |round: &str| {
        program(&format!(
            "round_at = \"event\"\nshare = \"70 %\"\ndeductions = [{{ name = \"fund\", percent = \"1 %\"{round} }}]"
        ))
    };
    warns(&step(""), &["8:15", "the deduction fund says no `round`", "round = \"exact\""]);
    assert!(check(&files(&step(", round = \"exact\""))).is_empty());
    assert!(check(&files(&step(", round = \"half_up\""))).is_empty());
    let canonical = |text: &str| Policies::read(files(text)).expect("policies").canonical_json();
    assert_eq!(canonical(&step("")), canonical(&step(", round = \"exact\"")));
}

#[test]
fn check_names_two_programs_that_rate_the_same_events() {
    let second = "share = \"70 %\"\n\n[[program]]\nname = \"q\"\nversion = \"1\"\nvalid_from = 2026-03-01\nlog = \"gifts\"\nshare = \"60 %\"";
    warns(&program(second), &["10:11", "program p and program q rate the same events of gifts"]);
    let apart = program(second)
        .replace("log = \"gifts\"\nshare = \"60 %\"", "log = \"gifts\"\nwhere = \"coins > 1\"\nshare = \"60 %\"");
    assert!(check(&files(&apart)).is_empty());
    let pools = ["a", "b"].map(|name| {
        format!("[[program]]\nname = \"{name}\"\nversion = \"1\"\nvalid_from = 2026-01-01\nlog = \"engagement\"\n[program.pool]\npot = \"pots\"\nrule = \"pro_rata\"\nwithout_weight = \"platform\"\n")
    });
    assert!(check(&files(&format!("{}{TERMS}", pools.concat()))).is_empty());
}

#[test]
fn check_names_agreements_over_the_whole_with_file_and_line() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = book(dir.path(), &program("share = \"70 %\""));
    let agreements = "creator_id,party_id,part,level,position,programs,valid_from,valid_to\n\
                      ada,ada,80 %,1,1,,2026-01-01,\nada,north,30 %,1,2,p,2026-02-01,\nada,south,1 %,1,3,q,,\n";
    fs::write(dir.path().join("refs/agreements.csv"), agreements).expect("written");
    let toml = fs::read_to_string(dir.path().join("everycent.toml")).expect("a book");
    let toml = toml.replace("[reference]\n", "[reference]\nagreements = \"refs/agreements.csv\"\n");
    fs::write(dir.path().join("everycent.toml"), toml).expect("written");
    let (code, found, _) = everycent(&["policy", "check", "--book", &path]);
    assert_eq!(code, Some(3), "{found}");
    assert!(
        found.contains("names a program that no policy has") && found.contains("agreements.csv, line 4"),
        "{found}"
    );
    // In January ada's 80 % alone do not reach the whole.
    assert!(found.contains("agreements.csv, line 2") && found.contains("80 %"), "{found}");
    let fixed = agreements
        .replace("ada,ada,80 %,1,1,,2026-01-01,", "ada,ada,80 %,1,1,p,2026-02-01,")
        .replace("q,,", "p,2027-01-01,2027-01-02");
    fs::write(dir.path().join("refs/agreements.csv"), fixed).expect("written");
    let (_, found, _) = everycent(&["policy", "check", "--book", &path]);
    assert!(
        found.contains("gives more than the whole")
            && found.contains("refs/agreements.csv, line 2; refs/agreements.csv, line 3"),
        "{found}"
    );
    assert!(found.contains("110 %"), "{found}");
    let rests = agreements.replace("80 %", "rest").replace("30 %", "rest").replace("q,,", "p,2026-02-01,");
    fs::write(dir.path().join("refs/agreements.csv"), rests).expect("written");
    let (_, found, _) = everycent(&["policy", "check", "--book", &path]);
    assert!(found.contains("the rest more than once") && found.contains("2 rows with part = rest"), "{found}");
}

#[test]
fn show_says_what_is_in_force_and_diff_what_changes() {
    let before = program("eligible = [{ rule = \"age_18\", when = \"age >= 18\" }]\nshare = \"70 %\"");
    let after = before
        .replace("70 %", "72.5 %")
        .replace("due_days = 15", "due_days = 10\nminimum_payout = { EUR = \"1250.00\" }");
    let read = |text: &str| Policies::read(files(text)).expect("policies");
    let said: Vec<String> = read(&before).said(None).iter().flat_map(|s| s.sentences.clone()).map(|s| s.text).collect();
    assert!(said.contains(&"An event is eligible only when age is at least 18 (rule age_18).".to_owned()), "{said:#?}");
    assert!(said.contains(&"Of what is left the creator gets 70 %.".to_owned()), "{said:#?}");
    assert!(
        read(&before).said(everycent::period::parse_day("2025-12-31")).iter().all(|s| !s.owner.starts_with("program"))
    );
    let lines = differences(&read(&before), &read(&after));
    assert_eq!(
        lines,
        [
            "program p version 1: Of what is left the creator gets 72.5 %. Before: Of what is left the creator gets 70 %.",
            "terms version 1: A balance is paid out from 1,250.00 EUR on; less is carried. \
             Before: Every positive balance is paid out.",
            "terms version 1: A payout is due 10 days after the period's last day. \
             Before: A payout is due 15 days after the period's last day.",
        ]
    );
    let next = format!("{before}\n[[program]]\nname = \"p\"\nversion = \"2\"\nvalid_from = 2026-05-01\nlog = \"gifts\"\nshare = \"80 %\"\n")
        .replace("log = \"gifts\"\neligible", "valid_to = 2026-05-01\nlog = \"gifts\"\neligible");
    let lines = differences(&read(&before), &read(&next));
    assert_eq!(
        lines,
        [
            "program p version 1 was in force from 2026-01-01 on; it is now in force from 2026-01-01 to 2026-04-30.",
            "program p version 2, from 2026-05-01 on is new.",
            "program p version 2 against version 1: Of what is left the creator gets 80 %. Before: Of what is left the creator gets 70 %.",
            "program p version 2 against version 1: no longer: An event is eligible only when age is at least 18 (rule age_18).",
        ]
    );
    let dir = tempfile::tempdir().expect("a folder");
    let path = book(dir.path(), &before);
    everycent(&["run", "--all", "--close", "--book", &path]);
    fs::write(dir.path().join("policies/p.toml"), &after).expect("written");
    let (code, told, talk) = everycent(&[
        "policy",
        "diff",
        "2026-10",
        dir.path().join("policies").to_str().expect("a name"),
        "--book",
        &path,
    ]);
    assert_eq!((code, told.lines().count()), (Some(0), 3), "{told}{talk}");
    let (_, told, _) = everycent(&["policy", "show", "--on", "2026-10-01", "--book", &path]);
    assert!(told.contains("program p version 1, from 2026-01-01 on"), "{told}");
}

#[test]
fn terms_are_said_with_holds_withholding_and_reserve() {
    let more = "hold = { days = 30 }\nexpires_months = 12\nminimum_payout = { EUR = \"50.00\" }\n\
                withholding = [{ name = \"us\", percent = \"24 %\", when = \"tax_form is null\", payers = [\"US\"] }]\n\
                reserve = { percent = \"10 %\", days = 90 }\n";
    let policies = Policies::read(files(&format!("{TERMS}{more}"))).unwrap_or_else(|e| panic!("{e}"));
    let said: Vec<String> = policies.said(None).into_iter().flat_map(|s| s.sentences).map(|s| s.text).collect();
    for sentence in [
        "A balance is paid out from 50.00 EUR on; less is carried, and lapses after 12 months.",
        "What programs without a hold of their own earn is held for 30 days after the event.",
        "us: 24 % of what payers of US brought is withheld as tax when tax_form is null; the first case that holds counts.",
        "Of what is earned 10 % is kept in reserve, for 90 days after the period.",
    ] {
        assert!(said.contains(&sentence.to_owned()), "{sentence}: {said:#?}");
    }
    assert!(said.iter().all(|s| !s.starts_with("Its ")), "{said:#?}");
}

#[test]
fn several_taxes_are_said_one_by_one_and_linted() {
    let federal = "{ tax = \"federal\", name = \"no_form\", when = \"tax_form is null\", percent = \"24 %\" }";
    let terms = |more: &str| format!("{TERMS}withholding = [{federal}, {more}]\n");
    let rest = "{ tax = \"levy\", name = \"levy\", percent = \"0.5 %\", of = \"rest\" }";
    let policies = Policies::read(files(&terms(rest))).unwrap_or_else(|e| panic!("{e}"));
    let said: Vec<String> = policies.said(None).into_iter().flat_map(|s| s.sentences).map(|s| s.text).collect();
    for sentence in [
        "no_form: 24 % of what is earned is withheld as the tax federal when tax_form is null; the first case of federal that holds counts.",
        "levy: 0.5 % of what the taxes before it left of what is earned is withheld as the tax levy; the first case of levy that holds counts.",
    ] {
        assert!(said.contains(&sentence.to_owned()), "{sentence}: {said:#?}");
    }
    // A case that holds for everybody ends its own tax, not the others.
    let both = "{ tax = \"levy\", name = \"levy\", percent = \"1 %\" }, { tax = \"federal\", name = \"form\", percent = \"1 %\" }";
    assert!(check(&files(&terms(both))).is_empty());
    let often = "{ tax = \"levy\", name = \"levy\", when = \"status = 'x'\", percent = \"77 %\" }";
    warns(&terms(often), &["6:15", "withhold more than the whole"]);
    let refused = |more: &str, words: &[&str]| {
        let findings = check(&files(&terms(more)));
        assert!(findings.len() == 1 && findings[0].level == Level::Error, "{findings:#?}");
        assert!(words.iter().all(|w| findings[0].picture.contains(w)), "{}", findings[0].picture);
    };
    refused("{ name = \"levy\", percent = \"1 %\" }", &["does not say of which tax it is", "^"]);
    refused(
        "{ tax = \"levy\", name = \"levy\", percent = \"1 %\", of = \"rest\", payers = [\"US\"] }",
        &["left of what these payers brought is nowhere known"],
    );
    let charge = program("share = \"70 %\"");
    let with = |more: &str| charge.replace(TERMS, &terms(more));
    let again = "{ tax = \"federal\", name = \"again\", when = \"tax_form IS NULL\", percent = \"1 %\" }";
    finds(
        &with(again),
        0,
        &["the case again of withholding is dead: the case no_form of withholding has the same condition"],
    );
    let other = again.replace("federal", "levy");
    let (code, found) = findings(&with(&other));
    assert!(code == Some(0) && !found.contains("is dead"), "{found}");
    let unknown = "{ tax = \"levy\", name = \"levy\", when = \"county = 'LA'\", percent = \"1 %\" }";
    finds(&with(unknown), 2, &["policies/p.toml:", "column 'county' not found", "did you mean `country`?", "^"]);
}

#[test]
fn clauses_that_a_month_never_touched_are_listed() {
    let policy = program(
        "eligible = [{ rule = \"adult\", when = \"age >= 18\" }]\n\
         deductions = [{ name = \"fund\", percent = \"1 %\", when = \"payer_country = 'US'\" }]\n\
         tiers = { window = \"lifetime\", basis = \"gross\", currency = \"EUR\", bands = [{ from = \"0\", percent = \"97 %\" }, { from = \"8.00\", percent = \"80 %\" }, { from = \"10.00\", percent = \"50 %\" }] }",
    );
    let dir = tempfile::tempdir().expect("a folder");
    let path = book(dir.path(), &policy);
    let (code, table, talk) = everycent(&["policy", "test", "--period", "2026-10", "--format", "csv", "--book", &path]);
    assert_eq!(code, Some(0), "{talk}");
    // A gift of 10.00 fills the first two bands and does not enter the third.
    let untouched: Vec<&str> = table.lines().skip(1).collect();
    assert_eq!(untouched, ["p,1,rule adult (refuses)", "p,1,deduction fund", "p,1,band 3"], "{table}");
}

/// What `policy test --period` lists of a pool of 100.00 EUR in October; views as creator, payer, views, content, tracks.
fn untouched_of_a_pool(views: &[(&str, &str, i64, &str, i64)]) -> Vec<String> {
    let pool = "pot = \"pots\", rule = \"pro_rata\", weight = \"views\", cap_per_payer = 1000, without_weight = \"carry\",\n\
                threshold = { usage = 10, reading = \"whole_month\" },\n\
                multipliers = [{ times = \"2\", threshold = { usage = 1001, reading = \"whole_month\" } },\n\
                { times = \"2\", when = \"content_id = 'searched'\" }],\n\
                carve_out = { stays = [{ when = \"tracks = 0\", part = \"100 %\" }, { part = \"1/2\" }] }";
    let policy = program(&format!(
        "eligible = [{{ rule = \"minors\", when = \"content_id <> 'for_minors'\" }}]\nshare = \"45 %\"\npool = {{ {} }}",
        pool.replace('\n', " ")
    ));
    let policy = policy.replace("log = \"gifts\"", "log = \"engagement\"");
    let view = |(creator, payer, views, content, tracks): &(&str, &str, i64, &str, i64)| {
        format!(
            "{{ log = \"engagement\", event_time = 2026-10-05, creator_id = \"{creator}\", payer_id = \"{payer}\", \
             views = {views}, content_id = \"{content}\", tracks = {tracks} }}"
        )
    };
    let example = format!(
        "[[example]]\nname = \"views\"\nevents = [{}]\n\
         pots = [{{ program = \"p\", earning_period = \"2026-10\", currency = \"EUR\", amount = \"100.00\" }}]\n\
         earnings = [{{ creator_id = \"ada\" }}]\n",
        views.iter().map(view).collect::<Vec<_>>().join(", ")
    );
    let examples = Examples::read("policies/p.examples.toml".into(), example).unwrap_or_else(|e| panic!("{e}"));
    let dir = tempfile::tempdir().expect("a folder");
    stage(dir.path(), &files(&policy), &examples.0[0]).unwrap_or_else(|e| panic!("{e}"));
    let path = dir.path().display().to_string();
    let (code, table, talk) = everycent(&["policy", "test", "--period", "2026-10", "--format", "csv", "--book", &path]);
    assert_eq!(code, Some(0), "{talk}");
    table.lines().skip(1).map(|line| line.trim_start_matches("p,1,").to_owned()).collect()
}

#[test]
fn clauses_of_a_pool_that_a_month_never_touched_are_listed() {
    let quiet = untouched_of_a_pool(&[("ada", "ann", 900, "x", 0), ("bob", "ben", 20, "x", 0)]);
    let never = [
        "rule minors (refuses)",
        "threshold (refuses)",
        "multiplier 1",
        "multiplier 2",
        "cap_per_payer",
        "case 2 of the carve-out",
        "without_weight",
    ];
    assert_eq!(quiet, never);
    // 1,500 plays of one payer, who searched, reach 1,001 and the cap; 5 plays do not reach 10.
    let busy = [
        ("ada", "ann", 1500, "searched", 0),
        ("bob", "ben", 20, "x", 1),
        ("cho", "ben", 5, "x", 0),
        ("cho", "ben", 500, "for_minors", 0),
    ];
    assert_eq!(untouched_of_a_pool(&busy), ["without_weight"]);
    // Every event weighs 1, as if there were no weight.
    let alike = untouched_of_a_pool(&[("ada", "ann", 1, "x", 0), ("bob", "ann", 1, "x", 0)]);
    assert!(alike.contains(&"weight".to_owned()), "{alike:?}");
    let nothing = untouched_of_a_pool(&[("ada", "ann", 0, "x", 0)]);
    assert_eq!(nothing.last().map(String::as_str), Some("case 2 of the carve-out"), "the pot waits: {nothing:?}");
}

/// The fenced blocks of docs/policy.md marked `toml`.
fn blocks() -> Vec<(usize, String)> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policy.md")).expect("the page");
    let (mut blocks, mut open) = (Vec::new(), None::<(usize, String)>);
    for (at, line) in text.lines().enumerate() {
        match (&mut open, line) {
            (None, "```toml") => open = Some((at + 2, String::new())),
            (Some(_), "```") => blocks.extend(open.take()),
            (Some((_, block)), line) => *block += &format!("{line}\n"),
            (None, _) => {}
        }
    }
    blocks
}

#[test]
fn every_example_of_the_page_is_read_and_rated() {
    let (mut seen, mut rated) = (0, 0);
    let mut last = String::new();
    for (line, block) in blocks() {
        seen += 1;
        if block.contains("[[example]]") {
            let policy = match (last.contains("[[program]]"), last.contains("[[terms]]")) {
                (true, true) => last.clone(),
                (true, false) => format!("{last}\n{TERMS}"),
                // Terms alone settle what a program earns that leaves all to the creator.
                (false, _) => format!("{}\n{last}", program("share = \"100 %\"").replace(TERMS, "")),
            };
            for verdict in tried(&policy, &block) {
                assert!(verdict.holds(), "docs/policy.md, line {line}: {verdict:?}");
                rated += 1;
            }
            continue;
        }
        if block.contains("[[correction]]") {
            everycent::policy::Corrections::read(&block).unwrap_or_else(|e| panic!("docs/policy.md, line {line}: {e}"));
            continue;
        }
        let whole = match block.starts_with("[[") || block.starts_with('#') {
            true => block.clone(),
            false if block.contains("log = ") => program(&block).replace("log = \"gifts\"\n", ""),
            false => program(&block),
        };
        let errors: Vec<_> = check(&files(&whole)).into_iter().filter(|f| f.level == Level::Error).collect();
        assert!(errors.is_empty(), "docs/policy.md, line {line}: {errors:#?}");
        last = whole;
    }
    assert!(seen >= 30 && rated >= 70, "{seen} blocks, {rated} numbers");
}

#[test]
fn a_statement_explains_each_line_and_the_explanation_adds_up() {
    let dir = tempfile::tempdir().expect("a folder");
    let book = dir.path().join("b");
    let book = book.to_str().expect("a name");
    everycent(&["init", book]);
    everycent(&["run", "--all", "--close", "--book", book]);
    let mut lines = 0;
    for party in ["ana", "maestro", "fado_duo", "dara", "chika"] {
        for period in ["2026-01", "2026-02", "2026-03"] {
            let (code, json, _) =
                everycent(&["statement", party, "--period", period, "--format", "json", "--book", book]);
            if code != Some(0) {
                continue;
            }
            let statement: serde_json::Value = serde_json::from_str(&json).expect("JSON");
            for account in statement["accounts"].as_array().expect("accounts") {
                for line in account["lines"].as_array().expect("lines") {
                    adds_up(line);
                    lines += 1;
                }
            }
        }
    }
    assert!(lines > 20, "{lines} lines");
    let (_, text, _) = everycent(&["statement", "ana", "--period", "2026-02", "--book", book]);
    assert!(
        text.contains("paid: ") && text.contains("safety_fund: 1 % of ") && text.contains("creator side: "),
        "{text}"
    );
}

/// A book of three subscriptions in October, of which the first is taken back in November, run and closed.
fn subscriptions(dir: &Path) -> String {
    let policy = program(
        "deductions = [{ name = \"channel_fee\", percent = \"30 %\", when = \"channel = 'app'\" }]\nshare = \"70 %\"",
    );
    let row = |id: &str, rest: &str| {
        format!("{{ log = \"subscriptions\", event_id = \"{id}\", creator_id = \"ada\", currency = \"EUR\", {rest} }}")
    };
    let events = [
        row("s1", "event_time = 2026-10-05, amount = \"5.00\", channel = \"app\""),
        row("s2", "event_time = 2026-10-06, amount = \"10.00\", channel = \"web\""),
        row("s3", "event_time = 2026-10-07, amount = \"8.00\", channel = \"app\", channel_fee = \"1.00\""),
        row("r1", "event_time = 2026-11-02, amount = \"5.00\", kind = \"refund\", original_id = \"s1\""),
    ];
    let example = format!(
        "[[example]]\nname = \"three\"\nevents = [{}]\nearnings = [{{ creator_id = \"ada\" }}]\n\
         agreements = [{{ creator_id = \"ada\", party_id = \"ada\", part = \"1/2\" }}, {{ creator_id = \"ada\", party_id = \"north\", part = \"rest\" }}]\n",
        events.join(", ")
    );
    let examples = Examples::read("policies/p.examples.toml".into(), example).unwrap_or_else(|e| panic!("{e}"));
    let policy = policy.replace("log = \"gifts\"", "log = \"subscriptions\"");
    stage(dir, &files(&policy), &examples.0[0]).unwrap_or_else(|e| panic!("{e}"));
    let path = dir.display().to_string();
    let (code, _, talk) = everycent(&["run", "--all", "--close", "--book", &path]);
    assert_eq!(code, Some(0), "{talk}");
    path
}

#[test]
fn a_plain_statement_shows_the_base_of_a_deduction_where_the_ledger_says_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = subscriptions(dir.path());
    let has = |period: &str, lines: &[&str]| {
        let (code, text, talk) = everycent(&["statement", "ada", "--period", period, "--book", &path]);
        assert_eq!(code, Some(0), "{talk}");
        for line in lines {
            assert!(text.lines().any(|l| l.trim() == *line), "no line {line:?} in\n{text}");
        }
        text
    };
    // Of three events some are on the web, and some have a stated fee: the ledger has one sum.
    has(
        "2026-10",
        &[
            "-2.50  channel_fee: 30 % where it applies*, when channel is 'app'; as the log states it, where it does",
            "* the ledger has one sum for all events of a line: `everycent statement ada --period 2026-10 --events` says of how much",
        ],
    );
    // One event: 30 % of -5.00 are what was taken.
    let reversal = ["1.50  channel_fee: 30 % of -5.00, when channel is 'app'; as the log states it, where it does"];
    assert!(!has("2026-11", &reversal).contains('*'));
}

/// One gift each under a condition, of which the ledger has the sums of one event.
#[test]
fn of_one_event_the_ledger_says_whether_its_fee_is_stated() {
    let dir = tempfile::tempdir().expect("a folder");
    let policy = program(
        "deductions = [{ name = \"channel_fee\", percent = \"30 %\" }, { name = \"fund\", percent = \"10 %\", when = \"payer_country = 'DE'\" }]\nshare = \"50 %\"",
    );
    let gift = |who: &str, rest: &str| {
        format!(
            "{{ log = \"gifts\", event_time = 2026-10-05, creator_id = \"{who}\", amount = \"10.00\", currency = \"EUR\", {rest} }}"
        )
    };
    let events = [
        gift("ada", "channel_fee = \"2.00\", payer_country = \"DE\""),
        gift("ben", "payer_country = \"DE\""),
        gift("cho", "payer_country = \"US\""),
    ];
    let example = format!(
        "[[example]]\nname = \"one each\"\nevents = [{}]\nearnings = [{{ creator_id = \"ada\" }}]\n",
        events.join(", ")
    );
    let examples = Examples::read("policies/p.examples.toml".into(), example).unwrap_or_else(|e| panic!("{e}"));
    stage(dir.path(), &files(&policy), &examples.0[0]).unwrap_or_else(|e| panic!("{e}"));
    let path = dir.path().display().to_string();
    let (code, _, talk) = everycent(&["run", "--period", "2026-10", "--book", &path]);
    assert_eq!(code, Some(0), "{talk}");
    let steps = |who: &str| {
        let (code, text, talk) = everycent(&["statement", who, "--period", "2026-10", "--book", &path]);
        assert_eq!(code, Some(0), "{talk}");
        let is_step = |line: &&str| line.contains("channel_fee") || line.contains("fund");
        text.lines().filter(is_step).map(|line| line.trim().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        steps("ada"),
        ["-2.00  channel_fee: as the log states it", "-0.80  fund: 10 % of 8.00, when payer_country is 'DE'"]
    );
    let computed = "-3.00  channel_fee: 30 % of 10.00, as the log states it, where it does";
    assert_eq!(steps("ben"), [computed, "-0.70  fund: 10 % of 7.00, when payer_country is 'DE'"]);
    // A condition that does not hold takes nothing.
    assert_eq!(steps("cho"), [computed]);
}

#[test]
fn a_statement_goes_down_to_the_events_of_each_line() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = subscriptions(dir.path());
    let has = |period: &str, lines: &[&str]| {
        let (code, text, talk) = everycent(&["statement", "ada", "--period", period, "--events", "--book", &path]);
        assert_eq!(code, Some(0), "{talk}");
        for line in lines {
            assert!(text.lines().any(|l| l.trim() == *line), "no line {line:?} in\n{text}");
        }
    };
    // 30 % of 5.00; none of 10.00 on the web; 1.00 of 8.00 as stated: 3.50 + 10.00 + 7.00, of which 70 % are 14.35.
    has(
        "2026-10",
        &[
            "-2.50  channel_fee: 30 % of 5.00, when channel is 'app'; 1.00 as the log states it",
            "2026-10-05 subscriptions s1 start: paid 5.00, channel_fee -1.50 (30 % of 5.00), creator side 2.45, part 1.225",
            "2026-10-06 subscriptions s2 start: paid 10.00, creator side 7.00, part 3.50",
            "2026-10-07 subscriptions s3 start: paid 8.00, channel_fee -1.00 (as the log states it), creator side 4.90, part 2.45",
        ],
    );
    has(
        "2026-11",
        &[
            "1.50  channel_fee: 30 % of -5.00, when channel is 'app'",
            "2026-10-05 subscriptions s1 start: paid -5.00, channel_fee 1.50 (30 % of -5.00), creator side -2.45, part -1.225, taken back by r1",
        ],
    );
    // The policies of today are not asked, those of the run are; its files must be as they were.
    fs::write(dir.path().join("policies/p.toml"), program("share = \"1 %\"")).expect("written");
    has("2026-10", &["2026-10-06 subscriptions s2 start: paid 10.00, creator side 7.00, part 3.50"]);
    fs::remove_file(dir.path().join("logs/subscriptions/events.parquet")).expect("removed");
    let (code, _, talk) = everycent(&["statement", "ada", "--period", "2026-10", "--events", "--book", &path]);
    assert_eq!(code, Some(3), "{talk}");
}

/// Two gifts in October, of which the first is taken back in November, counted in diamonds; run and closed.
fn diamonds(dir: &Path, round_at: &str, more: &str) -> String {
    let unit = "[[unit]]\nname = \"diamond\"\ndigits = 0\ncurrency = \"USD\"\n\
                rates = [{ from = 2026-01-01, rate = \"0.005\" }, { from = 2026-10-20, rate = \"0.0025\" }]\n";
    let deductions = "deductions = [{ name = \"channel_fee\", percent = \"30 %\" }]";
    let keys = format!("unit = \"diamond\"\nround_at = \"{round_at}\"\n{deductions}\nshare = \"50 %\"");
    let row = |id: &str, rest: &str| {
        format!("{{ log = \"gifts\", event_id = \"{id}\", creator_id = \"ada\", currency = \"USD\", {rest} }}")
    };
    let events = [
        row("g1", "event_time = 2026-10-05, amount = \"0.99\""),
        row("g2", "event_time = 2026-10-06, amount = \"1.02\""),
        row("r1", "event_time = 2026-11-02, amount = \"0.99\", kind = \"refund\", original_id = \"g1\""),
    ];
    let example = format!(
        "[[example]]\nname = \"two\"\nevents = [{}{more}]\nearnings = [{{ creator_id = \"ada\" }}]\n",
        events.join(", ")
    );
    let examples = Examples::read("policies/p.examples.toml".into(), example).unwrap_or_else(|e| panic!("{e}"));
    stage(dir, &files(&(program(&keys) + unit)), &examples.0[0]).unwrap_or_else(|e| panic!("{e}"));
    let path = dir.display().to_string();
    let (code, _, talk) = everycent(&["run", "--all", "--close", "--book", &path]);
    assert_eq!(code, Some(0), "{talk}");
    path
}

#[test]
fn a_statement_says_the_units_of_a_line_and_of_each_event_behind_it() {
    let late = ", { log = \"gifts\", event_id = \"g3\", event_time = 2026-10-20, creator_id = \"ada\", amount = \"0.99\", currency = \"USD\" }";
    for (round_at, more, period, words) in [
        ("line", "", "2026-10", ["141 diamonds", "(69.3 diamonds)", "(71.4 diamonds)"]),
        // What is left of October is 71.4, 71 of them: the event took 69.3, the line 70.
        ("line", "", "2026-11", ["-70 diamonds", "creator side -0.3465 (-69.3 diamonds)", "taken back by r1"]),
        ("event", "", "2026-10", ["140 diamonds", "creator side 0.345 (69 diamonds)", "(71 diamonds)"]),
        ("event", "", "2026-11", ["-69 diamonds", "creator side -0.345 (-69 diamonds)", "taken back by r1"]),
        // What is worth the same is rounded at once: 140.7 at half a cent and 138.6 at a quarter are 141 and 139.
        ("line", late, "2026-10", ["280 diamonds", "(69.3 diamonds)", "(138.6 diamonds)"]),
    ] {
        let dir = tempfile::tempdir().expect("a folder");
        let path = diamonds(dir.path(), round_at, more);
        let statement = |more: &[&str]| {
            let (code, text, talk) =
                everycent(&[&["statement", "ada", "--period", period, "--book", &path], more].concat());
            assert_eq!(code, Some(0), "{talk}");
            text
        };
        let text = statement(&["--events"]);
        let side = text.lines().find(|line| line.contains("  creator side")).expect("the creator side");
        assert!(side.contains(&format!("creator side: {}. Of what", words[0])), "{round_at} {period}: {side}");
        words[1..].iter().for_each(|word| assert!(text.contains(word), "{round_at} {period}: no {word} in\n{text}"));
        let json: serde_json::Value =
            serde_json::from_str(&statement(&["--events", "--format", "json"])).expect("JSON");
        let line = &json["accounts"][0]["lines"][0];
        let units = line["explanation"].as_array().expect("steps").last().expect("a step")["units"].clone();
        let number = words[0].split(' ').next().expect("a number");
        assert_eq!(units, serde_json::json!({"unit": "diamond", "number": number}));
        assert_eq!(line["behind"][0]["units"]["unit"], "diamond");
        assert!(!statement(&[]).contains("diamond"), "the ledger alone does not say it");
    }
}

/// Major units as millionths, so that parts of a cent add up: `2.45 1/3` is 2.45 and a third of a cent, cut off.
fn millionths(text: &str) -> i128 {
    if let Some((amount, part)) = text.split_once(' ') {
        let (n, d) = part.split_once('/').unwrap_or_else(|| panic!("no fraction: {text}"));
        let digits = amount.split_once('.').map_or(0, |(_, digits)| digits.len());
        let unit = 10_i128.pow(6 - u32::try_from(digits).expect("few"));
        let (n, d): (i128, i128) = (n.parse().expect("a number"), d.parse().expect("a number"));
        return millionths(amount) + unit * n / d * if amount.starts_with('-') { -1 } else { 1 };
    }
    let (whole, digits) = text.split_once('.').unwrap_or((text, ""));
    let negative = whole.starts_with('-');
    let whole: i128 = whole.replace([',', '-'], "").parse().unwrap_or_else(|_| panic!("no amount: {text}"));
    let digits: i128 = format!("{digits:0<6}").parse().unwrap_or_else(|_| panic!("no amount: {text}"));
    (whole * 1_000_000 + digits) * if negative { -1 } else { 1 }
}

/// The events of every line of the sample book add up to it, whatever it was booked for.
#[test]
fn the_events_of_every_line_of_the_sample_add_up_to_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let book = dir.path().join("b");
    let book = book.to_str().expect("a name");
    everycent(&["init", book]);
    everycent(&["run", "--all", "--close", "--book", book]);
    let (mut lines, mut corrected) = (0, 0);
    for party in ["ana", "maestro", "dara"] {
        for period in ["2026-01", "2026-02", "2026-03"] {
            let arguments = ["statement", party, "--period", period, "--events", "--format", "json", "--book", book];
            let (code, json, talk) = everycent(&arguments);
            assert_eq!(code, Some(0), "{talk}");
            let statement: serde_json::Value = serde_json::from_str(&json).expect("JSON");
            for line in statement["accounts"]
                .as_array()
                .expect("accounts")
                .iter()
                .flat_map(|a| a["lines"].as_array().expect("lines"))
            {
                let Some(events) = line["behind"].as_array() else { continue };
                let steps = line["explanation"].as_array().expect("steps");
                let step = |name: &str| {
                    let found = steps.iter().filter(|s| s["step"] == name);
                    found.map(|s| millionths(s["amount"].as_str().expect("an amount"))).sum::<i128>()
                };
                let sum = |of: &str| events.iter().filter_map(|e| e[of].as_str()).map(millionths).sum::<i128>();
                assert_eq!(sum("paid"), step("paid"), "{line:#}");
                let off = (sum("creator_side") - step("creator side")).abs();
                assert!(off <= 1_000_000, "{off}: {line:#}");
                for taken in steps.iter().filter(|s| s["rate"].is_string() && s["amount_minor"] != 0) {
                    let name = taken["step"].as_str().expect("a name");
                    assert!(taken["base"].is_string(), "{name} has a base: {line:#}");
                    let all = events.iter().flat_map(|e| e["deductions"].as_array().expect("deductions"));
                    let all: i128 = all
                        .filter(|d| d["name"] == name)
                        .map(|d| millionths(d["amount"].as_str().expect("an amount")))
                        .sum();
                    assert!((all - step(name)).abs() <= 500_000, "{name}: {line:#}");
                }
                lines += 1;
                corrected += usize::from(line["cause"] != "current");
            }
        }
    }
    assert!(lines > 10 && corrected > 0, "{lines} lines, {corrected} of them corrections");
}

/// Every sum among the steps is what the steps before it add up to; the last one is the line's own part.
fn adds_up(line: &serde_json::Value) {
    let steps = line["explanation"].as_array().expect("steps");
    let mut sum = 0;
    for step in steps {
        let minor = step["amount_minor"].as_i64().expect("a number");
        if step["is_sum"] == true {
            assert_eq!(minor, sum, "{line:#}");
        } else {
            sum += minor;
        }
    }
    let last = steps.last().expect("a step");
    assert_eq!(last["is_sum"], true, "{line:#}");
    let part = line["part"].as_str().expect("a part").split(' ').next().expect("an amount").to_owned();
    assert_eq!(last["amount"].as_str(), Some(part.as_str()), "{line:#}");
}
