-- name: month
-- Grain: two tables: `earnings`, one row per creator, program and currency; `statements`, one per party and currency.
-- Key: creator_id, program, policy_version, currency, earning_period, fx_date, cause; party_id, currency.
-- Reads: logs (Parquet), references (CSV) and currencies of a book that `everycent synth` made; of one month.
-- Why: the same work as `everycent run`, by the peer: each event once, contract, reversals, policies, splits, rates.
--
-- Integers only (BIGINT, HUGEINT, which fails on overflow). It relies on what holds in a book of synth, and stops where
-- it does not: a charge is taken back once at most, gifts and deals state neither tax nor fee, all parts of an agreement
-- hold for the same days, every table day quotes all currencies. run.py sets the variables and runs the statements.

-- ---------------------------------------------------------------------------------------------------------- arithmetic
create macro half_even_magnitude(n, d) as
    (n // d) + case when 2 * (n % d) > d or (2 * (n % d) = d and (n // d) % 2 = 1) then 1 else 0 end;
create macro half_even(n, d) as
    case when n < 0 then -half_even_magnitude(-(n::hugeint), d::hugeint) else half_even_magnitude(n::hugeint, d::hugeint) end;
create macro ten_to(n) as ('1' || repeat('0', n))::hugeint;
create macro floor_of(n, d) as (n // d) - case when n % d < 0 then 1 else 0 end;

-- ---------------------------------------------------------------------------------------------------------- references
create table currency as
    select code, digits from read_csv(getvariable('currencies'), header = true, all_varchar = false)
    where (valid_from is null or valid_from <= getvariable('first_day'))
      and (valid_to is null or valid_to > getvariable('last_day'));

-- Rates of the latest table day, in millionths of a unit for 1 EUR.
create table rate as
    with quoted as (
        select date, currency as code, rate::decimal(30, 6) as rate
        from read_csv(getvariable('book') || '/refs/fx_rates.csv', header = true,
                      columns = {'date': 'DATE', 'currency': 'VARCHAR', 'rate': 'VARCHAR'})
        where date between getvariable('last_day') - 7 and getvariable('last_day')
    )
    select code, (rate * 1000000)::hugeint as millionths from quoted where date = (select max(date) from quoted)
    union all select 'EUR', 1000000::hugeint;

-- weight / scale: how many euro cents one minor unit is worth, over one denominator for all currencies.
create table worth as
    with cents as (
        select r.code, ten_to(8 - c.digits) as n, r.millionths as d
        from (select code, millionths from rate) r join (select code, digits from currency) c using (code)
    ),
    reduced as (select code, n // gcd(n, d) as n, d // gcd(n, d) as d from cents),
    whole as (select list_reduce(list(d), lambda a, b: lcm(a, b)) as scale from reduced)
    select code, n * (scale // d) as weight, scale from reduced, whole;

create table creator_day as
    with days as (
        select unnest(generate_series(getvariable('first_day'), getvariable('last_day'), interval 1 day))::date as day
    ),
    creator as (
        select * from read_csv(getvariable('book') || '/refs/creators.csv', header = true, columns = {
            'creator_id': 'VARCHAR', 'birth_date': 'DATE', 'followers': 'BIGINT', 'country': 'VARCHAR',
            'status': 'VARCHAR', 'valid_from': 'DATE', 'valid_to': 'DATE'})
    )
    select
        creator_id,
        day,
        year(day) - year(birth_date)
            - (month(day) * 100 + day(day) < month(birth_date) * 100 + day(birth_date))::int as age,
        followers,
        status,
        coalesce(v.views, 0) as views_30d
    from days join creator on valid_from <= day and (valid_to is null or valid_to > day)
    left join views_30d v using (creator_id, day);

create table party as
    select party_id, payout_currency from read_csv(getvariable('book') || '/refs/parties.csv', header = true, columns = {
        'party_id': 'VARCHAR', 'kind': 'VARCHAR', 'payout_currency': 'VARCHAR', 'country': 'VARCHAR',
        'tax_form': 'VARCHAR', 'status': 'VARCHAR', 'valid_from': 'DATE', 'valid_to': 'DATE'})
    where valid_from <= getvariable('last_day') and (valid_to is null or valid_to > getvariable('last_day'));

-- What a creator earns of a program on the days of an agreement goes to these parties, in ten-thousandths.
create table share as
    with row as (
        select
            creator_id, party_id, level, position, programs, valid_from, valid_to,
            case
                when part = 'rest' then null
                when contains(part, '%') then (trim(replace(part, '%', ''))::decimal(10, 2) * 100)::bigint
                when contains(part, '/') then 10000 * split_part(part, '/', 1)::bigint // split_part(part, '/', 2)::bigint
                else (part::decimal(10, 4) * 10000)::bigint
            end as part
        from read_csv(getvariable('book') || '/refs/agreements.csv', header = true, columns = {
            'creator_id': 'VARCHAR', 'party_id': 'VARCHAR', 'part': 'VARCHAR', 'level': 'BIGINT', 'position': 'BIGINT',
            'programs': 'VARCHAR', 'valid_from': 'DATE', 'valid_to': 'DATE'})
    ),
    level as (
        select
            creator_id, programs, valid_from,
            10000 - coalesce(sum(part) filter (where level = 1), 0) as left_by_1,
            10000 - coalesce(sum(part) filter (where level = 2), 0) as left_by_2
        from row group by all
    ),
    program as (select unnest(['brand', 'gifts', 'live_subs', 'members', 'shop']) as program)
    select
        r.creator_id, p.program, r.valid_from, r.valid_to, r.party_id, r.position,
        case
            when r.part is null then l.left_by_1 * l.left_by_2 // 10000
            when r.level = 1 then r.part
            when (r.part * l.left_by_1) % 10000 = 0 then r.part * l.left_by_1 // 10000
            else error('a part is finer than a ten-thousandth')
        end as part
    from row r
    join level l on l.creator_id = r.creator_id and l.valid_from = r.valid_from
        and l.programs is not distinct from r.programs
    join program p on r.programs is null or r.programs = '' or list_contains(string_split(r.programs, ';'), p.program);

create table span as select distinct creator_id, program, valid_from, valid_to from share;

-- ------------------------------------------------------------------------------------------- logs: contract, once each
create macro sound(log, charges, backs) as table
    select
        * exclude (payer_id, payer_country),
        timezone(getvariable('zone'), event_time)::date as day,
        timezone(getvariable('zone'), original_time)::date as original_day
    from read_parquet(getvariable('book') || '/logs/' || log || '/**/*.parquet', hive_partitioning = false)
    where event_id is not null and event_id::varchar <> ''
      and event_time >= timestamptz '1970-01-01 00:00:00+00'
      and event_time < timezone(getvariable('zone'), (getvariable('last_day') + 1)::timestamp)
      and (list_contains(charges, kind) or list_contains(backs, kind))
      and creator_id <> ''
      and currency in (select code from currency)
      and amount_minor between 0 and 1000000000000000
      and coalesce(tax_minor, 0) >= 0
      and coalesce(channel_fee_minor, 0) >= 0
      and coalesce(tax_minor, 0) + coalesce(channel_fee_minor, 0) <= amount_minor
      and case
            when list_contains(charges, kind) then original_id is null and original_time is null
            else original_time is null or original_time <= event_time
          end;

-- Rows of an id that are all alike count once; rows that differ are all thrown out.
create macro once(log, charges, backs) as table
    with several as materialized (
        select event_id from sound(log, charges, backs) group by event_id having count(*) > 1
    )
    select * from sound(log, charges, backs) anti join several using (event_id)
    union all
    select * from (
        select * from (select distinct * from sound(log, charges, backs) semi join several using (event_id))
        qualify count(*) over (partition by event_id) = 1
    );

create table subscriptions as select * exclude (subscription_id, period_start, period_end) from once(
    'subscriptions', ['start', 'renew', 'upgrade', 'gift'], ['refund', 'chargeback', 'chargeback_won']);
create table gifts as select * exclude (live_id, gift_id, quantity, coins) from once(
    'gifts', ['send'], ['refund', 'chargeback', 'chargeback_won']);
create table commerce as select * exclude (order_id, product_id, seller_id, category) from once(
    'commerce', ['order'], ['return', 'chargeback', 'chargeback_won']);
create table brand_deals as select * exclude (campaign_id, brand_id) from once(
    'brand_deals', ['milestone'], ['cancel']);

-- --------------------------------------------------------------------------------- reversals are taken from their charges
create macro back_kinds() as ['refund', 'return', 'cancel', 'chargeback'];

create macro taken(log) as table
    with back as (select * from query_table(log) where list_contains(back_kinds(), kind) and original_id is not null),
    won as (
        select w.original_id as back_id, count(*) as wins, sum(w.amount_minor) as amount
        from query_table(log) w join back b on b.event_id = w.original_id
        where w.kind = 'chargeback_won' and b.kind = 'chargeback' group by all
    )
    select
        b.original_id as charge_id,
        1 + coalesce(w.wins, 0) as events,
        b.amount_minor as amount,
        b.currency as back_currency,
        w.back_id is null as stays,
        coalesce(w.wins > 1 or w.amount <> b.amount_minor, false) as is_odd,
        b.tax_minor as tax_back,
        b.channel_fee_minor as fee_back
    from back b left join won w on w.back_id = b.event_id;

create table taken_subscriptions as select * from taken('subscriptions');
create table taken_gifts as select * from taken('gifts');
create table taken_commerce as select * from taken('commerce');
create table taken_brand_deals as select * from taken('brand_deals');

-- What this script relies on, held against the book.
create macro offends(log) as table
    select 1 from query_table('taken_' || log) t join query_table(log) c on c.event_id = t.charge_id
    where t.is_odd or t.back_currency <> c.currency or t.amount > c.amount_minor
    union all
    select 1 from query_table('taken_' || log) group by charge_id having count(*) > 1;
select case when count(*) > 0 then error('reversals that this script does not know') end from (
    from offends('subscriptions') union all from offends('gifts')
    union all from offends('commerce') union all from offends('brand_deals'));
select case when count(*) > 0 then error('gifts or deals that state tax or fee') end from (
    from gifts where tax_minor <> 0 or channel_fee_minor is not null
    union all by name from brand_deals where tax_minor <> 0 or channel_fee_minor is not null);

-- Charges less what was taken back, and reversals that name no charge, negative, on the day of the charge.
create macro unit(log, charges) as table
    select
        c.* exclude (amount_minor, tax_minor, channel_fee_minor, original_id, original_time, original_day, kind),
        1 + coalesce(t.events, 0) as events,
        c.amount_minor - case when t.stays then t.amount else 0 end as gross,
        coalesce(c.tax_minor, 0) - case when t.stays
            then coalesce(t.tax_back, half_even(coalesce(c.tax_minor, 0)::hugeint * t.amount, c.amount_minor)::bigint)
            else 0 end as tax,
        c.channel_fee_minor - case when t.stays
            then coalesce(t.fee_back, half_even(c.channel_fee_minor::hugeint * t.amount, c.amount_minor)::bigint)
            else 0 end as fee
    from query_table(log) c left join query_table('taken_' || log) t on t.charge_id = c.event_id
    where list_contains(charges, c.kind)
    union all by name
    select
        * exclude (amount_minor, tax_minor, channel_fee_minor, original_id, original_time, original_day, kind)
            replace (coalesce(original_day, day) as day),
        1 as events,
        -amount_minor as gross,
        -coalesce(tax_minor, 0) as tax,
        -channel_fee_minor as fee
    from query_table(log)
    where list_contains(back_kinds(), kind) and original_id is null;

-- --------------------------------------------------------------------------------------------------------------- policies
-- Exact sums by creator, program, currency and day. The creator side is `side` / `side_of`, the computed fee
-- `fee_tenths` / 10, the safety fund `fund` / 1000.
create table fact as
    -- members: 60, 70 or 75 % by tenure; live_subs: 70 %, and 20 points more for reach
    with subscription as (
        select
            u.creator_id, u.currency, u.day, u.events, u.gross, u.tax,
            case when tier = 'live' then 'live_subs' else 'members' end as program,
            case when fee is not null then fee * 10 when channel <> 'web' then (gross - tax) * 3 else 0 end as fee_tenths,
            case
                when tier <> 'live' then case when tenure_months = 1 then 60 when tenure_months <= 12 then 70 else 75 end
                when followers >= 10000 and (not getvariable('measured') or views_30d >= 1000) then 90
                else 70
            end as percent
        from unit('subscriptions', ['start', 'renew', 'upgrade', 'gift']) u join creator_day d using (creator_id, day)
        where tier in ('basic', 'plus', 'patron') or (tier = 'live' and age >= 18 and followers >= 1000)
    )
    select
        creator_id, program, currency, day, sum(events)::bigint as events,
        sum(gross)::bigint as gross, sum(tax)::bigint as tax, sum(fee_tenths)::hugeint as fee_tenths, 0::hugeint as fund,
        sum(((gross - tax) * 10 - fee_tenths) * percent)::hugeint as side, 1000::hugeint as side_of
    from subscription group by all

    union all
    -- shop: the line's own commission; the stated fee is booked out of the platform's part
    select
        creator_id, 'shop', currency, day, sum(events)::bigint, sum(gross)::bigint, sum(tax)::bigint,
        sum(coalesce(fee, 0) * 10)::hugeint, 0, sum((gross - tax)::hugeint * commission_bps)::hugeint, 10000
    from unit('commerce', ['order']) join creator_day using (creator_id, day)
    group by all

    union all
    -- gifts: 30 % fee, 1 % of the rest; 50 %, and 60 % above 1,000.00 EUR of the month, in the order of events
    select
        creator_id, 'gifts', currency, day, sum(events)::bigint, sum(gross)::bigint, 0,
        sum(gross * 3)::hugeint, sum(gross * 7)::hugeint,
        sum(50 * (after - before) + 10 * (greatest(after, edge) - greatest(before, edge)))::hugeint * 693,
        any_value(weight) * 100000
    from (
        select
            creator_id, currency, day, events, gross, weight, 100000 * scale as edge,
            gross * weight as move,
            sum(move) over (partition by creator_id order by event_time, event_id rows unbounded preceding) as after,
            after - move as before
        from unit('gifts', ['send']) u join creator_day using (creator_id, day) join worth w on w.code = u.currency
        where status = 'active'
    )
    group by all

    union all
    -- brand deals: 97 %, and 80 % above 5,000.00 EUR of a lifetime, which is this month
    select
        creator_id, 'brand', currency, day, sum(events)::bigint, sum(gross)::bigint, 0, 0, 0,
        sum(97 * (after - before) - 17 * (greatest(after, edge) - greatest(before, edge)))::hugeint,
        any_value(weight) * 100
    from (
        select
            creator_id, currency, day, events, gross, weight, 500000 * scale as edge,
            gross * weight as move,
            sum(move) over (partition by creator_id order by event_time, event_id rows unbounded preceding) as after,
            after - move as before
        from unit('brand_deals', ['milestone']) u join creator_day using (creator_id, day)
        join worth w on w.code = u.currency
    )
    group by all;

-- ------------------------------------------------------------------------------------------ lines: rounded once, and split
create table line as
    select
        creator_id, program, currency, sum(events)::bigint as events, sum(gross)::bigint as gross,
        sum(tax)::bigint as tax, half_even(sum(fee_tenths)::hugeint, 10)::bigint as fee,
        half_even(sum(fund)::hugeint, 1000)::bigint as fund, sum(side)::hugeint as side,
        any_value(side_of) as side_of, half_even(sum(side)::hugeint, any_value(side_of)) as booked
    from fact group by all;

-- Exact parts over side_of x 10,000, signs turned where the whole is negative.
create table part as
    with spanned as (
        select f.creator_id, f.program, f.currency, s.valid_from, sum(f.side)::hugeint as side, any_value(f.side_of) as side_of
        from fact f left join span s
            on s.creator_id = f.creator_id and s.program = f.program
            and f.day >= s.valid_from and (s.valid_to is null or f.day < s.valid_to)
        group by all
    ),
    shared as (
        select
            p.creator_id, p.program, p.currency, coalesce(s.party_id, p.creator_id) as party_id,
            p.side_of * 10000 as part_of,
            sum(p.side * coalesce(s.part, 10000))::hugeint as part,
            min((p.valid_from, s.position)) as place
        from spanned p left join share s
            on s.creator_id = p.creator_id and s.program = p.program and s.valid_from = p.valid_from
        group by all
    ),
    turned as (
        select
            *,
            case when sum(part) over line <> 0 then sign(sum(part) over line)
                 else coalesce(sign(first_value(nullif(part, 0) ignore nulls) over (line order by place)), 1) end as turn
        from shared window line as (partition by creator_id, program, currency)
    ),
    floored as (
        select *, floor_of(part * turn, part_of) as whole, part * turn - floor_of(part * turn, part_of) * part_of as rest
        from turned
    )
    select
        f.creator_id, f.program, f.currency, f.party_id, f.place,
        (f.turn * (f.whole + case
            when row_number() over (line order by f.rest desc, f.place)
                <= l.booked * f.turn - sum(f.whole) over line then 1 else 0 end))::bigint as minor
    from floored f join line l using (creator_id, program, currency)
    window line as (partition by f.creator_id, f.program, f.currency);

create table paid_part as
    select
        p.*,
        y.payout_currency,
        case when p.currency = y.payout_currency then '1' else
            (b.millionths // gcd(a.millionths, b.millionths))::varchar
            || case when a.millionths = gcd(a.millionths, b.millionths) then ''
                    else '/' || (a.millionths // gcd(a.millionths, b.millionths))::varchar end
        end as rate,
        case when p.currency = y.payout_currency then p.minor else
            half_even(p.minor * b.millionths * ten_to(d.digits), a.millionths * ten_to(c.digits))::bigint
        end as payout_minor
    from part p
    join party y using (party_id)
    join rate a on a.code = p.currency join currency c on c.code = p.currency
    join rate b on b.code = y.payout_currency join currency d on d.code = y.payout_currency;

-- ----------------------------------------------------------------------------------------------------------------- results
create table earnings as
    select
        l.creator_id, l.program, '1' as policy_version, l.currency,
        strftime(getvariable('first_day'), '%Y-%m') as earning_period, getvariable('last_day') as fx_date,
        'current' as cause, l.events, l.gross as gross_minor, l.tax as tax_minor, l.fee as channel_fee_minor,
        case when l.program = 'gifts'
            then [{'name': 'safety_fund', 'account': 'platform_revenue', 'minor': l.fund}] else [] end as deductions,
        l.booked::bigint as creator_minor,
        (l.gross - l.tax - l.fee - l.fund - l.booked)::bigint as platform_minor,
        ((l.side - l.booked * l.side_of) // gcd(l.side - l.booked * l.side_of, l.side_of))::varchar
            || case when l.side_of = gcd(l.side - l.booked * l.side_of, l.side_of) then ''
                    else '/' || (l.side_of // gcd(l.side - l.booked * l.side_of, l.side_of))::varchar end as rounding,
        p.parts
    from line l join (
        select creator_id, program, currency, list({
            'party_id': party_id, 'minor': minor, 'payout_currency': payout_currency, 'rate': rate,
            'payout_minor': payout_minor} order by place) as parts
        from paid_part group by all
    ) p using (creator_id, program, currency)
    order by creator_id, program, policy_version, currency;

create table adjustment as
    with sound as (
        select * from read_parquet(getvariable('book') || '/logs/adjustments/**/*.parquet', hive_partitioning = false)
        where event_id <> ''
          and event_time >= timestamptz '1970-01-01 00:00:00+00'
          and event_time < timezone(getvariable('zone'), (getvariable('last_day') + 1)::timestamp)
          and kind in ('credit', 'debit')
          and party_id <> ''
          and currency in (select code from currency)
          and amount_minor between 0 and 1000000000000000
          and original_id is null and original_time is null
          and trim(requested_by) <> '' and trim(approved_by) <> ''
          and lower(trim(requested_by)) <> lower(trim(approved_by))
    ),
    once as (select * from (select distinct * from sound) qualify count(*) over (partition by event_id) = 1)
    select party_id, currency, sum(case kind when 'credit' then amount_minor else -amount_minor end)::bigint as minor
    from once semi join party using (party_id) group by all;

create table statements as
    with earned as (
        select party_id, payout_currency as currency, sum(payout_minor)::bigint as minor from paid_part group by all
    ),
    balance as (
        select
            party_id, currency, coalesce(e.minor, 0) as earned, coalesce(a.minor, 0) as adjusted,
            coalesce(e.minor, 0) + coalesce(a.minor, 0) as payable
        from earned e full join adjustment a using (party_id, currency)
    ),
    paid as (
        select b.*, case when payable >= coalesce(m.minor, 1) then payable else 0 end as payout
        from balance b left join minimum m using (currency)
    )
    select
        party_id, currency, 0::bigint as opening_minor, earned as earned_minor, 0::bigint as corrections_minor,
        adjusted as adjustments_minor, 0::bigint as moved_minor, 0::bigint as stand_in_minor, 0::bigint as held_minor,
        0::bigint as hold_released_minor, 0::bigint as recouped_minor, 0::bigint as withheld_minor,
        0::bigint as reserved_minor, 0::bigint as reserve_released_minor, payable as payable_minor,
        payout as payout_minor, 0::bigint as forfeited_minor, payable - payout as closing_minor
    from paid where earned <> 0 or adjusted <> 0
    order by party_id, currency;
