-- finer_than_a_cent: amounts in dollars that no payment can have had.
-- Grain: a row of the list (none = pass)
-- Key:   none
-- Reads: raw.brand_deals
-- Why:   each is a conversion; the book pays the original amount, and this names what was set aside.
select src_file, donor, donation_date, amount, original_currency, amount_original_currency
from raw.brand_deals
where cast(amount as decimal(30, 12)) * 100 <> trunc(cast(amount as decimal(30, 12)) * 100)
order by src_file, donation_date, amount
