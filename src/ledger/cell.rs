//! How a field of a row becomes an Arrow column, and back: one small type for each kind of column.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Int64Array, ListArray, StringBuilder, StructArray, TimestampNanosecondArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Date32Type, Field, Fields, Int64Type, TimeUnit, TimestampNanosecondType};

use super::canonical::{put_length, put_text};
use crate::error::Result;
use crate::log::Log;
use crate::period::Period;

/// The causes of section 6 of the contract, in their order.
pub const CAUSES: [&str; 8] = [
    "current",
    "program_version",
    "policy_correction",
    "reference_correction",
    "fx_correction",
    "released",
    "late_event",
    "reversal",
];
/// The kinds of journal entries.
pub const KINDS: [&str; 15] = [
    "earning",
    "ineligible",
    "suspense",
    "adjustment",
    "move",
    "hold",
    "release",
    "stand_in",
    "advance",
    "recoup",
    "withhold",
    "reserve",
    "forfeit",
    "payout",
    "pool",
];
/// The fates of rows, as `control` names them.
pub const FATES: [&str; 7] = ["duplicate", "excluded", "ineligible", "later", "quarantined", "rated", "waiting"];

/// A value as it stands in a column.
pub enum Cell<'a> {
    Text(Cow<'a, str>),
    Month(MonthText),
    /// The number of a list's elements, which follow; in canonical bytes alone.
    Length(usize),
    /// An amount, a number, days or nanoseconds since 1970.
    Int(i64),
}

/// The text of a month of the years 0 to 9999, `2026-10`, without memory of its own.
#[derive(Clone, Copy)]
pub struct MonthText([u8; 7]);

impl MonthText {
    fn of(period: Period) -> Option<Self> {
        let year = u16::try_from(period.year()).ok().filter(|year| *year <= 9999)?;
        let month = u16::try_from(period.month()).ok()?;
        let digit = |value: u16| b'0' + u8::try_from(value % 10).unwrap_or(0);
        let year = [digit(year / 1000), digit(year / 100), digit(year / 10), digit(year)];
        let [a, b, c, d] = year;
        Some(Self([a, b, c, d, b'-', digit(month / 10), digit(month)]))
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl<'a> Cell<'a> {
    fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Cell::Text(text) => Some(text),
            Cell::Month(month) => Some(month.as_str().to_owned().into()),
            Cell::Int(_) | Cell::Length(_) => None,
        }
    }

    fn int(self) -> Option<i64> {
        if let Cell::Int(value) = self { Some(value) } else { None }
    }
}

/// A word of a closed list.
type Word = &'static str;

/// A kind of column without nulls.
pub trait Scalar {
    type Value: 'static;
    fn data_type() -> DataType;
    fn show(value: &Self::Value) -> Cell<'_>;
    /// `None` where the column may not hold this.
    fn read(cell: Cell<'_>) -> Option<Self::Value>;
}

/// A column of a table.
pub trait Column {
    type Value: 'static;
    const NULLABLE: bool = false;
    fn data_type() -> DataType;
    fn array<'a>(values: impl Iterator<Item = &'a Self::Value> + Clone) -> ArrayRef;
    /// Adds a value's canonical bytes ([`super::canonical`]).
    fn put(value: &Self::Value, bytes: &mut Vec<u8>);
    /// `None` where the array has another type, a null that may not be, or an unknown word.
    fn values(array: &ArrayRef) -> Option<Vec<Self::Value>>;
}

/// A struct whose fields are columns.
pub trait Row: Sized + 'static {
    fn fields() -> Fields;
    fn arrays<'a>(rows: impl Iterator<Item = &'a Self> + Clone) -> Vec<ArrayRef>;
    /// One of those arrays.
    fn array(rows: &[Self], at: usize) -> Option<ArrayRef>;
    /// Adds the row's canonical bytes, without the columns that say where it stood.
    fn put(&self, bytes: &mut Vec<u8>);
    /// The rows behind arrays that stand in the order of [`Row::fields`].
    fn rows(columns: &[ArrayRef]) -> Result<Vec<Self>>;
}

/// A kind of column with nulls.
pub struct Maybe<S>(PhantomData<S>);

/// A list of structs, never null.
pub struct Many<R>(PhantomData<R>);

impl<S: Scalar> Column for S {
    type Value = S::Value;

    fn data_type() -> DataType {
        S::data_type()
    }

    fn array<'a>(values: impl Iterator<Item = &'a Self::Value> + Clone) -> ArrayRef {
        array_of(&S::data_type(), values.map(|value| Some(S::show(value))))
    }

    fn put(value: &Self::Value, bytes: &mut Vec<u8>) {
        put_cell(bytes, Some(S::show(value)));
    }

    fn values(array: &ArrayRef) -> Option<Vec<Self::Value>> {
        if *array.data_type() != S::data_type() {
            return None;
        }
        (0..array.len()).map(|at| S::read(cell(array, at)?)).collect()
    }
}

impl<S: Scalar> Column for Maybe<S> {
    type Value = Option<S::Value>;
    const NULLABLE: bool = true;

    fn data_type() -> DataType {
        S::data_type()
    }

    fn array<'a>(values: impl Iterator<Item = &'a Self::Value> + Clone) -> ArrayRef {
        array_of(&S::data_type(), values.map(|value| value.as_ref().map(S::show)))
    }

    fn put(value: &Self::Value, bytes: &mut Vec<u8>) {
        put_cell(bytes, value.as_ref().map(S::show));
    }

    fn values(array: &ArrayRef) -> Option<Vec<Self::Value>> {
        if *array.data_type() != S::data_type() {
            return None;
        }
        let value = |at| cell(array, at).map_or(Some(None), |cell| S::read(cell).map(Some));
        (0..array.len()).map(value).collect()
    }
}

impl<R: Row> Column for Many<R> {
    type Value = Vec<R>;

    fn data_type() -> DataType {
        DataType::List(element::<R>())
    }

    fn array<'a>(values: impl Iterator<Item = &'a Self::Value> + Clone) -> ArrayRef {
        list_of::<R>(values.clone().map(Vec::len), R::arrays(values.flatten()))
    }

    fn put(value: &Self::Value, bytes: &mut Vec<u8>) {
        bytes.push(1);
        put_length(bytes, value.len());
        value.iter().for_each(|row| row.put(bytes));
    }

    fn values(array: &ArrayRef) -> Option<Vec<Self::Value>> {
        let list = array.as_list_opt::<i32>().filter(|list| list.null_count() == 0)?;
        let inner = list.values().as_struct_opt().filter(|inner| inner.null_count() == 0)?;
        let from = usize::try_from(*list.value_offsets().first()?).ok()?;
        let mut rows = R::rows(inner.columns()).ok()?.into_iter().skip(from);
        let lengths = list.offsets().lengths();
        Some(lengths.map(|length| rows.by_ref().take(length).collect()).collect())
    }
}

/// Lists of these lengths, of structs whose fields are these arrays.
pub fn list_of<R: Row>(lengths: impl Iterator<Item = usize>, arrays: Vec<ArrayRef>) -> ArrayRef {
    let rows = StructArray::new(R::fields(), arrays, None);
    Arc::new(ListArray::new(element::<R>(), OffsetBuffer::from_lengths(lengths), Arc::new(rows), None))
}

fn element<R: Row>() -> Arc<Field> {
    Arc::new(Field::new("element", DataType::Struct(R::fields()), false))
}

/// Cells as an array; what does not fit the kind is null.
pub fn array_of<'a>(kind: &DataType, cells: impl Iterator<Item = Option<Cell<'a>>>) -> ArrayRef {
    let int = |cell: Option<Cell<'_>>| cell.and_then(Cell::int);
    let day = |cell: Option<Cell<'_>>| i32::try_from(cell?.int()?).ok();
    match kind {
        DataType::Int64 => Arc::new(cells.map(int).collect::<Int64Array>()),
        DataType::Date32 => Arc::new(cells.map(day).collect::<Date32Array>()),
        DataType::Timestamp(..) => Arc::new(cells.map(int).collect::<TimestampNanosecondArray>().with_timezone("UTC")),
        _ => {
            let mut texts = StringBuilder::new();
            for cell in cells {
                match cell {
                    Some(Cell::Text(text)) => texts.append_value(text),
                    Some(Cell::Month(month)) => texts.append_value(month.as_str()),
                    Some(Cell::Int(_) | Cell::Length(_)) | None => texts.append_null(),
                }
            }
            Arc::new(texts.finish())
        }
    }
}

/// Adds the canonical bytes of a value that may be missing.
pub fn put_cell(bytes: &mut Vec<u8>, cell: Option<Cell<'_>>) {
    bytes.push(u8::from(cell.is_some()));
    match cell {
        Some(Cell::Text(text)) => put_text(bytes, &text),
        Some(Cell::Month(month)) => put_text(bytes, month.as_str()),
        Some(Cell::Int(value)) => bytes.extend(value.to_be_bytes()),
        Some(Cell::Length(length)) => put_length(bytes, length),
        None => {}
    }
}

/// The value at a place of a scalar array; `None` where it is null.
pub fn cell(array: &dyn Array, at: usize) -> Option<Cell<'_>> {
    if array.is_null(at) {
        return None;
    }
    match array.data_type() {
        DataType::Utf8 => Some(Cell::Text(array.as_string_opt::<i32>()?.value(at).into())),
        DataType::Int64 => Some(Cell::Int(array.as_primitive_opt::<Int64Type>()?.value(at))),
        DataType::Date32 => Some(Cell::Int(array.as_primitive_opt::<Date32Type>()?.value(at).into())),
        DataType::Timestamp(..) => Some(Cell::Int(array.as_primitive_opt::<TimestampNanosecondType>()?.value(at))),
        _ => None,
    }
}

macro_rules! scalars {
    ($($(#[$doc:meta])* $kind:ident: $value:ty, $arrow:expr, |$shown:ident| $show:expr, |$cell:ident| $read:expr;)*) => {
        $($(#[$doc])*
        pub struct $kind;

        impl Scalar for $kind {
            type Value = $value;

            fn data_type() -> DataType {
                $arrow
            }

            fn show($shown: &$value) -> Cell<'_> {
                $show
            }

            fn read($cell: Cell<'_>) -> Option<$value> {
                $read
            }
        })*
    };
}

scalars! {
    /// Utf8.
    Text: String, DataType::Utf8, |v| word(v), |cell| cell.text().map(Cow::into_owned);
    /// Int64: an amount in minor units, or a number.
    Int: i64, DataType::Int64, |v| Cell::Int(*v), |cell| cell.int();
    /// Utf8, `2026-10`.
    Month: Period, DataType::Utf8, |v| month(*v), |cell| cell.text()?.parse().ok();
    /// Date32.
    Day: i32, DataType::Date32, |v| Cell::Int((*v).into()), |cell| cell.int()?.try_into().ok();
    /// Timestamp in nanoseconds, UTC.
    Instant: i64, DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())), |v| Cell::Int(*v), |cell| cell.int();
    /// Utf8: the name of a log.
    LogName: Word, DataType::Utf8, |v| word(v), |cell| one_of(&Log::ALL.map(Log::name), cell);
    /// Utf8: one of [`CAUSES`].
    Cause: Word, DataType::Utf8, |v| word(v), |cell| one_of(&CAUSES, cell);
    /// Utf8: one of [`KINDS`].
    Kind: Word, DataType::Utf8, |v| word(v), |cell| one_of(&KINDS, cell);
    /// Utf8: one of [`FATES`].
    FateName: Word, DataType::Utf8, |v| word(v), |cell| one_of(&FATES, cell);
}

/// A period as a cell.
pub fn month(period: Period) -> Cell<'static> {
    MonthText::of(period).map_or_else(|| Cell::Text(period.to_string().into()), Cell::Month)
}

/// A text as a cell.
pub fn word(value: &str) -> Cell<'_> {
    Cell::Text(Cow::Borrowed(value))
}

fn one_of(list: &[Word], cell: Cell<'_>) -> Option<Word> {
    let found = cell.text()?;
    list.iter().copied().find(|word| *word == found)
}
