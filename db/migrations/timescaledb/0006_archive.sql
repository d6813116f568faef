-- The archive of ticks in a hypertable, a chunk a day.

create table chunked (like tick_archive including all);
drop table tick_archive;
alter table chunked rename to tick_archive;
alter index chunked_pkey rename to tick_archive_pkey;
alter index chunked_p_wide_from_ts_idx rename to tick_archive_time;
comment on table tick_archive is 'Entries of the streams that brought ticks, byte by byte, by the day in UTC on which they came in.';
select create_hypertable('tick_archive', by_range('day', interval '1 day'),
  create_default_indexes => false);

create or replace function make_archive_day(day date) returns void
  language sql as $$
  select
$$;
comment on function make_archive_day is 'Nothing: the chunk of a day makes itself.';

create or replace function drop_archive_days(before date) returns int
  language sql security definer set search_path from current as $$
  select count(*)::int from drop_chunks('tick_archive', older_than => before)
$$;
comment on function drop_archive_days is 'Drops the chunks of the days before one.';
