-- parties: the same streamers, paid in pounds.
-- Grain: a streamer
-- Key:   party_id
-- Reads: raw (streamers.parquet)
-- Why:   nothing in the data says how a streamer is paid; the shop is British.
select
    'streamer-' || new_id as party_id,
    'creator' as kind,
    'GBP' as payout_currency,
    'DE' as country,
    '' as tax_form,
    'active' as status,
    '2010-01-01' as valid_from,
    '' as valid_to
from raw
where lang = 'DE'
