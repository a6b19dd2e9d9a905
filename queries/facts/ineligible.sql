-- ineligible: the money of charges that a program's rule refused.
-- Grain: program, log, channel, currency, earning period
-- Key:   program, log, channel, currency, period
-- Reads: refused (one row for each ineligible charge, less what was taken back)
-- Why:   stated tax and fee go to their accounts, the rest stays on ineligible_retained.
select
    program, log, channel, currency, period,
    sum(cast(gross as decimal(38, 0))) as gross,
    sum(cast(tax as decimal(38, 0))) as tax,
    sum(cast(fee as decimal(38, 0))) as fee
from refused
group by program, log, channel, currency, period
