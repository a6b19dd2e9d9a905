-- statements_add_up: statement rows whose steps do not give their result.
-- Grain: a statement row
-- Key:   party_id, currency
-- Reads: statements
-- Why:   a party must be able to add up what it is sent.
select *
from statements
where cast(opening_minor as decimal(38, 0)) + earned_minor + corrections_minor + adjustments_minor + moved_minor
        + stand_in_minor - held_minor + hold_released_minor - recouped_minor - withheld_minor - reserved_minor
        + reserve_released_minor <> payable_minor
    or cast(payable_minor as decimal(38, 0)) - payout_minor - forfeited_minor <> closing_minor
