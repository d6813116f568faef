-- More scores of a forecast, signals in versions, and what came of them.

alter table forecast_scores
  add column winkler95 float8,
  add column crps float8,
  add column up_probability float8,
  add column brier float8;
comment on column forecast_scores.winkler95 is 'Interval score of the 95 % band, in price; like the next three null where an older program scored.';
comment on column forecast_scores.crps is 'Continuous ranked probability score of the log close, times the last close.';
comment on column forecast_scores.up_probability is 'Probability that the forecast gave to a rise.';
comment on column forecast_scores.brier is 'Its squared distance from what came; null if the price stood still.';

-- A later signal of a minute is a row of its own, whichever model it is of.
alter table signals add column version smallint not null default 1;
update signals s set version = n.version
  from (
    select instrument_id, t, model, row_number() over (
      partition by instrument_id, t order by made_at, model) as version
    from signals
  ) n
  where s.instrument_id = n.instrument_id and s.t = n.t and s.model = n.model
    and n.version > 1;
alter table signals drop constraint signals_pkey,
  add primary key (instrument_id, t, version);
alter table signals alter column version drop default;
comment on column signals.version is 'From 1; each supersedes the one before it. None is ever changed.';

create table signals_unsettled (
  instrument_id int not null,
  t timestamptz not null,
  version smallint not null,
  minutes smallint not null,
  due_at timestamptz not null,
  primary key (instrument_id, t, version, minutes)
);
create index signals_unsettled_due on signals_unsettled (due_at);
comment on table signals_unsettled is 'Outcomes of signals that are still to come.';

create table signal_outcomes (
  instrument_id int not null,
  t timestamptz not null,
  version smallint not null,
  minutes smallint not null,
  settled_at timestamptz not null,
  entry float8,
  exit float8,
  move_bps float8,
  cost_bps float8 not null,
  net_bps float8,
  no_price text,
  primary key (instrument_id, t, version, minutes),
  check ((no_price is null) =
    (num_nonnulls(entry, exit, move_bps, net_bps) = 4))
);
comment on table signal_outcomes is 'What came of each signal: in at the open of the minute after its own, out at the open of the minute as many minutes later; never changed.';
comment on column signal_outcomes.move_bps is 'Log return from entry to exit in 1/100 of a percent: what always being long made, before costs.';
comment on column signal_outcomes.cost_bps is 'Cost paid: a round trip for BUY and SELL, 0 for HOLD.';
comment on column signal_outcomes.net_bps is 'Log return of the position, less the cost; 0 for HOLD, as for saying "no change" always.';
comment on column signal_outcomes.no_price is 'Why there is no price to settle at.';

create or replace view v_forecasts as
  select i.symbol, f.t, f.horizon, f.model, f.champion, f.made_at, f.last,
    f.open, f.high, f.low, f.close, f.lo80, f.hi80, f.lo95, f.hi95,
    s.actual, s.abs_error, s.abs_error_naive, s.inside80, s.inside95,
    s.direction_hit, s.inside50, s.winkler95, s.crps, s.up_probability,
    s.brier
  from forecasts f
  join instruments i on i.id = f.instrument_id
  left join forecast_scores s using (instrument_id, interval, t, horizon, model);

create view v_model_scores as
  select i.symbol, s.interval, s.model, s.horizon, count(*) as n,
    min(s.t) as from_t, max(s.t) as to_t,
    avg(s.abs_error) as mae, avg(s.abs_error_naive) as mae_naive,
    1 - sum(s.abs_error) / nullif(sum(s.abs_error_naive), 0) as skill,
    avg(s.inside50::int) as coverage50, avg(s.inside80::int) as coverage80,
    avg(s.inside95::int) as coverage95, avg(s.winkler95) as winkler95,
    avg(s.crps) as crps, avg(s.brier) as brier,
    count(*) filter (where s.direction_hit) as direction_hits,
    count(s.direction_hit) as directions,
    case when s.horizon = 1 then avg(s.abs_error - s.abs_error_naive)
      / nullif(stddev_samp(s.abs_error - s.abs_error_naive), 0)
      * sqrt(count(*)) end as diebold_mariano
  from forecast_scores s join instruments i on i.id = s.instrument_id
  group by i.symbol, s.interval, s.model, s.horizon;
comment on view v_model_scores is 'The whole record of each model; diebold_mariano below 0 is better than "no change", beyond -2 by more than chance. Example: select model, n, skill, diebold_mariano from v_model_scores where symbol = ''NIFTY50'' and horizon = 1 order by skill desc.';

create or replace view v_signals as
  select i.symbol, s.t, s.made_at, s.model, s.action, s.lean, s.reason,
    s.confidence, s.price, s.expected_bps, s.cost_bps, s.version,
    exists (
      select from signals n where n.instrument_id = s.instrument_id
        and n.t = s.t and n.version > s.version
    ) as superseded
  from signals s join instruments i on i.id = s.instrument_id;

create view v_signal_outcomes as
  select i.symbol, s.t, s.version, s.model, s.action, s.lean, s.confidence,
    o.minutes, o.entry, o.exit, o.move_bps, o.cost_bps, o.net_bps,
    o.move_bps - s.cost_bps as always_long_bps, 0::float8 as no_change_bps,
    o.no_price
  from signal_outcomes o
  join signals s using (instrument_id, t, version)
  join instruments i on i.id = o.instrument_id;
comment on view v_signal_outcomes is 'What came of each signal, beside always being long and never trading. Example: select minutes, count(*), avg(net_bps) from v_signal_outcomes where symbol = ''NIFTY50'' and action <> ''HOLD'' and no_price is null group by minutes.';
