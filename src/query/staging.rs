//! Staging: one query per log that maps raw rows to canonical ones, row by row.
//!
//! The query reads the table `raw` and the references. It may rename, parse, compute and join a reference n:1; it may
//! not aggregate, filter, sort or multiply rows. Provenance is a hidden column that the plan is made to carry.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, Projection};
use datafusion::prelude::SessionContext;

use super::ROW;
use super::engine::{Engine, first_line, register};
use super::expression::volatile;
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
    /// Maps the raw rows of one file; the answer has one row for each raw row, in the same order.
    ///
    /// # Errors
    /// The query does not plan, or is no row-by-row mapping (usage); a row has no or several images (input).
    pub fn map(&self, engine: Engine, file: &str, raw: &RecordBatch) -> Result<RecordBatch> {
        let session = engine.session();
        self.register(&session, raw).map_err(|e| self.refused(&e, file))?;
        let rows = raw.num_rows();
        let mapped = engine.block_on(async {
            let plan = session.state().create_logical_plan(&self.sql).await.map_err(|e| self.refused(&e, file))?;
            self.inspect(&plan)?;
            let plan = carry_rows(plan).map_err(|e| self.refused(&e, file))?;
            let frame = session.execute_logical_plan(plan).await.map_err(|e| self.refused(&e, file))?;
            let schema = Arc::new(frame.schema().as_arrow().clone());
            let batches = frame.collect().await.map_err(|e| self.refused(&e, file))?;
            concat_batches(&schema, &batches).map_err(|e| Error::bug(e.to_string()))
        })?;
        self.restore_order(&mapped, rows, file)
    }

    fn register(&self, session: &SessionContext, raw: &RecordBatch) -> std::result::Result<(), DataFusionError> {
        let numbered = with_row_numbers(raw)?;
        register(session, "raw", numbered.schema(), vec![vec![numbered]])?;
        for (name, batch) in &self.references {
            register(session, name, batch.schema(), vec![vec![batch.clone()]])?;
        }
        Ok(())
    }

    fn refused(&self, e: &DataFusionError, file: &str) -> Error {
        Error::usage(format!("the staging query failed: {}", first_line(&e.strip_backtrace())))
            .at(format!("{} on {file}", self.name))
            .next("correct the query; `everycent doctor` runs it on every file")
    }

    /// Refuses everything that is no mapping of single rows, and floats.
    fn inspect(&self, plan: &LogicalPlan) -> Result<()> {
        let mut fault = None;
        let walked = plan.apply_with_subqueries(|node| {
            fault = forbidden(node).map(str::to_owned).or_else(|| float_in(node));
            Ok(if fault.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        });
        walked.map_err(|e| Error::bug(e.to_string()))?;
        match fault {
            None => Ok(()),
            Some(fault) => Err(Error::usage("staging maps rows one to one")
                .at(self.name.clone())
                .expected("renames, parsing, exact arithmetic, and n:1 joins to references")
                .found(fault)
                .next("to leave a row out, give it an exclude_reason; sums belong in policies and reports")),
        }
    }

    fn restore_order(&self, mapped: &RecordBatch, rows: usize, file: &str) -> Result<RecordBatch> {
        let numbers = mapped.column_by_name(ROW).and_then(|c| c.as_primitive_opt::<Int64Type>()).ok_or_else(|| {
            Error::usage("the staging query loses its rows").at(self.name.clone()).expected("FROM raw")
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
            .at(format!("{}, {file}, row {row}", self.name))
            .expected("one row")
            .found(found)
            .next("join references on their whole key (and their dates), with LEFT JOIN")
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

fn forbidden(node: &LogicalPlan) -> Option<&'static str> {
    match node {
        LogicalPlan::Aggregate(_) => Some("an aggregate"),
        LogicalPlan::Window(_) => Some("a window function"),
        LogicalPlan::Distinct(_) => Some("DISTINCT"),
        LogicalPlan::Filter(_) => Some("a WHERE that leaves rows out"),
        LogicalPlan::Limit(_) => Some("LIMIT"),
        LogicalPlan::Union(_) => Some("UNION"),
        LogicalPlan::Unnest(_) => Some("UNNEST"),
        LogicalPlan::Sort(_) => Some("ORDER BY"),
        LogicalPlan::Projection(_)
        | LogicalPlan::TableScan(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Join(_)
        | LogicalPlan::Subquery(_)
        | LogicalPlan::EmptyRelation(_)
        | LogicalPlan::Values(_) => None,
        _ => Some("a statement that is no SELECT"),
    }
}

/// The first float or clock in a node's expressions.
pub(super) fn float_in(node: &LogicalPlan) -> Option<String> {
    let mut fault = None;
    let inputs = node.inputs();
    let schema = inputs.first().map_or(node.schema(), |input| input.schema());
    let walked = node.apply_expressions(|expr| {
        expr.apply(|part| {
            if matches!(part.get_type(schema), Ok(kind) if kind.is_floating()) {
                fault = Some(format!("a float: {part}"));
            }
            if let Expr::ScalarFunction(f) = part
                && volatile(f.name())
            {
                fault = Some(format!("a clock or chance: {part}"));
            }
            Ok(if fault.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        })
    });
    walked.ok().and(fault)
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
