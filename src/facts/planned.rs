//! Expressions of policies, planned, and what is said of a row that one of them has no value for.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::util::display::array_value_to_string;

use super::Known;
use crate::error::{Error, Result};
use crate::policy::{Clause, Policies, Sql};
use crate::query::{Engine, Expression, Failed};

/// A planned expression, and where it stands.
pub struct Planned {
    expression: Expression,
    sql: Sql,
}

impl Planned {
    /// Plans an expression over a schema.
    ///
    /// # Errors
    /// It can't be used (usage, with a caret under it).
    pub fn value(engine: Engine, policies: &Policies, sql: &Sql, schema: &SchemaRef) -> Result<Self> {
        let planned = Expression::plan(engine, &sql.text, schema).map_err(|m| policies.sql_error(sql, &m))?;
        Ok(Self { expression: planned, sql: sql.clone() })
    }

    /// Plans a condition.
    ///
    /// # Errors
    /// As [`Planned::value`], or it is no condition.
    pub fn condition(engine: Engine, policies: &Policies, sql: &Sql, schema: &SchemaRef) -> Result<Self> {
        let planned = Expression::condition(engine, &sql.text, schema).map_err(|m| policies.sql_error(sql, &m))?;
        Ok(Self { expression: planned, sql: sql.clone() })
    }

    /// Plans a whole number; `expected` says what it is, as "a measure adds up whole numbers".
    ///
    /// # Errors
    /// As [`Planned::value`], or it is no whole number.
    pub fn whole(engine: Engine, policies: &Policies, sql: &Sql, schema: &SchemaRef, expected: &str) -> Result<Self> {
        let Self { expression, sql } = Self::value(engine, policies, sql, schema)?;
        let found = format!("{expected}; this is {}", expression.data_type);
        let expression = expression.in_64_bits(schema).map_err(|_| policies.sql_error(&sql, &found))?;
        Ok(Self { expression, sql })
    }

    /// The type of its values.
    pub fn data_type(&self) -> &DataType {
        &self.expression.data_type
    }

    /// The places of the columns that it looks at.
    pub fn columns(&self) -> Vec<usize> {
        self.expression.columns()
    }

    /// Its value for every row; null where it has none for a row that is not asked for.
    ///
    /// # Errors
    /// A row that is asked for has no value (usage, with the clause's place and the row's).
    pub fn values(&self, rows: &Asking<'_>) -> Result<ArrayRef> {
        let asked = |row: usize| rows.asked[row];
        self.expression.values_where(rows.batch, &asked).map_err(|failed| rows.refused(self, &failed))
    }

    /// Does it hold, for every row? Null does not hold.
    ///
    /// # Errors
    /// As [`Planned::values`].
    pub fn holds(&self, rows: &Asking<'_>) -> Result<Vec<bool>> {
        let asked = |row: usize| rows.asked[row];
        self.expression.holds_where(rows.batch, &asked).map_err(|failed| rows.refused(self, &failed))
    }
}

/// Rows of a file that the expressions of a program or a measure are asked about.
pub struct Asking<'a> {
    pub known: &'a Known<'a>,
    /// Whose expressions they are: `program p, version 1`.
    pub owner: String,
    pub clauses: Vec<Clause<'a>>,
    pub batch: &'a RecordBatch,
    /// The number of the first row.
    pub first: u32,
    /// By place in the batch: does an answer decide anything?
    pub asked: Vec<bool>,
}

impl Asking<'_> {
    fn refused(&self, planned: &Planned, failed: &Failed) -> Error {
        let sql = &planned.sql;
        let row = self.first + u32::try_from(failed.row).unwrap_or(0);
        let what = self.clauses.iter().find(|clause| clause.sql.place == sql.place);
        let what = what.map_or("an expression", |clause| &clause.what);
        let (place, picture) = self.known.policies.drawn(sql).unwrap_or_default();
        let id = self.known.rows.text(row, "event_id").unwrap_or_default();
        Error::usage(format!("{what} of {} fails on a row: {}", self.owner, failed.message))
            .at(format!("{place}; {}, event_id '{id}'", self.known.rows.place(row)))
            .expected("a value for every row that it is asked about")
            .found(self.values_of(planned, failed.row))
            .picture(picture)
            .next(WAY_OUT)
    }

    /// What the columns that an expression looks at hold in a row.
    fn values_of(&self, planned: &Planned, row: usize) -> String {
        let value = |at: usize| {
            let (column, schema) = (self.batch.column(at), self.batch.schema());
            let text = array_value_to_string(column, row).unwrap_or_default();
            let text = if column.is_null(row) { "null".to_owned() } else { text };
            format!("{} = {text}", schema.field(at).name())
        };
        let mut columns = planned.columns();
        columns.sort_unstable();
        columns.into_iter().map(value).collect::<Vec<_>>().join(", ")
    }
}

const WAY_OUT: &str = "nothing was published; guard the expression, as `100 / nullif(coins, 0)` or `case when coins > 0 then 100 / \
                       coins end`, divide what grows too large, or mend the row in staging, then run again";
