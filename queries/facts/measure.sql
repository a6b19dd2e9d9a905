-- measure: what a policy's measure adds up, per creator and day.
-- Grain: one row for each creator, day, and close that first knew the rows.
-- Key:   creator, day, since
-- Reads: events (canonical columns of the measure's log, and creator, day, since, standing)
-- Why:   windows are sums of days; the rule that asks adds the days it needs.
-- The two expressions in braces are the measure's own; both are checked when the policy is read.
select
    __creator as creator,
    __day as day,
    __since as since,
    sum(cast((
        {sum}
    ) as decimal(38, 0))) as value
from events
where __standing and (
    {condition}
)
group by __creator, __day, __since
