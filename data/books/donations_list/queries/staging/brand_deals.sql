-- brand_deals: grants as brand deals: the funder is the brand, the grantee the creator.
-- Grain: a row of the list
-- Key:   none in the data; the engine makes one from the raw row and its number among equal rows of a funder's file
-- Reads: raw
-- Why:   the original amount is what was paid; the list's dollars of it are somebody's conversion, finer than a cent.
--        A date goes to the last day that its precision allows: a grant of "2016" is not known to be made before.
with grants as (
    select
        donor,
        donee,
        coalesce(original_currency, 'USD') as currency,
        case
            when original_currency is null then try_cast(amount as decimal(30, 12))
            else try_cast(amount_original_currency as decimal(30, 12))
        end as major,
        -- KRW has no minor unit
        case when original_currency = 'KRW' then 1 else 100 end as units,
        donation_date_precision as precision,
        arrow_cast(cast(donation_date as date), 'Timestamp(Second, None)') as day
    from raw
)
select
    arrow_cast(
        case precision
            when 'day' then day
            when 'month' then date_trunc('month', day) + interval '1 month' - interval '1 day'
            when 'quarter' then date_trunc('quarter', day) + interval '3 months' - interval '1 day'
            else date_trunc('year', day) + interval '1 year' - interval '1 day'
        end,
        'Timestamp(Microsecond, Some("UTC"))'
    ) as event_time,
    case when major < 0 then 'cancel' else 'milestone' end as kind,
    'grantee-' || substr(md5(donee), 1, 16) as creator_id,
    donor as payer_id,
    abs(major) * units as amount_minor,
    currency,
    donor as brand_id,
    case when major = 0 then 'no_amount' end as exclude_reason
from grants
