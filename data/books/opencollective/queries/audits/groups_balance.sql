-- groups_balance: groups whose nets are not what the stated fees leave.
-- Grain: a live transaction group (none = pass)
-- Key:   transaction_group
-- Reads: raw.subscriptions
-- Why:   a group is a debit and a credit; together their nets are the fees of the credit. Nets are in the group's
--        currency, fees in the host's: converted at the stated rate, and each fee rounded by itself, so one cent is free.
with rows as (
    select
        "TransactionGroup" as transaction_group,
        "id" as id,
        "type" as direction,
        cast("netAmountInCollectiveCurrency" as decimal(18, 0)) as net,
        cast("hostCurrencyFxRate" as decimal(18, 15)) as rate,
        coalesce(cast("platformFeeInHostCurrency" as bigint), 0) + coalesce(cast("hostFeeInHostCurrency" as bigint), 0)
            + coalesce(cast("paymentProcessorFeeInHostCurrency" as bigint), 0) as fees
    from raw.subscriptions
    where "deletedAt" is null
),
groups as (
    select
        transaction_group,
        max(case when direction = 'DEBIT' then id end) as debit_id,
        max(case when direction = 'CREDIT' then id end) as credit_id,
        sum(net * rate) - sum(case when direction = 'CREDIT' then fees else 0 end) as off
    from rows
    group by transaction_group
)
select transaction_group, debit_id, credit_id, cast(off as bigint) as off_cents
from groups
where off > 1 or off < -1
order by transaction_group
