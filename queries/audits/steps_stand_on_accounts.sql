-- steps_stand_on_accounts: steps of statements that the accounts behind them did not make.
-- Grain: account, party, currency (accounts that name no party: without one)
-- Key:   account, party_id, currency
-- Reads: statements, balances, journal
-- Why:   what is held, kept in reserve, recouped, withheld or forfeited stands on the account that says so.
with told as (
    select 'party_held' as account, party_id, currency,
        cast(held_minor as decimal(38, 0)) - hold_released_minor as minor
    from statements
    union all
    select 'party_reserve', party_id, currency, cast(reserved_minor as decimal(38, 0)) - reserve_released_minor
    from statements
    union all
    select 'advance_receivable', party_id, currency, cast(recouped_minor as decimal(38, 0)) from statements
    union all
    select 'advance_receivable', party_id, currency, -cast(amount_minor as decimal(38, 0))
    from journal where kind = 'advance' and account = 'advance_receivable'
    union all
    select 'withholding_payable', '', currency, cast(withheld_minor as decimal(38, 0)) from statements
    union all
    select 'forfeited', '', currency, cast(forfeited_minor as decimal(38, 0)) from statements
),
steps as (
    select account, party_id, currency, sum(minor) as minor from told group by account, party_id, currency
),
moved as (
    select account, coalesce(party_id, '') as party_id, currency,
        sum(cast(opening_minor as decimal(38, 0)) - closing_minor) as minor
    from balances
    where account in ('party_held', 'party_reserve', 'advance_receivable', 'withholding_payable', 'forfeited')
    group by account, coalesce(party_id, ''), currency
)
select coalesce(s.account, m.account) as account, coalesce(s.party_id, m.party_id) as party_id,
    coalesce(s.currency, m.currency) as currency, s.minor as told_minor, m.minor as moved_minor
from steps s
full outer join moved m on m.account = s.account and m.party_id = s.party_id and m.currency = s.currency
where coalesce(s.minor, 0) <> coalesce(m.minor, 0)
