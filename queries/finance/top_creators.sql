-- top_creators: Which twenty creators earned most, in each currency, and what share of all is that?
-- Grain: period, currency, rank
-- Key:   period, currency, rank
-- Reads: earnings
-- Why:   the platform depends on them, and they will ask first.
with summed as (
    select period, currency, creator_id, sum(events) as events, sum(creator_minor) as creator_minor
    from earnings
    group by period, currency, creator_id
),
ranked as (
    select period, currency, creator_id, events, creator_minor,
        row_number() over (partition by period, currency order by creator_minor desc, creator_id) as rank,
        sum(creator_minor) over (partition by period, currency) as all_minor
    from summed
)
select
    period, currency, rank, creator_id, events, creator_minor, major(creator_minor, currency) as creator,
    case when all_minor > 0
        then cast(round(cast(creator_minor as decimal(30, 6)) * 100 / all_minor, 2) as decimal(12, 2))
    end as share_percent
from ranked
where rank <= 20
order by period, currency, rank
