-- entries_balance: entries that do not balance in a currency.
-- Grain: entry, currency
-- Key:   entry_id, currency
-- Reads: journal
-- Why:   money that is debited and never credited is made up; credited and never debited, lost.
select entry_id, currency, sum(cast(amount_minor as decimal(38, 0))) as off_by_minor
from journal
group by entry_id, currency
having sum(cast(amount_minor as decimal(38, 0))) <> 0
