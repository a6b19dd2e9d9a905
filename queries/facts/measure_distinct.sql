-- measure_distinct: the different things that a policy's measure counts, per creator and day.
-- Grain: one row for each creator, day and thing; the close that first knew it
-- Key:   creator, day, thing
-- Reads: events (canonical columns of the measure's log, and creator, day, since, standing)
-- Why:   a thing that stands on two days of a window counts once, so that the days can't be counted here.
-- The two expressions in braces are the measure's own; both are checked when the policy is read.
select
    __creator as creator,
    __day as day,
    cast((
        {distinct}
    ) as varchar) as thing,
    min(__since) as since
from events
where __standing and (
    {condition}
) and (
    {distinct}
) is not null
group by 1, 2, 3
