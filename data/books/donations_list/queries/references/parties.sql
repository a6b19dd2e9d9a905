-- parties: every grantee of the list, and the currency that it is paid in.
-- Grain: a grantee
-- Key:   party_id
-- Reads: raw (donations.parquet)
-- Why:   our rule: the currency of its grants in another currency than the dollar (of two, the first by name), else USD.
select
    'grantee-' || substr(md5(donee), 1, 16) as party_id,
    'creator' as kind,
    coalesce(min(original_currency), 'USD') as payout_currency,
    '' as country,
    '' as tax_form,
    'active' as status,
    '1985-01-01' as valid_from,
    '' as valid_to
from raw
where donee is not null
group by donee
