-- Which months have a partition: asked here, where partitions are made.

create function candle_month_starts() returns setof timestamptz
  language sql stable as $$
  select make_timestamptz(substr(c.relname, 10, 4)::int,
    substr(c.relname, 15, 2)::int, 1, 0, 0, 0, 'UTC')
  from pg_inherits h join pg_class c on c.oid = h.inhrelid
  where h.inhparent = 'candles'::regclass
    and c.relname ~ '^candles_y\d{4}m\d{2}$'
$$;
comment on function candle_month_starts is 'First moments of the months in which there may be candles.';
