//! The ledger: chart, balanced entries, tables and their files, hashes, publishing, decisions, state.
//!
//! Hashes are held against a Python program that shares no code with the crate (at the end of this file); layers and
//! balances against cases done by hand and against the worked book.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use everycent::error::{Blame, Error};
use everycent::ledger::{
    Account, Action, BATCH_ROWS, Balance, CAUSES, Control, Deduction, Earning, Earnings, Entry, InputFile, Journal,
    Manifest, Named, Opening, Part, Payout, PinnedRate, Pins, State, Statement, Store, TABLES, Tables, Unrated,
    age_layers, escape, read_table, root, rows_sha256, schema, seal, statement_leaf, statements_root, table_hashes,
    tree_root, write, write_table,
};
use everycent::log::Log;
use everycent::money::{Currency, Exact};
use everycent::period::{Period, parse_day};

const SECRET: &[u8] = b"a secret of the book";

fn period(text: &str) -> Period {
    text.parse().expect("a period")
}

fn currency(code: &str) -> Currency {
    Currency::parse(code).expect("a currency")
}

fn day(text: &str) -> i32 {
    parse_day(text).expect("a day")
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

// ---------------------------------------------------------------- accounts and entries

#[test]
fn the_chart_is_the_contracts() {
    let names = "payer_clearing, tax_payable, channel_fees, platform_revenue, platform_expense, party_payable, party_held, \
                 party_reserve, advance_receivable, withholding_payable, pool, suspense, ineligible_retained, forfeited, \
                 payout_clearing, fx, rounding, brought_forward";
    let found: Vec<_> = Account::ALL.iter().map(|account| account.name()).collect();
    assert_eq!(found.join(", "), names);
    for account in Account::ALL {
        assert_eq!(account.name().parse::<Account>().expect("its own name"), *account);
        assert!(account.meaning().ends_with('.'));
    }
    assert_eq!("cash".parse::<Account>().expect_err("no such account").blame(), Blame::Usage);
}

fn party_entry() -> Entry {
    Entry::new(period("2026-11"), "earning")
        .earned(period("2026-10"), "late_event")
        .program("live|subs")
        .detail("north")
}

#[test]
fn an_entry_that_does_not_balance_is_refused() {
    let (eur, usd) = (currency("EUR"), currency("USD"));
    let mut entry = party_entry();
    entry.post(Account::PayerClearing, None, 295, eur);
    entry.post(Account::PartyPayable, Some("north"), -295, usd);
    let error = entry.clone().finish().expect_err("two currencies, each off by 295");
    assert_eq!((error.blame(), error.what()), (Blame::Bug, "an entry does not balance"));
    assert!(error.to_string().contains("295 EUR minor units"), "{error}");
    entry.post(Account::Fx, None, -295, eur);
    entry.post(Account::Fx, None, 295, usd);
    assert_eq!(entry.finish().expect("balanced in both").len(), 4);
}

#[test]
fn postings_stand_in_a_fixed_order_without_zeros() {
    let eur = currency("EUR");
    let posts: [&dyn Fn(&mut Entry); 5] = [
        &|e| e.post_through(Account::PayerClearing, Log::Gifts, Some("web"), 700, eur),
        &|e| e.post_through(Account::PayerClearing, Log::Gifts, None, 300, eur),
        &|e| e.post(Account::PlatformRevenue, None, -400, eur),
        &|e| e.post(Account::PlatformRevenue, None, -600, eur),
        &|e| e.post(Account::TaxPayable, None, 0, eur),
    ];
    let build = |order: [usize; 5]| {
        let mut entry = party_entry();
        for at in order {
            posts[at](&mut entry);
        }
        entry.finish().expect("balanced")
    };
    let postings = build([0, 1, 2, 3, 4]);
    assert_eq!(postings, build([4, 3, 2, 1, 0]));
    let short: Vec<_> =
        postings.iter().map(|p| (p.posting, p.account.as_str(), p.channel.as_deref(), p.amount_minor)).collect();
    let expected = [
        (1, "payer_clearing", None, 300),
        (2, "payer_clearing", Some("web"), 700),
        (3, "platform_revenue", None, -1000),
    ];
    assert_eq!(short, expected);
    assert_eq!(postings[0].entry_id, "2026-11|earning|2026-10|late_event|live%7Csubs|north");
    assert!(party_entry().finish().expect("nothing").is_empty());
}

#[test]
fn ids_of_different_parts_are_different() {
    let ids = [["a", "b|c"], ["a|b", "c"], ["a%7Cb", "c"], ["a", "b%7Cc"]].map(|parts| parts.map(escape).join("|"));
    assert_eq!(ids, ["a|b%7Cc", "a%7Cb|c", "a%257Cb|c", "a|b%257Cc"]);
}

#[test]
fn a_posting_beyond_int64_is_a_gate() {
    let mut entry = party_entry();
    let beyond = i128::from(i64::MAX) + 1;
    entry.post(Account::PayerClearing, None, beyond, Currency::EUR);
    entry.post(Account::PartyPayable, Some("north"), -beyond, Currency::EUR);
    assert_eq!(entry.finish().expect_err("too large").blame(), Blame::Gate);
}

// ---------------------------------------------------------------- tables

fn part(party: &str, minor: i64, rate: Option<&str>, payout: Option<i64>) -> Part {
    let rate = rate.map(str::to_owned);
    Part { party_id: party.to_owned(), minor, payout_currency: "USD".to_owned(), rate, payout_minor: payout }
}

fn earning(creator: &str, cause: &'static str, creator_minor: i64, parts: Vec<Part>) -> Earning {
    Earning {
        creator_id: creator.to_owned(),
        program: "live_subs".to_owned(),
        policy_version: "1".to_owned(),
        currency: "EUR".to_owned(),
        earning_period: period("2026-10"),
        fx_date: day("2026-10-31"),
        cause,
        events: 3,
        gross_minor: creator_minor + 249,
        tax_minor: 0,
        channel_fee_minor: 0,
        deductions: vec![],
        creator_minor,
        platform_minor: 249,
        rounding: "-1/2".to_owned(),
        parts,
    }
}

fn unrated(event_id: Option<&str>, file: &str) -> Unrated {
    Unrated {
        log: Log::Gifts.name(),
        event_id: event_id.map(str::to_owned),
        row_hash: "00112233445566778899aabbccddeeff".to_owned(),
        occurrence: 1,
        reason: "conflict".to_owned(),
        until: None,
        kind: some("send"),
        creator_id: some("ben"),
        amount_minor: Some(700),
        currency: some("USD"),
        event_time: Some(1_791_000_000_000_000_001),
        file: file.to_owned(),
        row_group: 0,
        row: 4,
    }
}

fn control(fate: &'static str, reason: Option<&str>, rows: i64, amount_minor: i64) -> Control {
    Control {
        log: Log::Gifts.name(),
        currency: some("USD"),
        fate,
        reason: reason.map(str::to_owned),
        rows,
        amount_minor,
        unreadable: 0,
        total_rows: rows,
        total_amount_minor: amount_minor,
        total_unreadable: 0,
    }
}

fn statement(party: &str, currency: &str, earned_minor: i64) -> Statement {
    let (party_id, currency) = (party.to_owned(), currency.to_owned());
    Statement {
        party_id,
        currency,
        earned_minor,
        payable_minor: earned_minor,
        closing_minor: earned_minor,
        ..Statement::default()
    }
}

fn payout(at: usize) -> Payout {
    let (payout_id, currency) = (format!("2026-10|EUR|p{at:07}"), "EUR".to_owned());
    Payout { payout_id, party_id: format!("p{at:07}"), currency, amount_minor: 2500, due_date: day("2026-11-15") }
}

/// Rows of `earnings`, in the order given.
fn earnings<const N: usize>(rows: [Earning; N]) -> Earnings {
    let mut earnings = Earnings::default();
    earnings.add(rows).expect("rows");
    earnings
}

/// The postings of entries, in the order given.
fn journal<const N: usize>(entries: [Entry; N]) -> Journal {
    let mut journal = Journal::default();
    entries.into_iter().try_for_each(|entry| entry.add_to(&mut journal)).expect("balanced");
    journal
}

/// Tables in which every column has a value and every nullable one a null, with the ends of Int64.
fn full() -> Tables {
    let mut ada = earning(
        "ada",
        "current",
        i64::MAX - 249,
        vec![part("ada", i64::MIN, None, None), part("nørth", 1, Some("5/4"), Some(i64::MAX))],
    );
    ada.deductions = vec![Deduction { name: "store".to_owned(), account: "channel_fees".to_owned(), minor: -1 }];
    let mut postings = party_entry();
    postings.post_through(Account::PayerClearing, Log::Gifts, Some("web"), 5, Currency::EUR);
    postings.post(Account::PartyPayable, Some("ada"), -5, Currency::EUR);
    let mut plain = Entry::new(period("2026-11"), "payout").detail("ada");
    plain.post(Account::PartyPayable, Some("ada"), 5, Currency::EUR);
    plain.post(Account::PayoutClearing, None, -5, Currency::EUR);
    let waiting = Unrated {
        until: Some(day("2027-01-26")),
        kind: None,
        creator_id: None,
        amount_minor: None,
        currency: None,
        event_time: None,
        ..unrated(None, "a.parquet")
    };
    let balance = |account: Account, party_id, oldest_period| Balance {
        account: account.name().to_owned(),
        party_id,
        currency: "EUR".to_owned(),
        opening_minor: i64::MIN,
        debit_minor: i64::MAX,
        credit_minor: 0,
        closing_minor: -1,
        oldest_period,
    };
    let mut tables = Tables {
        earnings: earnings([earning("ben", "reversal", -350, vec![]), ada]),
        journal: journal([postings, plain]),
        statements: vec![statement("nørth", "USD", 369), statement("ada", "EUR", 2641)],
        payouts: vec![payout(2), payout(1)],
        balances: vec![
            balance(Account::PartyPayable, some("ada"), Some(period("2026-10"))),
            balance(Account::Fx, None, None),
        ],
        quarantine: vec![unrated(Some("g05"), "a.parquet")],
        waiting: vec![waiting],
        ineligible: vec![],
        control: vec![control("rated", None, 2, 1999), control("quarantined", Some("conflict"), 2, 1500)],
    };
    tables.sort();
    tables
}

#[test]
fn tables_come_back_from_arrow_as_they_went() {
    let tables = full();
    let batches = TABLES.map(|name| (name, tables.batch(name).expect("a batch")));
    assert_eq!(Tables::from_batches(batches).expect("the same"), tables);
    assert_eq!(Tables::from_batches([]).expect("nothing"), Tables::default());
}

#[test]
fn columns_are_the_contracts() {
    let expected: BTreeMap<&str, &str> = BTreeMap::from([
        (
            "earnings",
            "creator_id program policy_version currency earning_period fx_date cause events gross_minor tax_minor \
             channel_fee_minor deductions creator_minor platform_minor rounding parts",
        ),
        (
            "journal",
            "entry_id posting period earning_period cause kind program log channel account party_id amount_minor currency",
        ),
        (
            "statements",
            "party_id currency opening_minor earned_minor corrections_minor adjustments_minor moved_minor stand_in_minor \
             held_minor hold_released_minor recouped_minor withheld_minor reserved_minor reserve_released_minor \
             payable_minor payout_minor forfeited_minor closing_minor",
        ),
        ("payouts", "payout_id party_id currency amount_minor due_date"),
        ("balances", "account party_id currency opening_minor debit_minor credit_minor closing_minor oldest_period"),
        ("quarantine", UNRATED),
        ("waiting", UNRATED),
        ("ineligible", UNRATED),
        (
            "control",
            "log currency fate reason rows amount_minor unreadable total_rows total_amount_minor total_unreadable",
        ),
    ]);
    for name in TABLES {
        let schema = schema(name).expect("a schema");
        let names: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        assert_eq!(names.join(" "), expected[name], "{name}");
    }
    let parts = schema("earnings").expect("a schema").field_with_name("parts").expect("parts").data_type().to_string();
    for field in ["\"party_id\": non-null Utf8", "\"rate\": Utf8", "\"payout_minor\": Int64"] {
        assert!(parts.contains(field), "{field} in {parts}");
    }
}

const UNRATED: &str = "log event_id row_hash occurrence reason until kind creator_id amount_minor currency event_time file \
                       row_group row";

#[test]
fn rows_are_sorted_by_the_bytes_of_their_key_nulls_first() {
    let mut tables = Tables {
        quarantine: ["b", "a", "B", "é", "~"]
            .map(|id| unrated(Some(id), "x"))
            .into_iter()
            .chain([unrated(None, "x")])
            .collect(),
        ..Tables::default()
    };
    assert_eq!(tables.check_keys().expect_err("not sorted").blame(), Blame::Bug);
    tables.sort();
    let ids: Vec<_> = tables.quarantine.iter().map(|row| row.event_id.as_deref()).collect();
    assert_eq!(ids, [None, Some("B"), Some("a"), Some("b"), Some("~"), Some("é")]);
    tables.check_keys().expect("sorted");
    let same = |hash: &str, occurrence| Unrated { row_hash: hash.repeat(32), occurrence, ..unrated(Some("g05"), "x") };
    tables.quarantine = vec![same("b", 1), same("a", 2), same("a", 1)];
    tables.sort();
    assert_eq!(tables.quarantine, [same("a", 1), same("a", 2), same("b", 1)]);
    tables.check_keys().expect("sorted");
    tables.quarantine.push(Unrated { file: "elsewhere".to_owned(), ..same("b", 1) });
    let error = tables.check_keys().expect_err("one key twice");
    assert!(error.to_string().contains("quarantine"), "{error}");
}

#[test]
fn a_foreign_batch_is_no_table() {
    let payouts = full().batch("payouts").expect("a batch");
    let error = Tables::from_batches([("statements", payouts.clone())]).expect_err("other columns");
    assert_eq!(error.blame(), Blame::Input);
    let swapped = payouts.project(&[1, 0, 2, 3, 4]).expect("a projection");
    assert!(Tables::from_batches([("payouts", swapped)]).is_err());
    assert!(Tables::from_batches([("payments", payouts)]).is_err());
}

// ---------------------------------------------------------------- files

#[test]
fn a_table_comes_back_from_its_file_and_the_same_rows_give_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let tables = full();
    for name in TABLES {
        let paths = ["one", "two"].map(|copy| folder.path().join(format!("{name}.{copy}")));
        let hashes = paths
            .clone()
            .map(|path| write(&path, schema(name).expect("a schema"), tables.batches(name)).expect("written"));
        let bytes = paths.clone().map(|path| fs::read(path).expect("bytes"));
        assert!(bytes[0] == bytes[1] && hashes[0] == hashes[1], "{name}");
        assert!(bytes[0].ends_with(b"PAR1") && bytes[0].windows(9).any(|w| w == b"everycent"), "{name}");
        let read = read_table(&paths[0], &hashes[0]).expect("rows").into_iter().map(|batch| (name, batch));
        let read = Tables::from_batches(read).expect("the table");
        assert_eq!(read.batch(name).expect("rows"), tables.batch(name).expect("rows"), "{name}");
    }
}

#[test]
fn long_tables_are_cut_at_a_mebirow() {
    let folder = tempfile::tempdir().expect("a folder");
    let tables = Tables { payouts: (0..=BATCH_ROWS).map(payout).collect(), ..Tables::default() };
    let sizes: Vec<_> = tables.batches("payouts").map(|batch| batch.expect("a batch").num_rows()).collect();
    assert_eq!(sizes, [1_048_576, 1]);
    let path = folder.path().join("payouts.parquet");
    let hash = write(&path, schema("payouts").expect("a schema"), tables.batches("payouts")).expect("written");
    let read = read_table(&path, &hash).expect("rows").into_iter().map(|batch| ("payouts", batch));
    assert!(Tables::from_batches(read).expect("the table") == tables);
}

#[test]
fn a_file_is_never_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.parquet");
    fs::write(&path, "there before").expect("written");
    let error = write(&path, schema("payouts").expect("a schema"), full().batches("payouts")).expect_err("it exists");
    assert_eq!(error.blame(), Blame::Resources);
    assert_eq!(fs::read_to_string(&path).expect("text"), "there before");
}

// ---------------------------------------------------------------- hashes

/// The statements that the Python program at the end of this file has.
fn proved() -> Tables {
    let mut tables = Tables {
        statements: vec![
            statement("ada", "EUR", 2641),
            statement("nørth", "USD", -369),
            statement("ada", "USD", 7),
            statement("cho", "EUR", 1),
        ],
        quarantine: vec![Unrated { until: Some(20_000), creator_id: None, ..unrated(Some("g05"), "a.parquet") }],
        earnings: earnings([earning(
            "ada",
            "current",
            1248,
            vec![part("ada", 953, Some("5/4"), Some(1191)), part("north", 295, None, None)],
        )]),
        ..Tables::default()
    };
    tables.sort();
    tables
}

#[test]
fn tables_are_hashed_and_written_column_by_column_as_their_batches_are() {
    let dir = tempfile::tempdir().expect("a folder");
    let many = Tables { payouts: (0..=BATCH_ROWS).map(payout).collect(), ..Tables::default() };
    for (tables, whose) in [(full(), "full"), (proved(), "proved"), (many, "many")] {
        for (name, hash) in table_hashes(&tables).expect("hashes") {
            assert_eq!(hash, hash_of(&tables, name), "{whose}, {name}");
            let paths = ["batches", "columns"].map(|how| dir.path().join(format!("{whose}-{name}-{how}")));
            let by_batch = write(&paths[0], schema(name).expect("a schema"), tables.batches(name)).expect("written");
            let by_column = write_table(&paths[1], &tables, name).expect("written");
            assert_eq!(by_batch, by_column, "{whose}, {name}");
            let bytes = paths.map(|path| std::fs::read(path).expect("a file"));
            assert!(bytes[0] == bytes[1], "{whose}, {name}");
        }
    }
}

fn hash_of(tables: &Tables, name: &'static str) -> String {
    rows_sha256(name, &schema(name).expect("a schema"), tables.batches(name)).expect("a hash")
}

#[test]
fn row_hashes_are_those_of_an_independent_program() {
    let tables = proved();
    assert_eq!(hash_of(&tables, "statements"), PY_STATEMENTS);
    assert_eq!(hash_of(&tables, "quarantine"), PY_QUARANTINE);
    assert_eq!(hash_of(&tables, "earnings"), PY_EARNINGS);
    assert_eq!(hash_of(&tables, "payouts"), PY_NO_PAYOUTS);
}

#[test]
fn where_a_row_stood_is_in_no_row_hash() {
    let mut tables = proved();
    let before = hash_of(&tables, "quarantine");
    (tables.quarantine[0].file, tables.quarantine[0].row_group, tables.quarantine[0].row) =
        ("b.parquet".to_owned(), 9, 9);
    assert_eq!(hash_of(&tables, "quarantine"), before);
    tables.quarantine[0].amount_minor = Some(701);
    assert_ne!(hash_of(&tables, "quarantine"), before);
}

#[test]
fn leaves_tree_root_and_seal_are_those_of_an_independent_program() {
    let leaf = |party, bytes: &[u8]| statement_leaf(SECRET, "2026-10", party, bytes).expect("a leaf");
    assert_eq!(hex::encode(leaf("ada", b"rows")), PY_LEAF);
    let leaves: Vec<_> = ["a", "b", "c", "d", "e"].into_iter().map(|party| leaf(party, party.as_bytes())).collect();
    for (n, expected) in PY_TREES.into_iter().enumerate() {
        assert_eq!(hex::encode(tree_root(&leaves[..n])), expected, "{n} leaves");
    }
    let statements = statements_root(SECRET, "2026-10", &proved()).expect("a root");
    assert_eq!(statements, PY_STATEMENTS_ROOT);
    let tables = TABLES.map(|name| (name, PY_LEAF));
    let root = root("2026-10", tables, &statements);
    assert_eq!(root, PY_ROOT);
    assert_eq!(seal(&root, PY_LEAF, None), PY_SEALS[0]);
    assert_eq!(seal(&root, PY_LEAF, Some(PY_SEALS[0])), PY_SEALS[1]);
}

#[test]
fn a_leaf_can_not_be_guessed_without_the_secret() {
    let leaf =
        |secret: &[u8], period: &str, party: &str| statement_leaf(secret, period, party, b"rows").expect("a leaf");
    let one = leaf(SECRET, "2026-10", "ada");
    assert_ne!(one, leaf(b"another secret of it", "2026-10", "ada"));
    assert_ne!(one, leaf(SECRET, "2026-11", "ada"));
    assert_ne!(one, leaf(SECRET, "2026-10", "ad"));
}

// ---------------------------------------------------------------- manifest

fn manifest(period: &str) -> Manifest {
    let input = |path: &str, hash: &str| InputFile {
        log: "gifts".to_owned(),
        path: path.to_owned(),
        sha256: hash.repeat(64),
        bytes: 10,
        rows: 2,
        fingerprint: "0".repeat(32),
        since: None,
    };
    Manifest {
        program: "everycent 0.1.0".to_owned(),
        tz_data: "2026a".to_owned(),
        book: "worked".to_owned(),
        zone: "Europe/Berlin".to_owned(),
        period: period.to_owned(),
        inputs: vec![input("b.parquet", "b"), input("a.parquet", "a")],
        policies: vec![Named { name: "parsed".to_owned(), sha256: "c".repeat(64) }],
        config_sha256: "d".repeat(64),
        secret_sha256: "e".repeat(64),
        bounds: vec![serde_json::json!({"value": "30 %", "gate": "max_quarantine"})],
        ..Manifest::default()
    }
}

#[test]
fn the_run_id_is_that_of_an_independent_program() {
    assert_eq!(manifest("2026-10").run_id_of(), PY_RUN_ID);
    let opening = Opening { period: "2026-09".to_owned(), run_id: "1".repeat(64), seal: "2".repeat(64) };
    let later = Manifest { as_of: some("2026-10-15"), opening: Some(opening), ..manifest("2026-10") };
    assert_eq!(later.run_id_of(), PY_RUN_ID_LATER);
}

#[test]
fn the_run_id_follows_what_went_in_and_nothing_else() {
    let id = manifest("2026-10").run_id_of();
    let changed = |change: &dyn Fn(&mut Manifest)| {
        let mut manifest = manifest("2026-10");
        change(&mut manifest);
        manifest.run_id_of() != id
    };
    assert!(!changed(&|m| m.inputs.reverse()));
    assert!(!changed(&|m| m.inputs[0].since = some("2026-09")));
    assert!(!changed(&|m| m.root = "x".to_owned()));
    assert!(changed(&|m| m.inputs[0].path = "c.parquet".to_owned()));
    assert!(changed(&|m| m.inputs[0].sha256 = "f".repeat(64)));
    assert!(changed(&|m| m.program = "everycent 0.1.1".to_owned()));
    assert!(changed(&|m| m.as_of = some("2026-10-15")));
    assert!(changed(&|m| m.policies[0].sha256 = "f".repeat(64)));
    assert!(changed(&|m| m.queries = std::mem::take(&mut m.policies)));
    assert!(changed(&|m| m.bounds.clear()));
    assert!(changed(&|m| m.secret_sha256.clear()));
    assert!(changed(&|m| m.opening = Some(Opening::default())));
}

#[test]
fn a_manifest_is_json_with_sorted_keys_that_comes_back() {
    let manifest = manifest("2026-10").complete(&full(), SECRET).expect("complete");
    let bytes = manifest.to_bytes().expect("bytes");
    assert_eq!(Manifest::from_bytes(&bytes).expect("the same"), manifest);
    let text = String::from_utf8(bytes).expect("UTF-8");
    let keys: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("  \"")?.split('"').next()).collect();
    assert!(keys.is_sorted() && keys.len() == 22, "{keys:?}");
    assert!(text.find("\"gate\"") < text.find("\"value\"") && text.ends_with("}\n"));
    let other = text.replace("\"provisional\": false", "\"provisional\":  false");
    assert_eq!(Manifest::from_bytes(other.as_bytes()).expect_err("another form").blame(), Blame::Input);
    let other = text.replace("\"book\": \"worked\"", "\"book\": \"wörked\"");
    assert!(Manifest::from_bytes(other.as_bytes()).expect_err("another run").what().contains("run id"));
}

// ---------------------------------------------------------------- the store

/// A small ledger in a folder of its own, whose tables follow from what was closed.
struct Shop {
    folder: tempfile::TempDir,
    store: Store,
}

impl Shop {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path().join("ledger")).expect("a store");
        Self { folder, store }
    }

    fn ledger(&self) -> PathBuf {
        self.folder.path().join("ledger")
    }

    fn state(&self) -> Result<State, Error> {
        State::of_ledger(&self.store, period("2026-10"))
    }

    /// Books `earned` EUR for ada, and pays `paid` of her account.
    fn tables(&self, booked: &str, earned: i64, paid: i64) -> Tables {
        tables_after(&self.state().expect("a state"), booked, earned, paid)
    }

    fn publish(&self, booked: &str, earned: i64, paid: i64) -> String {
        let _lock = self.store.lock().expect("the lock");
        let tables = self.tables(booked, earned, paid);
        self.store.publish(&tables, manifest(booked), &pins(None), &copies(), SECRET).expect("published").run_id
    }

    fn close(&self, booked: &str, earned: i64, paid: i64) -> String {
        let run_id = self.publish(booked, earned, paid);
        self.store.decide(period(booked), Action::Close, &run_id, None).expect("closed").seal
    }

    /// Every file of the ledger but the lock.
    fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        walk(&self.ledger(), &mut files);
        files.sort();
        files
    }

    /// Reads all that there is, and returns the first error.
    fn read_all(&self) -> Result<(), Error> {
        let state = self.state()?;
        for closed in state.closed() {
            self.store.run(&closed.run_id)?.check()?;
        }
        self.store.drafts().map(drop)
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            walk(&path, files);
        } else if !path.ends_with(".lock") {
            files.push(path);
        }
    }
}

fn tables_after(state: &State, booked: &str, earned: i64, paid: i64) -> Tables {
    let (now, eur) = (period(booked), Currency::EUR);
    let mut entry = Entry::new(now, "earning").earned(now, "current").program("live_subs").detail("platform");
    entry.post_through(Account::PayerClearing, Log::Gifts, Some("web"), i128::from(earned) + 249, eur);
    entry.post(Account::PayerClearing, None, -i128::from(earned), eur);
    entry.post(Account::PlatformRevenue, None, -249, eur);
    let mut party =
        Entry::new(now, "earning").earned(now, "current").program("live_subs").detail("party").detail("ada");
    party.post(Account::PayerClearing, None, earned.into(), eur);
    party.post(Account::PartyPayable, Some("ada"), -i128::from(earned), eur);
    let mut payout = Entry::new(now, "payout").detail("ada").detail("EUR");
    payout.post(Account::PartyPayable, Some("ada"), paid.into(), eur);
    payout.post(Account::PayoutClearing, None, -i128::from(paid), eur);
    let journal = journal([entry, party, payout]);
    let mut tables = Tables {
        balances: state.balances_after(now, &journal).expect("balances"),
        journal,
        earnings: earnings([earning(
            "ada",
            "current",
            earned,
            vec![part("ada", earned, Some("5/4"), Some(earned + 1)), part("ben", 0, None, None)],
        )]),
        statements: vec![statement("ada", "EUR", earned)],
        quarantine: vec![unrated(Some("g05"), "a.parquet")],
        control: vec![control("rated", None, 2, earned + 249)],
        ..Tables::default()
    };
    tables.sort();
    tables
}

fn pins(rate: Option<&str>) -> Pins {
    let pin = PinnedRate {
        earning_period: "2026-10".to_owned(),
        from: "GBP".to_owned(),
        to: "USD".to_owned(),
        fx_date: "2026-10-31".to_owned(),
        average: false,
        rate: rate.map(str::to_owned),
        table_date: None,
    };
    Pins { rates: vec![pin], ..Pins::default() }
}

fn copies() -> Vec<(String, Vec<u8>)> {
    let copy = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
    vec![
        copy("policies/p.toml", "# rules\n"),
        copy("queries/staging/gifts.sql", "select 1\n"),
        copy("references/fx.csv", "date\n"),
    ]
}

#[test]
fn a_run_is_published_and_read_back() {
    let shop = Shop::new();
    assert!(!shop.ledger().exists(), "nothing is created before something is published");
    assert_eq!(shop.store.draft(period("2026-10")).expect("none"), None);
    let tables = shop.tables("2026-10", 1248, 0);
    let prepared = shop.store.prepare(&tables, manifest("2026-10"), &pins(None), &copies(), SECRET).expect("prepared");
    assert!(!shop.ledger().exists(), "nor by a dry run");
    let run_id = shop.publish("2026-10", 1248, 0);
    let draft = shop.store.draft(period("2026-10")).expect("readable").expect("a draft");
    assert_eq!((draft.run_id.clone(), draft.root.clone()), prepared);
    assert_eq!((draft.provisional, draft.as_of), (false, None));
    let run = shop.store.run(&run_id).expect("the run");
    assert_eq!(run.tables().expect("tables"), tables);
    assert_eq!(run.pins().expect("pins"), pins(None));
    assert_eq!(run.copies("queries/").expect("copies"), [("staging/gifts.sql".to_owned(), b"select 1\n".to_vec())]);
    assert_eq!(run.manifest().expect("a manifest").inputs[0].path, "a.parquet");
    assert_eq!(shop.store.drafts().expect("drafts").len(), 1);
    assert_eq!(shop.store.current(period("2026-10")).expect("readable"), Some((run_id, "draft")));
}

#[test]
fn the_identical_run_is_published_once() {
    let shop = Shop::new();
    let run_id = shop.publish("2026-10", 1248, 0);
    let before: Vec<_> = shop.files().into_iter().map(|path| (path.clone(), fs::read(path).expect("bytes"))).collect();
    let tables = shop.tables("2026-10", 1248, 0);
    let again = {
        let _lock = shop.store.lock().expect("the lock");
        shop.store.publish(&tables, manifest("2026-10"), &pins(None), &copies(), SECRET).expect("published")
    };
    assert!(again.already && again.run_id == run_id);
    let after: Vec<_> = shop.files().into_iter().map(|path| (path.clone(), fs::read(path).expect("bytes"))).collect();
    assert_eq!(before, after);
    let other = shop.tables("2026-10", 1249, 0);
    let error =
        shop.store.publish(&other, manifest("2026-10"), &pins(None), &copies(), SECRET).expect_err("another ledger");
    assert_eq!((error.blame(), error.what()), (Blame::Bug, "the same inputs gave another ledger"));
    assert_eq!(shop.store.draft(period("2026-10")).expect("readable").expect("a draft").root, again.root);
}

#[test]
fn two_ledgers_of_the_same_rows_are_the_same_bytes() {
    let [one, two] = [Shop::new(), Shop::new()];
    for shop in [&one, &two] {
        shop.close("2026-10", 1248, 0);
        shop.close("2026-11", 449, 1697);
    }
    let content = |shop: &Shop| {
        let bytes = |path: PathBuf| {
            (path.strip_prefix(shop.ledger()).expect("inside").to_owned(), fs::read(&path).expect("bytes"))
        };
        shop.files().into_iter().map(bytes).collect::<Vec<_>>()
    };
    assert_eq!(content(&one), content(&two));
    assert_eq!(content(&one).len(), 2 * (9 + 1 + 1 + 3) + 2 + 2);
}

#[test]
fn renamed_files_give_another_run_and_the_same_root() {
    let shop = Shop::new();
    let mut tables = shop.tables("2026-10", 1248, 0);
    let mut renamed = manifest("2026-10");
    let ids =
        |tables: &Tables, manifest| shop.store.prepare(tables, manifest, &pins(None), &[], SECRET).expect("prepared");
    let before = ids(&tables, renamed.clone());
    renamed.inputs[0].path = "z.parquet".to_owned();
    tables.quarantine[0].file = "z.parquet".to_owned();
    let after = ids(&tables, renamed);
    assert!(before.0 != after.0 && before.1 == after.1);
}

#[test]
fn what_a_killed_run_left_is_removed() {
    let shop = Shop::new();
    let run_id = shop.publish("2026-10", 1248, 0);
    let half = shop.ledger().join("tmp-half");
    fs::create_dir(&half).expect("a folder");
    fs::write(half.join("earnings.parquet"), "PAR1").expect("half a file");
    fs::write(shop.ledger().join("tmp-draft-2026-10.json"), "{").expect("half a draft");
    fs::remove_file(shop.ledger().join("draft/2026-10.json")).expect("killed before the draft");
    assert_eq!(shop.publish("2026-10", 1248, 0), run_id);
    assert!(!half.exists() && !shop.ledger().join("tmp-draft-2026-10.json").exists());
    assert_eq!(shop.store.draft(period("2026-10")).expect("readable").expect("a draft").run_id, run_id);
}

#[test]
fn one_writer_holds_the_ledger() {
    let shop = Shop::new();
    let lock = shop.store.lock().expect("the lock");
    let error = shop.store.lock().expect_err("held");
    assert_eq!((error.exit_code(), error.what()), (7, "another run holds the book"));
    drop(lock);
    shop.store.lock().expect("free again");
}

#[test]
fn copies_stay_inside_the_run() {
    let shop = Shop::new();
    let tables = shop.tables("2026-10", 1248, 0);
    for name in ["../up.toml", "policies/../../up", "/etc/up", "pins.json", ""] {
        let copies = [(name.to_owned(), vec![])];
        let error = shop.store.prepare(&tables, manifest("2026-10"), &pins(None), &copies, SECRET).expect_err(name);
        assert_eq!(error.blame(), Blame::Bug);
    }
}

// ---------------------------------------------------------------- damage

/// Two closed periods and a draft of the third.
fn closed_shop() -> Shop {
    let shop = Shop::new();
    shop.close("2026-10", 1248, 0);
    shop.close("2026-11", 449, 1697);
    shop.publish("2026-12", 700, 0);
    shop.read_all().expect("sound");
    shop
}

#[test]
fn a_flipped_byte_in_any_published_file_is_found_and_named() {
    let shop = closed_shop();
    for path in shop.files() {
        let sound = fs::read(&path).expect("bytes");
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        let is_text = path.extension().is_some_and(|e| e == "json");
        let step = if is_text { 7 } else { sound.len() / 13 + 1 };
        if path.parent() == Some(&shop.ledger().join("draft")) && !name.starts_with("2026-12") {
            continue; // what a close has overtaken
        }
        for at in (0..sound.len()).step_by(step).chain([sound.len() - 1]) {
            let mut bytes = sound.clone();
            bytes[at] ^= 1;
            fs::write(&path, &bytes).expect("damaged");
            let found = shop.read_all().and_then(|()| drafts_check(&shop));
            let error = found.err().unwrap_or_else(|| panic!("byte {at} of {}", path.display()));
            assert_eq!(error.exit_code(), 3, "{error}");
            assert!(error.to_string().contains(&name), "byte {at} of {}: {error}", path.display());
        }
        fs::write(&path, &sound[..sound.len() - 1]).expect("cut short");
        assert!(shop.read_all().and_then(|()| drafts_check(&shop)).is_err(), "{} cut short", path.display());
        fs::remove_file(&path).expect("removed");
        if path.ends_with("2026-11/1.json") {
            // Without its last decision a ledger is sound, and that period open: only a seal kept elsewhere tells.
            assert_eq!(shop.state().expect("sound").first_open(), period("2026-11"));
        } else if is_text && name.starts_with("2026-12") {
            assert!(shop.store.draft(period("2026-12")).expect("none").is_none());
        } else {
            let error = shop.read_all().and_then(|()| drafts_check(&shop)).expect_err("removed");
            assert!(error.to_string().contains(&name) || name == "1.json", "{}: {error}", path.display());
        }
        fs::write(&path, &sound).expect("restored");
    }
    shop.read_all().expect("sound again");
}

fn drafts_check(shop: &Shop) -> Result<(), Error> {
    shop.store.drafts()?.into_iter().try_for_each(|(_, draft)| shop.store.run(&draft.run_id)?.check())
}

#[test]
fn a_broken_chain_names_the_file_what_was_expected_and_what_was_found() {
    let shop = closed_shop();
    let first = shop.ledger().join("periods/2026-10/1.json");
    let sound = fs::read_to_string(&first).expect("text");
    fs::write(&first, sound.replace("\"reason\": null", "\"reason\": \"later thought\"")).expect("forged");
    let error = shop.state().expect_err("the next one names another hash");
    let text = error.to_string();
    assert!(text.contains("periods/2026-11/1.json") && text.contains("previous decision"), "{text}");
    assert!(text.contains("expected") && text.contains("found"), "{text}");
    fs::write(&first, &sound).expect("restored");
    fs::remove_file(&first).expect("removed");
    assert!(shop.state().expect_err("a missing close").what().contains("chain"));
    fs::write(&first, &sound).expect("restored");
    fs::rename(shop.ledger().join("periods/2026-11"), shop.ledger().join("periods/2026-12")).expect("moved");
    assert!(shop.state().expect_err("another period").to_string().contains("periods/2026-12/1.json"));
}

#[test]
fn a_decision_is_put_once() {
    let shop = Shop::new();
    shop.close("2026-10", 1248, 0);
    let decision = shop.store.decisions(period("2026-10")).expect("decisions").remove(0);
    assert_eq!((decision.n, decision.action, decision.previous_seal.clone()), (1, Action::Close, None));
    let other = everycent::ledger::Decision { reason: some("another"), ..decision.clone() };
    let error = shop.store.put_decision(period("2026-10"), &other).expect_err("taken");
    assert_eq!(error.exit_code(), 5);
    assert_eq!(shop.store.decisions(period("2026-10")).expect("decisions"), [decision]);
    shop.store.lock().expect("the lock");
    assert!(shop.files().iter().all(|path| !path.to_string_lossy().contains("tmp-")));
}

#[test]
fn decisions_follow_each_other() {
    let shop = Shop::new();
    let first = shop.publish("2026-10", 1248, 0);
    let decide = |booked: &str, action, run: &str| shop.store.decide(period(booked), action, run, some("why"));
    assert!(decide("2026-10", Action::Approve, &first).is_err(), "nothing is closed");
    decide("2026-10", Action::Close, &first).expect("closed");
    assert!(decide("2026-10", Action::Close, &first).is_err(), "closed already");
    decide("2026-10", Action::Reject, &first).expect("rejected whole");
    assert_eq!(shop.store.closed_periods().expect("a chain"), []);
    assert_eq!(shop.state().expect("a state").first_open(), period("2026-10"));
    decide("2026-10", Action::Close, &first).expect("closed again");
    let approved = decide("2026-10", Action::Approve, &first).expect("approved");
    assert_eq!(approved.n, 4);
    assert!(decide("2026-10", Action::Reject, &first).is_err(), "after approval nothing reopens");
    let next = shop.publish("2026-11", 449, 1697);
    assert!(decide("2026-12", Action::Close, &next).is_err(), "not on another period's run");
    let closed = decide("2026-11", Action::Close, &next).expect("closed");
    assert_eq!(closed.previous_seal, Some(approved.seal));
    let periods: Vec<_> =
        shop.store.closed_periods().expect("a chain").into_iter().map(|closed| closed.period).collect();
    assert_eq!(periods, [period("2026-10"), period("2026-11")]);
    assert_eq!(shop.store.current(period("2026-10")).expect("readable"), Some((first, "closed")));
}

// ---------------------------------------------------------------- balances, ages, state

#[test]
fn what_is_left_ages_first_in_first_out() {
    let months: Vec<Period> = ["2026-10", "2026-11", "2026-12"].into_iter().map(period).collect();
    let layers = |list: Layers| list.iter().map(|(at, minor)| (months[*at], *minor)).collect::<Vec<_>>();
    /// Month and amount of each layer.
    type Layers = &'static [(usize, i128)];
    let cases: [(Layers, i128, usize, Layers); 9] = [
        (&[], 0, 0, &[]),
        (&[], -369, 0, &[(0, -369)]),                   // north, October
        (&[(0, -369)], -80, 1, &[(0, -369), (1, -80)]), // November: + 167 - 87
        (&[(0, -369), (1, -80)], -126, 2, &[(0, -369), (1, -80), (2, -126)]),
        (&[(0, -369), (1, -80)], 100, 2, &[(0, -269), (1, -80)]), // the oldest goes first
        (&[(0, -369), (1, -80)], 400, 2, &[(1, -49)]),            // and then the next
        (&[(0, -369), (1, -80)], 449, 2, &[]),
        (&[(0, -369), (1, -80)], 500, 2, &[(2, 51)]), // what is too much is new
        (&[(1, 750)], 956, 2, &[(1, 750), (2, 956)]), // ada owes 1,706, the oldest since November
    ];
    for (old, change, at, expected) in cases {
        assert_eq!(age_layers(&layers(old), change, months[at]), layers(expected), "{old:?} and {change}");
    }
}

#[test]
fn layers_add_up_to_the_balance_and_have_one_sign() {
    let mut layers = Vec::new();
    let (mut balance, mut month, mut seed) = (0_i128, period("2020-01"), 7_i128);
    for _ in 0..500 {
        seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
        let change = seed % 2001 - 1000;
        (layers, balance, month) = (age_layers(&layers, change, month), balance + change, month.next());
        assert_eq!(layers.iter().map(|(_, minor)| minor).sum::<i128>(), balance);
        assert!(layers.iter().all(|(_, minor)| minor.signum() == balance.signum()));
        assert!(layers.is_sorted_by(|a, b| a.0 < b.0));
    }
}

fn first_read(state: &State, sha256: &str) -> Option<Period> {
    state.first_read(Log::Gifts, sha256)
}

#[test]
fn the_state_adds_up_closed_periods() {
    let shop = Shop::new();
    let first = shop.close("2026-10", 1248, 0);
    shop.close("2026-11", 449, 1000);
    let state = shop.state().expect("a state");
    assert_eq!(
        (state.first_open(), state.period(), state.stands_in()),
        (period("2026-12"), Some(period("2026-11")), false)
    );
    assert_eq!(state.closed()[0].seal, first);
    assert_eq!(state.last_closed(), state.closed().last());
    let line = state.earnings().values().next().expect("a line");
    assert_eq!((line.events, line.creator, line.platform, &line.rounding), (6, 1697, 498, &Exact::from(-1_i64)));
    let parts: Vec<_> = line.parts.iter().map(|p| (p.party_id.as_str(), p.minor, p.payout_minor)).collect();
    assert_eq!(parts, [("ada", 1697, Some(1699))], "parts of zeros are left out");
    assert_eq!(state.booked_creator_side(Currency::EUR), 1697);
    assert_eq!(state.payable_opening(), BTreeMap::from([(("ada".to_owned(), Currency::EUR), 697)]));
    // November moves the account by 1,000 - 449 in all: that uses up October's, and adds nothing.
    assert_eq!(state.layers(Account::PartyPayable, "ada", Currency::EUR), [(period("2026-10"), -697)]);
    let sums: Vec<_> = state.journal().iter().map(|(k, v)| (k.account.as_str(), k.log.as_deref(), *v)).collect();
    assert_eq!(sums, [("payer_clearing", Some("gifts"), 1497), ("payer_clearing", Some("gifts"), 698)]);
    assert_eq!(state.open_rows().len(), 1);
    assert_eq!(state.control_totals().values().collect::<Vec<_>>(), [&[2, 698, 0]]);
    assert_eq!(state.inputs().iter().map(|i| &i.sha256).collect::<Vec<_>>(), [&"a".repeat(64), &"b".repeat(64)]);
    assert_eq!(
        (state.inputs().len(), first_read(&state, &"a".repeat(64)), first_read(&state, "new")),
        (2, Some(period("2026-10")), None)
    );
}

#[test]
fn an_open_period_can_stand_in_for_its_close() {
    let shop = Shop::new();
    shop.close("2026-10", 1248, 0);
    let state = shop.state().expect("a state");
    let tables = tables_after(&state, "2026-11", 449, 1697);
    let after = State::after(&state, period("2026-11"), &tables, &pins(Some("13/10"))).expect("continues");
    assert_eq!(
        (after.first_open(), after.period(), after.stands_in()),
        (period("2026-11"), Some(period("2026-11")), true)
    );
    assert_eq!(after.payable_opening(), BTreeMap::new());
    assert_eq!(first_read(&after, "new"), Some(period("2026-11")), "a stand-in has read every file");
    assert_eq!(first_read(&after, &"a".repeat(64)), Some(period("2026-10")));
    assert_eq!(after.pins().rates, pins(Some("13/10")).rates, "a rate that came later takes the place of none");
    let again = State::after(&after, period("2026-12"), &tables_after(&after, "2026-12", 1, 0), &pins(Some("7/5")))
        .expect("continues");
    assert_eq!(again.pins().rates, pins(Some("13/10")).rates, "and stands");
    assert!(State::after(&after, period("2026-12"), &tables, &pins(None)).is_err(), "balances that do not continue");
}

#[test]
fn balances_that_do_not_continue_are_refused() {
    let shop = Shop::new();
    shop.close("2026-10", 1248, 0);
    let state = shop.state().expect("a state");
    let refused = |change: &dyn Fn(&mut Vec<Balance>)| {
        let mut tables = tables_after(&state, "2026-11", 449, 0);
        change(&mut tables.balances);
        State::after(&state, period("2026-11"), &tables, &Pins::default()).err().map(|e| e.what().to_owned())
    };
    assert_eq!(refused(&|_| ()), None);
    let other = some("a balance does not continue the period before");
    assert_eq!(refused(&|rows| rows[0].opening_minor += 1), other);
    assert_eq!(refused(&|rows| rows[0].closing_minor += 1), other);
    assert_eq!(refused(&|rows| rows[0].oldest_period = Some(period("2026-11"))), other);
    assert_eq!(refused(&|rows| drop(rows.remove(0))), some("a balance of the period before is missing"));
}

#[test]
fn a_part_without_a_rate_is_known_until_it_has_one() {
    let state = State::of_ledger(&Shop::new().store, period("2026-10")).expect("empty");
    assert!(!state.lacks_rates() && state.period().is_none() && state.last_closed().is_none());
    let with = |state: &State, booked: &str, parts| {
        let tables = Tables { earnings: earnings([earning("ben", "current", 350, parts)]), ..Tables::default() };
        State::after(state, period(booked), &tables, &Pins::default()).expect("continues")
    };
    let state = with(&state, "2026-10", vec![part("ben", 350, None, None)]);
    assert!(state.lacks_rates());
    let state =
        with(&state, "2026-11", vec![part("ben", -350, None, None), part("ben", 350, Some("13/10"), Some(455))]);
    assert!(!state.lacks_rates());
}

#[test]
fn causes_are_the_contracts_in_its_order() {
    assert_eq!(
        CAUSES.join(" "),
        "current program_version policy_correction reference_correction fx_correction released late_event reversal"
    );
}

// ---------------------------------------------------------------- the independent program
//
// import hashlib, hmac, json
// num = lambda n: n.to_bytes(8, "big", signed=True)
// text = lambda s: num(len(s.encode())) + s.encode()
// texts = lambda l: num(len(l)) + b"".join(map(text, l))
// sha = lambda b: hashlib.sha256(b).digest()
//
// def value(v):                                   # one byte 0, or 1 and the value
//     if v is None: return b"\0"
//     if isinstance(v, str): return b"\1" + text(v)
//     if isinstance(v, int): return b"\1" + num(v)
//     return b"\1" + num(len(v)) + b"".join(map(value, [f for element in v for f in element]))
//
// def row(r): return b"".join(map(value, r))
// def rows(rs): return b"".join(num(len(row(r))) + row(r) for r in rs)
// def rows_sha256(table, names, rs): return sha(text("everycent rows 1") + text(table) + texts(names.split()) + rows(rs)).hex()
//
// STATEMENTS = ("party_id currency opening_minor earned_minor corrections_minor adjustments_minor moved_minor stand_in_minor held_minor "
//               "hold_released_minor recouped_minor withheld_minor reserved_minor reserve_released_minor payable_minor payout_minor "
//               "forfeited_minor closing_minor")
// statement = lambda p, c, v: [p, c, 0, v] + [0] * 10 + [v, 0, 0, v]
// S = [statement("ada", "EUR", 2641), statement("ada", "USD", 7), statement("cho", "EUR", 1), statement("nørth", "USD", -369)]
// QUARANTINE = "log event_id row_hash occurrence reason until kind creator_id amount_minor currency event_time"
// Q = [["gifts", "g05", "00112233445566778899aabbccddeeff", 1, "conflict", 20000, "send", None, 700, "USD", 1791000000000000001]]
// EARNINGS = ("creator_id program policy_version currency earning_period fx_date cause events gross_minor tax_minor channel_fee_minor "
//             "deductions creator_minor platform_minor rounding parts")
// E = [["ada", "live_subs", "1", "EUR", "2026-10", 20757, "current", 3, 1497, 0, 0, [], 1248, 249, "-1/2",
//       [["ada", 953, "USD", "5/4", 1191], ["north", 295, "USD", None, None]]]]
//
// SECRET = b"a secret of the book"
// def leaf(party, content):
//     who = text("2026-10") + text(party)
//     return sha(b"\0" + hmac.new(SECRET, who, "sha256").digest() + who + content)
// def tree(l):                                    # RFC 6962, 2.1: split at the largest power of two below the number of leaves
//     if len(l) < 2: return l[0] if l else sha(b"")
//     k = 1
//     while k * 2 < len(l): k *= 2
//     return sha(b"\1" + tree(l[:k]) + tree(l[k:]))
//
// show = lambda name, v: print(f'const {name}: &str = "{v}";')
// show("PY_STATEMENTS", rows_sha256("statements", STATEMENTS, S))
// show("PY_QUARANTINE", rows_sha256("quarantine", QUARANTINE, Q))
// show("PY_EARNINGS", rows_sha256("earnings", EARNINGS, E))
// show("PY_NO_PAYOUTS", rows_sha256("payouts", "payout_id party_id currency amount_minor due_date", []))
// LEAF = leaf("ada", b"rows").hex()
// show("PY_LEAF", LEAF)
// print("const PY_TREES: [&str; 6] = [" + ", ".join(f'"{tree([leaf(p, p.encode()) for p in "abcde"[:n]]).hex()}"' for n in range(6)) + "];")
// R = tree([leaf(p, texts(STATEMENTS.split()) + rows([r for r in S if r[0] == p])) for p in sorted({r[0] for r in S})]).hex()
// show("PY_STATEMENTS_ROOT", R)
// TABLES = "earnings journal statements payouts balances quarantine waiting ineligible control".split()
// ROOT = sha(text("everycent root 1") + text("2026-10") + b"".join(text(t) + text(LEAF) for t in TABLES) + text(R)).hex()
// show("PY_ROOT", ROOT)
// seal = lambda before: sha(text("everycent seal 1") + text(ROOT) + text(LEAF) + value(before)).hex()
// print(f'const PY_SEALS: [&str; 2] = ["{seal(None)}", "{seal(seal(None))}"];')
// def run_id(as_of, opening):
//     bound = json.dumps({"gate": "max_quarantine", "value": "30 %"}, separators=(",", ":"))
//     return sha(text("everycent run 1") + texts(["everycent 0.1.0", "2026a", "worked", "Europe/Berlin", "2026-10"]) + value(as_of)
//                + texts(["gifts", "a.parquet", "a" * 64]) + texts(["gifts", "b.parquet", "b" * 64]) + texts(["parsed", "c" * 64]) + texts([]) + texts([])
//                + texts(["d" * 64, "e" * 64]) + texts(opening) + texts([bound])).hex()
// show("PY_RUN_ID", run_id(None, []))
// show("PY_RUN_ID_LATER", run_id("2026-10-15", ["2026-09", "1" * 64, "2" * 64]))

const PY_STATEMENTS: &str = "2637f24009cd84756534e1a53e78568e33fb3c5029da4cab39419323d49b9c95";
const PY_QUARANTINE: &str = "362baf02da6526523d343c3696c152e82c69836dfc14b833f705df6af0258d7b";
const PY_EARNINGS: &str = "87bc8cb4e1ae81dc1e1e207f6c1a951a98359d90fcf0b8345b409283ad3ca0a7";
const PY_NO_PAYOUTS: &str = "8d429c320acae45d258af0098710bd2f749c42d1cca23ec4e2fa25ea1a5f7b0a";
const PY_LEAF: &str = "56a772dd1273bd2621fca2d948225c6a2724a76808e1baad0de121acc7bfec62";
const PY_TREES: [&str; 6] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "f28bf170c5d93f585a47d3702a98ec901dd56a06c9430ed50ff5596c501182e1",
    "8f6333ec0c5d3787f5eba73b58488af4d84c5a3d81404e645c98660f729a53c5",
    "33b9f7b69e4760e940ca2109f1cb47a9dde7110699eb670a3a4e78d286617986",
    "ddae0580493fe8cd6b79e084b002d4fe982559a7748899eb630db60f47d5c807",
    "d48260ac47d321bb4f1e9bd5e669ecc419e6aa2c532a0d2d49f73c12ed396b9b",
];
const PY_STATEMENTS_ROOT: &str = "b4f4f06677fe88fac3c71de49dc1e10797e5b2ae01ce1c5c6dc5680e0fb4fd84";
const PY_ROOT: &str = "2a8878c07bbfe0620f2fe30f6132d66abfec25066e516ee64627a1f01b2c4c3d";
const PY_SEALS: [&str; 2] = [
    "9f1176b4f2d22ce9f349615f98b7f87c9228e69fd4af08ddaed6e95eea222950",
    "a2ce94b62d094d9ed4f0b5e6395ec350ba9d145e952fd4410ea5e24412eeb024",
];
const PY_RUN_ID: &str = "57f29a91fcfd9c8e3cecfee767d556b7d80f851f06fb4f8a8bb68007d23ff5f8";
const PY_RUN_ID_LATER: &str = "ffa34fcb2940d0f1fd0b25a088b886137f51e74fd5dcce042280bd7bf34765c1";
