-- creators: the German streamers of the data set.
-- Grain: a streamer
-- Key:   creator_id (new_id, unique within a language)
-- Reads: raw (streamers.parquet)
-- Why:   the mapping is ours: views stand in for followers, the partner flag is the status.
select
    'streamer-' || new_id as creator_id,
    '' as birth_date,
    views as followers,
    'DE' as country,
    case when partner = 'True' then 'partner' else 'active' end as status,
    '2010-01-01' as valid_from,
    '' as valid_to
from raw
where lang = 'DE'
