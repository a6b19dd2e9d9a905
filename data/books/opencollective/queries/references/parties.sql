-- parties: every account of the dump.
-- Grain: an account
-- Key:   party_id
-- Reads: raw (Collectives.parquet)
-- Why:   any account can receive; a deleted one keeps its row, so that what it earned before is not unknown.
select
    "id" as party_id,
    'creator' as kind,
    "currency" as payout_currency,
    "countryISO" as country,
    '' as tax_form,
    case when "deletedAt" is null then 'active' else 'deleted' end as status,
    '2015-01-01' as valid_from,
    '' as valid_to
from raw
