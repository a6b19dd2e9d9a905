-- earnings_add_up: earning lines whose gross is not the sum of where it went.
-- Grain: an earning line and cause
-- Key:   creator_id, program, policy_version, currency, earning_period, fx_date, cause
-- Reads: earnings
-- Why:   gross = tax + channel fee + deductions + creator side + platform, and the creator side = its parts.
with deducted as (
    select creator_id, program, policy_version, currency, earning_period, fx_date, cause, unnest(deductions) as deduction
    from earnings
),
parted as (
    select creator_id, program, policy_version, currency, earning_period, fx_date, cause, unnest(parts) as part
    from earnings
),
deductions as (
    select creator_id, program, policy_version, currency, earning_period, fx_date, cause,
        sum(cast(deduction['minor'] as decimal(38, 0))) as minor
    from deducted
    group by creator_id, program, policy_version, currency, earning_period, fx_date, cause
),
parts as (
    select creator_id, program, policy_version, currency, earning_period, fx_date, cause,
        sum(cast(part['minor'] as decimal(38, 0))) as minor
    from parted
    group by creator_id, program, policy_version, currency, earning_period, fx_date, cause
)
select e.creator_id, e.program, e.currency, e.earning_period, e.cause, e.gross_minor, e.creator_minor
from earnings e
left join deductions d using (creator_id, program, policy_version, currency, earning_period, fx_date, cause)
left join parts p using (creator_id, program, policy_version, currency, earning_period, fx_date, cause)
where cast(e.gross_minor as decimal(38, 0)) <> cast(e.tax_minor as decimal(38, 0)) + e.channel_fee_minor
        + coalesce(d.minor, 0) + e.creator_minor + e.platform_minor
    or e.creator_minor <> coalesce(p.minor, 0)
