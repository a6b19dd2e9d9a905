//! The program and the slow model, side by side over random books: every table of every step, to the minor unit.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::books::{RandomBook, Step, random};
use crate::model::run::Model;
use crate::support::conservation::{faults, int};
use crate::support::folder::{Folder, Layout};
use crate::support::tables::{Tables, differences};

/// Books compared by one test run; `EVERYCENT_TEST_SEEDS=100..400` asks for others.
const SEEDS: std::ops::Range<u64> = 0..25;

/// Walks the steps with the model alone: what it books must add up, and no book may be tame.
#[test]
fn the_model_conserves_money_in_books_that_are_wild_enough() {
    let mut seen = BTreeSet::new();
    for seed in 0..60 {
        let RandomBook { book, steps } = random(seed);
        let (mut model, mut last) = (Model::new(&book), None);
        for step in &steps {
            match step {
                Step::Deliver(delivery) => model.deliver(*delivery),
                Step::Run(period) => drop(model.run(period)),
                Step::Close(period) => {
                    model.close(period);
                    let tables = model.draft(period).tables.clone();
                    let faults = faults(&tables, last.as_ref());
                    assert!(faults.is_empty(), "seed {seed}, {period}:\n{}", faults.join("\n"));
                    note(&tables, &mut seen);
                    last = Some(tables);
                }
            }
        }
    }
    let missing: Vec<&str> = WILD.split_whitespace().filter(|word| !seen.contains(*word)).collect();
    assert!(missing.is_empty(), "no random book has {missing:?}");
}

/// What random books must have somewhere: causes, fates, reasons, and a party in debt.
const WILD: &str = "current policy_correction reference_correction fx_correction released late_event reversal rated ineligible waiting duplicate later quarantined \
    id_missing unknown_kind creator_missing party_missing unknown_currency tax_and_fee_exceed_amount not_four_eyes conflict \
    reversal_exceeds_charge no_policy creator_unknown_on_date age_18 followers_1000 charge_unknown hold payout adjustment \
    suspense platform_expense party_held fx move release stand_in advance recoup withhold reserve forfeit debt paid_before brought_forward pool";

fn note(tables: &Tables, seen: &mut BTreeSet<String>) {
    let columns = ["cause", "fate", "reason", "kind", "account"];
    let lines = ["earnings", "control", "journal", "balances"].iter().flat_map(|table| &tables[*table]);
    seen.extend(lines.flat_map(|line| columns.iter().filter_map(|c| line.get(*c).cloned())));
    let in_debt = tables["statements"].iter().any(|line| int(line, "closing_minor") < 0);
    seen.extend(in_debt.then(|| "debt".to_owned()));
}

#[test]
fn every_table_of_random_books_agrees() {
    let seeds = seeds();
    let next = AtomicU64::new(seeds.start);
    let work = || {
        let mut failed = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return failed;
            }
            failed.extend(compare(seed).err());
        }
    };
    let failed: Vec<String> = std::thread::scope(|scope| {
        let workers = [scope.spawn(work), scope.spawn(work)];
        workers.into_iter().flat_map(|w| w.join().expect("a worker")).collect()
    });
    assert!(failed.is_empty(), "{} of {} books differ\n{}", failed.len(), seeds.end - seeds.start, failed.join("\n"));
}

fn seeds() -> std::ops::Range<u64> {
    let Ok(text) = std::env::var("EVERYCENT_TEST_SEEDS") else { return SEEDS };
    let (from, to) = text.split_once("..").expect("a range such as 0..25");
    from.parse().expect("a number")..to.parse().expect("a number")
}

/// # Errors
/// The first difference, with the seed and the folder, which is kept.
fn compare(seed: u64) -> Result<(), String> {
    let dir = tempfile::Builder::new().prefix(&format!("everycent-seed-{seed}-")).tempdir().expect("a folder");
    let found = walk(seed, dir.path());
    found.map_err(|why| format!("seed {seed}, book kept in {}: {why}", dir.keep().display()))
}

fn walk(seed: u64, dir: &Path) -> Result<(), String> {
    let RandomBook { book, steps } = random(seed);
    let layout = if seed.is_multiple_of(2) { Layout::Plain } else { Layout::Shuffled(seed) };
    let (mut model, mut folder) = (Model::new(&book), Folder::create(dir, &book, layout));
    for step in steps {
        let (period, outcome) = match &step {
            Step::Deliver(delivery) => {
                model.deliver(*delivery);
                folder.deliver(*delivery);
                continue;
            }
            Step::Run(period) => (period, folder.run(period)),
            Step::Close(period) => (period, folder.close(period)),
        };
        if outcome.code != Some(0) {
            return Err(format!("{step:?} ended with {:?}\n{}{}", outcome.code, outcome.stdout, outcome.stderr));
        }
        if let Step::Close(period) = &step {
            model.close(period);
        } else {
            model.run(period);
        }
        let wrong = differences(&model.draft(period).tables, &folder.tables(period));
        if !wrong.is_empty() {
            return Err(format!("{step:?}: {} differences\n{}", wrong.len(), wrong[..wrong.len().min(12)].join("\n")));
        }
    }
    Ok(())
}
