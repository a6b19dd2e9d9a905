-- gifts: contributions whose order has no interval.
-- Grain: a transaction row
-- Key:   event_id (uuid: unique among the rows that are not deleted)
-- Reads: raw (Transactions.parquet), orders
-- Why:   a contribution is two rows of one group; the CREDIT row is what the collective receives. All else is left out
--        with a reason: deleted rows repeat the uuid of a live one and would double the money.
with rows as (
    select
        raw."uuid" as uuid,
        raw."type" as direction,
        raw."kind" as entry_kind,
        raw."deletedAt" as deleted_at,
        raw."createdAt" as created_at,
        raw."CollectiveId" as collective_id,
        raw."FromCollectiveId" as from_collective_id,
        raw."currency" as currency,
        raw."hostCurrency" as host_currency,
        raw."OrderId" as order_id,
        orders."id" as known_order,
        orders."interval" as every,
        orders."SubscriptionId" as subscription_id,
        orders."TierId" as tier_id,
        cast(raw."amount" as bigint) as amount,
        cast(raw."netAmountInCollectiveCurrency" as bigint) as net,
        coalesce(cast(raw."platformFeeInHostCurrency" as bigint), 0) as platform_fee,
        coalesce(cast(raw."hostFeeInHostCurrency" as bigint), 0) as host_fee,
        coalesce(cast(raw."paymentProcessorFeeInHostCurrency" as bigint), 0) as processor_fee
    from raw
    left join orders on raw."OrderId" = orders."id"
)
select
    uuid as event_id,
    arrow_cast(to_timestamp(created_at), 'Timestamp(Microsecond, Some("UTC"))') as event_time,
    'send' as kind,
    collective_id as creator_id,
    from_collective_id as payer_id,
    abs(amount) as amount_minor,
    case when direction = 'CREDIT' and entry_kind = 'CONTRIBUTION' then amount - net end as channel_fee_minor,
    currency,
    order_id as gift_id,
    abs(net) as net_minor,
    -platform_fee as platform_fee_minor,
    -host_fee as host_fee_minor,
    -processor_fee as processor_fee_minor,
    host_currency as fees_in,
    case
        when deleted_at is not null then 'deleted'
        when entry_kind is null then 'no_kind'
        when entry_kind = 'EXPENSE' then 'expense'
        when direction = 'DEBIT' then 'payers_side'
        when known_order is null then 'no_order'
        when every is not null then 'interval'
    end as exclude_reason
from rows
