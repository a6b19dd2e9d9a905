//! Books over real rows: contributions, grants, streamers. What is expected was counted by DuckDB over the raw files, by
//! the queries that each book's README gives; skipped where ../shared is absent.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use arrow::array::{Array, RecordBatch};
use everycent::query::Engine;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::support::engine::{Everycent, Outcome};
use crate::support::tables::{Tables, read_run};

fn real(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/real").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: ../shared/real/{name} is not here");
    None
}

/// A copy of a committed book that reads the real rows from where they lie.
fn book(name: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("data/books").join(name), dir.path());
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").display().to_string();
    edit(dir.path(), "everycent.toml", "../../../../shared", &shared);
    dir
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a committed book") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        match path.is_dir() {
            true if path.ends_with("ledger") => {}
            true => copy(&path, &target),
            false => drop(fs::copy(&path, target).expect("a copy")),
        }
    }
}

fn edit(dir: &Path, name: &str, from: &str, to: &str) {
    let text = fs::read_to_string(dir.join(name)).expect("a file of the book");
    assert!(text.contains(from), "{name} has no {from}");
    fs::write(dir.join(name), text.replace(from, to)).expect("a file of the book");
}

fn run(dir: &Path, period: &str) -> Outcome {
    Everycent::verb("run", dir, period).run()
}

fn tables(dir: &Path, period: &str) -> Tables {
    run(dir, period).succeeded(period);
    let draft = fs::read_to_string(dir.join(format!("ledger/draft/{period}.json"))).expect("a draft");
    let draft: serde_json::Value = serde_json::from_str(&draft).expect("JSON");
    read_run(&dir.join("ledger/runs").join(draft["run_id"].as_str().expect("a run")))
}

/// Cumulative rows and amount by (log, currency, fate, reason).
fn control(tables: &Tables) -> BTreeMap<(String, String, String, String), (i64, i64)> {
    let number = |text: &str| text.parse::<i64>().expect("a number");
    let cell = |row: &BTreeMap<String, String>, name: &str| row.get(name).cloned().unwrap_or_default();
    let total = |row: &BTreeMap<String, String>| {
        let key = (cell(row, "log"), cell(row, "currency"), cell(row, "fate"), cell(row, "reason"));
        (key, (number(&row["total_rows"]), number(&row["total_amount_minor"])))
    };
    tables["control"].iter().map(total).collect()
}

/// The total of all currencies.
fn rows_of(tables: &Tables, log: &str, fate: &str, reason: &str) -> i64 {
    let of = |(l, _, f, r): &(String, String, String, String)| l == log && f == fate && r == reason;
    control(tables).iter().filter(|(key, _)| of(key)).map(|(_, (rows, _))| rows).sum()
}

fn batches(path: &Path) -> Vec<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).expect("a file")).expect("Parquet");
    reader.build().expect("a reader").map(|batch| batch.expect("rows")).collect()
}

/// The rows that an audit query of a book returns over the raw rows of a log, as text.
fn audit(book: &str, query: &str, raw: &Path) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("data/books/{book}/queries/audits/{query}.sql"));
    let sql = fs::read_to_string(&path).expect("an audit query");
    let (from, _) = sql
        .split_once("raw.")
        .map(|(_, rest)| rest.split_once(char::is_whitespace).expect("a log"))
        .expect("raw.<log>");
    let sql = sql.replace(&format!("raw.{from}"), "raw");
    let rows = batches(raw);
    let answer = Engine::new(2, 8192).run(query, &sql, &[("raw", rows[0].schema(), rows)]).expect("an audit");
    let text = |array: &dyn Array, at: usize| arrow::util::display::array_value_to_string(array, at).expect("text");
    let row = |b: &RecordBatch, at: usize| b.columns().iter().map(|c| text(c.as_ref(), at)).collect();
    answer.iter().flat_map(|b| (0..b.num_rows()).map(|at| row(b, at)).collect::<Vec<_>>()).collect()
}

#[test]
fn contributions_are_rated_once_and_give_the_net_that_their_rows_state() {
    if real("opencollective").is_none() {
        return;
    }
    let dir = book("opencollective");
    // one period that holds all contributions: months do not matter to sums
    edit(dir.path(), "everycent.toml", "first_period = \"2015-12\"", "first_period = \"2017-12\"");
    let tables = tables(dir.path(), "2017-12");
    for (log, other, mine, others) in [("subscriptions", "no_interval", 896, 76), ("gifts", "interval", 76, 896)] {
        let reasons =
            ["deleted", "expense", "payers_side", "no_kind", other].map(|r| rows_of(&tables, log, "excluded", r));
        assert_eq!(reasons, [1992, 210, 972, 6, others], "{log}");
        assert_eq!(rows_of(&tables, log, "rated", ""), mine, "{log}");
    }
    let (mut gross, mut net) = (BTreeMap::new(), BTreeMap::new());
    for row in &tables["earnings"] {
        let key = (row["program"].clone(), row["currency"].clone());
        *gross.entry(key.clone()).or_insert(0) += row["gross_minor"].parse::<i64>().expect("cents");
        *net.entry(key).or_insert(0) += row["creator_minor"].parse::<i64>().expect("cents");
    }
    let key = |program: &str, currency: &str| (program.to_owned(), currency.to_owned());
    let expected = [
        (key("gifts", "EUR"), 1_004_287, 974_258),
        (key("gifts", "USD"), 4_919_686, 4_740_015),
        (key("subscriptions", "EUR"), 286_000, 262_621),
        (key("subscriptions", "USD"), 2_035_900, 1_752_026),
    ];
    assert_eq!(gross, expected.iter().map(|(k, g, _)| (k.clone(), *g)).collect());
    assert_eq!(net, expected.iter().map(|(k, _, n)| (k.clone(), *n)).collect());
}

#[test]
fn audits_of_contributions_find_the_group_that_does_not_balance() {
    let Some(folder) = real("opencollective") else { return };
    let raw = folder.join("Transactions.parquet");
    let group = audit("opencollective", "groups_balance", &raw);
    assert_eq!(group.len(), 1, "{group:?}");
    assert_eq!(group[0][1..], ["51102", "52065", "-2106"].map(str::to_owned), "{group:?}");
    let nets = audit("opencollective", "fees_explain_net", &raw);
    let nets: Vec<&[String]> = nets.iter().map(|row| &row[1..]).collect();
    assert_eq!(nets, [["21642", "19478", "19477"], ["21650", "19486", "19485"]].map(|r| r.map(str::to_owned)));
    let sides = audit("opencollective", "sides_mirror", &raw);
    assert_eq!(sides.len(), 1, "{sides:?}");
    assert_eq!(sides[0][1..], ["52644", "52649", "-1159"].map(str::to_owned));
}

/// One period that holds all grants: months do not matter to fates.
fn grants() -> tempfile::TempDir {
    let dir = book("donations_list");
    edit(dir.path(), "everycent.toml", "first_period = \"1985-01\"", "first_period = \"2023-12\"");
    dir
}

#[test]
fn grants_without_date_amount_or_grantee_are_named_and_the_rest_rated() {
    if real("donations_list").is_none() {
        return;
    }
    let dir = grants();
    let tables = tables(dir.path(), "2023-12");
    let count = |fate: &str, reason: &str| rows_of(&tables, "brand_deals", fate, reason);
    assert_eq!(count("quarantined", "time_missing"), 3495);
    assert_eq!(count("quarantined", "amount_missing"), 67);
    assert_eq!(count("quarantined", "creator_missing"), 12);
    assert_eq!(count("excluded", "no_amount"), 230, "44 of the 274 zeros have no date either");
    assert_eq!(count("rated", ""), 92_038);
    let control = control(&tables);
    assert_eq!(control.values().map(|(rows, _)| rows).sum::<i64>(), 95_842);
    assert!(control.keys().all(|(_, _, fate, _)| fate != "duplicate"), "honest repetitions were merged");
    // dollars: 60 negative amounts, 2,528,376.00 in all, count as reversals; with their sign lost the sum is another
    let rated = |currency: &str| control[&("brand_deals".into(), currency.into(), "rated".into(), String::new())];
    assert_eq!(rated("USD"), (91_603, 1_822_196_293_005));
    assert_eq!(rated("SEK"), (190, 1_197_989_900_000));
    assert_eq!(rated("KRW"), (1, 318_000_000));
    assert_eq!(rated("GBP"), (212, 2_226_677_025));
}

#[test]
fn grants_before_the_first_reference_rate_are_held() {
    if real("donations_list").is_none() {
        return;
    }
    let dir = grants();
    let tables = tables(dir.path(), "2023-12");
    let held: BTreeMap<(&str, &str), &str> = tables["balances"]
        .iter()
        .filter(|row| row["account"] == "party_held")
        .map(|row| ((row["party_id"].as_str(), row["currency"].as_str()), row["closing_minor"].as_str()))
        .collect();
    let expected =
        [(("grantee-4fd6f7d59a501f9b", "USD"), "-22444400"), (("grantee-9b9f1daa1667f97f", "USD"), "-12750000")];
    assert_eq!(held, BTreeMap::from(expected));
}

#[test]
fn amounts_finer_than_a_cent_are_quarantined_and_named() {
    let Some(folder) = real("donations_list") else { return };
    let named = audit("donations_list", "finer_than_a_cent", &folder.join("donations.parquet"));
    // by exact decimals; a cast to ten digits loses 129276.00000000001
    assert_eq!(named.len(), 356);
    // a book that took the list's dollars in place of the original amounts
    let dir = grants();
    edit(dir.path(), "everycent.toml", "rows = \"4 %\"", "rows = \"5 %\"");
    let staging = "queries/staging/brand_deals.sql";
    edit(dir.path(), staging, "coalesce(original_currency, 'USD') as currency", "'USD' as currency");
    edit(dir.path(), staging, "when original_currency is null then", "when true then");
    edit(dir.path(), staging, "when original_currency = 'KRW' then 1", "when false then 1");
    let tables = tables(dir.path(), "2023-12");
    assert_eq!(rows_of(&tables, "brand_deals", "quarantined", "sub_minor"), 349, "7 of the 356 have no date");
}

#[test]
fn a_date_that_is_only_a_year_goes_to_its_last_day() {
    if real("donations_list").is_none() {
        return;
    }
    let dir = book("donations_list");
    let december = tables(dir.path(), "1985-12");
    assert_eq!(rows_of(&december, "brand_deals", "rated", ""), 163, "every grant of 1985");
    let booked: i64 = december["earnings"].iter().map(|row| row["events"].parse::<i64>().expect("a number")).sum();
    assert_eq!(booked, 163, "all of them have the precision of a year, and are earned in December");
}

#[test]
fn streamers_sell_what_their_number_says() {
    if real("twitch_streamers").is_none() {
        return;
    }
    let dir = book("streamers");
    let tables = tables(dir.path(), "2010-12");
    assert_eq!(rows_of(&tables, "commerce", "rated", ""), 37_015);
    assert_eq!(rows_of(&tables, "commerce", "ineligible", "views_1000"), 4_993);
    let gross = |creator: &str| {
        let rows = tables["earnings"].iter().filter(|row| row["creator_id"] == creator);
        rows.map(|row| row["gross_minor"].parse::<i64>().expect("pence")).sum::<i64>()
    };
    // DuckDB over the raw rows of December 2010, by the README's rule: streamer 9139 (3,767 views; 85123 % 9498, the
    // white hanging heart T-light holder) sells for 9,877.82 GBP, all who have 1,000 views for 676,815.77.
    assert_eq!(gross("streamer-9139"), 987_782);
    let all = tables["earnings"].iter().map(|row| row["gross_minor"].parse::<i64>().expect("pence")).sum::<i64>();
    assert_eq!(all, 67_681_577);
}
