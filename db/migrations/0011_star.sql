-- What the facts are of, and a day of an instrument on a line: the middle of
-- the star of docs/warehouse.md.

create view v_instruments as
  select symbol, name, exchange, type, currency, price_scale, tick_size,
    lot_size, calendar, cost_bps, auto, note, valid_from, valid_to
  from instruments;
comment on view v_instruments is 'What has a price. Example: select symbol, name from v_instruments where exchange = ''NSE'' order by symbol.';

create view v_days as
  select d.symbol, d.t, d.end_t, d.open, d.high, d.low, d.close, d.volume,
    d.vwap, d.ticks, d.closed, count(m.t) as minutes,
    count(*) filter (where m.closed and not m.complete) as partly_covered,
    count(*) filter (where m.rev > 0) as revised,
    count(*) filter (where m.origin = 'import') as imported
  from v_candles_1d d
  left join v_candles_1m m
    on m.symbol = d.symbol and m.t >= d.t and m.t < d.end_t
  group by d.symbol, d.t, d.end_t, d.open, d.high, d.low, d.close, d.volume,
    d.vwap, d.ticks, d.closed;
comment on view v_days is 'Trading days, each with what its minutes rest on. Example: select t, close, minutes, partly_covered from v_days where symbol = ''NIFTY50'' order by t desc limit 10.';
