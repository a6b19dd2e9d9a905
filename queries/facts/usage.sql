-- usage: what pools are divided by.
-- Grain: month, country, payer, creator, and the outcome of the pool's conditions
-- Key:   all columns but the sums
-- Reads: uses (one row for each standing event that the pool's `where` holds for; payers as the two halves of a hash)
-- Why:   a payer's share of a pot needs how much the payer used whom, and no more of the events.
select
    month, country, payer_high, payer_low, creator, outcome,
    sum(cast(usage as decimal(38, 0))) as usage,
    sum(cast(kept as decimal(38, 0))) as kept,
    sum(events) as events
from uses
group by month, country, payer_high, payer_low, creator, outcome
