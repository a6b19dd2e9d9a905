//! The nine tables: their columns in order, their keys, rows to Arrow and back.
//!
//! Periods are Utf8 (`2026-10`), days Date32, instants Timestamp(ns, UTC), amounts Int64; a column is nullable where its
//! field is an `Option`.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Field, Fields, Schema, SchemaRef};

use super::cell::{Cause, Column, Day, FateName, Instant, Int, Kind, LogName, Many, Maybe, Month, Row, Text};
use super::row::{Balance, Control, Deduction, Earning, Part, Payout, Posting, Statement, Tables, Unrated};
use crate::error::{Error, Result};

/// The tables of a run, in the order in which the root takes them.
pub const TABLES: [&str; 9] =
    ["earnings", "journal", "statements", "payouts", "balances", "quarantine", "waiting", "ineligible", "control"];
/// Rows of one batch, and of one row group of a file: 1 Mi.
pub const BATCH_ROWS: usize = 1 << 20;

/// A row that has a key.
trait Keyed {
    /// By key, bytes order, nulls first.
    fn by_key(&self, other: &Self) -> Ordering;
}

macro_rules! row {
    ($row:ident { $($field:ident: $kind:ty),* $(,)? }) => {
        impl Row for $row {
            fn fields() -> Fields {
                let field = |name: &str, kind, nullable| Field::new(name, kind, nullable);
                Fields::from(vec![
                    $(field(stringify!($field), <$kind as Column>::data_type(), <$kind as Column>::NULLABLE)),*
                ])
            }

            fn arrays<'a>(rows: impl Iterator<Item = &'a Self> + Clone) -> Vec<ArrayRef> {
                vec![$(<$kind as Column>::array(rows.clone().map(|row| &row.$field))),*]
            }

            fn rows(columns: &[ArrayRef]) -> Result<Vec<Self>> {
                let [$($field),*] = columns else { return Err(unreadable("columns are missing, or there are more")) };
                $(let values = <$kind as Column>::values($field);
                let mut $field = values.ok_or_else(|| unreadable(concat!("column ", stringify!($field))))?.into_iter();)*
                Ok(std::iter::from_fn(|| Some(Self { $($field: $field.next()?),* })).collect())
            }
        }
    };
    ($row:ident by ($($key:ident),*) { $($field:ident: $kind:ty),* $(,)? }) => {
        row!($row { $($field: $kind,)* });

        impl Keyed for $row {
            fn by_key(&self, other: &Self) -> Ordering {
                Ordering::Equal$(.then_with(|| self.$key.cmp(&other.$key)))*
            }
        }
    };
}

fn unreadable(found: &str) -> Error {
    Error::input("a table of the ledger can't be read").expected("the columns of docs/ledger.md").found(found)
}

row!(Deduction { name: Text, account: Text, minor: Int });
row!(Part { party_id: Text, minor: Int, payout_currency: Text, rate: Maybe<Text>, payout_minor: Maybe<Int>, });
row!(Earning by (creator_id, program, policy_version, currency, earning_period, fx_date, cause) {
    creator_id: Text,
    program: Text,
    policy_version: Text,
    currency: Text,
    earning_period: Month,
    fx_date: Day,
    cause: Cause,
    events: Int,
    gross_minor: Int,
    tax_minor: Int,
    channel_fee_minor: Int,
    deductions: Many<Deduction>,
    creator_minor: Int,
    platform_minor: Int,
    rounding: Text,
    parts: Many<Part>,
});
row!(Posting by (entry_id, posting) {
    entry_id: Text,
    posting: Int,
    period: Month,
    earning_period: Maybe<Month>,
    cause: Maybe<Cause>,
    kind: Kind,
    program: Maybe<Text>,
    log: Maybe<LogName>,
    channel: Maybe<Text>,
    account: Text,
    party_id: Maybe<Text>,
    amount_minor: Int,
    currency: Text,
});
row!(Statement by (party_id, currency) {
    party_id: Text,
    currency: Text,
    opening_minor: Int,
    earned_minor: Int,
    corrections_minor: Int,
    adjustments_minor: Int,
    moved_minor: Int,
    stand_in_minor: Int,
    held_minor: Int,
    hold_released_minor: Int,
    recouped_minor: Int,
    withheld_minor: Int,
    reserved_minor: Int,
    reserve_released_minor: Int,
    payable_minor: Int,
    payout_minor: Int,
    forfeited_minor: Int,
    closing_minor: Int,
});
row!(Payout by (payout_id) { payout_id: Text, party_id: Text, currency: Text, amount_minor: Int, due_date: Day, });
row!(Balance by (account, party_id, currency) {
    account: Text,
    party_id: Maybe<Text>,
    currency: Text,
    opening_minor: Int,
    debit_minor: Int,
    credit_minor: Int,
    closing_minor: Int,
    oldest_period: Maybe<Month>,
});
row!(Unrated by (log, event_id, row_hash, occurrence) {
    log: LogName,
    event_id: Maybe<Text>,
    row_hash: Text,
    occurrence: Int,
    reason: Text,
    until: Maybe<Day>,
    kind: Maybe<Text>,
    creator_id: Maybe<Text>,
    amount_minor: Maybe<Int>,
    currency: Maybe<Text>,
    event_time: Maybe<Instant>,
    file: Text,
    row_group: Int,
    row: Int,
});
row!(Control by (log, currency, fate, reason) {
    log: LogName,
    currency: Maybe<Text>,
    fate: FateName,
    reason: Maybe<Text>,
    rows: Int,
    amount_minor: Int,
    unreadable: Int,
    total_rows: Int,
    total_amount_minor: Int,
    total_unreadable: Int,
});

/// Gives the rows of the table of a name to one expression; by reference or mutably, as `$tables` is.
macro_rules! with_table {
    ($tables:expr, $name:expr, |$rows:ident| $body:expr) => {
        with_table!($tables, $name, $rows, $body,
            earnings journal statements payouts balances quarantine waiting ineligible control)
    };
    ($tables:expr, $name:expr, $rows:ident, $body:expr, $($table:ident)*) => {{
        let Tables { $($table),* } = $tables;
        match $name {
            $(name if name == stringify!($table) => {
                let $rows = $table;
                $body
            })*
            other => Err(Error::bug(format!("the ledger has no table {other}"))),
        }
    }};
}

impl Tables {
    /// Sorts every table by its key: text by its bytes, nulls first.
    pub fn sort(&mut self) {
        fn sort<R: Keyed>(rows: &mut [R]) {
            rows.sort_by(R::by_key);
        }
        sort(&mut self.earnings);
        sort(&mut self.journal);
        sort(&mut self.statements);
        sort(&mut self.payouts);
        sort(&mut self.balances);
        sort(&mut self.quarantine);
        sort(&mut self.waiting);
        sort(&mut self.ineligible);
        sort(&mut self.control);
    }

    /// Holds every table to its order: sorted by its key, no key twice.
    ///
    /// # Errors
    /// A table that is not (bug).
    pub fn check_keys(&self) -> Result<()> {
        fn check<R: Keyed + std::fmt::Debug>(rows: &[R]) -> Result<()> {
            match rows.windows(2).find(|pair| pair[0].by_key(&pair[1]) != Ordering::Less) {
                None => Ok(()),
                Some(pair) => Err(Error::bug("rows are not in the order of their key, or have one key")
                    .found(format!("{:?}, then {:?}", pair[0], pair[1]))),
            }
        }
        for name in TABLES {
            with_table!(self, name, |rows| check(rows)).map_err(|e| e.at(name))?;
        }
        Ok(())
    }

    /// The number of rows of a table.
    ///
    /// # Errors
    /// No such table (bug).
    pub fn rows(&self, table: &str) -> Result<usize> {
        with_table!(self, table, |rows| Ok(rows.len()))
    }

    /// A table as batches of [`BATCH_ROWS`] rows, the last one shorter; none for a table without rows.
    pub fn batches(&self, table: &'static str) -> impl Iterator<Item = Result<RecordBatch>> {
        let last = self.rows(table).unwrap_or(0);
        (0..last).step_by(BATCH_ROWS).map(move |from| {
            let to = last.min(from.saturating_add(BATCH_ROWS));
            with_table!(self, table, |rows| batch(&rows[from..to]))
        })
    }

    /// A table as one batch.
    ///
    /// # Errors
    /// No such table, or one that no batch can hold (bug).
    pub fn batch(&self, table: &'static str) -> Result<RecordBatch> {
        let batches = self.batches(table).collect::<Result<Vec<_>>>()?;
        concat_batches(&schema(table)?, &batches).map_err(|e| Error::bug(e.to_string()).at(table))
    }

    /// The tables behind named batches; a table that is not named is empty.
    ///
    /// # Errors
    /// An unknown table, or a batch whose columns are not the table's (input).
    pub fn from_batches<'a>(batches: impl IntoIterator<Item = (&'a str, RecordBatch)>) -> Result<Self> {
        let mut read = Self::default();
        for (table, batch) in batches {
            with_table!(&mut read, table, |rows| append(rows, &batch)).map_err(|e| e.at(table))?;
        }
        Ok(read)
    }
}

/// The schema of a table.
///
/// # Errors
/// No such table (bug).
pub fn schema(table: &str) -> Result<SchemaRef> {
    fn fields<R: Row>(_: &[R]) -> Fields {
        R::fields()
    }
    let fields: Fields = with_table!(&Tables::default(), table, |rows| Ok(fields(rows)))?;
    Ok(Arc::new(Schema::new(fields)))
}

fn batch<R: Row>(rows: &[R]) -> Result<RecordBatch> {
    let schema = Arc::new(Schema::new(R::fields()));
    RecordBatch::try_new(schema, R::arrays(rows.iter())).map_err(|e| Error::bug(e.to_string()))
}

fn append<R: Row>(rows: &mut Vec<R>, batch: &RecordBatch) -> Result<()> {
    let names = batch.schema_ref().fields().iter().map(|field| field.name());
    if !names.eq(R::fields().iter().map(|field| field.name())) {
        return Err(unreadable("other columns, or in another order"));
    }
    rows.extend(R::rows(batch.columns())?);
    Ok(())
}
