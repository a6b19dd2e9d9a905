//! SQL expressions of a policy (conditions, sums), planned once and evaluated batch by batch.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, ExprSchemable};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column as PhysicalColumn;
use datafusion::physical_expr::utils::collect_columns;

use super::engine::{Engine, first_line};

/// A planned expression over one schema.
#[derive(Clone, Debug)]
pub struct Expression {
    physical: Arc<dyn PhysicalExpr>,
    /// The type of its values.
    pub data_type: DataType,
}

impl Expression {
    /// Plans `sql` over the columns of `schema`.
    ///
    /// # Errors
    /// Why it can't be used, in one line: it does not parse, names an unknown column, aggregates, asks a subquery, or
    /// has a float in it.
    pub fn plan(engine: Engine, sql: &str, schema: &SchemaRef) -> Result<Self, String> {
        let session = engine.session();
        let columns = DFSchema::try_from(schema.as_ref().clone()).map_err(|e| first_line(&e.to_string()))?;
        let expr = session.parse_sql_expr(sql, &columns).map_err(|e| first_line(&e.strip_backtrace()))?;
        refuse(&expr, &columns)?;
        let physical = session.create_physical_expr(expr, &columns).map_err(|e| first_line(&e.strip_backtrace()))?;
        let data_type = physical.data_type(schema).map_err(|e| first_line(&e.to_string()))?;
        Ok(Self { physical, data_type })
    }

    /// The places of the columns that it looks at.
    #[must_use]
    pub fn columns(&self) -> Vec<usize> {
        collect_columns(&self.physical).iter().map(PhysicalColumn::index).collect()
    }

    /// Plans a condition.
    ///
    /// # Errors
    /// As [`Expression::plan`], or the expression is no condition.
    pub fn condition(engine: Engine, sql: &str, schema: &SchemaRef) -> Result<Self, String> {
        let planned = Self::plan(engine, sql, schema)?;
        match planned.data_type {
            DataType::Boolean | DataType::Null => Ok(planned),
            ref other => Err(format!("a condition is true or false; this is {other}")),
        }
    }

    pub(super) fn physical(&self) -> &Arc<dyn PhysicalExpr> {
        &self.physical
    }

    /// Its value for every row of a batch.
    ///
    /// # Errors
    /// Why a row has no value (a cast that fails, an overflow).
    pub fn values(&self, batch: &RecordBatch) -> Result<ArrayRef, String> {
        let value = self.physical.evaluate(batch).map_err(|e| first_line(&e.strip_backtrace()))?;
        value.into_array(batch.num_rows()).map_err(|e| first_line(&e.to_string()))
    }

    /// Does it hold, for every row of a batch? Null does not hold.
    ///
    /// # Errors
    /// As [`Expression::values`].
    pub fn holds(&self, batch: &RecordBatch) -> Result<Vec<bool>, String> {
        let values = self.values(batch)?;
        match values.as_any().downcast_ref::<BooleanArray>() {
            Some(array) => Ok((0..array.len()).map(|i| array.is_valid(i) && array.value(i)).collect()),
            None => Ok(vec![false; batch.num_rows()]),
        }
    }
}

/// Refuses what a policy's expression must not hold.
fn refuse(expr: &Expr, schema: &DFSchema) -> Result<(), String> {
    let mut fault = None;
    let walked = expr.apply(|node| {
        fault = fault_of(node, schema);
        Ok(if fault.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    walked.map_err(|e| first_line(&e.to_string()))?;
    fault.map_or(Ok(()), Err)
}

fn fault_of(node: &Expr, schema: &DFSchema) -> Option<String> {
    match node {
        Expr::AggregateFunction(_) | Expr::WindowFunction(_) => {
            return Some("an aggregate belongs in a [[measure]]".into());
        }
        Expr::ScalarSubquery(_) | Expr::InSubquery(_) | Expr::Exists(_) => {
            return Some("a subquery belongs in a [[measure]]".into());
        }
        Expr::ScalarFunction(f) if volatile(f.name()) => {
            return Some(format!("{}() differs from run to run; today is the as-of date, never the clock", f.name()));
        }
        _ => {}
    }
    match node.get_type(schema) {
        Ok(kind) if kind.is_floating() => Some(format!("a float stands in it: {node}; use integers or exact decimals")),
        _ => None,
    }
}

/// Functions whose answer depends on more than their arguments.
pub(super) fn volatile(name: &str) -> bool {
    matches!(
        name,
        "now" | "current_date" | "current_time" | "current_timestamp" | "today" | "random" | "uuid" | "version"
    )
}
