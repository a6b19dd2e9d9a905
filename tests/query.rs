//! Questions in SQL and the month's page: answers against sums over the ledger's files, done here without the engine.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::Value;

use crate::support::conservation::{int, sums};
use crate::support::engine::Outcome;
use crate::support::tables::{Tables, read_run};

const PERIODS: [&str; 3] = ["2026-01", "2026-02", "2026-03"];

/// The sample: January and February closed, March a draft.
struct Book {
    _dir: tempfile::TempDir,
    path: PathBuf,
    tables: BTreeMap<&'static str, Tables>,
}

static BOOK: LazyLock<Book> = LazyLock::new(|| {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("book");
    let text = path.to_str().expect("UTF-8");
    everycent(&["init", text], "").succeeded("init");
    for period in PERIODS {
        everycent(&["run", "--book", text, "--period", period], "").succeeded("run");
        if period != "2026-03" {
            everycent(&["close", "--book", text, "--period", period], "").succeeded("close");
        }
    }
    let read = |period: &'static str| (period, read_run(&path.join("ledger/runs").join(run_id(&path, period))));
    let tables = PERIODS.into_iter().map(read).collect();
    Book { path, tables, _dir: dir }
});

fn run_id(book: &Path, period: &str) -> String {
    let draft = std::fs::read_to_string(book.join(format!("ledger/draft/{period}.json"))).expect("a draft");
    let draft: Value = serde_json::from_str(&draft).expect("JSON");
    draft["run_id"].as_str().expect("a run id").to_owned()
}

fn everycent(arguments: &[&str], input: &str) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_everycent"));
    command.args(arguments).env("NO_COLOR", "1").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("starts");
    child.stdin.take().expect("stdin").write_all(input.as_bytes()).expect("input");
    let output = child.wait_with_output().expect("ends");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Outcome { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn query(arguments: &[&str]) -> Outcome {
    let book = BOOK.path.to_str().expect("UTF-8");
    everycent(&[&["query", "--book", book], arguments].concat(), "")
}

fn rows(sql: &str) -> Vec<Value> {
    let out = query(&["--format", "json", sql]).succeeded(sql).stdout;
    serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}"))
}

/// The rows of an answer as `key columns -> number`.
fn keyed(sql: &str, key: &str, number: &str) -> BTreeMap<Vec<String>, i64> {
    let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let row = |row: &Value| {
        let key = key.split(' ').map(|k| text(&row[k])).collect();
        (key, row[number].as_i64().unwrap_or_else(|| panic!("{number} of {row}")))
    };
    rows(sql).iter().map(row).filter(|(_, v)| *v != 0).collect()
}

#[test]
fn liabilities_roll_as_the_balances_do() {
    let found = keyed("select * from finance.liabilities", "period account currency", "closing_minor");
    let mut expected = BTreeMap::new();
    let owed = [
        "party_payable",
        "party_held",
        "party_reserve",
        "tax_payable",
        "withholding_payable",
        "channel_fees",
        "suspense",
        "payout_clearing",
    ];
    for (period, tables) in &BOOK.tables {
        for line in tables["balances"].iter().filter(|l| owed.contains(&l["account"].as_str())) {
            let key = vec![(*period).to_owned(), line["account"].clone(), line["currency"].clone()];
            *expected.entry(key).or_insert(0) -= int(line, "closing_minor");
        }
    }
    expected.retain(|_, v| *v != 0);
    assert_eq!(found, expected);
}

#[test]
fn the_steps_of_a_month_add_up_to_what_is_paid() {
    let steps = rows("select * from finance.payouts_by_program");
    let mut sums: BTreeMap<(String, String), (i64, i64)> = BTreeMap::new();
    for row in &steps {
        let key = (row["period"].to_string(), row["currency"].to_string());
        let (steps, paid) = sums.entry(key).or_default();
        let amount = row["amount_minor"].as_i64().expect("minor units");
        if row["step"] == "= paid" { *paid += amount } else { *steps += amount }
    }
    assert!(sums.len() >= 10, "{sums:?}");
    for (key, (steps, paid)) in &sums {
        assert_eq!(steps, paid, "{key:?}");
    }
    let paid =
        keyed("select * from finance.payouts_by_program where step = '= paid'", "period currency", "amount_minor");
    let mut expected = BTreeMap::new();
    for (period, tables) in &BOOK.tables {
        for (key, sum) in self::sums(&tables["payouts"], "currency", "amount_minor") {
            expected.insert(vec![(*period).to_owned(), key[0].clone()], sum);
        }
    }
    assert_eq!(paid, expected);
}

#[test]
fn take_rate_corrections_and_creators_are_sums_of_earnings() {
    let sum = |columns: &str, of: &str, wanted: &dyn Fn(&crate::support::sheet::Line) -> bool| {
        let mut expected: BTreeMap<Vec<String>, i64> = BTreeMap::new();
        for (period, tables) in &BOOK.tables {
            for (mut key, sum) in sums(tables["earnings"].iter().filter(|l| wanted(l)), columns, of) {
                key.insert(0, (*period).to_owned());
                expected.insert(key, sum);
            }
        }
        expected
    };
    let found = keyed("select * from finance.take_rate", "period program currency", "platform_minor");
    assert_eq!(found, sum("program currency", "platform_minor", &|_| true));
    let found =
        keyed("select * from finance.corrections", "period earning_period cause program currency", "creator_minor");
    let expected = sum("earning_period cause program currency", "creator_minor", &|l| l["cause"] != "current");
    assert!(expected.len() >= 6, "{expected:?}");
    assert_eq!(found, expected);
    let found = keyed("select * from finance.top_creators", "period currency creator_id", "creator_minor");
    assert_eq!(found, sum("currency creator_id", "creator_minor", &|_| true));
    // Shop in February: 2,740.21 of 3,755.52 less tax 702.44 is 89.75 %; by hand.
    let shop = rows("select * from finance.take_rate where period = '2026-02' and program = 'shop'");
    assert_eq!(shop[0]["take_rate"], "89.75");
    assert_eq!(shop[0]["platform"], "2740.21");
}

#[test]
fn clearing_variance_age_and_years_are_what_the_tables_say() {
    let mut owed: BTreeMap<Vec<String>, i64> = BTreeMap::new();
    let mut now: BTreeMap<Vec<String>, i64> = BTreeMap::new();
    let mut paid: BTreeMap<Vec<String>, i64> = BTreeMap::new();
    let mut unpaid = 0;
    for (period, tables) in &BOOK.tables {
        for line in tables["journal"].iter().filter(|l| l.contains_key("log")) {
            if ["payer_clearing", "channel_fees"].contains(&line["account"].as_str()) {
                let channel = line.get("channel").map_or("(none stated)", String::as_str);
                let key = [line["log"].as_str(), channel, &line["currency"]].map(str::to_owned).to_vec();
                *owed.entry(key).or_default() += int(line, "amount_minor");
            }
        }
        for line in &tables["earnings"] {
            let key = [*period, line["program"].as_str(), &line["currency"]].map(str::to_owned).to_vec();
            *now.entry(key).or_default() += int(line, "creator_minor");
        }
        for line in &tables["statements"] {
            let key = ["2026", line["party_id"].as_str(), &line["currency"]].map(str::to_owned).to_vec();
            *paid.entry(key).or_default() += int(line, "payout_minor");
            unpaid += int(line, "closing_minor");
        }
    }
    for map in [&mut owed, &mut now, &mut paid] {
        map.retain(|_, v| *v != 0);
    }
    let sql = "select log, channel, currency, sum(owed_minor) as owed_minor from finance.clearing_by_channel group by 1, 2, 3";
    assert_eq!(keyed(sql, "log channel currency", "owed_minor"), owed);
    assert_eq!(keyed("select * from finance.variance", "period program currency", "now_minor"), now);
    assert_eq!(keyed("select * from finance.yearly_by_party", "year party_id currency", "paid_minor"), paid);
    let sql =
        "select sum(owed_minor) - sum(debt_minor) as net from finance.accrued_unpaid where account = 'party_payable'";
    assert_eq!(rows(sql)[0]["net"], unpaid);
}

#[test]
fn what_is_not_rated_is_listed_with_its_money() {
    let mut expected: BTreeMap<Vec<String>, i64> = BTreeMap::new();
    for (period, tables) in &BOOK.tables {
        for (table, stands) in [("quarantine", "quarantined"), ("waiting", "waiting")] {
            for _ in &tables[table] {
                *expected.entry(vec![(*period).to_owned(), stands.to_owned()]).or_default() += 1;
            }
        }
    }
    let sql = "select period, stands, sum(rows) as rows from finance.unrated where stands <> 'held' group by 1, 2";
    assert_eq!(keyed(sql, "period stands", "rows"), expected);
    let first = "select first_percent from finance.concentration where period = '2026-02' and currency = 'USD'";
    // Dara earned 2,517.45 of 2,676.98 USD.
    assert_eq!(rows(first)[0]["first_percent"], "94.04");
}

#[test]
fn amounts_come_in_major_units_as_exact_decimals() {
    let row = &rows(
        "select party_id, currency, payable_minor, payable from statements where party_id = 'chika' and period = '2026-01' and currency = 'JPY'",
    )[0];
    assert_eq!((row["payable_minor"].as_i64(), row["payable"].as_str()), (Some(11634), Some("11634.00")));
    let row = &rows("select major(123456, 'KWD') as kwd, major(-5, 'EUR') as eur, major(7, 'XXX') as none")[0];
    assert_eq!((row["kwd"].as_str(), row["eur"].as_str()), (Some("123.456"), Some("-0.05")));
    assert!(row["none"].is_null());
}

#[test]
fn a_sum_that_overflows_is_an_error_and_a_large_one_is_right() {
    let most = i64::MAX.to_string();
    let three = format!("select sum(x) as s from (values ({most}), ({most}), ({most})) as t(x)");
    assert_eq!(rows(&three)[0]["s"], (i128::from(i64::MAX) * 3).to_string());
    for sql in [
        format!("select {most} + x as s from (values (1)) as t(x)"),
        format!("select x * 2 as s from (values ({most})) as t(x)"),
        format!("select -{most} - x as s from (values (2)) as t(x)"),
        "select sum(x) as s from (values (cast('99999999999999999999999999999999999999' as decimal(38, 0))), (1)) as t(x)".into(),
    ] {
        let refused = query(&[&sql]);
        assert_eq!(refused.code, Some(2), "{sql}: {refused:?}");
        assert!(refused.stderr.contains("verflow") || refused.stderr.contains("too large"), "{sql}: {refused:?}");
    }
    let grouped = "select g, sum(x) as s, sum(distinct x) as d from (values (1, 2), (1, 2), (2, 5), (2, null)) as t(g, x) group by g order by g";
    assert_eq!(
        rows(grouped),
        serde_json::from_str::<Vec<Value>>(r#"[{"g":1,"s":4,"d":2},{"g":2,"s":5,"d":5}]"#).expect("JSON")
    );
    let window = "select sum(x) over (order by x rows between 1 preceding and current row) as s from (values (1), (2), (4)) as t(x) order by x";
    assert_eq!(rows(window).iter().map(|r| r["s"].as_i64()).collect::<Vec<_>>(), [Some(1), Some(3), Some(6)]);
}

#[test]
fn questions_only_read() {
    for sql in [
        "create table t as select 1",
        "insert into stored.payouts select * from stored.payouts",
        "delete from stored.statements",
        "drop table stored.statements",
        "copy (select 1) to 'x.csv'",
        "create external table t stored as parquet location '/tmp'",
        "set datafusion.execution.batch_size = 1",
    ] {
        let refused = query(&[sql]);
        assert_eq!(refused.code, Some(2), "{sql}: {refused:?}");
        assert!(refused.stderr.contains("questions only read"), "{sql}: {refused:?}");
    }
    let files = query(&["select * from '/etc/passwd.csv'"]);
    assert_eq!(files.code, Some(2), "{files:?}");
}

#[test]
fn a_wrong_question_says_where_and_what_was_meant() {
    let refused = query(&["select payable\nfrom statments"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("did you mean ledger.statements"), "{}", refused.stderr);
    let refused = query(&["select party_id,\n  payabel from statements"]);
    assert!(refused.stderr.contains("line 2, column 3") && refused.stderr.contains('^'), "{}", refused.stderr);
    let refused = query(&["select from where"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("line 1, column"), "{}", refused.stderr);
}

#[test]
fn limits_are_held_with_words() {
    let long = query(&["--max-rows", "10", "select * from journal"]);
    assert_eq!(long.code, Some(8), "{long:?}");
    assert!(long.stderr.contains("at most 10 rows") && long.stderr.contains("LIMIT"), "{long:?}");
    let slow = "select count(*) from generate_series(1, 100000000) a(x) join generate_series(1, 100000000) b(y) on a.x + b.y = 7";
    let slow = query(&["--timeout", "1", slow]);
    assert_eq!(slow.code, Some(8), "{slow:?}");
    assert!(slow.stderr.contains("no answer within 1 seconds"), "{slow:?}");
    let large =
        "select count(*) from (select x, count(*) from generate_series(1, 20000000) a(x) group by x order by x)";
    let large = query(&["--memory", "1", large]);
    assert_eq!(large.code, Some(8), "{large:?}");
    assert!(large.stderr.contains("--memory"), "{large:?}");
}

#[test]
fn one_run_answers_for_each_period_and_another_by_its_name() {
    let states = keyed("select period, state, count(*) as n from statements group by 1, 2", "period state", "n");
    let states: Vec<Vec<String>> = states.into_keys().collect();
    let expected = [["2026-01", "closed"], ["2026-02", "closed"], ["2026-03", "draft"]];
    assert_eq!(states, expected.map(|pair| pair.map(str::to_owned).to_vec()));
    let one = query(&["--period", "2026-02", "--format", "csv", "select distinct period from journal"]);
    assert_eq!(one.succeeded("one period").stdout, "period\n2026-02\n");
    let january = run_id(&BOOK.path, "2026-01");
    let then = query(&["--run", &january[..10], "--format", "csv", "select distinct period from journal"]);
    assert_eq!(then.succeeded("as of a run").stdout, "period\n2026-01\n");
    let unknown = query(&["--run", "zz", "select 1"]);
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    let never = query(&["--period", "2027-01", "select 1"]);
    assert!(never.stderr.contains("has not been run"), "{never:?}");
}

#[test]
fn logs_fates_references_and_policies_can_be_asked() {
    let mut read = 0;
    for log in ["adjustments", "brand_deals", "commerce", "engagement", "gifts", "subscriptions"] {
        let count = |schema: &str| rows(&format!("select count(*) as n from {schema}.{log}"))[0]["n"].as_i64();
        assert_eq!(count("raw"), count("canonical"), "{log}");
        read += count("raw").expect("a count");
    }
    let fates = keyed("select fate, count(*) as n from fates group by 1", "fate", "n");
    assert_eq!(fates.values().sum::<i64>(), read);
    let march = &BOOK.tables["2026-03"]["control"];
    for (key, total) in sums(march, "fate", "total_rows") {
        assert_eq!(fates.get(&key), Some(&total), "{key:?}");
    }
    let facts = rows("select sum(gross_minor) as g from facts where currency = 'EUR' and program = 'shop'");
    let mut expected = 0;
    for tables in BOOK.tables.values() {
        let shop = tables["earnings"].iter().filter(|l| l["program"] == "shop" && l["currency"] == "EUR");
        expected += shop.map(|l| int(l, "gross_minor")).sum::<i64>();
    }
    assert_eq!(facts[0]["g"], expected);
    for table in ["creators", "parties", "agreements", "fx_rates", "policies", "periods", "earning_parts"] {
        assert!(rows(&format!("select count(*) as n from {table}"))[0]["n"].as_i64() > Some(0), "{table}");
    }
    let kinds = keyed("select kind, count(*) as n from policies group by 1", "kind", "n");
    assert!(kinds.contains_key(&vec!["program".to_owned()]), "{kinds:?}");
}

#[test]
fn answers_come_as_csv_json_and_parquet_and_questions_from_a_file_or_standard_input() {
    let book = BOOK.path.to_str().expect("UTF-8");
    let two = "select 1 as a; -- a remark; with a semicolon\nselect ';' as b";
    let both = everycent(&["query", "--book", book, "--format", "csv"], two).succeeded("two questions");
    assert_eq!(both.stdout, "a\n1\nb\n;\n");
    let dir = tempfile::tempdir().expect("a folder");
    let (file, out) = (dir.path().join("q.sql"), dir.path().join("a.parquet"));
    std::fs::write(&file, "select party_id, payable_minor from statements order by 1, 2").expect("a file");
    let (file, out) = (file.to_str().expect("UTF-8"), out.to_str().expect("UTF-8"));
    query(&["--file", file, "--format", "parquet", "--output", out]).succeeded("Parquet");
    let read = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(
        std::fs::File::open(out).expect("a file"),
    );
    let rows: usize = read.and_then(|r| r.build()).expect("Parquet").map(|b| b.expect("rows").num_rows()).sum();
    assert_eq!(rows, BOOK.tables.values().map(|t| t["statements"].len()).sum::<usize>());
    assert_eq!(query(&["--output", out, "select 1"]).code, Some(2), "a file that exists is not written over");
}

#[test]
fn the_page_of_a_month_shows_every_view_and_stays_as_it_is() {
    let book = BOOK.path.to_str().expect("UTF-8");
    let page = everycent(&["report", "--book", book, "--period", "2026-02"], "").succeeded("a page").stdout;
    assert_eq!(page.matches('?').count(), 12, "{page}");
    for words in ["= paid              ", "tax_and_fee_exceed_amount", "ios", "668.54"] {
        assert!(page.contains(words.trim()), "no {words} in\n{page}");
    }
    let json = everycent(&["report", "--book", book, "--period", "2026-02", "--format", "json"], "").succeeded("JSON");
    let json: Value = serde_json::from_str(&json.stdout).expect("JSON");
    let paid = |row: &&Value| row["party_id"] == "chika" && row["currency"] == "JPY";
    let years = json["views"]["yearly_by_party"]["rows"].as_array().expect("rows");
    // January's 11,634 and February's 15,656; March is not yet in it.
    assert_eq!(years.iter().find(paid).expect("chika")["paid"], "27290.00");
}

#[test]
fn help_begins_with_examples_and_completions_and_the_manual_are_there() {
    for verb in ["run", "query", "report", "close", "synth"] {
        let help = everycent(&[verb, "--help"], "").succeeded("help").stdout;
        let (example, usage) = (help.find("Examples:"), help.find("Usage:"));
        assert!(example.is_some() && example < usage, "{verb}: {help}");
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(everycent(&["completions", shell], "").succeeded(shell).stdout.contains("statement"));
    }
    assert!(everycent(&["man"], "").succeeded("man").stdout.contains(".TH"));
    let version = everycent(&["--version"], "").succeeded("version").stdout;
    assert!(version.starts_with(concat!("everycent ", env!("CARGO_PKG_VERSION"))), "{version}");
    let meant = everycent(&["statment", "ana"], "");
    assert_eq!(meant.code, Some(2));
    assert!(meant.stderr.contains("statement"), "{meant:?}");
}

#[test]
fn a_reader_that_leaves_early_is_no_fault_of_completions_and_the_manual() {
    for arguments in [&["completions", "bash"][..], &["man"], &["--help"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_everycent"));
        let mut left = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        drop(left.stdout.take());
        let output = left.wait_with_output().expect("ends");
        assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}: {output:?}");
    }
}

#[test]
fn what_is_broken_elsewhere_keeps_no_question_from_its_answer() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("book");
    let book = path.to_str().expect("UTF-8");
    everycent(&["init", book], "").succeeded("init");
    std::fs::write(path.join("policies/live.toml"), "nonsense = 1\n").expect("a policy");
    std::fs::remove_dir_all(path.join("logs/gifts")).expect("a log");
    let ask = |sql: &str| everycent(&["query", "--book", book, "--format", "csv", sql], "");
    assert_eq!(ask("select count(*) as n from statements").succeeded("no ledger yet").stdout, "n\n0\n");
    assert!(ask("select count(*) as n from raw.commerce").succeeded("another log").stdout.len() > 4);
    let policies = ask("select * from policies");
    assert_eq!(policies.code, Some(2), "{policies:?}");
    assert!(policies.stderr.contains("nonsense"), "{policies:?}");
    let gifts = ask("select * from canonical.gifts");
    assert_eq!(gifts.code, Some(3), "{gifts:?}");
    assert!(gifts.stderr.contains("a log can't be read"), "{gifts:?}");
}
