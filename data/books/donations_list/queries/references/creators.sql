-- creators: every grantee of the list.
-- Grain: a grantee
-- Key:   creator_id, a hash of the name: some grantees are people, and names stand in no ledger
-- Reads: raw (donations.parquet)
-- Why:   the list has no table of grantees.
select distinct
    'grantee-' || substr(md5(donee), 1, 16) as creator_id,
    '' as birth_date,
    '' as followers,
    '' as country,
    'active' as status,
    '1985-01-01' as valid_from,
    '' as valid_to
from raw
where donee is not null
