-- accrued_unpaid: What is earned and not yet paid, and how old is the oldest of it?
-- Grain: period, account, currency, age in months of the oldest amount left
-- Key:   period, account, currency, age
-- Reads: balances
-- Why:   unpaid balances are a debt that ages; a party's whole balance stands in the row of its oldest part.
with aged as (
    select period, account, currency, party_id, -closing_minor as owed_minor,
        cast(substr(period, 1, 4) as bigint) * 12 + cast(substr(period, 6, 2) as bigint)
            - cast(substr(coalesce(oldest_period, period), 1, 4) as bigint) * 12
            - cast(substr(coalesce(oldest_period, period), 6, 2) as bigint) as months
    from balances
    where account in ('party_payable', 'party_held', 'party_reserve') and closing_minor <> 0
),
banded as (
    select period, account, currency, party_id, owed_minor,
        case
            when months = 0 then '0 this month'
            when months <= 2 then '1 to 2 months'
            when months <= 5 then '3 to 5 months'
            when months <= 11 then '6 to 11 months'
            else '12 months and more'
        end as age
    from aged
)
select
    period, account, currency, age,
    count(*) as parties,
    sum(case when owed_minor > 0 then owed_minor else 0 end) as owed_minor,
    sum(case when owed_minor < 0 then -owed_minor else 0 end) as debt_minor,
    major(sum(case when owed_minor > 0 then owed_minor else 0 end), currency) as owed,
    major(sum(case when owed_minor < 0 then -owed_minor else 0 end), currency) as debt
from banded
group by period, account, currency, age
order by period, account, currency, age
