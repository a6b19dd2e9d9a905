-- balances_add_up: accounts that do not roll forward, or whose movement is not the journal's.
-- Grain: account, party, currency
-- Key:   account, party_id, currency
-- Reads: balances, journal
-- Why:   a balance that no posting explains can't be traced.
with moved as (
    select account, coalesce(party_id, '') as party_id, currency,
        sum(cast(amount_minor as decimal(38, 0))) as minor
    from journal
    group by account, coalesce(party_id, ''), currency
)
select b.account, b.party_id, b.currency, b.opening_minor, b.debit_minor, b.credit_minor, b.closing_minor, m.minor
from balances b
left join moved m on m.account = b.account and m.party_id = coalesce(b.party_id, '') and m.currency = b.currency
where cast(b.opening_minor as decimal(38, 0)) + b.debit_minor - b.credit_minor <> b.closing_minor
    or cast(b.debit_minor as decimal(38, 0)) - b.credit_minor <> coalesce(m.minor, 0)
