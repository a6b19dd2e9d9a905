//! Arithmetic that says when it overflows: `+`, `-` and `*` of whole numbers, and `sum`.
//!
//! The engine's own wrap in silence. Questions are asked by people, who would take a wrong number for a right one.

use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Datum, Decimal128Array};
use arrow::compute::kernels::numeric::{add, mul, sub};
use arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef};
use arrow::error::ArrowError;
use datafusion::common::{DFSchema, DataFusionError, HashSet, Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, Expr, ExprSchemable, GroupsAccumulator, Signature, Volatility,
};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::operator::{Arithmetic, between};

/// Plans `+`, `-` and `*` of signed whole numbers as operations that refuse an overflow.
#[derive(Debug)]
pub(super) struct CheckedArithmetic;

impl ExprPlanner for CheckedArithmetic {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let op = match expr.op {
            BinaryOperator::Plus => Op::Add,
            BinaryOperator::Minus => Op::Subtract,
            BinaryOperator::Multiply => Op::Multiply,
            _ => return Ok(PlannerResult::Original(expr)),
        };
        let whole = |e: &Expr| e.get_type(schema).is_ok_and(|kind| kind.is_signed_integer());
        if !(whole(&expr.left) && whole(&expr.right)) {
            return Ok(PlannerResult::Original(expr));
        }
        Ok(PlannerResult::Planned(between(op, expr.left, expr.right)))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Op {
    Add,
    Subtract,
    Multiply,
}

impl Arithmetic for Op {
    const KIND: DataType = DataType::Int64;

    fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
        }
    }

    fn over(self, left: &dyn Datum, right: &dyn Datum) -> Result<ArrayRef, ArrowError> {
        match self {
            Self::Add => add(left, right),
            Self::Subtract => sub(left, right),
            Self::Multiply => mul(left, right),
        }
    }
}

/// `sum` over whole numbers and exact decimals, in 128 bits, every addition checked. Whole numbers give DECIMAL(38, 0),
/// decimals keep their scale. Floats are refused.
pub(super) fn checked_sum() -> AggregateUDF {
    AggregateUDF::new_from_impl(Sum { signature: Signature::user_defined(Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Sum {
    signature: Signature,
}

fn total(scale: i8) -> DataType {
    DataType::Decimal128(38, scale)
}

impl AggregateUDFImpl for Sum {
    fn name(&self) -> &str {
        "sum"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [kind] if kind.is_integer() => Ok(vec![DataType::Decimal128(20, 0)]),
            [DataType::Null] => Ok(vec![total(0)]),
            [DataType::Decimal32(_, scale) | DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale)] => {
                Ok(vec![total(*scale)])
            }
            [kind] if kind.is_floating() => {
                plan_err!("sum of a float: cast it to an exact decimal first, as cast(x as decimal(20, 6))")
            }
            [kind] => plan_err!("sum adds up numbers; this is {kind}"),
            _ => plan_err!("sum takes one argument"),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [DataType::Decimal128(_, scale)] => Ok(total(*scale)),
            [kind] if kind.is_integer() => Ok(total(0)),
            _ => plan_err!("sum adds up whole numbers and exact decimals"),
        }
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let distinct = args.is_distinct.then(HashSet::default);
        Ok(Box::new(One { sum: None, seen: 0, distinct, kind: args.return_field.data_type().clone() }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let kind = args.return_type().clone();
        let state = match args.is_distinct {
            true => Field::new_list(format!("{}[values]", args.name), Field::new_list_field(kind, true), false),
            false => Field::new(format!("{}[sum]", args.name), kind, true),
        };
        Ok(vec![state.into()])
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        !args.is_distinct
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        let kind = args.return_field.data_type().clone();
        Ok(Box::new(Groups { sums: Vec::new(), seen: Vec::new(), kind }))
    }
}

fn overflow<T>() -> Result<T> {
    exec_err!("a sum is too large: more than 38 digits")
}

/// The largest magnitude that DECIMAL(38) holds.
pub(super) const MOST: i128 = 10_i128.pow(38) - 1;

fn checked_add(a: i128, b: i128) -> Result<i128> {
    match a.checked_add(b) {
        Some(sum) if (-MOST..=MOST).contains(&sum) => Ok(sum),
        _ => overflow(),
    }
}

fn decimals(array: &ArrayRef) -> Result<&Decimal128Array> {
    let found = array.as_primitive_opt::<Decimal128Type>();
    found.ok_or_else(|| DataFusionError::Internal(format!("sum over {}", array.data_type())))
}

fn decimal_array(values: Vec<Option<i128>>, kind: &DataType) -> ArrayRef {
    Arc::new(values.into_iter().collect::<Decimal128Array>().with_data_type(kind.clone()))
}

/// The sum of one group, or of a window that slides.
#[derive(Debug)]
struct One {
    sum: Option<i128>,
    /// Values in `sum`, so that an empty window is null again.
    seen: u64,
    distinct: Option<HashSet<i128>>,
    kind: DataType,
}

impl One {
    fn take(&mut self, value: i128) -> Result<()> {
        if self.distinct.as_mut().is_some_and(|seen| !seen.insert(value)) {
            return Ok(());
        }
        self.sum = Some(checked_add(self.sum.unwrap_or(0), value)?);
        self.seen += 1;
        Ok(())
    }
}

impl Accumulator for One {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        decimals(&values[0])?.iter().flatten().try_for_each(|v| self.take(v))
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&decimal_array(vec![self.sum], &self.kind), 0)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.distinct.as_ref().map_or(0, |set| set.capacity() * size_of::<i128>())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let Some(seen) = &self.distinct else { return Ok(vec![self.evaluate()?]) };
        let array = decimal_array(seen.iter().copied().map(Some).collect(), &self.kind);
        let values = (0..array.len()).map(|at| ScalarValue::try_from_array(&array, at)).collect::<Result<Vec<_>>>()?;
        Ok(vec![ScalarValue::List(ScalarValue::new_list_nullable(&values, &self.kind))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        if self.distinct.is_none() {
            return self.update_batch(states);
        }
        states[0].as_list::<i32>().iter().flatten().try_for_each(|values| self.update_batch(&[values]))
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in decimals(&values[0])?.iter().flatten() {
            self.seen = self.seen.saturating_sub(1);
            let rest = checked_add(self.sum.unwrap_or(0), -value)?;
            self.sum = (self.seen > 0).then_some(rest);
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        self.distinct.is_none()
    }
}

/// The sums of many groups.
struct Groups {
    sums: Vec<i128>,
    seen: Vec<bool>,
    kind: DataType,
}

impl Groups {
    fn array(&mut self, emit: EmitTo) -> ArrayRef {
        let (sums, seen) = (emit.take_needed(&mut self.sums), emit.take_needed(&mut self.seen));
        decimal_array(sums.into_iter().zip(seen).map(|(sum, seen)| seen.then_some(sum)).collect(), &self.kind)
    }
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.sums.resize(total, 0);
        self.seen.resize(total, false);
        let array = decimals(&values[0])?;
        for (at, group) in groups.iter().enumerate() {
            let counts = filter.is_none_or(|f| f.is_valid(at) && f.value(at));
            if counts && array.is_valid(at) {
                self.sums[*group] = checked_add(self.sums[*group], array.value(at))?;
                self.seen[*group] = true;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        Ok(self.array(emit))
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.array(emit)])
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.update_batch(values, groups, None, total)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let array = decimals(&values[0])?;
        let counts = |at: usize| filter.is_none_or(|f| f.is_valid(at) && f.value(at)) && array.is_valid(at);
        let kept = (0..array.len()).map(|at| counts(at).then(|| array.value(at))).collect();
        Ok(vec![decimal_array(kept, &self.kind)])
    }

    fn size(&self) -> usize {
        self.sums.capacity() * size_of::<i128>() + self.seen.capacity()
    }
}
