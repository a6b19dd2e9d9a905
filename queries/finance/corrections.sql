-- corrections: What did this period book for earlier ones, by earning period and cause?
-- Grain: period, earning period, cause, program, currency
-- Key:   period, earning_period, cause, program, currency
-- Reads: earnings
-- Why:   an approved period never changes; what is learned later is booked here, and must be explained.
select
    period, earning_period, cause, program, currency,
    count(*) as lines,
    sum(gross_minor) as gross_minor,
    sum(creator_minor) as creator_minor,
    sum(platform_minor) as platform_minor,
    major(sum(gross_minor), currency) as gross,
    major(sum(creator_minor), currency) as creator,
    major(sum(platform_minor), currency) as platform
from earnings
where cause <> 'current'
group by period, earning_period, cause, program, currency
order by period, earning_period, cause, program, currency
