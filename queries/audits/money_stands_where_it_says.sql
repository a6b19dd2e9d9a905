-- money_stands_where_it_says: currencies in which an account and the fates disagree.
-- Grain: account, currency
-- Key:   account, currency
-- Reads: balances, control
-- Why:   every minor unit of every row that is rated, ineligible, waiting or quarantined with a readable amount stands
--        on an account that says why.
with counted as (
    select 'suspense' as account, currency, -total_amount_minor as minor
    from control where fate in ('quarantined', 'waiting') and currency is not null
    union all
    select 'payer_clearing', currency, total_amount_minor
    from control
    where fate in ('rated', 'ineligible', 'quarantined', 'waiting') and log <> 'adjustments' and currency is not null
    union all
    select 'platform_expense_adjustments', currency, total_amount_minor
    from control where fate in ('rated', 'quarantined', 'waiting') and log = 'adjustments' and currency is not null
),
expected as (
    select account, currency, sum(cast(minor as decimal(38, 0))) as minor
    from counted
    where account <> 'platform_expense_adjustments'
    group by account, currency
),
found as (
    select account, currency, sum(cast(closing_minor as decimal(38, 0))) as minor
    from balances
    where account in ('suspense', 'payer_clearing')
    group by account, currency
)
select coalesce(e.account, f.account) as account, coalesce(e.currency, f.currency) as currency,
    e.minor as counted_minor, f.minor as booked_minor
from expected e
full outer join found f on f.account = e.account and f.currency = e.currency
where coalesce(e.minor, 0) <> coalesce(f.minor, 0)
