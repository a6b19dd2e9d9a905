-- concentration: How much of what creators earn goes to the first, the first ten, the first hundredth of them?
-- Grain: period, currency
-- Key:   period, currency
-- Reads: earnings
-- Why:   a payout that rests on few is a risk, and the plainest measure of fairness.
with summed as (
    select period, currency, creator_id, sum(creator_minor) as creator_minor
    from earnings
    group by period, currency, creator_id
),
ranked as (
    select period, currency, creator_minor,
        row_number() over (partition by period, currency order by creator_minor desc, creator_id) as rank,
        count(*) over (partition by period, currency) as creators,
        sum(creator_minor) over (partition by period, currency) as all_minor
    from summed
    where creator_minor > 0
),
parts as (
    select period, currency, max(creators) as creators, max(all_minor) as all_minor,
        sum(case when rank = 1 then creator_minor else 0 end) as first_minor,
        sum(case when rank <= 10 then creator_minor else 0 end) as ten_minor,
        sum(case when rank <= (creators + 99) / 100 then creator_minor else 0 end) as hundredth_minor
    from ranked
    group by period, currency
)
select
    period, currency, creators, all_minor, major(all_minor, currency) as earned,
    cast(round(cast(first_minor as decimal(30, 6)) * 100 / all_minor, 2) as decimal(12, 2)) as first_percent,
    cast(round(cast(ten_minor as decimal(30, 6)) * 100 / all_minor, 2) as decimal(12, 2)) as first_ten_percent,
    cast(round(cast(hundredth_minor as decimal(30, 6)) * 100 / all_minor, 2) as decimal(12, 2)) as first_hundredth_percent
from parts
order by period, currency
