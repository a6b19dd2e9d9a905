-- payouts_by_program: What did each program earn for its parties, and how does that become what is paid?
-- Grain: period, currency, step (a program, or another step of the parties' accounts)
-- Key:   period, currency, step
-- Reads: earning_parts, statements
-- Why:   the steps of a period and currency add up to what is paid, so that a payout run can be signed line by line.
with programs as (
    select period, coalesce(case when payout_minor is not null then payout_currency end, currency) as currency,
        program as step, 2 as nr, count(distinct party_id) as parties,
        sum(coalesce(payout_minor, part_minor)) as amount_minor
    from earning_parts
    group by period, coalesce(case when payout_minor is not null then payout_currency end, currency), program
),
account as (
    select period, currency, '(opening)' as step, 1 as nr, opening_minor as minor from statements
    union all
    select period, currency, '(adjustments)', 3, adjustments_minor from statements
    union all
    select period, currency, '(moved and taken over)', 4, moved_minor + stand_in_minor from statements
    union all
    select period, currency, '(held, less released)', 5, hold_released_minor - held_minor from statements
    union all
    select period, currency, '(recouped, withheld, reserved)', 6,
        reserve_released_minor - recouped_minor - withheld_minor - reserved_minor
    from statements
    union all
    select period, currency, '(forfeited)', 7, -forfeited_minor from statements
    union all
    select period, currency, '(left for later)', 8, -closing_minor from statements
    union all
    select period, currency, '= paid', 9, payout_minor from statements
),
steps as (
    select period, currency, step, nr, count(*) as parties, sum(minor) as amount_minor
    from account
    where minor <> 0
    group by period, currency, step, nr
    union all
    select period, currency, step, nr, parties, amount_minor from programs
)
select period, currency, nr, step, parties, amount_minor, major(amount_minor, currency) as amount
from steps
order by period, currency, nr, step
