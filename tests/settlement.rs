//! What a party reads of its settlement: every step with what it is made of, what waits until when; and what is refused.

use std::path::Path;

use crate::support::engine::{Everycent, Outcome};
use crate::support::folder::{Folder, Layout};
use crate::support::story::{Story, What};

/// A story's book after everything up to (and with) this run.
fn told(name: &str, until: &str, dir: &Path) -> Folder {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios").join(name);
    let story = Story::parse(&std::fs::read_to_string(path).expect("a story"));
    let mut folder = Folder::create(dir, &story.book, Layout::Plain);
    for step in &story.steps {
        match &step.what {
            What::Deliver(delivery) => folder.deliver(*delivery),
            What::RunAndClose(period) => {
                folder.run(period).succeeded("run");
                folder.close(period).succeeded("close");
                if period == until {
                    break;
                }
            }
            _ => {}
        }
    }
    folder
}

fn statement(folder: &Folder, party: &str, period: &str) -> String {
    let Outcome { stdout, .. } =
        Everycent::verb("statement", &folder.dir, period).arg(party).run().succeeded("statement");
    stdout
}

#[track_caller]
fn has_lines(text: &str, lines: &[&str]) {
    let plain = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let all: Vec<String> = text.lines().map(plain).collect();
    for line in lines {
        assert!(all.iter().any(|l| l == line), "no line {line:?} in\n{text}");
    }
}

#[test]
fn a_statement_says_what_each_step_is_made_of_and_what_waits_until_when() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = told("hold_and_tax.txt", "2026-11", dir.path());
    let text = statement(&folder, "ada", "2026-11");
    let steps = [
        "held -20.00",
        "-20.00 live, until 2026-12",
        "hold released 50.00",
        "50.00 live, was held until 2026-11",
        "advance recouped -15.00",
        "-15.00 advance a1, at most 50 % of 50.00",
        "tax withheld -15.00",
        "-15.00 us, 30 % of 50.00",
        "kept in reserve -5.00",
        "-5.00 until 2027-02-28, at most 10 % of 50.00",
    ];
    has_lines(&text, &steps);
    has_lines(
        &text,
        &["not among these:", "50.00 on hold until 2026-12: live", "5.00 in reserve until 2027-02-28, of 2026-11"],
    );
}

#[test]
fn each_tax_has_a_line_of_its_own_on_the_statement_and_in_the_journal() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = told("several_taxes.txt", "2026-10", dir.path());
    has_lines(
        &statement(&folder, "ada", "2026-10"),
        &[
            "tax withheld -104.48",
            "-80.00 federal: no_form, 24 % of 333.33",
            "-23.33 state: california, 7 % of 333.33",
            "-1.15 levy: levy, 0.5 % of 230.00",
        ],
    );
    let sql = "select channel, sum(-amount_minor) as minor from journal where account = 'withholding_payable' \
               group by channel order by channel";
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_everycent"));
    let asked = command.args(["query", sql, "--format", "csv", "--book"]).arg(&folder.dir).output().expect("starts");
    assert_eq!(String::from_utf8_lossy(&asked.stdout), "channel,minor\nfederal,9500\nlevy,607\nstate,2333\n");
}

#[test]
fn a_part_of_a_pot_goes_down_to_the_usage_that_it_was_divided_by() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = told("pool_weights.txt", "2026-10", dir.path());
    let Outcome { stdout, .. } =
        Everycent::verb("statement", &folder.dir, "2026-10").arg("ada").arg("--events").run().succeeded("statement");
    let lines = [
        "2026-10-31 engagement part of a pot: paid 44.00, creator side 44.00",
        "2026-10-02 engagement v1 view: weighs 900",
        "2026-10-03 engagement v2 view: weighs 600",
        "2026-10-03 engagement v3 view: weighs 100",
    ];
    has_lines(&stdout, &lines);
    assert!(!stdout.contains("v4"), "{stdout}");
}

#[test]
fn a_charge_that_a_refund_cancels_inside_its_hold_is_one_line() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = told("hold_of_days.txt", "2026-11", dir.path());
    let text = statement(&folder, "ada", "2026-11");
    has_lines(&text, &["6.99 live, cancelled: was held until 2026-11".replace("live", "members").as_str()]);
    has_lines(&text, &["6.99 members, was held until 2026-11"]);
}

#[test]
fn a_line_that_nobody_has_a_part_of_stands_on_the_statement_of_who_earned_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = told("cancelled.txt", "2026-10", dir.path());
    let events = |party: &str| {
        let asked = Everycent::verb("statement", &folder.dir, "2026-10").arg(party).arg("--events").run();
        asked.succeeded("statement").stdout
    };
    let ada = statement(&folder, "ada", "2026-10");
    has_lines(
        &ada,
        &[
            "EUR",
            "earned 0.00",
            "0.00 members v1 of ada: 0.00 EUR, cancelled or free of charge, 2 events",
            "0.00 paid: 2 events",
            "payable 0.00",
        ],
    );
    // What the ledger alone does not know its events say: a charge that was taken back, or two without money.
    let ada = events("ada");
    has_lines(&ada, &["0.00 members v1 of ada: 0.00 EUR, cancelled, 2 events"]);
    assert!(ada.contains("2026-10-05 subscriptions s1 start: paid 0.00, creator side 0.00, taken back by r1"), "{ada}");
    has_lines(&events("dee"), &["0.00 members v1 of dee: 0.00 EUR, free of charge, 2 events"]);
    let ben = ["0.00 service v1 of ben: 0.00 EUR, no part, 1 event", "8.00 paid: 1 event", "-8.00 platform"];
    has_lines(&statement(&folder, "ben", "2026-10"), &ben);
    // On the account that there is.
    let cho = statement(&folder, "cho", "2026-10");
    has_lines(&cho, &["USD", "0.00 members v1 of cho: 0.00 EUR, cancelled or free of charge, 2 events"]);
    assert!(!cho.lines().any(|line| line.trim() == "EUR"), "{cho}");
    // Fixed pay is the platform's: an event that it gives nothing for brought nothing.
    let eve = Everycent::verb("statement", &folder.dir, "2026-10").arg("eve").run();
    assert_eq!(eve.code, Some(2), "{eve:?}");
}

#[test]
fn a_correction_that_nobody_has_a_part_of_stands_on_the_statement_too() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = told("cancelled.txt", "2026-11", dir.path());
    let lines = [
        "corrections of earlier periods 0.00",
        "0.00 service v1 of ben reversal of 2026-10: 0.00 EUR, no part, 1 event",
    ];
    has_lines(&statement(&folder, "ben", "2026-11"), &lines);
}

#[test]
fn parties_that_stand_in_for_each_other_in_a_circle_are_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = told("chain_of_stand_ins.txt", "2026-10", dir.path());
    let path = folder.dir.join("refs/parties.csv");
    let sound = std::fs::read_to_string(&path).expect("parties");
    let bank = sound.lines().position(|line| line.starts_with("bank,")).expect("the bank") + 1;
    let line = sound.lines().nth(bank - 1).expect("a line");
    let cells: Vec<&str> = line.split(',').collect();
    let mut closed: Vec<String> = cells.iter().map(|cell| (*cell).to_owned()).collect();
    closed[6] = "amy".to_owned();
    std::fs::write(&path, sound.replace(line, &closed.join(","))).expect("parties");
    let outcome = folder.run("2026-11");
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    assert!(
        outcome.stderr.contains("column stand_in") && outcome.stderr.contains("amy -> zoe -> bank -> amy"),
        "{}",
        outcome.stderr
    );
    // From a day on, and only until another day, on which the circle would begin.
    closed[7] = "2026-12-01".to_owned();
    let until = line.replace(&format!("{},", cells[7]), &format!("{},2026-12-01", cells[7]));
    std::fs::write(&path, sound.replace(line, &format!("{until}\n{}", closed.join(",")))).expect("parties");
    let outcome = folder.run("2026-11");
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    assert!(outcome.stderr.contains("bank -> amy -> zoe -> bank"), "{}", outcome.stderr);
}

#[test]
fn references_of_settlement_are_held_against_their_contract() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = told("advance_of_the_creator.txt", "2026-10", dir.path());
    let path = folder.dir.join("refs/advances.csv");
    let sound = std::fs::read_to_string(&path).expect("advances");
    for (from, to, column) in [
        ("100 %", "0 %", "rate"),
        ("creator", "nobody", "from"),
        (",ada,", ",eve,", "party_id"),
        ("1000,", "0,", "amount_minor"),
        ("2026-10-01", "", "valid_from"),
    ] {
        std::fs::write(&path, sound.replacen(from, to, 1)).expect("advances");
        let outcome = folder.run("2026-11");
        assert_eq!(outcome.code, Some(3), "{from} -> {to}: {outcome:?}");
        let place = format!("advances.csv, line 2, column {column}");
        assert!(outcome.stderr.contains(&place), "{from} -> {to}: {}", outcome.stderr);
    }
}
