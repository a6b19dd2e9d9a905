-- commerce: invoice lines as order lines and returns.
-- Grain: an invoice line
-- Key:   none in the data; the engine makes one from the raw row and its number among equal rows of the day
-- Reads: raw
-- Why:   a C invoice is a return; its negative line becomes a reversal with a positive amount.
--        A product is credited to the German streamer whose number (new_id, 0 to 9,497) is the first five digits of
--        its stock code modulo 9,498 (our rule, see README.md).
--        Fees, postage, vouchers, discounts and write-offs are no creator's earnings: exclude_reason says which.
with lines as (
    select
        "InvoiceNo" as invoice_no,
        "StockCode" as stock_code,
        "CustomerID" as customer_id,
        "Country" as country,
        cast("InvoiceDate" as timestamp) at time zone 'Europe/London' as invoiced_at,
        try_cast("Quantity" as decimal(10, 0)) as quantity,
        try_cast("UnitPrice" as decimal(18, 4)) as unit_price,
        try_cast("UnitPrice" as decimal(18, 4)) * try_cast("Quantity" as decimal(10, 0)) * 100 as line_pence
    from raw
)
select
    invoiced_at as event_time,
    case when line_pence < 0 or starts_with(invoice_no, 'C') then 'return' else 'order' end as kind,
    coalesce('streamer-' || cast(try_cast(substr(stock_code, 1, 5) as bigint) % 9498 as varchar), 'nobody') as creator_id,
    customer_id as payer_id,
    country as payer_country,
    case when line_pence < 0 then -line_pence else line_pence end as amount_minor,
    'GBP' as currency,
    invoice_no as order_id,
    stock_code as product_id,
    case
        when starts_with(invoice_no, 'A') then 'bad_debt'
        when stock_code in ('AMAZONFEE', 'BANK CHARGES', 'CRUK') then 'fee'
        when stock_code in ('POST', 'DOT', 'C2') then 'postage'
        when stock_code in ('D') then 'discount'
        when stock_code in ('M', 'm') then 'manual_entry'
        when stock_code in ('S', 'PADS', 'B') then 'no_product'
        when starts_with(stock_code, 'gift_') then 'voucher'
        when try_cast(substr(stock_code, 1, 5) as bigint) is null then 'no_stock_number'
        when unit_price = 0 and quantity < 0 then 'write_off'
        when unit_price = 0 then 'no_price'
    end as exclude_reason
from lines
