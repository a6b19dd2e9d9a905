-- measure_distinct: the different things that a policy's measure counts, per creator and day.
-- Grain: one row for each creator, day, thing, and span of closes that counted it
-- Key:   creator, day, thing, closes
-- Reads: events (one row for each time that a row of the measure's log counts, its `where` holding: creator, day, closes, value)
-- Why:   a thing that stands on two days of a window counts once, so that the days can't be counted here.
select creator, day, value as thing, closes
from events
where value is not null
group by creator, day, value, closes
