//! What can be said of an expression without a row: why it can't be used, and whether it ever changes.

use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::Expr;
use datafusion::physical_expr::{AnalysisContext, ExprBoundaries, PhysicalExpr, analyze};

use super::engine::Engine;
use super::expression::{BEYOND, Expression, simplified};
use super::fault::Fault;
use super::length::{SHORTER, TooLong, too_long};

/// An expression, looked at before any row is.
pub struct Examined {
    /// The type of its values.
    pub data_type: DataType,
    /// Some where it has one truth for every row; null does not hold.
    pub always: Option<bool>,
    /// Its shortest form: two expressions with one form are one condition.
    pub form: String,
}

/// Why an expression can't be used.
pub struct Refusal {
    pub message: String,
    /// Where in the SQL, as far as the engine says.
    pub span: Option<Range<usize>>,
    pub help: Option<String>,
}

impl Expression {
    /// Looks at `sql` over the columns of `schema`.
    ///
    /// # Errors
    /// As [`Expression::plan`], with the place in the SQL and the way out, as far as the engine knows them.
    pub fn examine(engine: Engine, sql: &str, schema: &SchemaRef) -> Result<Examined, Refusal> {
        if let Some(TooLong { message, span }) = too_long(sql) {
            return Err(Refusal { message, span: Some(span), help: Some(SHORTER.to_owned()) });
        }
        let planned = Self::plan(engine, sql, schema).map_err(|message| refusal(engine, sql, schema, message))?;
        let simple = shortest(engine, sql, schema);
        let form = simple.as_ref().map_or_else(|| sql.to_owned(), ToString::to_string);
        let always = simple.and_then(|e| truth(&e)).or_else(|| never(&planned, schema));
        Ok(Examined { data_type: planned.data_type, always, form })
    }
}

/// The engine's own diagnosis where it has one, or else the message of [`Expression::plan`].
fn refusal(engine: Engine, sql: &str, schema: &SchemaRef, message: String) -> Refusal {
    let columns = DFSchema::try_from(schema.as_ref().clone()).ok();
    let parsed = columns.and_then(|columns| engine.session().parse_sql_expr(sql, &columns).err());
    let parsed = parsed.map(|e| Fault::of(&e, sql));
    if message.starts_with(BEYOND) {
        let help = Some("say it with comparisons, and, or, case when".to_owned());
        return Refusal { message, span: parsed.and_then(|fault| fault.span), help };
    }
    match parsed {
        None => Refusal { message, span: None, help: None },
        Some(fault) => Refusal {
            message: fault.message,
            span: fault.span,
            help: fault.help.or(fault.expected.map(|known| format!("write {known}"))),
        },
    }
}

/// Its shortest form, in which constants are folded.
fn shortest(engine: Engine, sql: &str, schema: &SchemaRef) -> Option<Expr> {
    let columns = Arc::new(DFSchema::try_from(schema.as_ref().clone()).ok()?);
    simplified(engine.session().parse_sql_expr(sql, &columns).ok()?, &columns).ok()
}

fn truth(expr: &Expr) -> Option<bool> {
    match expr {
        Expr::Literal(ScalarValue::Boolean(value), _) => Some(value.unwrap_or(false)),
        Expr::Literal(ScalarValue::Null, _) => Some(false),
        _ => None,
    }
}

/// `Some(false)` where no numbers in the columns make it hold: `age >= 18 and age < 10`.
fn never(planned: &Expression, schema: &SchemaRef) -> Option<bool> {
    let unbounded = ExprBoundaries::try_new_unbounded(schema).ok()?;
    let physical: &Arc<dyn PhysicalExpr> = planned.physical();
    let found = analyze(physical, AnalysisContext::new(unbounded), schema).ok()?;
    let columns = datafusion::physical_expr::utils::collect_columns(physical);
    let empty = found.boundaries.iter().any(|b| columns.contains(&b.column) && b.interval.is_none());
    empty.then_some(false)
}
