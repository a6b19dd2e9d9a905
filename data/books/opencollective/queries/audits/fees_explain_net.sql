-- fees_explain_net: contributions in the host's currency whose net is not exactly amount plus fees.
-- Grain: a live CREDIT row of a contribution (none = pass)
-- Key:   uuid
-- Reads: raw.subscriptions
-- Why:   the net is booked as stated; where the stated fees give another one, somebody rounded.
with rows as (
    select
        "uuid" as uuid,
        cast("amount" as bigint) as amount,
        cast("netAmountInCollectiveCurrency" as bigint) as net,
        coalesce(cast("platformFeeInHostCurrency" as bigint), 0) + coalesce(cast("hostFeeInHostCurrency" as bigint), 0)
            + coalesce(cast("paymentProcessorFeeInHostCurrency" as bigint), 0) as fees
    from raw.subscriptions
    where "deletedAt" is null and "type" = 'CREDIT' and "kind" = 'CONTRIBUTION' and "currency" = "hostCurrency"
)
select uuid, amount, amount + fees as computed_net, net as stated_net
from rows
where amount + fees <> net
order by amount
