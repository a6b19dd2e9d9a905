//! The nine tables of a run as plain rows of text, and the difference of two sets of them in words.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::sheet::{Line, Sheet};

/// Rows by table.
pub type Tables = BTreeMap<String, Vec<Line>>;

const UNRATED: &str = "log event_id reason until kind creator_id amount_minor currency event_time";

/// The columns that are compared, the key's first: no hash, no entry's number, no place where a row stood.
pub const COLUMNS: [(&str, usize, &str); 9] = [
    (
        "earnings",
        7,
        "creator_id program policy_version currency earning_period fx_date cause events gross_minor tax_minor \
         channel_fee_minor deductions creator_minor platform_minor rounding parts",
    ),
    ("journal", 10, "period earning_period cause kind program log channel account party_id currency amount_minor"),
    (
        "statements",
        2,
        "party_id currency opening_minor earned_minor corrections_minor adjustments_minor moved_minor stand_in_minor \
         held_minor hold_released_minor recouped_minor withheld_minor reserved_minor reserve_released_minor \
         payable_minor payout_minor forfeited_minor closing_minor",
    ),
    ("payouts", 2, "party_id currency amount_minor due_date"),
    ("balances", 3, "account party_id currency opening_minor debit_minor credit_minor closing_minor oldest_period"),
    ("quarantine", 2, UNRATED),
    ("waiting", 2, UNRATED),
    ("ineligible", 2, UNRATED),
    (
        "control",
        4,
        "log currency fate reason rows amount_minor unreadable total_rows total_amount_minor total_unreadable",
    ),
];

/// The tables in the folder of a run.
pub fn read_run(dir: &Path) -> Tables {
    read_all(|table| lines_of_parquet(&dir.join(format!("{table}.parquet"))))
}

/// The tables in a folder of `<table>.csv`.
pub fn read_csv(dir: &Path) -> Tables {
    read_all(|table| Sheet::read(&dir.join(format!("{table}.csv"))).lines())
}

fn read_all(read: impl Fn(&str) -> Vec<Line>) -> Tables {
    COLUMNS.iter().map(|(table, ..)| ((*table).to_owned(), comparable(table, read(table)))).collect()
}

/// Only the columns that are compared; the journal summed over rows that agree in all but the amount, zeros left out.
pub fn comparable(table: &str, lines: Vec<Line>) -> Vec<Line> {
    let (_, _, columns) = COLUMNS.iter().find(|(name, ..)| *name == table).expect("a table of the ledger");
    let kept =
        |line: Line| line.into_iter().filter(|(name, _)| columns.split_whitespace().any(|c| c == name)).collect();
    let mut lines: Vec<Line> = lines.into_iter().map(kept).collect();
    lines.iter_mut().for_each(drop_empty_deductions);
    if table == "journal" { summed(lines) } else { lines }
}

/// A deduction of 0 says the same as none.
fn drop_empty_deductions(line: &mut Line) {
    let Some(json) = line.get_mut("deductions") else { return };
    let kept = json.trim_matches(['[', ']']).split_inclusive('}').map(|item| item.trim_start_matches(','));
    let kept: Vec<&str> = kept.filter(|item| !item.ends_with("\"minor\":0}")).collect();
    *json = format!("[{}]", kept.join(","));
}

fn summed(lines: Vec<Line>) -> Vec<Line> {
    let mut sums: BTreeMap<Line, i64> = BTreeMap::new();
    for mut line in lines {
        let amount = line.remove("amount_minor").expect("an amount").parse::<i64>().expect("minor units");
        *sums.entry(line).or_default() += amount;
    }
    let row = |(mut line, amount): (Line, i64)| {
        line.insert("amount_minor".to_owned(), amount.to_string());
        line
    };
    sums.into_iter().filter(|(_, amount)| *amount != 0).map(row).collect()
}

/// What `found` lacks and has too much, one line each; empty where both are the same sets of rows.
pub fn differences(expected: &Tables, found: &Tables) -> Vec<String> {
    COLUMNS.iter().flat_map(|(table, key, columns)| differing_rows(table, *key, columns, expected, found)).collect()
}

fn differing_rows(table: &str, key: usize, columns: &str, expected: &Tables, found: &Tables) -> Vec<String> {
    let columns: Vec<&str> = columns.split_whitespace().collect();
    let (mut missing, mut surplus) = (expected[table].clone(), Vec::new());
    for line in &found[table] {
        match missing.iter().position(|m| m == line) {
            Some(at) => drop(missing.swap_remove(at)),
            None => surplus.push(line.clone()),
        }
    }
    let mut out = Vec::new();
    for line in missing {
        let same_key = |s: &Line| columns[..key].iter().all(|c| s.get(*c) == line.get(*c));
        match surplus.iter().position(same_key) {
            Some(at) => out.push(changed(table, key, &columns, &line, &surplus.swap_remove(at))),
            None => out.push(format!("{table}: missing {}", shown(&columns, &line))),
        }
    }
    out.extend(surplus.iter().map(|line| format!("{table}: surplus {}", shown(&columns, line))));
    out
}

fn changed(table: &str, key: usize, columns: &[&str], expected: &Line, found: &Line) -> String {
    let cell = |line: &Line, c: &str| line.get(c).cloned().unwrap_or_default();
    let mut text = format!("{table}: {}", shown(&columns[..key], expected));
    for c in columns[key..].iter().filter(|c| expected.get(**c) != found.get(**c)) {
        text += &format!(
            "\n    {c}: expected {}\n    {:>w$}  found    {}",
            cell(expected, c),
            "",
            cell(found, c),
            w = c.len()
        );
    }
    text
}

fn shown(columns: &[&str], line: &Line) -> String {
    let cells = columns.iter().filter_map(|c| line.get(*c).map(|v| format!("{c}={v}")));
    cells.collect::<Vec<_>>().join(" ")
}

/// The rows of a Parquet file as text; lists of structures as JSON.
pub fn lines_of_parquet(path: &Path) -> Vec<Line> {
    let file = File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("a Parquet file").build().expect("a reader");
    reader.flat_map(|batch| lines_of_batch(&batch.expect("a batch of rows"))).collect()
}

fn lines_of_batch(batch: &RecordBatch) -> Vec<Line> {
    let schema = batch.schema();
    let line = |row: usize| {
        let cells = schema.fields().iter().zip(batch.columns());
        cells.filter(|(_, a)| !a.is_null(row)).map(|(f, a)| (f.name().clone(), text(a, row))).collect()
    };
    (0..batch.num_rows()).map(line).collect()
}

/// A value as text: days and instants in ISO form, lists as JSON without blanks.
fn text(array: &ArrayRef, row: usize) -> String {
    match array.data_type() {
        DataType::List(_) => json(array, row),
        DataType::Timestamp(..) => instant(array, row),
        _ => {
            let texts = cast(array, &DataType::Utf8).expect("a value that has a text");
            texts.as_string::<i32>().value(row).to_owned()
        }
    }
}

fn instant(array: &ArrayRef, row: usize) -> String {
    let wanted = DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()));
    let nanos = cast(&cast(array, &wanted).expect("an instant"), &DataType::Int64).expect("a count");
    let nanos = nanos.as_primitive::<Int64Type>().value(row);
    jiff::Timestamp::from_nanosecond(i128::from(nanos)).expect("an instant in range").to_string()
}

fn json(array: &ArrayRef, row: usize) -> String {
    if array.is_null(row) {
        return "null".to_owned();
    }
    match array.data_type() {
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(row);
            let items: Vec<String> = (0..items.len()).map(|i| json(&items, i)).collect();
            format!("[{}]", items.join(","))
        }
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns();
            let cell = |(f, a): (&arrow::datatypes::FieldRef, &ArrayRef)| format!("\"{}\":{}", f.name(), json(a, row));
            format!("{{{}}}", fields.iter().zip(columns).map(cell).collect::<Vec<_>>().join(","))
        }
        kind if kind.is_integer() => text(array, row),
        _ => serde_json::Value::from(text(array, row)).to_string(),
    }
}
