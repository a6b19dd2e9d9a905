//! A staging query that fails: file, line, column, caret; of a cast the row and its value; and `run --sample`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

struct Sample(tempfile::TempDir);

impl Sample {
    fn new() -> Self {
        let sample = Self(tempfile::tempdir().expect("a folder"));
        assert_eq!(sample.everycent(&["init"], true).0, Some(0));
        sample
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("b")
    }

    fn everycent(&self, arguments: &[&str], plain: bool) -> (Option<i32>, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_everycent"));
        command.args(arguments);
        if !plain {
            command.arg("--book");
        }
        let output = command.arg(self.path()).output().expect("starts");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    /// Changes one place of a file, runs January, and expects these words.
    #[track_caller]
    fn says(&self, file: &str, from: &str, to: &str, code: i32, words: &[&str]) {
        let path = self.path().join(file);
        let text = fs::read_to_string(&path).expect("a file of the book");
        assert!(text.contains(from), "{file} has no {from}");
        fs::write(&path, text.replacen(from, to, 1)).expect("written");
        let (found, _, said) = self.everycent(&["run", "--period", "2026-01"], false);
        assert_eq!(found, Some(code), "{said}");
        for word in words {
            assert!(said.contains(word), "not said: {word}\n{said}");
        }
        fs::write(&path, text).expect("put back");
    }
}

const GIFTS: &str = "queries/staging/gifts.sql";

#[test]
fn the_place_of_a_fault_and_the_nearest_name() {
    let sample = Sample::new();
    let place = "queries/staging/gifts.sql:15:5, gifts 2026-01.parquet";
    sample.says(
        GIFTS,
        "store_fee_minor as",
        "store_fee_minr as",
        2,
        &[place, "store_fee_minr", "^^^^", "expected  one of gift_event", "did you mean `store_fee_minor`?"],
    );
    sample.says(
        GIFTS,
        "channel_fee_minor,",
        "channel_fee_minor,,",
        2,
        &["queries/staging/gifts.sql:15:42", "this is no SQL", "^"],
    );
    sample.says(
        GIFTS,
        "from raw",
        "from raw where quantity > 0",
        2,
        &["gifts.sql:23:10", "a WHERE that leaves rows out", "^^^^^"],
    );
    sample.says(
        GIFTS,
        "    store_fee_minor as",
        "    viewer as",
        3,
        &[place, "column channel_fee_minor", "found     Utf8", "^^^^"],
    );
}

#[test]
fn a_cast_that_fails_names_row_and_value() {
    let sample = Sample::new();
    // the one price that is no number of hundredths is '0.005', of row 80
    let cast = "case when price = '0.005' then cast(viewer as bigint) else store_fee_minor end as";
    sample.says(
        GIFTS,
        "store_fee_minor as",
        cast,
        2,
        &[
            "gifts.sql:15:5, gifts 2026-01.parquet, row group 0, row 80",
            "Cannot cast string 'p143'",
            "viewer = 'p143'",
            "try_cast",
        ],
    );
}

#[test]
fn a_share_by_a_column_that_is_not_there_gets_a_caret() {
    let sample = Sample::new();
    let shop = "policies/shop_gifts_brands.toml";
    sample.says(
        shop,
        "\"commission_bps\"",
        "\"comission_bps\"",
        2,
        &["shop_gifts_brands.toml:20:20", "comission_bps", "^^^^"],
    );
    sample.says(shop, "\"commission_bps\"", "\"category\"", 2, &["shop_gifts_brands.toml:20:20", "Utf8", "^^^^"]);
}

#[test]
fn sample_shows_each_fault_first_and_always_the_same_rows() {
    let sample = Sample::new();
    let look = |format: &str| sample.everycent(&["run", "--sample", "6", "--log", "gifts", "--format", format], false);
    let (code, json, said) = look("json");
    assert_eq!(code, Some(0), "{said}");
    let rows: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let rows = rows.as_array().expect("rows");
    let fates: Vec<&str> = rows.iter().map(|r| r["fate"].as_str().unwrap_or("")).collect();
    assert_eq!(fates.len(), 6);
    assert_eq!(fates.iter().filter(|f| !f.is_empty()).count(), 3, "{fates:?}");
    assert!(fates[..3].contains(&"quarantined") && fates[..3].contains(&"excluded"), "{fates:?}");
    let files: Vec<&str> = rows[3..].iter().map(|r| r["file"].as_str().expect("a file")).collect();
    assert_eq!(files, ["2026-01.parquet", "2026-02.parquet", "2026-03.parquet"]);
    for row in rows {
        assert_eq!(row["raw"]["gift_event"], row["canonical"]["event_id"]);
    }
    assert_eq!(look("json").1, json);
    assert!(look("csv").1.starts_with("log,file,row_group,row,fate,reason,side,column,value\n"));
    assert!(look("table").1.contains("quarantined, sub_minor"));
    assert!(!sample.path().join("ledger").join("draft").exists(), "a look publishes nothing");
    let (code, _, said) = sample.everycent(&["run", "--sample", "2", "--log", "gift"], false);
    assert!(code == Some(2) && said.contains("unknown log"), "{said}");
}
