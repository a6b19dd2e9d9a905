-- entries_balance: entries that do not balance in a currency.
-- Grain: entry, currency
-- Key:   entry, currency
-- Reads: entries (the journal's postings with the number of their entry)
-- Why:   money that is debited and never credited is made up; credited and never debited, lost.
select entry, currency, sum(cast(amount_minor as decimal(38, 0))) as off_by_minor
from entries
group by entry, currency
having sum(cast(amount_minor as decimal(38, 0))) <> 0
