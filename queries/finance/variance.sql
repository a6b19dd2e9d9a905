-- variance: What did each program book for creators, beside the month before?
-- Grain: period, program, currency
-- Key:   period, program, currency
-- Reads: earnings
-- Why:   the first question at every month's end: what changed, and by how much.
with summed as (
    select period, program, currency,
        cast(substr(period, 1, 4) as bigint) * 12 + cast(substr(period, 6, 2) as bigint) as month,
        sum(creator_minor) as creator_minor
    from earnings
    group by period, program, currency
),
months as (
    select distinct period, month from summed
),
pairs as (
    select m.period, s.program, s.currency, s.creator_minor as now_minor, 0 as before_minor
    from summed s join months m on m.month = s.month
    union all
    select m.period, s.program, s.currency, 0, s.creator_minor
    from summed s join months m on m.month = s.month + 1
),
compared as (
    select period, program, currency, sum(now_minor) as now_minor, sum(before_minor) as before_minor
    from pairs
    group by period, program, currency
)
select
    period, program, currency, now_minor, before_minor, now_minor - before_minor as change_minor,
    major(now_minor, currency) as now,
    major(before_minor, currency) as before,
    major(now_minor - before_minor, currency) as change,
    case when before_minor <> 0
        then cast(round(cast(now_minor - before_minor as decimal(30, 6)) * 100 / before_minor, 1) as decimal(14, 1))
    end as change_percent
from compared
order by period, program, currency
