//! What must not change a result, and what must always hold: files, cores, batches, folders, repetition, arrival.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::model::books::{RandomBook, Step, random};
use crate::model::run::Model;
use crate::support::book::{ARRIVAL, TextBook};
use crate::support::conservation::faults;
use crate::support::engine::Everycent;
use crate::support::folder::{Folder, Layout};
use crate::support::tables::Tables;

/// Roots of all closes of a random book, in order.
fn roots(seed: u64, layout: Layout) -> Vec<String> {
    let dir = tempfile::tempdir().expect("a folder");
    let RandomBook { book, steps } = random(seed);
    let mut folder = Folder::create(dir.path(), &book, layout);
    let mut roots = Vec::new();
    for step in &steps {
        walk(&mut folder, step);
        if let Step::Close(period) = step {
            roots.push(folder.draft(period, "root"));
        }
    }
    roots
}

fn walk(folder: &mut Folder, step: &Step) {
    match step {
        Step::Deliver(delivery) => folder.deliver(*delivery),
        Step::Run(period) => drop(folder.run(period).succeeded(&format!("run of {period}"))),
        Step::Close(period) => drop(folder.close(period).succeeded(&format!("close of {period}"))),
    }
}

#[test]
fn files_and_rows_may_be_shuffled_split_and_renamed() {
    for seed in [101, 102, 103] {
        let plain = roots(seed, Layout::Plain);
        assert_eq!(plain, roots(seed, Layout::Shuffled(1)), "seed {seed}");
        assert_eq!(plain, roots(seed, Layout::Shuffled(2)), "seed {seed}");
    }
}

/// A book with everything delivered, nothing run.
fn delivered(dir: &Path, seed: u64, layout: Layout) -> Folder {
    let RandomBook { book, .. } = random(seed);
    let mut folder = Folder::create(dir, &book, layout);
    folder.deliver(6);
    folder
}

/// The last of three months, the two before it open; every file of the run by name.
fn december(folder: &Folder, command: impl Fn(Everycent) -> Everycent) -> (String, BTreeMap<String, Vec<u8>>) {
    command(Everycent::verb("run", &folder.dir, "2026-12")).run().succeeded("run of December");
    let dir = folder.run_dir("2026-12");
    let entries = fs::read_dir(&dir).expect("the run's folder").map(|e| e.expect("a file").path());
    let files = entries.filter(|path| path.is_file()).map(|path| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, fs::read(&path).expect("a file of the run"))
    });
    (folder.draft("2026-12", "root"), files.collect())
}

#[test]
fn cores_batches_and_folders_change_no_byte() {
    for seed in [111, 112] {
        let all = |command: &dyn Fn(Everycent) -> Everycent| {
            let dir = tempfile::tempdir().expect("a folder");
            december(&delivered(dir.path(), seed, Layout::Plain), command)
        };
        let usual = all(&|c| c);
        assert!(usual.1.len() >= 10, "nine tables and a manifest: {:?}", usual.1.keys());
        let one_core = all(&|c| c.env("RAYON_NUM_THREADS", "1").flag("--threads", "1"));
        let two_cores = all(&|c| c.env("RAYON_NUM_THREADS", "2").flag("--threads", "2"));
        let single_rows = all(&|c| c.flag("--batch-size", "1"));
        let odd_batches = all(&|c| c.env("EVERYCENT_BATCH_SIZE", "7"));
        for (other, what) in
            [(one_core, "one core"), (two_cores, "two cores"), (single_rows, "rows"), (odd_batches, "7")]
        {
            assert_eq!(usual.0, other.0, "seed {seed}, {what}: another root");
            for (name, bytes) in &usual.1 {
                assert!(other.1.get(name) == Some(bytes), "seed {seed}, {what}: {name} has other bytes");
            }
        }
    }
}

#[test]
fn a_second_run_finds_nothing_new() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = delivered(dir.path(), 121, Layout::Shuffled(3));
    let first = december(&folder, |c| c);
    let run = folder.run_dir("2026-12");
    let written = |name: &str| fs::metadata(run.join(name)).and_then(|m| m.modified()).expect("a time");
    let before: Vec<_> = first.1.keys().map(|name| written(name)).collect();
    let second = december(&folder, |c| c);
    assert_eq!(first, second, "another result");
    assert_eq!(run, folder.run_dir("2026-12"), "another run");
    assert_eq!(
        before,
        first.1.keys().map(|name| written(name)).collect::<Vec<_>>(),
        "a published file was written again"
    );
    let third = folder.run("2026-12").succeeded("third run");
    let said = format!("{}{}", third.stdout, third.stderr);
    assert!(said.contains("nothing new"), "not said: {said}");
    let runs = fs::read_dir(dir.path().join("ledger/runs")).expect("runs").count();
    assert_eq!(runs, 1, "one run was published, and stays the only one");
}

#[test]
fn a_dry_run_publishes_nothing_and_names_the_root() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = delivered(dir.path(), 122, Layout::Plain);
    let dry = Everycent::verb("run", &folder.dir, "2026-12").arg("--dry-run").run().succeeded("dry run");
    let runs = dir.path().join("ledger/runs");
    assert!(!runs.exists() || fs::read_dir(runs).expect("runs").next().is_none(), "a dry run has published");
    let (root, _) = december(&folder, |c| c);
    let said = format!("{}{}", dry.stdout, dry.stderr);
    assert!(said.contains(&root[..12]), "the root {root} is not in {said}");
}

#[test]
fn money_is_conserved_over_every_close() {
    for seed in [131, 132, 133] {
        let dir = tempfile::tempdir().expect("a folder");
        let RandomBook { book, steps } = random(seed);
        let (mut folder, mut last) = (Folder::create(dir.path(), &book, Layout::Plain), None);
        for step in &steps {
            walk(&mut folder, step);
            if let Step::Close(period) = step {
                let tables = folder.tables(period);
                let faults = faults(&tables, last.as_ref());
                assert!(faults.is_empty(), "seed {seed}, {period}:\n{}", faults.join("\n"));
                last = Some(tables);
            }
        }
    }
}

/// A random book in which a close pins nothing: no conflicts, no broken rows, no frozen measures, all quotes known from the
/// start. Everything has arrived before the last run, in an order that the dice say.
fn rearranged(seed: u64, order: u64) -> RandomBook {
    let RandomBook { mut book, steps } = random(seed);
    let amended = book.amended.iter_mut().map(|(_, text, _)| text);
    for text in amended.chain([&mut book.policies]) {
        *text =
            without_pots_of_payers(text).replace("\"frozen\"", "\"rerate\"").replace("\"next_period\"", "\"rerate\"");
    }
    let last = steps.iter().filter(|s| matches!(s, Step::Run(_))).count().min(3);
    let mut rng = ChaCha8Rng::seed_from_u64(order);
    calm(&mut book, |_| 2 * rng.random_range(0..u32::try_from(last).expect("few months")) + 1);
    let steps = ["2026-10", "2026-11", "2026-12"].iter().enumerate().flat_map(|(at, period)| {
        let delivery = u32::try_from(2 * at + 1).expect("few months");
        [Step::Deliver(delivery), Step::Run((*period).to_owned()), Step::Close((*period).to_owned())]
    });
    RandomBook { book, steps: steps.collect() }
}

/// The programs that divide no pot which payers filled: before late charges arrive, reversals may leave less than nothing
/// in it, which is a gate.
fn without_pots_of_payers(text: &str) -> String {
    let is_kept = |block: &&str| !(block.starts_with("program]]") && block.contains("pot = { program"));
    text.split("[[").filter(is_kept).collect::<Vec<_>>().join("[[")
}

/// Keeps of every id the content that stands last; each row arrives as `arrival` says. What a close would pin is known
/// from the beginning: quotes and pots.
fn calm(book: &mut TextBook, mut arrival: impl FnMut(&[String]) -> u32) {
    for sheet in book.logs.values_mut() {
        let last = sheet.columns.len() - 1;
        assert_eq!(sheet.columns[last], ARRIVAL);
        let stands: BTreeMap<String, Vec<String>> =
            sheet.rows.iter().map(|r| (r[0].clone(), r[..last].to_vec())).collect();
        sheet.rows.retain(|row| !row[0].is_empty() && stands[&row[0]] == row[..last]);
        sheet.rows.iter_mut().for_each(|row| row[last] = arrival(row).to_string());
    }
    for (name, key) in [("fx_rates", 2), ("pots", 4)] {
        let Some(pinned) = book.refs.get_mut(name) else { continue };
        let last = pinned.columns.len() - 1;
        let mut known = std::collections::BTreeSet::new();
        pinned.rows.retain(|row| known.insert(row[..key].to_vec()));
        pinned.rows.iter_mut().for_each(|row| "1".clone_into(&mut row[last]));
    }
}

/// What each earning line comes to over all closes: amounts, and what each party gets in its currency.
#[derive(Debug, Default, PartialEq, Eq)]
struct Entitlements(BTreeMap<String, i64>);

impl Entitlements {
    fn add(&mut self, tables: &Tables) {
        for line in &tables["earnings"] {
            let key = ["creator_id", "program", "policy_version", "currency", "earning_period", "fx_date"];
            let key = key.map(|c| line[c].as_str()).join(" ");
            for column in ["events", "gross_minor", "tax_minor", "channel_fee_minor", "creator_minor", "platform_minor"]
            {
                self.sum(format!("{key} {column}"), line[column].parse().expect("a number"));
            }
            let parts: Vec<serde_json::Value> = serde_json::from_str(&line["parts"]).expect("a list");
            for part in parts {
                let whose = format!("{key} {} {}", part["party_id"], part["payout_currency"]);
                self.sum(format!("{whose} minor"), part["minor"].as_i64().expect("minor units"));
                self.sum(format!("{whose} payout"), part["payout_minor"].as_i64().unwrap_or(0));
            }
        }
        self.0.retain(|_, sum| *sum != 0);
    }

    fn sum(&mut self, key: String, minor: i64) {
        *self.0.entry(key).or_default() += minor;
    }
}

fn entitlements_of_the_model(random: &RandomBook) -> Entitlements {
    let (mut model, mut sums) = (Model::new(&random.book), Entitlements::default());
    for step in &random.steps {
        match step {
            Step::Deliver(delivery) => model.deliver(*delivery),
            Step::Run(period) => drop(model.run(period)),
            Step::Close(period) => {
                model.close(period);
                sums.add(&model.draft(period).tables);
            }
        }
    }
    sums
}

fn entitlements_of_the_program(random: &RandomBook) -> Entitlements {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut folder, mut sums) = (Folder::create(dir.path(), &random.book, Layout::Plain), Entitlements::default());
    for step in &random.steps {
        walk(&mut folder, step);
        if let Step::Close(period) = step {
            sums.add(&folder.tables(period));
        }
    }
    sums
}

#[test]
fn any_order_of_arrival_ends_in_the_same_entitlements_of_the_model() {
    for seed in 200..230 {
        let first = entitlements_of_the_model(&rearranged(seed, 1));
        assert!(!first.0.is_empty());
        assert_eq!(first, entitlements_of_the_model(&rearranged(seed, 2)), "seed {seed}");
    }
}

#[test]
fn any_order_of_arrival_ends_in_the_same_entitlements() {
    for seed in [201, 202, 203, 204] {
        let first = entitlements_of_the_program(&rearranged(seed, 1));
        assert_eq!(first, entitlements_of_the_program(&rearranged(seed, 2)), "seed {seed}");
        assert_eq!(first, entitlements_of_the_model(&rearranged(seed, 3)), "seed {seed}, against the model");
    }
}
