-- statements_meet_balances: parties whose statement and account disagree.
-- Grain: party, currency
-- Key:   party_id, currency
-- Reads: statements, balances
-- Why:   what a party is told it is owed is what the ledger owes it.
with owed as (
    select party_id, currency, -opening_minor as opening_minor, -closing_minor as closing_minor
    from balances
    where account = 'party_payable' and (opening_minor <> 0 or closing_minor <> 0)
)
select coalesce(s.party_id, o.party_id) as party_id, coalesce(s.currency, o.currency) as currency,
    s.opening_minor, s.closing_minor, o.opening_minor as ledger_opening_minor, o.closing_minor as ledger_closing_minor
from statements s
full outer join owed o on o.party_id = s.party_id and o.currency = s.currency
where coalesce(s.opening_minor, 0) <> coalesce(o.opening_minor, 0)
    or coalesce(s.closing_minor, 0) <> coalesce(o.closing_minor, 0)
