/**
 * Stores closed candles of history, never over candles made from ticks; the
 * same candle again changes nothing. Returns those that were stored or were
 * there alike. `$1` is the instrument; without a volume-weighted price the
 * notional is unknown.
 */
export const IMPORT_CANDLES = `
  with d as materialized (
    select $1::int as instrument_id, interval, from_micros(t) as t,
      from_micros(end_t) as end_t, open, high, low, close, volume,
      volume * vw as notional, n, complete, coverage_ms
    from unnest(($2::text)::text[], ($3::text)::int8[], ($4::text)::int8[],
      ($5::text)::numeric[], ($6::text)::numeric[], ($7::text)::numeric[],
      ($8::text)::numeric[], ($9::text)::numeric[], ($10::text)::numeric[],
      ($11::text)::int8[], ($12::text)::boolean[], ($13::text)::int8[])
      as u(interval, t, end_t, open, high, low, close, volume, vw, n, complete,
        coverage_ms)
  ), wanted as materialized (
    select d.*, o.t is not null as alike
    from d left join lateral (
      select * from candles
      where instrument_id = d.instrument_id and interval = d.interval
        and t = d.t and t between $14::timestamptz and $15::timestamptz
      offset 0
    ) o on o.origin = 'import' and o.closed
      and (o.open, o.high, o.low, o.close, o.volume, o.n)
        = (d.open, d.high, d.low, d.close, d.volume, d.n)
      and o.notional is not distinct from d.notional
  ), kept as (
    insert into candle_revisions (instrument_id, interval, t, rev, end_t, open,
      high, low, close, volume, notional, n, last_ts, closed_by, complete,
      coverage_ms, origin, known_from, known_to)
    select c.instrument_id, c.interval, c.t, c.rev, c.end_t, c.open, c.high,
      c.low, c.close, c.volume, c.notional, c.n, c.last_ts, c.closed_by,
      c.complete, c.coverage_ms, c.origin, c.known_from,
      greatest(c.known_from, $16::timestamptz)
    from wanted d cross join lateral (
      select * from candles
      where instrument_id = d.instrument_id and interval = d.interval
        and t = d.t and t between $14::timestamptz and $15::timestamptz
      offset 0
    ) c
    where c.closed and c.origin = 'import' and not d.alike
  ), c as (
    insert into candles (instrument_id, interval, t, end_t, open, high, low,
      close, volume, notional, n, closed, closed_by, complete, coverage_ms, rev,
      origin, known_from, updated_at)
    select instrument_id, interval, t, end_t, open, high, low, close, volume,
      notional, n, true, 'import', complete, coverage_ms, 0, 'import',
      $16::timestamptz, $16::timestamptz
    from wanted where not alike
    on conflict (instrument_id, interval, t) do update set
      end_t = excluded.end_t, open = excluded.open, high = excluded.high,
      low = excluded.low, close = excluded.close, volume = excluded.volume,
      notional = excluded.notional, n = excluded.n, closed = true,
      closed_by = 'import', complete = excluded.complete,
      coverage_ms = excluded.coverage_ms,
      rev = candles.rev + candles.closed::int,
      known_from = greatest(candles.known_from, excluded.known_from),
      updated_at = excluded.updated_at
      where candles.origin = 'import'
    returning t
  )
  select t from c union all select t from wanted where alike`;
