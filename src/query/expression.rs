//! SQL expressions of a policy (conditions, sums), planned once and evaluated batch by batch.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DFSchemaRef, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, ExprSchemable};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{Column as PhysicalColumn, cast};
use datafusion::physical_expr::utils::collect_columns;

use super::engine::{Engine, first_line};
use super::exact::exact;
use super::length::{SHORTER, too_long};

/// A planned expression over one schema.
#[derive(Clone, Debug)]
pub struct Expression {
    physical: Arc<dyn PhysicalExpr>,
    /// The type of its values.
    pub data_type: DataType,
}

impl Expression {
    /// Plans `sql` over the columns of `schema`, as the engine would in a query: types coerced, then simplified, because some of
    /// its functions (`coalesce`, `nvl`) exist only as what they are simplified to.
    ///
    /// # Errors
    /// Why it can't be used, in one line: it is too long, does not parse, names an unknown column, aggregates, asks a subquery, has a
    /// float in it, or is beyond the engine.
    pub fn plan(engine: Engine, sql: &str, schema: &SchemaRef) -> Result<Self, String> {
        too_long(sql).map_or(Ok(()), |fault| Err(format!("{}; {SHORTER}", fault.message)))?;
        let session = engine.session();
        let columns = DFSchema::try_from(schema.as_ref().clone()).map_err(|e| first_line(&e.to_string()))?;
        let columns = Arc::new(columns);
        let expr = session.parse_sql_expr(sql, &columns).map_err(|e| told(&e))?;
        refuse(&expr, &columns)?;
        let expr = simplified(expr, &columns).map_err(|e| told(&e))?;
        refuse(&expr, &columns)?;
        let physical = session.create_physical_expr(expr, &columns).map_err(|e| told(&e))?;
        let data_type = physical.data_type(schema).map_err(|e| told(&e))?;
        let planned = Self { physical, data_type };
        planned.probe(schema)?;
        Ok(planned)
    }

    /// Evaluates it for a row of nulls and for one of empty values, before any row of a log is asked. What fails on nulls fails
    /// on every row; of the empty values only what the engine has no code for counts, because values may have faults.
    fn probe(&self, schema: &SchemaRef) -> Result<(), String> {
        let nulls = |field: &FieldRef| new_null_array(field.data_type(), 1);
        let empty = |field: &FieldRef| {
            let value = ScalarValue::new_default(field.data_type()).and_then(|value| value.to_array_of_size(1));
            value.unwrap_or_else(|_| nulls(field))
        };
        let fields = schema.fields();
        let nullable: Vec<Field> = fields.iter().map(|f| f.as_ref().clone().with_nullable(true)).collect();
        let nullable = Arc::new(Schema::new(nullable));
        let fault = |row: Vec<ArrayRef>| {
            let one = RecordBatchOptions::new().with_row_count(Some(1));
            let batch = RecordBatch::try_new_with_options(Arc::clone(&nullable), row, &one)?;
            self.physical.evaluate(&batch).map(drop)
        };
        fault(fields.iter().map(nulls).collect()).map_err(|e| told(&e))?;
        match fault(fields.iter().map(empty).collect()) {
            Err(e) if is_beyond(&e) => Err(told(&e)),
            _ => Ok(()),
        }
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

    /// The same whole number in 64 bits; a row beyond them fails.
    ///
    /// # Errors
    /// It is no whole number.
    pub fn in_64_bits(self, schema: &SchemaRef) -> Result<Self, String> {
        if !self.data_type.is_integer() {
            return Err(format!("a whole number is needed; this is {}", self.data_type));
        }
        let physical = cast(self.physical, schema, DataType::Int64).map_err(|e| told(&e))?;
        Ok(Self { physical, data_type: DataType::Int64 })
    }

    /// Its value for every row of a batch.
    ///
    /// # Errors
    /// The first row that has no value (a division by zero, a cast that fails, an overflow).
    pub fn values(&self, batch: &RecordBatch) -> Result<ArrayRef, Failed> {
        self.values_where(batch, &|_| true)
    }

    /// Its value for every row of a batch; a row that nobody asks for is null where it has none. A row's value is what it gives
    /// alone, so that `coins <> 0 and 100 / coins > 1` holds or not whatever other rows are asked with it.
    ///
    /// # Errors
    /// The first row that is asked for and has no value.
    pub fn values_where(&self, batch: &RecordBatch, asked: &dyn Fn(usize) -> bool) -> Result<ArrayRef, Failed> {
        let rows = batch.num_rows();
        let message = match self.evaluated(batch) {
            Ok(values) => return Ok(values),
            Err(message) => message,
        };
        if rows <= 1 {
            let null = new_null_array(&self.data_type, rows);
            return if asked(0) { Err(Failed { row: 0, message }) } else { Ok(null) };
        }
        let half = rows / 2;
        let before = self.values_where(&batch.slice(0, half), asked)?;
        let after = self.values_where(&batch.slice(half, rows - half), &|row| asked(half + row));
        let after = after.map_err(|failed| Failed { row: half + failed.row, ..failed })?;
        concat(&[&before, &after]).map_err(|e| Failed { row: 0, message: first_line(&e.to_string()) })
    }

    fn evaluated(&self, batch: &RecordBatch) -> Result<ArrayRef, String> {
        let value = self.physical.evaluate(batch).map_err(|e| plainly(&first_line(&e.strip_backtrace())))?;
        value.into_array(batch.num_rows()).map_err(|e| first_line(&e.to_string()))
    }

    /// Does it hold, for every row of a batch? Null does not hold.
    ///
    /// # Errors
    /// As [`Expression::values_where`].
    pub fn holds_where(&self, batch: &RecordBatch, asked: &dyn Fn(usize) -> bool) -> Result<Vec<bool>, Failed> {
        let values = self.values_where(batch, asked)?;
        match values.as_any().downcast_ref::<BooleanArray>() {
            Some(array) => Ok((0..array.len()).map(|i| array.is_valid(i) && array.value(i)).collect()),
            None => Ok(vec![false; batch.num_rows()]),
        }
    }
}

/// The first row of a batch that an expression has no value for, and why.
#[derive(Clone, Debug)]
pub struct Failed {
    pub row: usize,
    pub message: String,
}

/// What the engine says of a row, as people say it.
fn plainly(message: &str) -> String {
    let beyond = message.strip_prefix("value of ").and_then(|rest| rest.strip_suffix(" is out of range Int64"));
    match (message, beyond) {
        ("Divide by zero error", _) => "it divides by 0".to_owned(),
        (_, Some(value)) => format!("it gives {value}, which is beyond 64 bits"),
        _ => message.to_owned(),
    }
}

/// Coerced and simplified, as the engine's optimizer does it, with exact arithmetic.
///
/// # Errors
/// Types that do not fit, or a constant that has no value.
pub(super) fn simplified(expr: Expr, columns: &DFSchemaRef) -> datafusion::error::Result<Expr> {
    let simplifier = ExprSimplifier::new(SimplifyContext::builder().with_schema(Arc::clone(columns)).build());
    let expr = exact(simplifier.coerce(expr, columns)?, columns)?;
    simplifier.simplify(simplifier.coerce(expr, columns)?)
}

/// How messages begin that speak of the engine and not of the expression.
pub(super) const BEYOND: &str = "it is beyond the SQL engine";

/// Whether the engine has failed, or has no code for it.
fn is_beyond(e: &DataFusionError) -> bool {
    matches!(e.find_root(), DataFusionError::Internal(_) | DataFusionError::NotImplemented(_))
}

/// What the engine says, in one line.
fn told(e: &DataFusionError) -> String {
    match e.find_root() {
        DataFusionError::Internal(m) | DataFusionError::NotImplemented(m) => {
            let message = first_line(m);
            let told = message.split('{').next().unwrap_or(&message);
            format!("{BEYOND}: {}", told.trim_end_matches(['.', ' ']))
        }
        _ => first_line(&e.strip_backtrace()),
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
