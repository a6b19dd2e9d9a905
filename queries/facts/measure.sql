-- measure: what a policy's measure adds up, per creator and day.
-- Grain: one row for each creator, day, and span of closes that counted the rows
-- Key:   creator, day, closes
-- Reads: events (canonical columns of the measure's log, and creator, day, closes, counts)
-- Why:   windows are sums of days; the rule that asks adds the days it needs.
-- The two expressions in braces are the measure's own; both are checked when the policy is read.
select
    __creator as creator,
    __day as day,
    __closes as closes,
    sum(cast((
        {sum}
    ) as decimal(38, 0))) as value
from events
where __counts and (
    {condition}
)
group by __creator, __day, __closes
