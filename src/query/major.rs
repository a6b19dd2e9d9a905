//! `major(minor, currency)`: minor units as an exact decimal of major units, for people to read.

use std::sync::Arc;

use arrow::array::{Array, AsArray, Decimal128Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::money::Currency;

/// Digits after the point of what `major` gives: the most that a currency has.
const SCALE: u32 = 4;

/// The function: whole minor units (or a sum of them) and a currency code to DECIMAL(38, 4); null where one is
/// null, or the currency is unknown.
pub(super) fn major() -> ScalarUDF {
    ScalarUDF::new_from_impl(Major { signature: Signature::user_defined(Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Major {
    signature: Signature,
}

impl ScalarUDFImpl for Major {
    fn name(&self) -> &str {
        "major"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [minor, _] if minor.is_integer() || minor.is_null() || matches!(minor, DataType::Decimal128(_, 0)) => {
                Ok(vec![DataType::Decimal128(38, 0), DataType::Utf8])
            }
            [minor, _] => plan_err!("major takes whole minor units; this is {minor}"),
            _ => plan_err!("major takes an amount in minor units and a currency, as major(amount_minor, currency)"),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Decimal128(38, SCALE as i8))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let minors = cast(&arrays[0], &DataType::Decimal128(38, 0))?;
        let minors = minors.as_primitive::<Decimal128Type>();
        let currencies = cast(&arrays[1], &DataType::Utf8)?;
        let currencies = currencies.as_string::<i32>();
        let mut last = ("", None);
        let mut majors: Vec<Option<i128>> = Vec::with_capacity(minors.len());
        for at in 0..minors.len() {
            if minors.is_null(at) || currencies.is_null(at) {
                majors.push(None);
                continue;
            }
            let code = currencies.value(at);
            if code != last.0 {
                let unit = |c: Currency| 10_i128.pow(SCALE.saturating_sub(c.digits()));
                last = (code, Currency::parse(code).map(unit));
            }
            majors.push(match last.1 {
                None => None,
                Some(unit) => Some(times(minors.value(at), unit)?),
            });
        }
        let majors =
            majors.into_iter().collect::<Decimal128Array>().with_data_type(args.return_field.data_type().clone());
        Ok(ColumnarValue::Array(Arc::new(majors)))
    }
}

fn times(minor: i128, unit: i128) -> Result<i128> {
    let major = minor.checked_mul(unit).filter(|major| major.unsigned_abs() < 10_u128.pow(38));
    major.map_or_else(|| exec_err!("an amount is too large: more than 38 digits"), Ok)
}
