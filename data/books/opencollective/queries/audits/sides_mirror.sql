-- sides_mirror: groups whose debit is not what the credit's side received.
-- Grain: a live transaction group (none = pass)
-- Key:   transaction_group
-- Reads: raw.subscriptions
-- Why:   the debit's amount is the negative of the credit's net; a fee that one side alone states shows here.
with groups as (
    select
        "TransactionGroup" as transaction_group,
        max(case when "type" = 'CREDIT' then "id" end) as credit_id,
        max(case when "type" = 'DEBIT' then "id" end) as debit_id,
        sum(case when "type" = 'DEBIT' then cast("amount" as bigint)
            else cast("netAmountInCollectiveCurrency" as bigint) end) as off
    from raw.subscriptions
    where "deletedAt" is null
    group by "TransactionGroup"
)
select transaction_group, credit_id, debit_id, off as off_cents
from groups
where off <> 0
order by transaction_group
