-- name: views
-- Grain: one row per creator and day of the month: views in the 30 days before, that day excluded.
-- Key: creator_id, day.
-- Reads: the log of engagement of a book that `everycent synth` made.
-- Why: what the bonus of live subscriptions asks for; run only for a book that has engagement.
create table views_30d as
    with sound as (
        select *, timezone(getvariable('zone'), event_time)::date as day
        from read_parquet(getvariable('book') || '/logs/engagement/**/*.parquet', hive_partitioning = false)
        where event_id is not null
          and event_time >= timestamptz '1970-01-01 00:00:00+00'
          and event_time < timezone(getvariable('zone'), (getvariable('last_day') + 1)::timestamp)
          and kind in ('view', 'post')
          and creator_id <> ''
    ),
    several as materialized (select event_id from sound group by event_id having count(*) > 1),
    once as (
        select creator_id, day, kind, views from sound anti join several using (event_id)
        union all
        select creator_id, day, kind, views
        from (select distinct * from sound semi join several using (event_id))
        qualify count(*) over (partition by event_id) = 1
    ),
    daily as (select creator_id, day, sum(views)::bigint as views from once where kind = 'view' group by all),
    days as (
        select unnest(generate_series(getvariable('first_day'), getvariable('last_day'), interval 1 day))::date as day
    )
    select d.creator_id, e.day, sum(d.views)::bigint as views
    from daily d join days e on d.day >= e.day - 30 and d.day < e.day
    group by all;
