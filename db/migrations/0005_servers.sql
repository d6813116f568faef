-- Several processes on one warehouse, and a role that may only write rows.

create table processes (
  owner text primary key,
  alive_until timestamptz not null
);
comment on table processes is 'Processes that aggregate, and until when each is taken to be alive.';

create table task_leases (
  task text primary key,
  owner text not null,
  lease_until timestamptz not null
);
comment on table task_leases is 'Who does what is done by one process at a time.';

-- Making tables is what the owner of the schema may do.
create function make_candle_month(month_start timestamptz) returns void
  language plpgsql security definer set search_path from current as $$
declare
  first timestamptz := date_trunc('month', month_start, 'UTC');
  name text := 'candles_' || to_char(first at time zone 'UTC', '"y"YYYY"m"MM');
begin
  -- Two processes that make the same month wait for each other.
  perform pg_advisory_xact_lock(hashtext('candles'));
  if to_regclass(name) is null then
    execute format(
      'create table %I partition of candles for values from (%L) to (%L)
        with (fillfactor = 80)',
      name, first, date_trunc('month', first + interval '32 days', 'UTC'));
  end if;
end $$;
comment on function make_candle_month is 'Makes the partition of the month that a time is in, unless it is there.';
