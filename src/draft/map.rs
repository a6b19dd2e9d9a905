//! An SQL expression for every canonical column of a log, from the raw columns' names, types and values.

use arrow::datatypes::{DataType, TimeUnit};

use super::find::Candidate;
use super::look::{Instants, Values, instants, look};
use super::words::{fold, literal, quoted, words};
use crate::error::Result;
use crate::log::{Column, Effect, Log, Type};
use crate::money::Currency;
use crate::query::Engine;

/// How sure the draft is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// The contract's own name and type.
    Same,
    /// A known word, and values that fit.
    Known,
    /// It may be otherwise: look at it.
    Guess,
    /// Nothing was found.
    Missing,
}

impl Certainty {
    /// The word in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Known => "known word",
            Self::Guess => "guess",
            Self::Missing => "missing",
        }
    }
}

/// A canonical column and what makes it.
#[derive(Clone, Debug)]
pub struct Mapping {
    pub column: &'static str,
    pub sql: String,
    pub certainty: Certainty,
    /// What was recognised, or what is expected, on one line.
    pub why: String,
    /// The raw columns that it reads.
    pub reads: Vec<String>,
}

/// The raw column that a log's canonical column is called by, best word first.
pub fn named<'c>(log: Log, column: &str, candidate: &'c Candidate) -> Option<&'c (String, DataType)> {
    let exact = candidate.columns.iter().find(|(name, _)| name == column);
    exact.or_else(|| words(log, column).find_map(|word| candidate.columns.iter().find(|(n, _)| fold(n) == word)))
}

/// All columns of a log, mapped.
pub struct Mapped {
    pub columns: Vec<Mapping>,
    pub instants: Option<Instants>,
    /// SQL that names a delivery, where the log has no id.
    pub delivery_key: Option<String>,
}

/// Maps a candidate's columns onto those of a log.
///
/// # Errors
/// A file can't be read (input).
pub fn map(engine: Engine, log: Log, candidate: &Candidate) -> Result<Mapped> {
    let mut names: Vec<String> =
        log.columns().iter().filter_map(|c| Some(named(log, c.name, candidate)?.0.clone())).collect();
    names.extend(named(log, "quantity", candidate).map(|c| c.0.clone()));
    names.sort();
    names.dedup();
    let values = look(candidate, &names)?;
    let from = From { engine, log, candidate, values };
    let amount = from.amount();
    let mut mapped = Mapped { columns: Vec::new(), instants: None, delivery_key: None };
    let mut used: Vec<String> = Vec::new();
    for column in log.columns() {
        let mapping = match column.name {
            "amount_minor" => signless(&amount),
            "kind" => from.kind(&amount),
            _ => from.column(column, &used, &mut mapped)?,
        };
        used.extend(mapping.reads.iter().filter(|_| column.kind == Type::Id).cloned());
        mapped.columns.push(mapping);
    }
    from.without_ids(&mut mapped);
    Ok(mapped)
}

/// The amount as it stands, and whether negative ones occur.
struct Amount {
    mapping: Mapping,
    is_signed: bool,
}

fn signless(amount: &Amount) -> Mapping {
    let mut mapping = amount.mapping.clone();
    if amount.is_signed {
        mapping.sql = format!("abs({})", mapping.sql);
        mapping.why += "; negative ones are taken for reversals, with a positive amount";
        mapping.certainty = Certainty::Guess;
    }
    mapping
}

struct From<'a> {
    engine: Engine,
    log: Log,
    candidate: &'a Candidate,
    values: std::collections::BTreeMap<String, Values>,
}

fn is_text(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..))
}

impl From<'_> {
    fn raw(&self, column: &str) -> Option<(&str, &DataType)> {
        named(self.log, column, self.candidate).map(|(name, kind)| (name.as_str(), kind))
    }

    fn values(&self, name: &str) -> Values {
        self.values.get(name).cloned().unwrap_or_default()
    }

    fn column(&self, column: Column, used: &[String], mapped: &mut Mapped) -> Result<Mapping> {
        let Some((name, kind)) = self.raw(column.name).filter(|(n, _)| !used.iter().any(|u| u == n)) else {
            return Ok(missing(column));
        };
        match column.kind {
            Type::Time => self.time(column.name, name, kind, mapped),
            Type::Money => Ok(self.money(column.name, name, kind)),
            Type::Int if !kind.is_integer() => {
                let sql = format!("try_cast({} as bigint)", quoted(name));
                Ok(found(column.name, sql, Certainty::Known, format!("{name}, {kind}"), name))
            }
            _ => Ok(self.plain(column, name, kind)),
        }
    }

    fn plain(&self, column: Column, name: &str, kind: &DataType) -> Mapping {
        let certainty = if name == column.name { Certainty::Same } else { Certainty::Known };
        let is_odd = kind.is_floating() || matches!(kind, DataType::Decimal128(..));
        let sql = match column.kind {
            Type::Text | Type::Day if kind.is_integer() => format!("cast({} as varchar)", quoted(name)),
            Type::Id if is_odd => return refused(column.name, name, kind, "Utf8, Int64 or 16 bytes"),
            _ => quoted(name),
        };
        found(column.name, sql, certainty, format!("{name}, {kind}"), name)
    }

    fn time(&self, column: &'static str, name: &str, kind: &DataType, mapped: &mut Mapped) -> Result<Mapping> {
        let raw = quoted(name);
        let tries: Vec<(String, &str)> = match kind {
            DataType::Timestamp(_, Some(_)) => vec![(raw.clone(), "an instant")],
            DataType::Timestamp(_, None) => vec![(raw.clone(), "without a zone: taken as UTC")],
            DataType::Date32 | DataType::Date64 => vec![(format!("cast({raw} as timestamp)"), "a day: midnight UTC")],
            kind if kind.is_integer() => vec![
                (format!("to_timestamp_seconds({raw})"), "seconds since 1970"),
                (format!("to_timestamp_millis({raw})"), "milliseconds since 1970"),
                (format!("to_timestamp_micros({raw})"), "microseconds since 1970"),
            ],
            kind if is_text(kind) => text_times(&raw),
            _ => return Ok(refused(column, name, kind, "a timestamp, or text that is one")),
        };
        let mut best: Option<(String, &str, Instants)> = None;
        for (sql, why) in tries {
            let seen = instants(self.engine, self.candidate, &sql)?;
            let is_instant = matches!(kind, DataType::Timestamp(..) | DataType::Date32 | DataType::Date64);
            let is_likely = |first| !kind.is_integer() || first > LIKELY_FROM && first < LIKELY_TO;
            let likely = is_instant || seen.first.is_some_and(is_likely);
            if likely && best.as_ref().is_none_or(|(_, _, b)| seen.read > b.read) {
                best = Some((sql, why, seen));
            }
        }
        let Some((sql, why, seen)) = best else {
            return Ok(refused(
                column,
                name,
                kind,
                "text such as 2026-01-31 12:00:00; write the expression that reads it",
            ));
        };
        if column == "event_time" {
            mapped.instants = Some(seen);
        }
        let unread = seen.rows - seen.read;
        let missed = if unread > 0 && column == "event_time" {
            format!("; {unread} of {} rows have none", seen.rows)
        } else {
            String::new()
        };
        let is_same = matches!(
            kind,
            DataType::Timestamp(
                TimeUnit::Second | TimeUnit::Millisecond | TimeUnit::Microsecond | TimeUnit::Nanosecond,
                Some(_)
            )
        );
        let certainty = if is_same && name == column { Certainty::Same } else { Certainty::Known };
        Ok(found(column, sql, certainty, format!("{name}, {kind}, {why}{missed}"), name))
    }

    /// A money column, signs as they stand.
    fn money(&self, column: &'static str, name: &str, kind: &DataType) -> Mapping {
        let (raw, folded, values) = (quoted(name), fold(name), self.values(name));
        let is_minor = ["minor", "cents", "pence"].iter().any(|word| folded.ends_with(word));
        if kind.is_floating() {
            return refused(column, name, kind, "Int64 minor units, or text or a decimal: a binary float is no money");
        }
        if kind.is_integer() {
            let certainty = match (name == column, is_minor) {
                (true, _) => Certainty::Same,
                (_, true) => Certainty::Known,
                _ => Certainty::Guess,
            };
            return found(column, raw, certainty, format!("{name}, {kind}, taken as minor units"), name);
        }
        if is_minor {
            let sql = format!("try_cast({raw} as decimal(38, 0))");
            return found(column, sql, Certainty::Known, format!("{name}, {kind} in minor units"), name);
        }
        let is_decimal = matches!(kind, DataType::Decimal128(_, scale) if *scale > 0);
        if is_decimal || values.pointed > 0 {
            let (times, digits) = self.unit();
            let sql = format!("try_cast({raw} as decimal(38, 9)) * {times}");
            return found(column, sql, Certainty::Known, format!("{name}, {kind} in major units; {digits}"), name);
        }
        if values.whole == 0 {
            return absent(column, format!("{name} holds no number; expected Int64 minor units"), name);
        }
        let why = format!(
            "{name} is whole numbers: in minor units write try_cast({raw} as decimal(38, 0)), in major units try_cast({raw} as decimal(38, 9)) * 100"
        );
        absent(column, why, name)
    }

    /// What makes minor units of major ones, by the currencies that occur.
    fn unit(&self) -> (String, String) {
        let Some((name, _)) = self.raw("currency") else {
            return ("100".into(), "2 digits, as most currencies have (JPY 0, KWD 3)".into());
        };
        let different = self.values(name).different.unwrap_or_default();
        let known = different.keys().filter_map(|code| Currency::parse(code));
        let odd: Vec<Currency> = known.filter(|c| c.digits() != 2).collect();
        if odd.is_empty() {
            return ("100".into(), "2 digits in every currency that occurs".into());
        }
        let when = |c: &Currency| format!(" when '{}' then {}", c.code(), 10_u64.pow(c.digits()));
        let cases: String = odd.iter().map(when).collect();
        (format!("case {}{cases} else 100 end", quoted(name)), "by the digits of each currency that occurs".into())
    }

    fn amount(&self) -> Amount {
        let Some((name, kind)) = self.raw("amount_minor").filter(|_| self.log.has_money()) else {
            let column = Column { name: "amount_minor", kind: Type::Money };
            return Amount { mapping: missing(column), is_signed: false };
        };
        let mut mapping = self.money("amount_minor", name, kind);
        let mut is_signed = self.values(name).negative > 0;
        if let (true, Some((quantity, _)), true) =
            (fold(name).contains("unit_price"), self.raw("quantity"), mapping.certainty != Certainty::Missing)
        {
            mapping.sql = format!("{} * try_cast({} as decimal(18, 0))", mapping.sql, quoted(quantity));
            mapping.sql = mapping.sql.replace("decimal(38, 9)", "decimal(18, 9)");
            mapping.why = format!("{} times {quantity}", mapping.why);
            mapping.reads.push(quantity.to_owned());
            is_signed |= self.values(quantity).negative > 0;
        }
        Amount { is_signed: is_signed && mapping.certainty != Certainty::Missing, mapping }
    }

    fn kind(&self, amount: &Amount) -> Mapping {
        if let Some((name, _)) = self.raw("kind")
            && let Some(different) = self.values(name).different
        {
            let known = different.keys().filter(|v| self.kind_word(v).is_some()).count();
            if known > 0 {
                return self.kinds(name, different.keys());
            }
        }
        let kinds = self.log.kinds();
        let first = |wanted: fn(Effect) -> bool| kinds.iter().find(|(_, e)| wanted(*e)).map(|(k, _)| *k);
        let (Some(charge), Some(back)) = (
            first(|e| matches!(e, Effect::Charge | Effect::Credit | Effect::Nothing)),
            first(|e| matches!(e, Effect::Reversal | Effect::Debit)).or(Some("")),
        ) else {
            return missing(Column { name: "kind", kind: Type::Text });
        };
        if let Some((name, kind)) = self.raw("original_id").filter(|_| !back.is_empty()) {
            let none = if is_text(kind) {
                format!("coalesce({}, '') = ''", quoted(name))
            } else {
                format!("{} is null", quoted(name))
            };
            let sql = format!("case when {none} then {} else {} end", literal(charge), literal(back));
            return found("kind", sql, Certainty::Guess, format!("{back} where {name} names another event"), name);
        }
        if amount.is_signed && !back.is_empty() {
            let sql =
                format!("case when {} < 0 then {} else {} end", amount.mapping.sql, literal(back), literal(charge));
            return found("kind", sql, Certainty::Guess, format!("{back} where the amount is negative"), "");
        }
        let all = kinds.iter().map(|(kind, _)| *kind).collect::<Vec<_>>().join(", ");
        found(
            "kind",
            literal(charge),
            Certainty::Guess,
            format!("no column says it: every row a {charge}; kinds are {all}"),
            "",
        )
    }

    fn kind_word(&self, value: &str) -> Option<&'static str> {
        let folded = fold(value);
        let is = |kind: &str| folded == kind || words(self.log, &format!("kind={kind}")).any(|word| word == folded);
        self.log.kinds().iter().map(|(kind, _)| *kind).find(|kind| is(kind))
    }

    fn kinds<'v>(&self, name: &str, values: impl Iterator<Item = &'v String> + Clone) -> Mapping {
        if values.clone().all(|v| self.log.kind_named(v).is_some()) {
            let certainty = if name == "kind" { Certainty::Same } else { Certainty::Known };
            return found("kind", quoted(name), certainty, format!("{name}, the contract's kinds"), name);
        }
        let case = |v: &String| Some(format!(" when {} then {}", literal(v), literal(self.kind_word(v)?)));
        let cases: String = values.clone().filter_map(case).collect();
        let unknown: Vec<&str> = values.filter(|v| self.kind_word(v).is_none()).map(String::as_str).collect();
        let note = if unknown.is_empty() { String::new() } else { format!("; not known: {}", unknown.join(", ")) };
        let sql = format!("case {raw}{cases} else {raw} end", raw = quoted(name));
        found("kind", sql, Certainty::Guess, format!("{name}, by its words{note}"), name)
    }

    /// A log without an id gets a delivery key: the day.
    fn without_ids(&self, mapped: &mut Mapped) {
        let has_id = mapped.columns.iter().any(|m| m.column == "event_id" && m.certainty != Certainty::Missing);
        let Some((name, kind)) = self.raw("event_time").filter(|_| !has_id) else { return };
        let key = match is_text(kind) {
            true => format!("substr({}, 1, 10)", quoted(name)),
            false => format!("cast(cast({} as date) as varchar)", quoted(name)),
        };
        let key = if self.values(name).empty > 0 { format!("coalesce({key}, 'no day')") } else { key };
        if let Some(id) = mapped.columns.iter_mut().find(|m| m.column == "event_id") {
            id.why = format!("none in the data: made from the raw row and its number in the delivery {key}");
            id.certainty = Certainty::Guess;
        }
        mapped.delivery_key = Some(key);
    }
}

/// Whole numbers are taken for instants between 2000 and 2100.
const LIKELY_FROM: i64 = 946_684_800_000_000_000;
const LIKELY_TO: i64 = 4_102_444_800_000_000_000;

/// Forms of text dates, the plain one first.
fn text_times(raw: &str) -> Vec<(String, &'static str)> {
    let formats = [
        ("%d/%m/%Y %H:%M:%S", "day/month/year; where no day is above 12 it may be month/day"),
        ("%m/%d/%Y %H:%M:%S", "month/day/year"),
        ("%d/%m/%Y %H:%M", "day/month/year; where no day is above 12 it may be month/day"),
        ("%m/%d/%Y %H:%M", "month/day/year"),
        ("%d.%m.%Y %H:%M:%S", "day.month.year"),
        ("%d.%m.%Y %H:%M", "day.month.year"),
    ];
    let plain = (format!("try_cast({raw} as timestamp)"), "text; without an offset taken as UTC");
    let formed = formats.map(|(form, why)| (format!("to_timestamp({raw}, {})", literal(form)), why));
    std::iter::once(plain).chain(formed).collect()
}

fn found(column: &'static str, sql: String, certainty: Certainty, why: String, name: &str) -> Mapping {
    let reads = if name.is_empty() { Vec::new() } else { vec![name.to_owned()] };
    Mapping { column, sql, certainty, why, reads }
}

fn sql_null(column: &str) -> String {
    let kind = match Log::ALL.iter().flat_map(|log| log.columns()).find(|c| c.name == column).map(|c| c.kind) {
        Some(Type::Int | Type::Money) => "bigint",
        Some(Type::Time) => "timestamp",
        _ => "varchar",
    };
    format!("cast(null as {kind})")
}

fn absent(column: &'static str, why: String, name: &str) -> Mapping {
    Mapping { certainty: Certainty::Missing, ..found(column, sql_null(column), Certainty::Missing, why, name) }
}

fn refused(column: &'static str, name: &str, kind: &DataType, expected: &str) -> Mapping {
    absent(column, format!("{name} is {kind} and can't be used as it is; expected {expected}"), name)
}

fn missing(column: Column) -> Mapping {
    let expected = match column.kind {
        Type::Id => "Utf8, Int64 or 16 bytes",
        Type::Text => "text",
        Type::Int => "a whole number",
        Type::Money => "Int64 minor units",
        Type::Time => "a timestamp, UTC",
        Type::Day => "a day",
    };
    let more =
        if column.name == "currency" { ": an ISO 4217 code, such as 'EUR' where all is one currency" } else { "" };
    absent(column.name, format!("no column was recognised; expected {expected}{more}"), "")
}
