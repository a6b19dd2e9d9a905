//! Staging: one query per log that maps raw rows to canonical ones, row by row.
//!
//! The query reads the table `raw` and the references. It may rename, parse, compute and join a reference n:1; it may
//! not aggregate, filter, sort or multiply rows. Provenance is a hidden column that the plan is made to carry.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, LogicalPlan, Projection};
use datafusion::prelude::SessionContext;

use super::ROW;
use super::engine::{Engine, register};
use super::inspect::{NoMapping, inspect};
use super::refusal::Asked;
use crate::error::{Error, Result};

/// A staging query and the references that it may join.
#[derive(Clone, Debug)]
pub struct Staging {
    /// The file, for messages: `queries/staging/commerce.sql`.
    pub name: String,
    /// Its text.
    pub sql: String,
    /// References by name, as tables.
    pub references: Vec<(String, RecordBatch)>,
}

impl Staging {
    /// Maps the raw rows of one file; the answer has one row for each raw row, in the same order. `groups` are the rows
    /// in each of the file's row groups, for messages.
    ///
    /// # Errors
    /// The query does not plan, is no row-by-row mapping, or fails on a row (usage, with file, line, column, and the row
    /// and its values); a row has no or several images (input).
    pub fn map(&self, engine: Engine, file: &str, raw: &RecordBatch, groups: &[u64]) -> Result<RecordBatch> {
        let mapped = self.evaluate(&self.sql, engine, raw);
        let mapped = mapped.map_err(|failure| self.refused(&failure, &Asked { engine, file, raw, groups }))?;
        self.restore_order(&mapped, raw.num_rows(), file)
    }

    /// Runs a form of the query over raw rows; the answer carries their numbers, in any order.
    pub(super) fn evaluate(&self, sql: &str, engine: Engine, raw: &RecordBatch) -> Evaluated {
        let session = engine.session();
        self.register(&session, raw)?;
        let answer = async {
            let plan = session.state().create_logical_plan(sql).await?;
            inspect(&plan)?.map_or(Ok(()), |fault| Err(Failure::NoMapping(fault)))?;
            let frame = session.execute_logical_plan(carry_rows(plan)?).await?;
            let schema = Arc::new(frame.schema().as_arrow().clone());
            let batches = frame.collect().await?;
            concat_batches(&schema, &batches).map_err(|e| Failure::Engine(e.into()))
        };
        engine.block_on(async { Ok(answer.await) }).map_err(Failure::Other)?
    }

    fn register(&self, session: &SessionContext, raw: &RecordBatch) -> std::result::Result<(), DataFusionError> {
        let numbered = with_row_numbers(raw)?;
        register(session, "raw", numbered.schema(), vec![vec![numbered]])?;
        for (name, batch) in &self.references {
            register(session, name, batch.schema(), vec![vec![batch.clone()]])?;
        }
        Ok(())
    }

    fn restore_order(&self, mapped: &RecordBatch, rows: usize, file: &str) -> Result<RecordBatch> {
        let numbers = mapped.column_by_name(ROW).and_then(|c| c.as_primitive_opt::<Int64Type>()).ok_or_else(|| {
            Error::usage("the staging query loses its rows").at(format!("queries/{}", self.name)).expected("FROM raw")
        })?;
        let mut position = vec![None; rows];
        for (at, number) in numbers.values().iter().enumerate() {
            let slot = usize::try_from(*number).ok().and_then(|n| position.get_mut(n));
            match slot {
                Some(slot) if slot.is_none() => *slot = Some(at as u64),
                _ => return Err(self.multiplied(file, *number, "several rows")),
            }
        }
        let order: Option<Vec<u64>> = position.iter().copied().collect();
        let order = order.ok_or_else(|| {
            let lost = position.iter().position(Option::is_none).unwrap_or(0);
            self.multiplied(file, lost as i64, "no row")
        })?;
        let indices = arrow::array::UInt64Array::from(order);
        take_record_batch(mapped, &indices).map_err(|e| Error::bug(e.to_string()))
    }

    fn multiplied(&self, file: &str, row: i64, found: &str) -> Error {
        Error::input("a staging query must give one canonical row for each raw row")
            .at(format!("queries/{}, {file}, row {row}", self.name))
            .expected("one row")
            .found(found)
            .next("join references on their whole key (and their dates), with LEFT JOIN")
    }
}

/// Why a staging query has no answer.
pub(super) enum Failure {
    /// It is no mapping of single rows, or has a float or a clock in it.
    NoMapping(NoMapping),
    /// It does not plan or run.
    Engine(DataFusionError),
    /// Something else is wrong.
    Other(Error),
}

type Evaluated = std::result::Result<RecordBatch, Failure>;

impl From<DataFusionError> for Failure {
    fn from(e: DataFusionError) -> Self {
        Self::Engine(e)
    }
}

/// The raw rows with the hidden row number.
fn with_row_numbers(raw: &RecordBatch) -> std::result::Result<RecordBatch, DataFusionError> {
    let rows = i64::try_from(raw.num_rows()).unwrap_or(i64::MAX);
    let mut fields: Vec<Arc<Field>> = raw.schema().fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(ROW, DataType::Int64, false)));
    let mut columns: Vec<ArrayRef> = raw.columns().to_vec();
    columns.push(Arc::new(Int64Array::from_iter_values(0..rows)));
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    Ok(RecordBatch::try_new(schema, columns)?)
}

/// Makes every projection above `raw` carry the row number.
fn carry_rows(plan: LogicalPlan) -> std::result::Result<LogicalPlan, DataFusionError> {
    let carried = plan.transform_up(|node| match node {
        LogicalPlan::Projection(projection) => carry(projection).map(Transformed::yes),
        other => other.recompute_schema().map(Transformed::yes),
    })?;
    Ok(carried.data)
}

fn carry(projection: Projection) -> std::result::Result<LogicalPlan, DataFusionError> {
    let present = projection.expr.iter().any(|e| e.schema_name().to_string().ends_with(ROW));
    let found = projection.input.schema().iter().find(|(_, field)| field.name() == ROW).map(Column::from);
    let mut exprs = projection.expr;
    if let (false, Some(column)) = (present, found) {
        exprs.push(Expr::Column(column));
    }
    Ok(LogicalPlan::Projection(Projection::try_new(exprs, projection.input)?))
}
