-- earnings: the facts that line-grain programs are rated from.
-- Grain: one row for everything that is rated alike: creator, program, currency, day, clearing channel, and the
--        outcome of the program's conditions.
-- Key:   all columns but the sums
-- Reads: units (one row for each standing charge, less what was taken back)
-- Why:   a share is linear, so that the events of a day that share alike can be added before they are multiplied.
select
    creator, program, currency, day, log, channel,
    class, fee_stated, tax_stated,
    sum(events) as events,
    sum(cast(gross as decimal(38, 0))) as gross,
    sum(cast(tax as decimal(38, 0))) as tax,
    sum(cast(fee as decimal(38, 0))) as fee
from units
group by
    creator, program, currency, day, log, channel,
    class, fee_stated, tax_stated
