//! What SQL an expression of a policy may hold: what it comes to, with nulls, and what is refused.

use std::sync::Arc;

use arrow::array::{Array, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::util::display::array_value_to_string;
use everycent::query::{Engine, Expression};

/// Two payments: one from Berlin on 31 December 2026, 23:30 UTC, and one of which nothing is stated.
fn batch() -> RecordBatch {
    let utc = || Some(Arc::from("UTC"));
    let fields = vec![
        Field::new("amount_minor", DataType::Int64, true),
        Field::new("tax_minor", DataType::Int64, true),
        Field::new("tier", DataType::Utf8, true),
        Field::new("payer_country", DataType::Utf8, true),
        Field::new("earning_day", DataType::Utf8, true),
        Field::new("birth_date", DataType::Date32, true),
        Field::new("event_time", DataType::Timestamp(TimeUnit::Microsecond, utc()), true),
    ];
    let time = TimestampMicrosecondArray::from(vec![Some(1_798_759_800_000_000), None]).with_timezone("UTC");
    RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        vec![
            Arc::new(Int64Array::from(vec![Some(500), None])),
            Arc::new(Int64Array::from(vec![None, Some(0)])),
            Arc::new(StringArray::from(vec![Some("live"), None])),
            Arc::new(StringArray::from(vec![None, Some("DE")])),
            Arc::new(StringArray::from(vec![Some("2026-12-31"), None])),
            Arc::new(Date32Array::from(vec![Some(10_957), None])),
            Arc::new(time),
        ],
    )
    .expect("a batch")
}

fn plan(sql: &str) -> Result<Expression, String> {
    Expression::plan(Engine::new(1, 1024), sql, &batch().schema())
}

/// What an expression comes to for both payments: `null`, `true`, or a number.
fn values(sql: &str) -> [String; 2] {
    let planned = plan(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
    let values = planned.values(&batch()).unwrap_or_else(|e| panic!("{sql}: {}", e.message));
    let text = |at| if values.is_null(at) { Ok("null".to_owned()) } else { array_value_to_string(&values, at) };
    [0, 1].map(|at| text(at).unwrap_or_else(|e| panic!("{sql}: {e}")))
}

/// Holds expressions against what they come to for both payments.
fn have_values(told: &[(&str, [&str; 2])]) {
    for (sql, expected) in told {
        assert_eq!(values(sql), *expected, "{sql}");
    }
}

#[test]
fn what_stands_for_a_missing_value_can_be_said() {
    have_values(&[
        ("coalesce(tax_minor, 0) = 0", ["true", "true"]),
        ("coalesce(payer_country, 'US') = 'US'", ["true", "false"]),
        ("coalesce(tax_minor, amount_minor, 7)", ["500", "0"]),
        ("coalesce(payer_country, tier)", ["live", "DE"]),
        ("coalesce(tier, payer_country) in ('live', 'game')", ["true", "false"]),
        ("nvl(payer_country, 'US') = 'US'", ["true", "false"]),
        ("ifnull(amount_minor, -1)", ["500", "-1"]),
        ("nvl2(payer_country, 1, 2)", ["2", "1"]),
        ("nullif(tier, 'live') is null", ["true", "true"]),
        ("nullif(payer_country, 'US')", ["null", "DE"]),
        ("greatest(amount_minor, tax_minor)", ["500", "0"]),
    ]);
}

#[test]
fn conditions_are_what_sql_says_with_nulls_among_them() {
    have_values(&[
        ("case when tier = 'live' then 2 else 1 end", ["2", "1"]),
        ("case tier when 'live' then 10 when 'game' then 20 end", ["10", "null"]),
        ("tier in ('live', 'game')", ["true", "null"]),
        ("tier not in ('game', 'token')", ["true", "null"]),
        ("tier in ('a', 'b', 'c', 'd', 'e', 'live')", ["true", "null"]),
        ("amount_minor in (600, null)", ["null", "null"]),
        ("tier in (payer_country, 'live')", ["true", "null"]),
        ("amount_minor between 400 and 500", ["true", "null"]),
        ("amount_minor not between 400 and 499", ["true", "null"]),
        ("amount_minor between 499.5 and 500.5", ["true", "null"]),
        ("tier like 'li%'", ["true", "null"]),
        ("tier not like '_x%'", ["true", "null"]),
        ("tier ilike 'LI%'", ["true", "null"]),
        ("tier ~ '^l'", ["true", "null"]),
        ("tier is distinct from 'live'", ["false", "true"]),
        ("payer_country is not distinct from tax_minor::text", ["true", "false"]),
        ("(payer_country = 'US') is unknown", ["true", "false"]),
        ("(payer_country = 'DE') is not true", ["true", "false"]),
        ("not tier = 'live'", ["false", "null"]),
        ("tier = 'live' or payer_country = 'DE'", ["true", "true"]),
        ("amount_minor % 7", ["3", "null"]),
        ("amount_minor / 3", ["166", "null"]),
        ("length(tier) + strpos(upper(tier), 'V')", ["7", "null"]),
    ]);
}

#[test]
fn days_and_casts_can_be_asked() {
    have_values(&[
        ("extract(month from event_time)", ["12", "null"]),
        ("date_part('year', event_time)", ["2026", "null"]),
        ("date_trunc('month', event_time) = timestamp '2026-12-01 00:00:00'", ["true", "null"]),
        ("cast(event_time as date) = date '2026-12-31'", ["true", "null"]),
        // half an hour before midnight in UTC is the first of January in Berlin
        ("date_part('day', event_time at time zone 'Europe/Berlin')", ["1", "null"]),
        // 27 years of which 7 are leap years, less a day
        ("cast(earning_day as date) - birth_date", ["9861", "null"]),
        ("birth_date + interval '18 years' <= cast(earning_day as date)", ["true", "null"]),
        ("earning_day::date > birth_date", ["true", "null"]),
        ("earning_day between '2026-12-01' and '2026-12-31'", ["true", "null"]),
        ("event_time >= '2026-12-31T23:30:00Z'", ["true", "null"]),
        ("cast(amount_minor as varchar) = '500'", ["true", "null"]),
        ("try_cast(tier as bigint) is null", ["true", "true"]),
        ("cast(amount_minor as decimal(20, 2)) * 0.3 > 149.99", ["true", "null"]),
        ("amount_minor > 1.5", ["true", "null"]),
    ]);
}

#[test]
fn a_float_is_refused_wherever_it_stands() {
    let floats = [
        "coalesce(cast(amount_minor as double), 0) > 1",
        "nullif(cast(amount_minor as double), 0) is null",
        "case when tier = 'live' then 1.5 else cast(1 as double) end > 1",
        "amount_minor in (cast('1.5' as double), 2)",
        "amount_minor between 1 and amount_minor::real",
        "nvl(sqrt(amount_minor), 1) > 2",
        "extract(epoch from event_time) > 1",
        "make_array(cast(1 as double))[1] > 0",
        "arrow_cast(amount_minor, 'Float64') > 1",
        "cast(cast('1.5' as double) as bigint) = 1",
    ];
    for sql in floats {
        let refused = plan(sql).expect_err(sql);
        assert!(refused.starts_with("a float stands in it: "), "{sql}: {refused}");
    }
}

#[test]
fn what_can_not_work_is_refused_before_a_row_is_asked() {
    let refused = [
        ("cast('x' as bigint) is null", "Cannot cast string 'x'"),
        ("amount_minor = '1.5'", "Cannot cast string '1.5'"),
        ("coalesce() = 1", "coalesce must have at least one argument"),
        ("nullif(tier) is null", "expects 2 arguments"),
        ("extract(fortnight from event_time) = 1", "'fortnight' not supported"),
        ("date_trunc('fortnight', event_time) is null", "'fortnight'"),
        ("tier collate \"C\" = 'live'", "it is beyond the SQL engine: Unsupported ast node in sqltorel: Collate"),
        ("cast(tier as xml) is null", "it is beyond the SQL engine: "),
        ("unnest(make_array(1)) = 1", "it is beyond the SQL engine: "),
        ("tier like 'l%' escape '!'", "escape"),
        ("coalesce(now(), event_time) is null", "never the clock"),
        ("coalesce(sum(amount_minor), 0) > 1", "belongs in a [[measure]]"),
        ("amount_minor in (select 1)", "belongs in a [[measure]]"),
    ];
    for (sql, words) in refused {
        let message = plan(sql).expect_err(sql);
        assert!(message.contains(words) && !message.contains("Internal"), "{sql}: {message}");
    }
}

#[test]
fn arithmetic_is_exact_beyond_64_bits() {
    have_values(&[
        ("amount_minor * 9223372036854775807 > 9223372036854775807", ["true", "null"]),
        ("9223372036854775807 + 1 > 9223372036854775807", ["true", "true"]),
        ("-9223372036854775807 - 2 < coalesce(amount_minor, 0)", ["true", "true"]),
        ("-(amount_minor * -9223372036854775807) > 1", ["true", "null"]),
        ("amount_minor * 9223372036854775807 / 9223372036854775807", ["500", "null"]),
        ("(amount_minor * 9223372036854775807 + 3) % 9223372036854775807", ["3", "null"]),
        ("abs(0 - amount_minor * 9223372036854775807) = 4611686018427387903500", ["true", "null"]),
        ("coalesce(amount_minor * 9223372036854775807, 7) > 7", ["true", "false"]),
        ("case when tier = 'live' then amount_minor * 9223372036854775807 else 1 end > 1", ["true", "false"]),
        ("amount_minor * 9223372036854775807 between 1 and 2", ["false", "null"]),
        ("amount_minor * 9223372036854775807 in (500, -500)", ["false", "null"]),
        ("amount_minor * 9223372036854775807 > 1.5", ["true", "null"]),
    ]);
}

#[test]
fn arithmetic_gives_whole_numbers_wherever_they_are_asked_for() {
    have_values(&[
        ("amount_minor * 3 / 7", ["214", "null"]),
        ("case when tier = 'live' then amount_minor * 2 else 0 end / 3", ["333", "0"]),
        ("greatest(amount_minor * 2, 7)", ["1000", "7"]),
        ("nullif(amount_minor - 500, 0)", ["null", "null"]),
        ("left(tier, length(tier) - 2)", ["li", "null"]),
        ("repeat(tier, 1 + 1)", ["livelive", "null"]),
        ("(amount_minor + 1) || tier", ["501live", "null"]),
        ("cast(amount_minor + 1 as varchar)", ["501", "null"]),
        ("amount_minor + 1 = '501'", ["true", "null"]),
        ("(amount_minor + 1) * 0.5 > 250.4", ["true", "null"]),
    ]);
    assert_eq!(plan("amount_minor * 2").expect("a number").data_type, DataType::Int64);
}

#[test]
fn what_is_beyond_exact_arithmetic_is_refused_and_never_wrapped() {
    let failed = |sql: &str| {
        let failed = plan(sql).expect(sql).values(&batch()).expect_err(sql);
        (failed.row, failed.message)
    };
    let (row, message) = failed("amount_minor * 9223372036854775807");
    assert_eq!((row, message.as_str()), (0, "it gives 4611686018427387903500, which is beyond 64 bits"));
    let (row, message) = failed("amount_minor * 9223372036854775807 * 9223372036854775807 > 1");
    assert!(row == 0 && message.ends_with("* 9223372036854775807 is too large: more than 38 digits"), "{message}");
    let refused = plan("amount_minor > 9223372036854775807 * 9223372036854775807 * 2").expect_err("a constant");
    assert!(refused.contains("38 digits"), "{refused}");
}

#[test]
fn a_row_has_the_value_that_it_gives_alone() {
    have_values(&[("amount_minor <> 500 and 100 / (amount_minor - 500) > 1", ["false", "null"])]);
    let failed = plan("100 / tax_minor > 1").expect("a condition").values(&batch()).expect_err("a division by 0");
    assert_eq!((failed.row, failed.message.as_str()), (1, "it divides by 0"));
}

#[test]
fn what_is_too_long_is_refused_with_its_place_and_a_list_is_not() {
    let or = |many: usize| (0..many).map(|n| format!("amount_minor = {n}")).collect::<Vec<_>>().join(" or ");
    assert!(plan(&or(500)).is_ok());
    // 500 conditions and 499 `or`, then ` or amount_minor = 500`
    let refused = Expression::examine(Engine::new(1, 64), &or(9000), &batch().schema()).err().expect("too long");
    let (at, words) = (or(501).len() - "= 500".len(), "more than 1000 operators");
    assert!(refused.message.contains(words), "{}", refused.message);
    assert_eq!(refused.span, Some(at..at + 1));
    assert!(refused.help.is_some_and(|help| help.contains("coins in (1, 2, 3)")));
    for sql in ["- ".repeat(9000) + "1 > 2", "1 + ".repeat(9000) + "1 > 2", "not ".repeat(9000) + "true"] {
        assert!(plan(&sql).expect_err("too long").contains(words));
    }
    assert!(plan(&format!("tier = '{}'", "x".repeat(1 << 20))).expect_err("too long").contains("bytes"));
    let list = (0..50_000).map(|n| (n - 25_000).to_string()).collect::<Vec<_>>().join(", ");
    let planned = plan(&format!("amount_minor in ({list})")).expect("a list");
    assert!(planned.values(&batch()).is_ok());
}
