//! The worked example of the contract: every table of every step, row by row.

use std::path::{Path, PathBuf};

use crate::model::run::Model;
use crate::support::book::{ARRIVAL, TextBook};
use crate::support::engine::Everycent;
use crate::support::folder::{Folder, Layout};
use crate::support::tables::{Tables, differences, read_csv};

const POLICIES: &str = r#"
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
share = "70 %"
bonus = [{ name = "reach", points = "20", when = "followers >= 10000 and views_30d >= 100000 and posts_30d >= 3" }]

[[measure]]
name = "views_30d"
log = "engagement"
where = "kind = 'view'"
sum = "views"
days = 30
end = "event_day"
late = "rerate"

[[measure]]
name = "posts_30d"
log = "engagement"
where = "kind = 'post' and audience = 'subscribers'"
count = true
days = 30
end = "event_day"
late = "rerate"

[[program]]
name = "members"
version = "1"
valid_from = 2026-01-01
log = "subscriptions"
where = "tier = 'member'"
share = "70 %"
round_at = "event"

[[program]]
name = "gifts"
version = "1"
valid_from = 2026-01-01
log = "gifts"
deductions = [{ name = "channel_fee", percent = "30 %" }]
share = "50 %"

[[program]]
name = "shop"
version = "1"
valid_from = 2026-01-01
log = "commerce"
share = { column = "commission_bps", per = 10000 }

[[program]]
name = "brand"
version = "1"
valid_from = 2026-01-01
log = "brand_deals"

[program.tiers]
window = "lifetime"
basis = "gross"
currency = "EUR"
mode = "marginal"
bands = [{ from = "0.00", percent = "97 %" }, { from = "50000.00", percent = "80 %" }]

[[terms]]
version = "1"
valid_from = 2026-01-01
fx_date = "period_end"
fx_max_days_back = 7
minimum_payout = { EUR = "25.00", USD = "25.00" }
due_days = 15
"#;

/// The example's folder; none, with a word, where the contract does not lie beside the repository.
fn example() -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/worked");
    if !dir.is_dir() {
        println!("skipped: no worked example beside the repository");
    }
    dir.is_dir().then_some(dir)
}

fn book(example: &Path) -> TextBook {
    TextBook::read(example, "worked", "Europe/Berlin", "2026-10", POLICIES)
}

#[track_caller]
fn assert_same(step: &str, example: &Path, found: &Tables) {
    let differences = differences(&read_csv(&example.join("expected").join(step)), found);
    assert!(differences.is_empty(), "step {step}:\n{}", differences.join("\n"));
}

#[test]
fn the_model_reproduces_every_step() {
    let Some(example) = example() else { return };
    let mut model = Model::new(&book(&example));
    model.deliver(1);
    assert_same("2026-10", &example, &model.run("2026-10").tables);
    model.deliver(2);
    assert_same("2026-11-provisional", &example, &model.run("2026-11").tables);
    model.close("2026-10");
    model.deliver(3);
    assert_same("2026-11", &example, &model.run("2026-11").tables);
    model.close("2026-11");
    model.deliver(4);
    assert_same("2026-12", &example, &model.run("2026-12").tables);
}

fn the_program_reproduces_every_step(layout: Layout) {
    let Some(example) = example() else { return };
    let dir = tempfile::tempdir().expect("a folder");
    let mut folder = Folder::create(dir.path(), &book(&example), layout);
    folder.deliver(1);
    folder.run("2026-10").succeeded("run of October");
    assert_same("2026-10", &example, &folder.tables("2026-10"));
    folder.deliver(2);
    folder.run("2026-11").succeeded("provisional run of November");
    assert_same("2026-11-provisional", &example, &folder.tables("2026-11"));
    assert_ne!(folder.close("2026-11").code, Some(0), "a provisional draft can't be closed");
    folder.close("2026-10").succeeded("close of October");
    assert_same("2026-10", &example, &folder.tables("2026-10"));
    for (delivery, period) in [(3, "2026-11"), (4, "2026-12")] {
        folder.deliver(delivery);
        folder.run(period).succeeded(period);
        assert_same(period, &example, &folder.tables(period));
        folder.close(period).succeeded(period);
        assert_same(period, &example, &folder.tables(period));
    }
}

#[test]
fn the_program_reproduces_every_step_from_plain_files() {
    the_program_reproduces_every_step(Layout::Plain);
}

#[test]
fn the_program_reproduces_every_step_from_shuffled_files() {
    the_program_reproduces_every_step(Layout::Shuffled(7));
}

#[test]
fn a_closed_period_refuses_another_run() {
    let Some(example) = example() else { return };
    let dir = tempfile::tempdir().expect("a folder");
    let mut folder = Folder::create(dir.path(), &book(&example), Layout::Plain);
    folder.deliver(1);
    folder.run("2026-10").succeeded("run of October");
    folder.close("2026-10").succeeded("close of October");
    folder.deliver(2);
    let again = Everycent::verb("run", &folder.dir, "2026-10").run();
    assert_eq!(again.code, Some(5), "{}{}", again.stdout, again.stderr);
    assert_same("2026-10", &example, &folder.tables("2026-10"));
}

#[test]
fn deliveries_are_no_column_of_a_log() {
    let Some(example) = example() else { return };
    let dir = tempfile::tempdir().expect("a folder");
    let mut folder = Folder::create(dir.path(), &book(&example), Layout::Plain);
    folder.deliver(1);
    let file = dir.path().join("logs/gifts/delivery-01.parquet");
    let lines = crate::support::tables::lines_of_parquet(&file);
    assert!(lines.iter().all(|line| !line.contains_key(ARRIVAL)) && lines.len() == 6, "{lines:?}");
}
