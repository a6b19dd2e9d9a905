-- unrated: What money is quarantined, waiting or held, for what reason, and since when?
-- Grain: period, state of the money, reason, currency, month it stems from
-- Key:   period, stands, reason, currency, since
-- Reads: quarantine, waiting, balances
-- Why:   somebody has to mend it; the oldest first. Rows without a readable amount count in `rows` alone.
with stuck as (
    select period, 'quarantined' as stands, log || ': ' || reason as reason, currency,
        substr(cast(event_time as varchar), 1, 7) as since, amount_minor
    from quarantine
    union all
    select period, 'waiting', log || ': ' || reason, currency, substr(cast(event_time as varchar), 1, 7), amount_minor
    from waiting
    union all
    select period, 'held', 'party_held', currency, oldest_period, -closing_minor
    from balances
    where account = 'party_held' and closing_minor <> 0
)
select
    period, stands, reason, currency, since, count(*) as rows,
    sum(amount_minor) as amount_minor, major(sum(amount_minor), currency) as amount
from stuck
group by period, stands, reason, currency, since
order by period, stands, reason, currency, since
