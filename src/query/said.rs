//! What an expression says as it is written, before any type is known: columns that it compares with constants, divisors
//! of 0, and what it comes to where it is one comparison.

use std::collections::BTreeSet;
use std::ops::{ControlFlow, Range as Bytes};

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value, visit_expressions};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Span;

use crate::picture::offset;

/// What an expression says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Columns that are compared with text for equality.
    pub compared: Vec<Compared>,
    /// Where something is divided by 0.
    pub by_zero: Vec<Bytes<usize>>,
    /// A column that must be null and is compared all the same.
    pub null_compared: Option<String>,
    /// What the column of a single comparison may be.
    pub range: Option<(String, Range)>,
}

/// A column and the text that it is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    pub column: String,
    pub text: String,
    /// Where the text stands, bytes of the SQL.
    pub span: Bytes<usize>,
}

/// Values of one column for which a comparison holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Range {
    /// Whole numbers, both ends in.
    Numbers(i128, i128),
    Texts(BTreeSet<String>),
}

impl Range {
    /// Are these some of those, and not all of them?
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        let inside = match (self, other) {
            (Self::Numbers(from, to), Self::Numbers(least, most)) => least <= from && to <= most,
            (Self::Texts(some), Self::Texts(all)) => some.is_subset(all),
            _ => false,
        };
        inside && self != other
    }
}

/// Reads an expression; none where it does not parse.
#[must_use]
pub fn said(sql: &str) -> Option<Said> {
    let expr = Parser::new(&GenericDialect).try_with_sql(sql).ok()?.parse_expr().ok()?;
    let mut said = Said { null_compared: null_compared(&expr), range: range(&expr), ..Said::default() };
    let _: ControlFlow<()> = visit_expressions(&expr, |node| {
        said.compared.extend(compared(node, sql));
        said.by_zero.extend(by_zero(node, sql));
        ControlFlow::Continue(())
    });
    Some(said)
}

fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) => bare(inner),
        other => other,
    }
}

fn column(expr: &Expr) -> Option<String> {
    match bare(expr) {
        Expr::Identifier(name) if name.quote_style.is_none() => Some(name.value.to_lowercase()),
        Expr::Identifier(name) => Some(name.value.clone()),
        _ => None,
    }
}

fn bytes(span: Span, sql: &str) -> Bytes<usize> {
    offset(sql, span.start.line, span.start.column)..offset(sql, span.end.line, span.end.column)
}

/// Text in quotes, and where it stands.
fn text(expr: &Expr) -> Option<(&str, Span)> {
    match bare(expr) {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some((text, value.span)),
            _ => None,
        },
        _ => None,
    }
}

fn number(expr: &Expr) -> Option<i128> {
    match bare(expr) {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => digits.parse().ok(),
            _ => None,
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => number(expr).and_then(i128::checked_neg),
        _ => None,
    }
}

/// The comparisons for equality of one node.
fn compared(node: &Expr, sql: &str) -> Vec<Compared> {
    let with = |of: &Expr, to: Vec<&Expr>| {
        let Some(column) = column(of) else { return Vec::new() };
        let one = |(text, span): (&str, Span)| Compared {
            column: column.clone(),
            text: text.to_owned(),
            span: bytes(span, sql),
        };
        to.into_iter().filter_map(text).map(one).collect()
    };
    let either = |a: &Expr, b: &Expr| [with(a, vec![b]), with(b, vec![a])].concat();
    match node {
        Expr::BinaryOp { left, op: BinaryOperator::Eq | BinaryOperator::NotEq, right } => either(left, right),
        Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => either(left, right),
        Expr::InList { expr, list, .. } => with(expr, list.iter().collect()),
        Expr::Case { operand: Some(of), conditions, .. } => with(of, conditions.iter().map(|c| &c.condition).collect()),
        _ => Vec::new(),
    }
}

fn by_zero(node: &Expr, sql: &str) -> Option<Bytes<usize>> {
    let Expr::BinaryOp { op: BinaryOperator::Divide | BinaryOperator::Modulo, right, .. } = node else { return None };
    let Expr::Value(value) = bare(right) else { return None };
    (number(right)? == 0).then(|| bytes(value.span, sql))
}

/// What all must hold.
fn conjuncts(expr: &Expr) -> Vec<&Expr> {
    match bare(expr) {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => [conjuncts(left), conjuncts(right)].concat(),
        other => vec![other],
    }
}

/// A comparison of a null is null, so that it does not hold beside `is null`.
fn null_compared(expr: &Expr) -> Option<String> {
    let all = conjuncts(expr);
    let null = |part: &&Expr| if let Expr::IsNull(of) = part { column(of) } else { None };
    let nulls: Vec<String> = all.iter().filter_map(null).collect();
    let of = |part: &&Expr| match part {
        Expr::BinaryOp { left, op, right } if is_comparison(op) => column(left).or_else(|| column(right)),
        Expr::InList { expr, .. } | Expr::Between { expr, .. } => column(expr),
        _ => None,
    };
    all.iter().filter_map(of).find(|name| nulls.contains(name))
}

fn is_comparison(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(op, Eq | Gt | GtEq | Lt | LtEq | NotEq)
}

/// The values of a column for which this comparison holds.
fn range(expr: &Expr) -> Option<(String, Range)> {
    match bare(expr) {
        Expr::InList { expr, list, negated: false } => {
            let texts = list.iter().map(|item| Some(text(item)?.0.to_owned())).collect::<Option<_>>()?;
            Some((column(expr)?, Range::Texts(texts)))
        }
        Expr::BinaryOp { left, op, right } => match column(left) {
            Some(name) => Some((name, held(op, right)?)),
            None => Some((column(right)?, held(&turned(op)?, left)?)),
        },
        _ => None,
    }
}

/// The comparison with its sides changed.
fn turned(op: &BinaryOperator) -> Option<BinaryOperator> {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq};
    match op {
        Eq => Some(Eq),
        Gt => Some(Lt),
        GtEq => Some(LtEq),
        Lt => Some(Gt),
        LtEq => Some(GtEq),
        _ => None,
    }
}

fn held(op: &BinaryOperator, constant: &Expr) -> Option<Range> {
    if let (BinaryOperator::Eq, Some((text, _))) = (op, text(constant)) {
        return Some(Range::Texts([text.to_owned()].into()));
    }
    let n = number(constant)?;
    match op {
        BinaryOperator::Eq => Some(Range::Numbers(n, n)),
        BinaryOperator::Gt => Some(Range::Numbers(n.checked_add(1)?, i128::MAX)),
        BinaryOperator::GtEq => Some(Range::Numbers(n, i128::MAX)),
        BinaryOperator::Lt => Some(Range::Numbers(i128::MIN, n.checked_sub(1)?)),
        BinaryOperator::LtEq => Some(Range::Numbers(i128::MIN, n)),
        _ => None,
    }
}
