-- Ticks after the buffer has forgotten them: its entries, as they were.

create table tick_archive (
  p int not null,
  incarnation text not null,
  major int8 not null,
  minor int8 not null,
  day date not null,
  received_at timestamptz not null,
  from_ts int8 not null,
  to_ts int8 not null,
  wide boolean not null generated always as (to_ts - from_ts > 600000000) stored,
  symbols text[] not null,
  bytes bytea not null,
  primary key (p, incarnation, major, minor, day)
) partition by range (day);
comment on table tick_archive is 'Entries of the streams that brought ticks, byte by byte, by the day in UTC on which they came in.';
comment on column tick_archive.major is 'With minor the position of the entry in its stream.';
comment on column tick_archive.from_ts is 'Event time of its first tick in microseconds; to_ts of its last one.';
comment on column tick_archive.wide is 'Spans more than ten minutes: the others are found by from_ts alone.';

create index tick_archive_time on tick_archive (p, wide, from_ts);

create table tick_archive_progress (
  p int not null,
  incarnation text not null,
  major int8 not null,
  minor int8 not null,
  primary key (p, incarnation)
) with (fillfactor = 50);
comment on table tick_archive_progress is 'How far each stream is in the archive; entries without ticks are not kept.';

-- Run by a role that may only write rows: making and dropping tables is what
-- the owner of the schema may do.
create function make_archive_day(day date) returns void
  language plpgsql security definer set search_path from current as $$
declare
  name text := 'tick_archive_' || to_char(day, '"y"YYYY"m"MM"d"DD');
begin
  -- Two processes that make the same day wait for each other.
  perform pg_advisory_xact_lock(hashtext('tick_archive'));
  if to_regclass(name) is null then
    execute format(
      'create table %I partition of tick_archive for values from (%L) to (%L)',
      name, day, day + 1);
  end if;
end $$;
comment on function make_archive_day is 'Makes the partition of a day, unless it is there.';

create function drop_archive_days(before date) returns int
  language plpgsql security definer set search_path from current as $$
declare
  old record;
  dropped int := 0;
begin
  perform pg_advisory_xact_lock(hashtext('tick_archive'));
  for old in
    select c.oid::regclass as name from pg_inherits h
    join pg_class c on c.oid = h.inhrelid
    where h.inhparent = 'tick_archive'::regclass
      and c.relname ~ '^tick_archive_y\d{4}m\d{2}d\d{2}$'
      and to_date(c.relname, '"tick_archive_y"YYYY"m"MM"d"DD') < before
  loop
    execute format('drop table %s', old.name);
    dropped := dropped + 1;
  end loop;
  return dropped;
end $$;
comment on function drop_archive_days is 'Drops the partitions of the days before one.';
