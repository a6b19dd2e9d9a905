-- control: where every row read ended, with its money.
-- Grain: log, currency, fate, reason
-- Key:   log, currency, fate, reason
-- Reads: fates (rows read that ended alike: how many, signed amounts, 0 where unreadable)
-- Why:   the fates add up to what was read, or nothing is published.
select
    log, currency, fate, reason,
    sum(rows) as rows,
    sum(cast(amount as decimal(38, 0))) as amount,
    sum(unreadable) as unreadable
from fates
group by log, currency, fate, reason
