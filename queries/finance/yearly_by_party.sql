-- yearly_by_party: What was each party paid in each calendar year, under which tax form?
-- Grain: year, party, currency
-- Key:   year, party_id, currency
-- Reads: statements, parties
-- Why:   what goes on the year's tax forms; country and form are those in force on the last day of the year's last period.
with years as (
    select substr(period, 1, 4) as year, max(period) as last_period from statements group by substr(period, 1, 4)
),
yearly as (
    select substr(period, 1, 4) as year, party_id, currency,
        sum(earned_minor) as earned_minor, sum(corrections_minor) as corrections_minor,
        sum(adjustments_minor) as adjustments_minor, sum(withheld_minor) as withheld_minor,
        sum(payout_minor) as paid_minor
    from statements
    group by substr(period, 1, 4), party_id, currency
),
known as (
    select y.year, p.party_id, p.country, p.tax_form, p.kind
    from years y
    join parties p on substr(coalesce(p.valid_from, '0000-00-00'), 1, 7) <= y.last_period
        and (p.valid_to is null or p.valid_to > y.last_period || '-31')
)
select
    y.year, y.party_id, k.kind, k.country, k.tax_form, y.currency,
    y.earned_minor, y.corrections_minor, y.adjustments_minor, y.withheld_minor, y.paid_minor,
    major(y.earned_minor, y.currency) as earned,
    major(y.corrections_minor, y.currency) as corrections,
    major(y.adjustments_minor, y.currency) as adjustments,
    major(y.withheld_minor, y.currency) as withheld,
    major(y.paid_minor, y.currency) as paid
from yearly y
left join known k on k.year = y.year and k.party_id = y.party_id
order by year, party_id, currency
