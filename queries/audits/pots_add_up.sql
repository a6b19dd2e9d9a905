-- pots_add_up: pots of which more or less went out than came in.
-- Grain: program, currency, earning period, cause
-- Key:   program, currency, earning_period, cause
-- Reads: journal
-- Why:   what the platform put in and what waited from before = creators' parts + carve-out + what went back to the
--        platform + what waits (on the channel `carried`).
select program, currency, earning_period, cause, sum(cast(amount_minor as decimal(38, 0))) as off_by_minor
from journal
where account = 'pool' and log = 'engagement' and channel is null
group by program, currency, earning_period, cause
having sum(cast(amount_minor as decimal(38, 0))) <> 0
