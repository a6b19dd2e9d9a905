//! An operator of ours in the engine's plans: it takes two numbers of one type, gives one, and says when it can't.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{ArrayRef, Datum};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr_common::datum::apply;

/// What an operator does.
pub(super) trait Arithmetic: Copy + Debug + Eq + Hash + Send + Sync + 'static {
    /// The type of both numbers, and of what comes of them.
    const KIND: DataType;

    /// How it is written.
    fn sign(self) -> &'static str;

    /// Its value for every row.
    fn over(self, left: &dyn Datum, right: &dyn Datum) -> Result<ArrayRef, ArrowError>;
}

/// An operator as a function of the engine.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Operation<O> {
    op: O,
    signature: Signature,
}

/// The operator between two numbers of its type.
pub(super) fn between<O: Arithmetic>(op: O, left: Expr, right: Expr) -> Expr {
    let signature = Signature::exact(vec![O::KIND, O::KIND], Volatility::Immutable);
    let function = Arc::new(ScalarUDF::new_from_impl(Operation { op, signature }));
    Expr::ScalarFunction(ScalarFunction::new_udf(function, vec![left, right]))
}

impl<O: Arithmetic> ScalarUDFImpl for Operation<O> {
    fn name(&self) -> &str {
        self.op.sign()
    }

    fn display_name(&self, args: &[Expr]) -> Result<String> {
        Ok(format!("{} {} {}", args[0], self.op.sign(), args[1]))
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        Ok(format!("{} {} {}", args[0].schema_name(), self.op.sign(), args[1].schema_name()))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(O::KIND)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [left, right] = args.args.as_slice() else { return plan_err!("{} takes two numbers", self.op.sign()) };
        apply(left, right, |left, right| self.op.over(left, right))
    }
}
