//! The nine tables: their columns in order, their keys, rows to Arrow and back.
//!
//! Periods are Utf8 (`2026-10`), days Date32, instants Timestamp(ns, UTC), amounts Int64; a column is nullable where its
//! field is an `Option`.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Field, Fields, Schema, SchemaRef};
use rayon::prelude::*;

use super::canonical::{WHERE_IT_STOOD, put_counted};
use super::cell::{Cause, Column, Day, FateName, Instant, Int, Kind, LogName, Many, Maybe, Month, Row, Text};
use super::earnings::Earnings;
use super::journal::Journal;
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

            fn array(rows: &[Self], at: usize) -> Option<ArrayRef> {
                let columns: &[fn(&[Self]) -> ArrayRef] =
                    &[$(|rows| <$kind as Column>::array(rows.iter().map(|row| &row.$field))),*];
                columns.get(at).map(|column| column(rows))
            }

            fn put(&self, bytes: &mut Vec<u8>) {
                $(if !WHERE_IT_STOOD.contains(&stringify!($field)) {
                    <$kind as Column>::put(&self.$field, bytes);
                })*
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
row!(Earning {
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
row!(Posting {
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

/// The rows of a table, however they are kept.
trait Table: Default + Sync {
    fn fields() -> Fields;
    fn rows(&self) -> usize;
    /// Sorts by key: text by its bytes, nulls first.
    fn sort(&mut self);
    /// Two neighbours that are not in the order of their key, or have one.
    fn out_of_order(&self) -> Option<String>;
    /// One column of some rows.
    fn column(&self, rows: Range<usize>, at: usize) -> Option<ArrayRef>;
    /// Adds a row's canonical bytes, without the columns that say where it stood.
    fn put(&self, row: usize, bytes: &mut Vec<u8>);
    /// Adds the rows behind columns.
    fn append(&mut self, columns: &[ArrayRef]) -> Result<()>;
}

impl<R: Row + Keyed + Send + Sync + std::fmt::Debug> Table for Vec<R> {
    fn fields() -> Fields {
        R::fields()
    }

    fn rows(&self) -> usize {
        self.len()
    }

    fn sort(&mut self) {
        self.par_sort_unstable_by(R::by_key);
    }

    fn out_of_order(&self) -> Option<String> {
        let found = self.par_windows(2).find_first(|pair| pair[0].by_key(&pair[1]) != Ordering::Less);
        found.map(|pair| format!("{:?}, then {:?}", pair[0], pair[1]))
    }

    fn column(&self, rows: Range<usize>, at: usize) -> Option<ArrayRef> {
        R::array(&self[rows], at)
    }

    fn put(&self, row: usize, bytes: &mut Vec<u8>) {
        self[row].put(bytes);
    }

    fn append(&mut self, columns: &[ArrayRef]) -> Result<()> {
        self.extend(R::rows(columns)?);
        Ok(())
    }
}

/// A table that is kept packed.
macro_rules! packed {
    ($table:ident of $row:ident) => {
        impl Table for $table {
            fn fields() -> Fields {
                $row::fields()
            }

            fn rows(&self) -> usize {
                self.len()
            }

            fn sort(&mut self) {
                Self::sort(self);
            }

            fn out_of_order(&self) -> Option<String> {
                Self::out_of_order(self)
            }

            fn column(&self, rows: Range<usize>, at: usize) -> Option<ArrayRef> {
                self.array(rows, at)
            }

            fn put(&self, row: usize, bytes: &mut Vec<u8>) {
                Self::put(self, row, bytes);
            }

            fn append(&mut self, columns: &[ArrayRef]) -> Result<()> {
                self.add($row::rows(columns)?)
            }
        }
    };
}

packed!(Earnings of Earning);
packed!(Journal of Posting);

/// Gives the table of a name to one expression; by reference or mutably, as `$tables` is.
macro_rules! with_table {
    ($tables:expr, $name:expr, |$table:ident| $body:expr) => {
        with_table!($tables, $name, $table, $body,
            earnings journal statements payouts balances quarantine waiting ineligible control)
    };
    ($tables:expr, $name:expr, $bound:ident, $body:expr, $($table:ident)*) => {{
        let Tables { $($table),* } = $tables;
        match $name {
            $(name if name == stringify!($table) => {
                let $bound = $table;
                $body
            })*
            other => Err(Error::bug(format!("the ledger has no table {other}"))),
        }
    }};
}

impl Tables {
    /// Sorts every table by its key: text by its bytes, nulls first.
    pub fn sort(&mut self) {
        Table::sort(&mut self.earnings);
        Table::sort(&mut self.journal);
        Table::sort(&mut self.statements);
        Table::sort(&mut self.payouts);
        Table::sort(&mut self.balances);
        Table::sort(&mut self.quarantine);
        Table::sort(&mut self.waiting);
        Table::sort(&mut self.ineligible);
        Table::sort(&mut self.control);
    }

    /// Holds every table to its order: sorted by its key, no key twice.
    ///
    /// # Errors
    /// A table that is not (bug).
    pub fn check_keys(&self) -> Result<()> {
        for name in TABLES {
            if let Some(found) = with_table!(self, name, |table| Ok(Table::out_of_order(table)))? {
                return Err(Error::bug("rows are not in the order of their key, or have one key")
                    .at(name)
                    .found(found));
            }
        }
        Ok(())
    }

    /// The number of rows of a table.
    ///
    /// # Errors
    /// No such table (bug).
    pub fn rows(&self, table: &str) -> Result<usize> {
        with_table!(self, table, |table| Ok(Table::rows(table)))
    }

    /// One column of some rows of a table.
    ///
    /// # Errors
    /// No such table or column (bug).
    pub fn column(&self, table: &'static str, at: usize, rows: Range<usize>) -> Result<ArrayRef> {
        let array = with_table!(self, table, |table| Ok(Table::column(table, rows, at)))?;
        array.ok_or_else(|| Error::bug(format!("{table} has no column {at}")))
    }

    /// The canonical bytes of some rows of a table, each after the number of its bytes.
    ///
    /// # Errors
    /// No such table (bug).
    pub(super) fn row_bytes(&self, table: &'static str, rows: Range<usize>) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        with_table!(self, table, |table| {
            rows.for_each(|row| put_counted(&mut bytes, |bytes| Table::put(table, row, bytes)));
            Ok(())
        })?;
        Ok(bytes)
    }

    /// A table as batches of [`BATCH_ROWS`] rows, the last one shorter; none for a table without rows.
    pub fn batches(&self, table: &'static str) -> impl Iterator<Item = Result<RecordBatch>> {
        let last = self.rows(table).unwrap_or(0);
        (0..last).step_by(BATCH_ROWS).map(move |from| {
            let (to, schema) = (last.min(from.saturating_add(BATCH_ROWS)), schema(table)?);
            let columns = (0..schema.fields().len()).map(|at| self.column(table, at, from..to));
            let columns = columns.collect::<Result<Vec<_>>>()?;
            RecordBatch::try_new(schema, columns).map_err(|e| Error::bug(e.to_string()))
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
    fn fields<T: Table>(_: &T) -> Fields {
        T::fields()
    }
    let fields: Fields = with_table!(&Tables::default(), table, |rows| Ok(fields(rows)))?;
    Ok(Arc::new(Schema::new(fields)))
}

fn append<T: Table>(table: &mut T, batch: &RecordBatch) -> Result<()> {
    let names = batch.schema_ref().fields().iter().map(|field| field.name());
    if !names.eq(T::fields().iter().map(|field| field.name())) {
        return Err(unreadable("other columns, or in another order"));
    }
    table.append(batch.columns())
}
