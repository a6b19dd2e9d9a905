-- measure_distinct: the different things that a policy's measure counts, per creator and day.
-- Grain: one row for each creator, day, thing, and span of closes that counted it
-- Key:   creator, day, thing, closes
-- Reads: events (canonical columns of the measure's log, and creator, day, closes, counts)
-- Why:   a thing that stands on two days of a window counts once, so that the days can't be counted here.
-- The two expressions in braces are the measure's own; both are checked when the policy is read.
select
    __creator as creator,
    __day as day,
    cast((
        {distinct}
    ) as varchar) as thing,
    __closes as closes
from events
where __counts and (
    {condition}
) and (
    {distinct}
) is not null
group by 1, 2, 3, 4
