-- earnings_add_up: earning lines whose gross is not the sum of where it went.
-- Grain: an earning line and cause
-- Key:   line
-- Reads: lines, line_deductions, line_parts (rows of earnings by number, and their lists)
-- Why:   gross = tax + channel fee + deductions + creator side + platform, and the creator side = its parts.
with deductions as (
    select line, sum(cast(minor as decimal(38, 0))) as minor from line_deductions group by line
),
parts as (
    select line, sum(cast(minor as decimal(38, 0))) as minor from line_parts group by line
)
select l.line, l.gross_minor, l.tax_minor, l.channel_fee_minor, d.minor as deducted_minor, l.creator_minor,
    p.minor as parts_minor, l.platform_minor
from lines l
left join deductions d on d.line = l.line
left join parts p on p.line = l.line
where cast(l.gross_minor as decimal(38, 0)) <> cast(l.tax_minor as decimal(38, 0)) + l.channel_fee_minor
        + coalesce(d.minor, 0) + l.creator_minor + l.platform_minor
    or l.creator_minor <> coalesce(p.minor, 0)
