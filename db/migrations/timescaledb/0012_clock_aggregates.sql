create or replace function candle_month_starts() returns setof timestamptz
  language sql stable as $$
  select start from candle_months
$$;

-- Hours and days of the clock in UTC, for whoever compares markets whose
-- sessions differ. The stored candles of an hour and a day are another thing:
-- they begin at the session's open and have revisions.

create materialized view candles_by_hour
  with (timescaledb.continuous, timescaledb.materialized_only = false) as
  select instrument_id, time_bucket(interval '1 hour', t) as t,
    first(open, t) as open, max(high) as high, min(low) as low,
    last(close, t) as close, sum(volume) as volume,
    case when count(notional) = count(*) then sum(notional) end as notional,
    sum(n)::int8 as n, count(*) as minutes, bool_and(closed) as closed
  from candles
  where interval = '1m'
  group by 1, 2
  with no data;

create materialized view candles_by_day
  with (timescaledb.continuous, timescaledb.materialized_only = false) as
  select instrument_id, time_bucket(interval '1 day', t) as t,
    first(open, t) as open, max(high) as high, min(low) as low,
    last(close, t) as close, sum(volume) as volume,
    case when count(notional) = count(*) then sum(notional) end as notional,
    sum(n)::int8 as n, count(*) as minutes, bool_and(closed) as closed
  from candles
  where interval = '1m'
  group by 1, 2
  with no data;

-- A late tick or a rebuild changes an hour that is stored: each run makes anew
-- what has changed, however old, and nothing else.
select add_continuous_aggregate_policy('candles_by_hour', start_offset => null,
  end_offset => interval '1 hour', schedule_interval => interval '1 minute');
select add_continuous_aggregate_policy('candles_by_day', start_offset => null,
  end_offset => interval '1 day', schedule_interval => interval '5 minutes');

create view v_clock_hours as
  select i.symbol, h.t, h.t + interval '1 hour' as end_t, h.open, h.high, h.low,
    h.close, h.volume,
    case when h.volume > 0 then h.notional / h.volume end as vwap,
    h.n as ticks, h.minutes, h.closed
  from candles_by_hour h join instruments i on i.id = h.instrument_id;
comment on view v_clock_hours is 'Hours of the clock in UTC, from one-minute candles; a late change is in them within a minute. Example: select t, close from v_clock_hours where symbol = ''NIFTY50'' order by t desc limit 24.';

create view v_clock_days as
  select i.symbol, d.t, d.t + interval '1 day' as end_t, d.open, d.high, d.low,
    d.close, d.volume,
    case when d.volume > 0 then d.notional / d.volume end as vwap,
    d.n as ticks, d.minutes, d.closed
  from candles_by_day d join instruments i on i.id = d.instrument_id;
comment on view v_clock_days is 'Days in UTC, from one-minute candles; a late change is in them within five minutes.';
