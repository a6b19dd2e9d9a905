//! Events as Arrow columns: the contract's, in its order, and `views` of engagement.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Builder, Int64Builder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use super::event::{Event, Id, Own};
use crate::error::{Error, Result};
use crate::log::{Log, Type};

/// Do ids of this log come as Int64? The others come as text.
fn has_numbers(log: Log) -> bool {
    matches!(log, Log::Gifts | Log::Engagement)
}

/// What a column of a log is written as.
fn data_type(log: Log, name: &str, kind: Type) -> DataType {
    match kind {
        Type::Id if has_numbers(log) && name != "creator_id" && name != "gift_id" => DataType::Int64,
        Type::Id | Type::Text => DataType::Utf8,
        Type::Int | Type::Money => DataType::Int64,
        Type::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Type::Day => DataType::Date32,
    }
}

/// The columns of a log's files.
#[must_use]
pub fn schema(log: Log) -> SchemaRef {
    let own = log.columns().into_iter().map(|c| Field::new(c.name, data_type(log, c.name, c.kind), true));
    let views = (log == Log::Engagement).then(|| Field::new("views", DataType::Int64, true));
    Arc::new(Schema::new(own.chain(views).collect::<Vec<_>>()))
}

/// One value of a row.
enum Cell {
    Int(Option<i64>),
    Text(Option<String>),
    Word(Option<&'static str>),
    Time(Option<i64>),
    Day(i32),
}

enum Builder {
    Int(Int64Builder),
    Text(StringBuilder),
    Time(TimestampMicrosecondBuilder),
    Day(Date32Builder),
}

impl Builder {
    fn new(kind: &DataType) -> Self {
        match kind {
            DataType::Int64 => Self::Int(Int64Builder::new()),
            DataType::Date32 => Self::Day(Date32Builder::new()),
            DataType::Timestamp(..) => Self::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            _ => Self::Text(StringBuilder::new()),
        }
    }

    fn push(&mut self, cell: Cell) -> Result<()> {
        match (self, cell) {
            (Self::Int(b), Cell::Int(v)) => b.append_option(v),
            (Self::Text(b), Cell::Text(v)) => b.append_option(v),
            (Self::Text(b), Cell::Word(v)) => b.append_option(v),
            (Self::Time(b), Cell::Time(v)) => b.append_option(v),
            (Self::Day(b), Cell::Day(v)) => b.append_value(v),
            _ => return Err(Error::bug("a generated value does not fit its column")),
        }
        Ok(())
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Int(b) => Arc::new(b.finish()),
            Self::Text(b) => Arc::new(b.finish()),
            Self::Time(b) => Arc::new(b.finish()),
            Self::Day(b) => Arc::new(b.finish()),
        }
    }
}

/// Rows of one log on their way into a batch.
pub struct Columns {
    log: Log,
    schema: SchemaRef,
    builders: Vec<Builder>,
    rows: usize,
}

impl Columns {
    /// No rows yet.
    #[must_use]
    pub fn new(log: Log) -> Self {
        let schema = schema(log);
        let builders = schema.fields().iter().map(|field| Builder::new(field.data_type())).collect();
        Self { log, schema, builders, rows: 0 }
    }

    /// How many rows wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Adds an event.
    ///
    /// # Errors
    /// Never but for a bug.
    pub fn push(&mut self, event: &Event) -> Result<()> {
        let cells = head(self.log, event).into_iter().chain(own(self.log, event));
        for (builder, cell) in self.builders.iter_mut().zip(cells) {
            builder.push(cell)?;
        }
        self.rows += 1;
        Ok(())
    }

    /// The rows so far, which leave.
    ///
    /// # Errors
    /// Never but for a bug.
    pub fn take(&mut self) -> Result<RecordBatch> {
        let arrays = self.builders.iter_mut().map(Builder::finish).collect();
        self.rows = 0;
        RecordBatch::try_new(Arc::clone(&self.schema), arrays).map_err(|e| Error::bug(e.to_string()))
    }
}

fn id(log: Log, id: Option<Id>) -> Cell {
    if has_numbers(log) { Cell::Int(id.map(Id::number)) } else { Cell::Text(id.map(|id| id.text(log))) }
}

/// The columns that logs share: twelve with money, six without. An adjustment names its party in place of a creator.
fn head(log: Log, event: &Event) -> Vec<Cell> {
    let payer = match log {
        Log::Adjustments => Cell::Text(None),
        log if has_numbers(log) => Cell::Int(Some(event.payer.cast_signed())),
        _ => Cell::Text(Some(format!("p{:09}", event.payer))),
    };
    let creator = if log == Log::Adjustments { None } else { event.creator.text() };
    let country = (log != Log::Adjustments).then_some(event.country);
    let mut cells = vec![
        id(log, event.id),
        Cell::Time(event.time),
        Cell::Word(Some(event.kind)),
        Cell::Text(creator),
        payer,
        Cell::Word(country),
    ];
    if log.has_money() {
        cells.extend([
            Cell::Int(event.amount),
            Cell::Int(event.tax),
            Cell::Int(event.fee),
            Cell::Word(event.currency),
            id(log, event.original),
            Cell::Time(event.original_time),
        ]);
    }
    cells
}

/// The columns of one log alone.
fn own(log: Log, event: &Event) -> Vec<Cell> {
    let text = |prefix: &str, number: u64| Cell::Text(Some(format!("{prefix}{number}")));
    let int = |value: i64| Cell::Int(Some(value));
    let word = |value: &'static str| Cell::Word(Some(value));
    match &event.own {
        Own::Adjustment { reason, requested_by, approved_by } => {
            vec![Cell::Text(event.creator.text()), word(reason), word(requested_by), word(approved_by)]
        }
        Own::BrandDeal { campaign, brand } => vec![text("campaign-", *campaign), text("brand-", *brand)],
        Own::Commerce { product, seller, category, commission_bps } => {
            let order = event.id.map_or(0, |id| id.number);
            vec![text("order-", order), text("p-", *product), text("s-", *seller), word(category), int(*commission_bps)]
        }
        Own::Engagement { content, content_kind, audience, seconds, views } => {
            let likes = seconds * views / 40;
            let content = int(content.cast_signed());
            vec![content, word(content_kind), word(audience), int(*seconds), int(likes), int(likes / 9), int(*views)]
        }
        Own::Gift { live, gift, quantity, coins } => vec![int(*live), word(gift), int(*quantity), int(*coins)],
        Own::Subscription { subscription, tier, channel, tenure, from, to } => vec![
            text(&format!("{}-", log.name()), *subscription),
            word(tier),
            word(channel),
            int(*tenure),
            Cell::Day(*from),
            Cell::Day(*to),
        ],
    }
}
