//! Bad input: a clear error that names file, column, expected and found, the right exit code, and nothing published.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::{ParquetMetaDataReader, ParquetMetaDataWriter};

struct Book(tempfile::TempDir);

impl Book {
    /// A fresh copy of the sample.
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let book = Self(dir);
        let (code, _) = everycent(&["init", book.path().join("b").to_str().expect("UTF-8")]);
        assert_eq!(code, Some(0));
        book
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn at(&self, name: &str) -> PathBuf {
        self.path().join("b").join(name)
    }

    fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.at(name)).expect("a file of the book");
        assert!(text.contains(from), "{name} has no {from}");
        fs::write(self.at(name), text.replacen(from, to, 1)).expect("a file of the book");
    }

    fn run(&self) -> (Option<i32>, String) {
        everycent(&["run", "--period", "2026-01", "--book", self.at("").to_str().expect("UTF-8")])
    }

    /// Runs, expects this exit code and these words, and that nothing was published.
    #[track_caller]
    fn refuses(&self, code: i32, words: &[&str]) {
        let (found, said) = self.run();
        assert_eq!(found, Some(code), "{said}");
        for word in words {
            assert!(said.contains(word), "not said: {word}\n{said}");
        }
        assert!(!said.contains("panicked") && !said.contains("RUST_BACKTRACE"), "{said}");
        assert!(!self.at("ledger/draft").exists(), "something was published");
    }

    /// Rewrites a log's January file with some columns changed.
    fn rewrite(&self, log: &str, change: impl Fn(&str, ArrayRef) -> Vec<(String, ArrayRef)>) {
        let path = self.at(&format!("logs/{log}/2026-01.parquet"));
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).expect("a log")).expect("Parquet");
        let batch = reader.build().expect("a reader").next().expect("a batch").expect("rows");
        let mut columns = Vec::new();
        for (at, field) in batch.schema().fields().iter().enumerate() {
            columns.extend(change(field.name(), Arc::clone(batch.column(at))));
        }
        let fields: Vec<Field> = columns.iter().map(|(n, a)| Field::new(n, a.data_type().clone(), true)).collect();
        let schema = Arc::new(Schema::new(fields));
        let batch =
            RecordBatch::try_new(Arc::clone(&schema), columns.into_iter().map(|(_, a)| a).collect()).expect("rows");
        let mut writer = ArrowWriter::try_new(File::create(&path).expect("a log"), schema, None).expect("a writer");
        writer.write(&batch).expect("written");
        writer.close().expect("closed");
    }
}

fn everycent(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_everycent")).args(arguments).output().expect("starts");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn same(name: &str, array: ArrayRef) -> Vec<(String, ArrayRef)> {
    vec![(name.to_owned(), array)]
}

#[test]
fn a_missing_log_folder() {
    let book = Book::new();
    fs::remove_dir_all(book.at("logs/commerce")).expect("removed");
    book.refuses(3, &["a log can't be read", "commerce", "nothing was published"]);
}

#[test]
fn an_empty_file() {
    let book = Book::new();
    fs::write(book.at("logs/commerce/2026-01.parquet"), "").expect("written");
    book.refuses(3, &["no sound Parquet file", "commerce 2026-01.parquet", "an empty file"]);
}

#[test]
fn a_truncated_file() {
    let book = Book::new();
    let path = book.at("logs/commerce/2026-01.parquet");
    let bytes = fs::read(&path).expect("bytes");
    fs::write(&path, &bytes[..bytes.len() / 2]).expect("written");
    book.refuses(3, &["no sound Parquet file", "commerce 2026-01.parquet"]);
}

#[test]
fn a_footer_that_says_other_rows_than_there_are() {
    let most = 1 << 40;
    for (rows, values) in [(52, 51), (50, 51), (0, 51), (-1, 51), (52, 52), (50, 50), (1 << 31, 1 << 31), (most, most)]
    {
        let book = Book::new();
        let path = book.at("logs/commerce/2026-01.parquet");
        let bytes = fs::read(&path).expect("bytes");
        let footer =
            ParquetMetaDataReader::new().parse_and_finish(&File::open(&path).expect("a log")).expect("a footer");
        let groups = footer.row_groups().iter().map(|group| {
            let columns = group.columns().iter().map(|c| c.clone().into_builder().set_num_values(values).build());
            let columns = columns.collect::<Result<_, _>>().expect("columns");
            group.clone().into_builder().set_num_rows(rows).set_column_metadata(columns).build().expect("a row group")
        });
        let groups = groups.collect();
        let length = u32::from_le_bytes(bytes[bytes.len() - 8..][..4].try_into().expect("four bytes"));
        let mut lying = bytes[..bytes.len() - 8 - length as usize].to_vec();
        let footer = footer.into_builder().set_row_groups(groups).build();
        ParquetMetaDataWriter::new(&mut lying, &footer).finish().expect("written");
        fs::write(&path, lying).expect("written");
        book.refuses(3, &["no sound Parquet file", "commerce 2026-01.parquet", "found"]);
    }
}

#[test]
fn a_footer_whose_sum_is_another_than_its_row_groups() {
    let book = Book::new();
    let path = book.at("logs/commerce/2026-01.parquet");
    let mut bytes = fs::read(&path).expect("bytes");
    let length = u32::from_le_bytes(bytes[bytes.len() - 8..][..4].try_into().expect("four bytes"));
    let footer = bytes.len() - 8 - length as usize;
    // Thrift: the next field, an i64, of 51; its first is the file's.
    let at = bytes[footer..].windows(2).position(|pair| pair == [0x16, 2 * 51]).expect("the file's rows");
    bytes[footer + at + 1] = 2 * 50;
    fs::write(&path, bytes).expect("written");
    book.refuses(3, &["no sound Parquet file", "commerce 2026-01.parquet", "says 50 rows, and 51 in its row groups"]);
}

#[test]
fn a_file_that_is_no_parquet() {
    let book = Book::new();
    fs::write(book.at("logs/commerce/2026-01.parquet"), "event_id,kind\n1,order\n".repeat(10)).expect("written");
    book.refuses(3, &["no sound Parquet file", "commerce 2026-01.parquet"]);
    let book = Book::new();
    fs::write(book.at("logs/commerce/notes.txt"), "x").expect("written");
    book.refuses(3, &["not Parquet", "notes.txt"]);
}

#[test]
fn a_float_amount() {
    let book = Book::new();
    book.rewrite("commerce", |name, array| match name {
        "amount_minor" => same(name, Arc::new(Float64Array::from(vec![1.99; array.len()]))),
        _ => same(name, array),
    });
    book.refuses(3, &["another type", "column amount_minor", "expected", "Int64", "found", "Float64"]);
}

#[test]
fn a_renamed_column() {
    let book = Book::new();
    book.rewrite("commerce", |name, array| same(if name == "tax_minor" { "tax" } else { name }, array));
    book.refuses(3, &["a column is missing", "column tax_minor", "commerce 2026-01.parquet"]);
}

#[test]
fn a_doubled_column() {
    let book = Book::new();
    book.rewrite("commerce", |name, array| match name {
        "tax_minor" => vec![("tax_minor".into(), Arc::clone(&array)), ("TAX_MINOR".into(), array)],
        _ => same(name, array),
    });
    book.refuses(3, &["a column twice", "tax_minor"]);
}

#[test]
fn ids_of_two_types() {
    let book = Book::new();
    book.rewrite("commerce", |name, array| match name {
        "event_id" => same(name, Arc::new(Int64Array::from_iter_values(0..array.len() as i64))),
        _ => same(name, array),
    });
    book.refuses(3, &["ids of different types", "event_id"]);
}

#[test]
fn broken_rows_are_quarantined_with_the_first_fault() {
    let book = Book::new();
    book.edit(
        "everycent.toml",
        "[log.commerce]\npath = \"logs/commerce\"\nmax_quarantine = { rows = \"5 %\", amount = \"5 %\" }",
        "[log.commerce]\npath = \"logs/commerce\"\nmax_quarantine = { rows = \"100 %\", amount = \"100 %\" }",
    );
    book.rewrite("commerce", |name, array| {
        let text = |value: &str, at: usize| {
            let old = arrow::compute::cast(&array, &DataType::Utf8).expect("text");
            let old = old.as_any().downcast_ref::<StringArray>().expect("text").clone();
            let cell = |n: usize| if n == at { Some(value.to_owned()) } else { Some(old.value(n).to_owned()) };
            Arc::new((0..old.len()).map(cell).collect::<StringArray>()) as ArrayRef
        };
        let number = |value: i64, at: usize| {
            let old = array.as_any().downcast_ref::<Int64Array>().expect("numbers").clone();
            Arc::new(
                (0..old.len()).map(|n| if n == at { Some(value) } else { Some(old.value(n)) }).collect::<Int64Array>(),
            ) as ArrayRef
        };
        match name {
            "event_id" => same(name, text("", 5)),
            "kind" => same(name, text("sold", 6)),
            "creator_id" => same(name, text("", 7)),
            _ if name == "amount_minor" && array.null_count() == 0 => same(name, number(-5, 8)),
            _ => same(name, array),
        }
    });
    let (code, said) = book.run();
    assert_eq!(code, Some(0), "{said}");
    let output = Command::new(env!("CARGO_BIN_EXE_everycent"))
        .args(["run", "--period", "2026-01", "--format", "csv", "--book"])
        .arg(book.at(""))
        .output()
        .expect("starts");
    let control = String::from_utf8_lossy(&output.stdout).into_owned();
    for reason in ["id_missing", "unknown_kind", "creator_missing", "tax_and_fee_exceed_amount"] {
        assert!(control.contains(reason), "no {reason}:\n{control}");
    }
}

#[test]
fn too_much_quarantined() {
    let book = Book::new();
    book.edit(
        "everycent.toml",
        "max_quarantine = { rows = \"5 %\", amount = \"5 %\" }",
        "max_quarantine = { rows = \"0 %\", amount = \"5 %\" }",
    );
    book.refuses(
        4,
        &["too much of subscriptions is quarantined", "at most 0.00 %", "[[bound]]", "nothing was published"],
    );
}

#[test]
fn a_sum_that_would_overflow() {
    let book = Book::new();
    book.rewrite("engagement", |name, array| match name {
        "views" => same(name, Arc::new(Int64Array::from(vec![i64::MAX; array.len()]))),
        _ => same(name, array),
    });
    book.refuses(4, &["does not fit Int64", "views_30d", "nothing was published"]);
}

#[test]
fn a_bounded_or_provisional_draft_is_not_closed_and_nothing_new_says_so() {
    let book = Book::new();
    let path = book.at("");
    let path = path.to_str().expect("UTF-8");
    let said = |arguments: &[&str]| everycent(&[arguments, &["--book", path]].concat());
    let (code, text) = said(&["run", "--period", "2026-01", "--as-of", "2026-01-20"]);
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = said(&["close", "--period", "2026-01"]);
    assert!(code == Some(5) && text.contains("takes events before 2026-01-20 alone"), "{text}");
    let (code, text) = said(&["run", "--period", "2026-02"]);
    assert!(code == Some(0) && text.contains("provisional"), "{text}");
    let (code, text) = said(&["close", "--period", "2026-02"]);
    assert!(code == Some(5) && text.contains("2026-01 is not closed"), "{text}");
    let (_, dry) = said(&["run", "--period", "2026-01", "--dry-run"]);
    assert!(dry.contains("would publish"), "{dry}");
    let (_, first) = said(&["run", "--period", "2026-01"]);
    assert_eq!(dry.replace("would publish", "published"), first);
    let (code, again) = said(&["run", "--period", "2026-01"]);
    assert!(code == Some(0) && again.contains("nothing new"), "{again}");
    let (code, text) = said(&["run", "--period", "2025-12"]);
    assert!(code == Some(2) && text.contains("the book begins later"), "{text}");
    assert_eq!(said(&["close", "--period", "2026-01"]).0, Some(0));
    let (code, text) = said(&["run", "--period", "2026-01"]);
    assert!(code == Some(5) && text.contains("2026-01 is closed"), "{text}");
    let (code, text) = said(&["close", "--period", "2026-02"]);
    assert!(code == Some(5) && text.contains("provisional"), "{text}");
}

#[test]
fn two_programs_for_one_charge() {
    let book = Book::new();
    book.edit("policies/live.toml", "where = \"tier = 'member'\"", "where = \"tier = 'member' or tier = 'live'\"");
    book.refuses(2, &["two programs rate one charge", "live_subs version 1", "members version 1"]);
}

#[test]
fn a_policy_gap_is_quarantined_and_named() {
    let book = Book::new();
    book.edit(
        "policies/shop_gifts_brands.toml",
        "[[terms]]\nversion = \"1\"\nvalid_from = 2026-01-01",
        "[[terms]]\nversion = \"1\"\nvalid_from = 2026-02-01",
    );
    book.refuses(2, &["no terms are in force on 2026-01-31"]);
}

#[test]
fn an_unknown_key_names_the_nearest() {
    let book = Book::new();
    book.edit("everycent.toml", "orphan_days", "orphan_dyas");
    book.refuses(2, &["unknown field `orphan_dyas`", "everycent.toml:7:1", "did you mean `orphan_days`?"]);
}

#[test]
fn a_condition_on_an_unknown_column_gets_a_caret() {
    let book = Book::new();
    book.edit("policies/live.toml", "followers >= 1000\"", "folowers >= 1000\"");
    book.refuses(2, &["policies", "live.toml", "folowers", "^"]);
}

#[test]
fn overlapping_references() {
    let book = Book::new();
    book.edit(
        "refs/creators.csv",
        "ana,1997-04-12,8200,PT,active,2025-01-01,2026-02-10",
        "ana,1997-04-12,8200,PT,active,2025-01-01,2026-02-12",
    );
    book.refuses(3, &["overlap in time", "creators, ana"]);
}

#[test]
fn an_agreement_that_does_not_add_up() {
    let book = Book::new();
    book.edit("refs/agreements.csv", "ana,maestro,20 %", "ana,maestro,19 %");
    book.refuses(3, &["does not add up", "ana, program"]);
    book.edit("refs/agreements.csv", "ana,maestro,19 %", "ana,maestro,-19 %");
    book.refuses(3, &["column part", "a share from 0 to 1", "-19 %", "correct the row"]);
}

#[test]
fn an_inverted_rate() {
    let book = Book::new();
    let path = book.at("refs/fx_rates.csv");
    let text = fs::read_to_string(&path).expect("rates");
    let line = text.lines().find(|l| l.starts_with("2026-01-30,USD")).expect("a rate").to_owned();
    fs::write(&path, text.replace(&line, "2026-01-30,USD,0.8547")).expect("rates");
    book.refuses(4, &["a rate is not to be trusted", "USD", "nothing was published"]);
}

#[test]
fn staging_must_keep_every_row() {
    let book = Book::new();
    book.edit("queries/staging/gifts.sql", "from raw", "from raw where quantity > 0");
    book.refuses(2, &["staging maps rows one to one", "a WHERE that leaves rows out", "exclude_reason"]);
    let book = Book::new();
    book.edit("queries/staging/gifts.sql", "cast(price as decimal(20, 6))", "cast(price as double)");
    book.refuses(2, &["staging maps rows one to one", "a float"]);
}

#[test]
fn no_book_and_a_wrong_period() {
    let dir = tempfile::tempdir().expect("a folder");
    let (code, said) = everycent(&["run", "--period", "2026-01", "--book", dir.path().to_str().expect("UTF-8")]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("no book here") && said.contains("everycent init"), "{said}");
    let (code, said) = everycent(&["run", "--period", "2026-13"]);
    assert_eq!(code, Some(2), "{said}");
}

/// A reference made by a query: parties from a file with the producer's own columns.
fn with_parties_by_query(sql: &str) -> Book {
    let book = Book::new();
    let text = fs::read_to_string(book.at("refs/parties.csv")).expect("parties");
    fs::write(book.at("refs/parties.csv"), text.replacen("party_id", "who", 1)).expect("parties");
    fs::create_dir_all(book.at("queries/references")).expect("a folder");
    fs::write(book.at("queries/references/parties.sql"), sql).expect("a query");
    book
}

const PARTIES: &str =
    "select who as party_id, kind, payout_currency, country, tax_form, status, valid_from, valid_to from raw";

#[test]
fn a_reference_by_query_says_what_is_wrong_with_the_query() {
    let (code, said) = with_parties_by_query(PARTIES).run();
    assert_eq!(code, Some(0), "{said}");
    let place = "queries/references/parties.sql";
    with_parties_by_query("select whom as party_id from raw").refuses(2, &["whom", place]);
    with_parties_by_query("selec who from raw").refuses(2, &["the query of a reference failed", place]);
    let float = PARTIES.replace("who as", "cast(cast('1.5' as double) as varchar) as");
    with_parties_by_query(&float).refuses(2, &["a float", place]);
    let clock = PARTIES.replace("valid_to from", "cast(now() as varchar) as valid_to from");
    with_parties_by_query(&clock).refuses(2, &["now()", place]);
    with_parties_by_query("create table x as select 1").refuses(2, &[place]);
    with_parties_by_query("select who as party_id from raw").refuses(3, &["a reference lacks a column", "kind"]);
}

#[test]
fn a_reference_of_the_books_own_has_a_plain_name() {
    for (name, words) in [("Orders", "own_reference"), ("raw", "own_reference"), ("creators", "own_reference")] {
        let book = Book::new();
        let text = fs::read_to_string(book.at("everycent.toml")).expect("settings");
        let text = format!("{text}\n[own_reference]\n{name} = \"refs/parties.csv\"\n");
        fs::write(book.at("everycent.toml"), text).expect("settings");
        book.refuses(2, &[words]);
    }
}
