-- gifts: the gift service's rows as canonical ones.
-- Grain: a gift, or its refund
-- Key:   event_id
-- Reads: raw
-- Why:   the service calls things by other names, writes major units as text, and logs its own test rooms.
select
    gift_event as event_id,
    happened_at as event_time,
    case when refund_of is null then 'send' else 'refund' end as kind,
    streamer as creator_id,
    viewer as payer_id,
    viewer_country as payer_country,
    cast(price as decimal(20, 6)) * case when currency = 'JPY' then 1 else 100 end as amount_minor,
    cast(null as bigint) as tax_minor,
    store_fee_minor as channel_fee_minor,
    currency,
    refund_of as original_id,
    refund_of_time as original_time,
    room as live_id,
    gift as gift_id,
    quantity,
    case when starts_with(room, 'test-') then 'test_room' end as exclude_reason
from raw
