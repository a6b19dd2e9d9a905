-- measure: what a policy's measure adds up, per creator and day.
-- Grain: one row for each creator, day, and span of closes that counted the rows
-- Key:   creator, day, closes
-- Reads: events (one row for each time that a row of the measure's log counts, its `where` holding: creator, day, closes, value)
-- Why:   windows are sums of days; the rule that asks adds the days it needs.
select
    creator, day, closes,
    sum(cast(value as decimal(38, 0))) as value
from events
group by creator, day, closes
