-- take_rate: What share of what payers paid (without sales tax) stays with the platform, by program?
-- Grain: period, program, currency
-- Key:   period, program, currency
-- Reads: earnings, earning_deductions
-- Why:   the price of the platform to its creators; `take_rate` is a percentage of gross less tax, for reading only.
with deducted as (
    select period, program, currency, sum(deduction_minor) as deductions_minor
    from earning_deductions
    group by period, program, currency
),
summed as (
    select period, program, currency,
        sum(events) as events,
        sum(gross_minor) as gross_minor, sum(tax_minor) as tax_minor, sum(channel_fee_minor) as fee_minor,
        sum(creator_minor) as creator_minor, sum(platform_minor) as platform_minor
    from earnings
    group by period, program, currency
)
select
    s.period, s.program, s.currency, s.events,
    s.gross_minor, s.tax_minor, s.fee_minor, coalesce(d.deductions_minor, 0) as deductions_minor,
    s.creator_minor, s.platform_minor,
    major(s.gross_minor, s.currency) as gross,
    major(s.tax_minor, s.currency) as tax,
    major(s.fee_minor, s.currency) as fee,
    major(coalesce(d.deductions_minor, 0), s.currency) as deductions,
    major(s.creator_minor, s.currency) as creator,
    major(s.platform_minor, s.currency) as platform,
    case when s.gross_minor <> s.tax_minor
        then cast(round(cast(s.platform_minor as decimal(30, 6)) * 100 / (s.gross_minor - s.tax_minor), 2) as decimal(12, 2))
    end as take_rate
from summed s
left join deducted d on d.period = s.period and d.program = s.program and d.currency = s.currency
order by period, program, currency
