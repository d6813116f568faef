-- For people with psql, Grafana or a notebook: plain names, no ids.

create view v_candles as
  select i.symbol, c.interval, c.t, c.end_t, c.open, c.high, c.low, c.close,
    c.volume, case when c.volume > 0 then c.notional / c.volume end as vwap,
    c.n as ticks, c.closed, c.closed_by, c.complete, c.coverage_ms, c.rev,
    c.origin
  from candles c join instruments i on i.id = c.instrument_id;
comment on view v_candles is 'Candles of all stored intervals, as they are now. Example: select t, close from v_candles where symbol = ''NIFTY50'' and interval = ''1h'' and closed order by t.';

create view v_candles_1m as select * from v_candles where interval = '1m';
create view v_candles_5m as select * from v_candles where interval = '5m';
create view v_candles_15m as select * from v_candles where interval = '15m';
create view v_candles_1h as select * from v_candles where interval = '1h';
create view v_candles_1d as select * from v_candles where interval = '1d';
comment on view v_candles_1m is 'One-minute candles. Example: select * from v_candles_1m where symbol = ''NIFTY50'' order by t desc limit 10.';
comment on view v_candles_5m is 'Five-minute candles.';
comment on view v_candles_15m is 'Quarter-hour candles, counted from the open of the session.';
comment on view v_candles_1h is 'One-hour candles, counted from the open of the session.';
comment on view v_candles_1d is 'Candles of a trading day in the zone of the exchange.';

create view v_candle_revisions as
  select i.symbol, r.interval, r.t, r.rev, r.open, r.high, r.low, r.close,
    r.volume, r.n as ticks, r.origin, r.known_from, r.known_to
  from candle_revisions r join instruments i on i.id = r.instrument_id;
comment on view v_candle_revisions is 'What closed candles were before they were revised.';

create view v_forecasts as
  select i.symbol, f.t, f.horizon, f.model, f.champion, f.made_at, f.last,
    f.open, f.high, f.low, f.close, f.lo80, f.hi80, f.lo95, f.hi95,
    s.actual, s.abs_error, s.abs_error_naive, s.inside80, s.inside95,
    s.direction_hit
  from forecasts f
  join instruments i on i.id = f.instrument_id
  left join forecast_scores s using (instrument_id, interval, t, horizon, model);
comment on view v_forecasts is 'Forecasts, and what came. Example: select model, avg(abs_error), avg(abs_error_naive) from v_forecasts where symbol = ''NIFTY50'' group by model.';

create view v_signals as
  select i.symbol, s.t, s.made_at, s.model, s.action, s.lean, s.reason,
    s.confidence, s.price, s.expected_bps, s.cost_bps
  from signals s join instruments i on i.id = s.instrument_id;
comment on view v_signals is 'Signals, each with the reason for it.';

create view v_feeds as
  select feed, epoch, bool_or(connected) as connected, max(last_seq) as last_seq,
    sum(received) as received, sum(accepted) as accepted,
    sum(duplicates) as duplicates, sum(rejected) as rejected,
    max(last_event) as last_event
  from feed_totals group by feed, epoch;
comment on view v_feeds is 'Lines of each feed: received = accepted + duplicates + rejected.';

create view v_quarantine as
  select feed, epoch, received_at, seq, line, reason, detail, symbol, ts, raw,
    readmitted
  from quarantine;
comment on view v_quarantine is 'Lines that were not accepted. Example: select reason, count(*) from v_quarantine group by reason.';

create view v_gaps as
  select feed, epoch, kind, from_t, to_t, nullif(seq_from, 0) as seq_from,
    nullif(seq_to, 0) as seq_to
  from feed_gaps;
comment on view v_gaps is 'When feeds were away, and what they never sent.';
