-- clearing_by_channel: What do processors and app stores still owe, after the fees that they keep?
-- Grain: period, log, channel, currency
-- Key:   period, log, channel, currency
-- Reads: journal
-- Why:   `owed` is this period's collections less kept fees, `owed_to_date` all of them since the book's first period;
--        a bank statement is held against them.
with moved as (
    select period, log, coalesce(channel, '(none stated)') as channel, currency,
        sum(case when account = 'payer_clearing' then amount_minor else 0 end) as collected_minor,
        sum(case when account = 'channel_fees' then -amount_minor else 0 end) as fees_minor
    from journal
    where log is not null and account in ('payer_clearing', 'channel_fees')
    group by period, log, coalesce(channel, '(none stated)'), currency
),
netted as (
    select period, log, channel, currency, collected_minor, fees_minor, collected_minor - fees_minor as owed_minor,
        sum(collected_minor - fees_minor) over (partition by log, channel, currency order by period) as owed_to_date_minor
    from moved
)
select
    period, log, channel, currency, collected_minor, fees_minor, owed_minor, owed_to_date_minor,
    major(collected_minor, currency) as collected,
    major(fees_minor, currency) as fees,
    major(owed_minor, currency) as owed,
    major(owed_to_date_minor, currency) as owed_to_date
from netted
order by period, log, channel, currency
