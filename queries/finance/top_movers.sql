-- top_movers: Which ten creators' earnings changed most against the month before, in each currency?
-- Grain: period, currency, rank
-- Key:   period, currency, rank
-- Reads: earnings
-- Why:   a variance is explained by the few who make it.
with summed as (
    select period, creator_id, currency,
        cast(substr(period, 1, 4) as bigint) * 12 + cast(substr(period, 6, 2) as bigint) as month,
        sum(creator_minor) as creator_minor
    from earnings
    group by period, creator_id, currency
),
months as (
    select distinct period, month from summed
),
pairs as (
    select m.period, s.creator_id, s.currency, s.creator_minor as now_minor, 0 as before_minor
    from summed s join months m on m.month = s.month
    union all
    select m.period, s.creator_id, s.currency, 0, s.creator_minor
    from summed s join months m on m.month = s.month + 1
),
compared as (
    select period, creator_id, currency, sum(now_minor) as now_minor, sum(before_minor) as before_minor
    from pairs
    group by period, creator_id, currency
),
ranked as (
    select period, creator_id, currency, now_minor, before_minor, now_minor - before_minor as change_minor,
        row_number() over (
            partition by period, currency order by abs(now_minor - before_minor) desc, creator_id
        ) as rank
    from compared
    where now_minor <> before_minor
)
select
    period, currency, rank, creator_id, now_minor, before_minor, change_minor,
    major(now_minor, currency) as now,
    major(before_minor, currency) as before,
    major(change_minor, currency) as change
from ranked
where rank <= 10
order by period, currency, rank
