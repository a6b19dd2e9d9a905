//! Arithmetic of policies: whole numbers are added, subtracted, multiplied and divided in 38 digits, and refused beyond.
//!
//! The engine's own operators wrap in silence at 64 bits, so that a condition would hold for the wrong events.

use arrow::array::{Array, ArrayRef, AsArray, Datum, Decimal128Array};
use arrow::compute::kernels::arity::try_binary;
use arrow::datatypes::{DataType, Decimal128Type};
use arrow::error::ArrowError;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{BinaryExpr, Case, Cast, Expr, ExprSchemable, Operator};

use super::checked::MOST;
use super::operator::{Arithmetic, Operation, between};

const WIDE: DataType = DataType::Decimal128(38, 0);

/// Functions that give back one of their arguments, or its magnitude: they take numbers of 38 digits too.
const PASSING: [&str; 8] = ["abs", "coalesce", "greatest", "ifnull", "least", "nullif", "nvl", "nvl2"];

/// `expr`, whose types are coerced already, with exact arithmetic; what it gives itself is a whole number of 64 bits again.
pub(super) fn exact(expr: Expr, columns: &DFSchema) -> Result<Expr> {
    let wide = expr.transform_up(|node| operation(node, columns))?.data;
    Ok(narrowed(wide))
}

fn operation(node: Expr, columns: &DFSchema) -> Result<Transformed<Expr>> {
    match node {
        Expr::BinaryExpr(binary) => binary_operation(binary, columns),
        Expr::Negative(inner) if is_whole(&inner, columns) => {
            let zero = Expr::Literal(datafusion::common::ScalarValue::Int64(Some(0)), None);
            Ok(Transformed::yes(call(Op::Subtract, zero, *inner)))
        }
        Expr::ScalarFunction(function) if !is_exact(&function) && function.args.iter().any(is_wide) => {
            let passes = PASSING.contains(&function.name());
            let arg = |e: Expr| if passes { widened(e, columns) } else { narrowed(e) };
            let args = function.args.into_iter().map(arg).collect();
            Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction { func: function.func, args })))
        }
        Expr::Case(case) if branches(&case).any(is_wide) => {
            let branch = |e: Box<Expr>| Box::new(widened(*e, columns));
            let when_then_expr = case.when_then_expr.into_iter().map(|(when, then)| (when, branch(then))).collect();
            let else_expr = case.else_expr.map(branch);
            Ok(Transformed::yes(Expr::Case(Case { expr: case.expr, when_then_expr, else_expr })))
        }
        // The engine makes whole numbers decimals of 64 bits' digits, to compare them with others.
        Expr::Cast(cast) if is_wide(&cast.expr) => match *cast.field.data_type() {
            DataType::Decimal128(_, scale) => {
                Ok(Transformed::yes(Expr::Cast(Cast::new(cast.expr, DataType::Decimal128(38, scale)))))
            }
            _ => Ok(Transformed::no(Expr::Cast(cast))),
        },
        other => Ok(Transformed::no(other)),
    }
}

fn binary_operation(binary: BinaryExpr, columns: &DFSchema) -> Result<Transformed<Expr>> {
    let BinaryExpr { left, op, right } = binary;
    let of_wide = is_wide(&left) || is_wide(&right);
    let whole = is_whole(&left, columns) && is_whole(&right, columns);
    let exact = match op {
        Operator::Plus => Some(Op::Add),
        Operator::Minus => Some(Op::Subtract),
        Operator::Multiply => Some(Op::Multiply),
        Operator::Divide if of_wide => Some(Op::Divide),
        Operator::Modulo if of_wide => Some(Op::Rest),
        _ => None,
    };
    if let Some(exact) = exact.filter(|_| whole) {
        return Ok(Transformed::yes(call(exact, *left, *right)));
    }
    let takes = |e: &Expr| is_wide(e) || e.get_type(columns).is_ok_and(|kind| kind.is_numeric());
    if !of_wide || compares(op) || (op.is_numerical_operators() && takes(&left) && takes(&right)) {
        return Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right })));
    }
    let (left, right) = (Box::new(narrowed(*left)), Box::new(narrowed(*right)));
    Ok(Transformed::yes(Expr::BinaryExpr(BinaryExpr { left, op, right })))
}

fn compares(op: Operator) -> bool {
    matches!(
        op,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom
    )
}

fn call(op: Op, left: Expr, right: Expr) -> Expr {
    let wide = |e: Expr| if is_wide(&e) { e } else { Expr::Cast(Cast::new(Box::new(e), WIDE)) };
    between(op, wide(left), wide(right))
}

fn branches(case: &Case) -> impl Iterator<Item = &Expr> {
    case.when_then_expr.iter().map(|(_, then)| then).chain(&case.else_expr).map(AsRef::as_ref)
}

fn is_exact(function: &ScalarFunction) -> bool {
    function.func.inner().is::<Operation<Op>>()
}

/// Does it come from exact arithmetic, and may have 38 digits?
fn is_wide(expr: &Expr) -> bool {
    match expr {
        Expr::ScalarFunction(f) => is_exact(f) || (PASSING.contains(&f.name()) && f.args.iter().any(is_wide)),
        Expr::Case(case) => branches(case).any(is_wide),
        Expr::Alias(alias) => is_wide(&alias.expr),
        _ => false,
    }
}

fn is_whole(expr: &Expr, columns: &DFSchema) -> bool {
    is_wide(expr) || expr.get_type(columns).is_ok_and(|kind| kind.is_integer())
}

/// What stands beside a number of 38 digits, as one.
fn widened(expr: Expr, columns: &DFSchema) -> Expr {
    match !is_wide(&expr) && is_whole(&expr, columns) {
        true => Expr::Cast(Cast::new(Box::new(expr), WIDE)),
        false => expr,
    }
}

/// A number of 64 bits for whoever takes no other; beyond them a row is refused.
fn narrowed(expr: Expr) -> Expr {
    if is_wide(&expr) { Expr::Cast(Cast::new(Box::new(expr), DataType::Int64)) } else { expr }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Op {
    Add,
    Subtract,
    Multiply,
    Divide,
    Rest,
}

impl Op {
    fn of(self, a: i128, b: i128) -> Result<i128, ArrowError> {
        let value = match self {
            Self::Add => a.checked_add(b),
            Self::Subtract => a.checked_sub(b),
            Self::Multiply => a.checked_mul(b),
            Self::Divide | Self::Rest if b == 0 => return Err(ArrowError::DivideByZero),
            Self::Divide => a.checked_div(b),
            Self::Rest => a.checked_rem(b),
        };
        value.filter(|v| (-MOST..=MOST).contains(v)).ok_or_else(|| {
            let told = format!("{a} {} {b} is too large: more than 38 digits", self.sign());
            ArrowError::ComputeError(told)
        })
    }
}

impl Arithmetic for Op {
    const KIND: DataType = WIDE;

    fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Rest => "%",
        }
    }

    fn over(self, left: &dyn Datum, right: &dyn Datum) -> Result<ArrayRef, ArrowError> {
        let ((a, one_a), (b, one_b)) = (left.get(), right.get());
        let (a, b) = (a.as_primitive::<Decimal128Type>(), b.as_primitive::<Decimal128Type>());
        let array: Decimal128Array = match (one_a, one_b) {
            (true, false) if a.is_valid(0) => b.try_unary(|b| self.of(a.value(0), b))?,
            (false, true) if b.is_valid(0) => a.try_unary(|a| self.of(a, b.value(0)))?,
            (true, false) => nulls(b.len()),
            (false, true) => nulls(a.len()),
            _ => try_binary(a, b, |a, b| self.of(a, b))?,
        };
        Ok(std::sync::Arc::new(array.with_data_type(WIDE)))
    }
}

fn nulls(rows: usize) -> Decimal128Array {
    Decimal128Array::new_null(rows)
}
