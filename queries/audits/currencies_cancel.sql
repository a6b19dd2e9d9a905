-- currencies_cancel: currencies in which the accounts do not add up to nothing.
-- Grain: currency
-- Key:   currency
-- Reads: balances
-- Why:   entries balance, so that only what a book opens with could have made money up: it stands against
--        brought_forward.
select currency,
    sum(cast(opening_minor as decimal(38, 0))) as opening_minor,
    sum(cast(closing_minor as decimal(38, 0))) as closing_minor
from balances
group by currency
having sum(cast(opening_minor as decimal(38, 0))) <> 0 or sum(cast(closing_minor as decimal(38, 0))) <> 0
