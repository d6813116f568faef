-- The warehouse: PostgreSQL 15 and later, and PGlite.
-- Every key begins with the instrument or the partition p of the stream.

create function from_micros(micros int8) returns timestamptz
  language sql stable strict parallel safe
  return 'epoch'::timestamptz + micros * interval '1 microsecond';

create function to_micros(t timestamptz) returns int8
  language sql immutable strict parallel safe
  return (extract(epoch from t) * 1000000)::int8;

create table meta (
  name text primary key,
  value text not null
);
comment on table meta is 'Facts of the whole warehouse, such as its partitions and whether it holds simulated or real ticks.';

-- --------------------------------------------------------------- instruments

create table instruments (
  id int generated always as identity primary key,
  symbol text not null unique,
  p int not null,
  name text not null,
  exchange text not null,
  type text not null,
  currency text not null,
  price_scale smallint not null check (price_scale between 0 and 8),
  size_scale smallint not null check (size_scale between 0 and 8),
  tick_size numeric not null,
  lot_size float8 not null,
  calendar text not null,
  cost_bps float8 not null,
  auto boolean not null,
  note text,
  valid_from timestamptz,
  valid_to timestamptz
);
comment on table instruments is 'What has a price, as it is now; instrument_versions has what it was.';

create table instrument_versions (
  instrument_id int not null references instruments,
  version int not null,
  recorded_at timestamptz not null,
  facts jsonb not null,
  primary key (instrument_id, version)
);
comment on table instrument_versions is 'Each state of an instrument, with the time from which it was known.';

-- ------------------------------------------------------------------- candles

create table candles (
  instrument_id int not null,
  interval text not null,
  t timestamptz not null,
  end_t timestamptz not null,
  open numeric not null,
  high numeric not null,
  low numeric not null,
  close numeric not null,
  volume numeric not null,
  notional numeric,
  n int8 not null,
  first_ts int8,
  first_feed int8,
  first_seq int8,
  last_ts int8,
  last_feed int8,
  last_seq int8,
  closed boolean not null,
  closed_by text,
  complete boolean not null,
  coverage_ms int8 not null,
  rev int not null,
  origin text not null check (origin in ('ticks', 'import')),
  known_from timestamptz not null,
  updated_at timestamptz not null,
  primary key (instrument_id, interval, t),
  check (low <= open and low <= close and open <= high and close <= high)
) partition by range (t);
comment on table candles is 'Candles of every stored interval, forming ones too; made from ticks or imported. Partitioned by month of t.';
comment on column candles.t is 'Open time; the bucket is [t, end_t).';
comment on column candles.first_ts is 'Event time of the first tick in microseconds; with first_feed and first_seq its place in the order of ticks.';
comment on column candles.notional is 'Sum of price x size; null if an imported candle did not say.';
comment on column candles.rev is '0 when first closed, one more for each change after.';
comment on column candles.known_from is 'When this revision was committed.';

-- Few rows are open: what a starting owner has to go on with.
create index candles_open on candles (instrument_id, interval, t)
  where not closed;

create table candle_revisions (
  instrument_id int not null,
  interval text not null,
  t timestamptz not null,
  rev int not null,
  end_t timestamptz not null,
  open numeric not null,
  high numeric not null,
  low numeric not null,
  close numeric not null,
  volume numeric not null,
  notional numeric,
  n int8 not null,
  last_ts int8,
  closed_by text,
  complete boolean not null,
  coverage_ms int8 not null,
  origin text not null,
  known_from timestamptz not null,
  known_to timestamptz not null,
  primary key (instrument_id, interval, t, rev)
);
comment on table candle_revisions is 'Closed candles as they were before a revision, known in [known_from, known_to).';

create table rollup_dirty (
  p int not null,
  instrument_id int not null,
  interval text not null,
  t timestamptz not null,
  end_t timestamptz not null,
  closed_by text,
  generation int8 not null default 1,
  primary key (p, instrument_id, interval, t)
);
comment on table rollup_dirty is 'Longer candles to be made anew from their shorter ones.';

-- --------------------------------------------------------- streams and feeds

create table offsets (
  p int primary key,
  owner text,
  lease_epoch int8 not null default 0,
  lease_until timestamptz not null default '-infinity',
  incarnation text,
  position text not null default '0-0',
  marked_at timestamptz,
  applied int8 not null default 0,
  rejected int8 not null default 0
);
comment on table offsets is 'How far each stream is in the candles, and who may write on.';

create table feed_progress (
  p int not null,
  feed text not null,
  epoch int8 not null,
  instrument_id int not null,
  max_event timestamptz not null,
  last_received timestamptz not null,
  replay boolean not null,
  ended boolean not null,
  primary key (p, feed, epoch, instrument_id)
) with (fillfactor = 70);
comment on table feed_progress is 'How far each feed has come with each instrument.';

create table feed_totals (
  p int not null,
  feed text not null,
  epoch int8 not null,
  delivery text not null,
  replay boolean not null,
  connected boolean not null,
  last_seq int8 not null,
  received int8 not null,
  accepted int8 not null,
  duplicates int8 not null,
  rejected int8 not null,
  covered_from timestamptz,
  covered_to timestamptz,
  last_event timestamptz,
  primary key (p, feed, epoch)
) with (fillfactor = 50);
comment on table feed_totals is 'Lines of each feed in each stream: received = accepted + duplicates + rejected.';

create table feed_rejects (
  p int not null,
  feed text not null,
  epoch int8 not null,
  reason text not null,
  count int8 not null,
  primary key (p, feed, epoch, reason)
) with (fillfactor = 70);
comment on table feed_rejects is 'Lines of each feed that are in quarantine, by reason.';

create table feed_acks (
  feed text not null,
  epoch int8 not null,
  seq int8 not null,
  primary key (feed, epoch)
) with (fillfactor = 50);
comment on table feed_acks is 'Highest number of a feed with all before it committed: what the feed was told.';

create table feed_gaps (
  p int not null,
  feed text not null,
  epoch int8 not null,
  kind text not null check (kind in ('missing', 'outage')),
  from_t timestamptz not null,
  to_t timestamptz not null,
  seq_from int8 not null default 0,
  seq_to int8 not null default 0,
  primary key (p, feed, epoch, kind, from_t, seq_from)
);
comment on table feed_gaps is 'Numbers that a feed never sent, and times when nobody was connected.';

create table quarantine (
  p int not null,
  incarnation text not null,
  entry_id text not null,
  idx int not null,
  feed text not null,
  epoch int8 not null,
  received_at timestamptz not null,
  seq int8,
  line int8 not null,
  reason text not null,
  detail text not null,
  symbol text,
  ts timestamptz,
  raw text not null,
  readmitted boolean not null default false,
  primary key (p, incarnation, entry_id, idx)
);
comment on table quarantine is 'Lines that were not accepted, and why; readmitted ones were accepted later.';
create index quarantine_seq on quarantine (p, feed, epoch, seq);

-- ------------------------------------------------------ forecasts and signals

create table models (
  instrument_id int not null,
  model text not null,
  first_made_at timestamptz not null,
  primary key (instrument_id, model)
);
comment on table models is 'Models that have made forecasts of an instrument.';

create table forecasts (
  instrument_id int not null,
  interval text not null,
  t timestamptz not null,
  horizon smallint not null check (horizon >= 1),
  model text not null,
  order_p smallint not null,
  order_d smallint not null,
  order_q smallint not null,
  champion boolean not null,
  made_at timestamptz not null,
  trained_through timestamptz not null,
  position text not null,
  rev int not null,
  last float8 not null,
  open float8 not null,
  high float8 not null,
  low float8 not null,
  close float8 not null,
  se float8 not null,
  lo50 float8 not null,
  hi50 float8 not null,
  lo80 float8 not null,
  hi80 float8 not null,
  lo95 float8 not null,
  hi95 float8 not null,
  primary key (instrument_id, interval, t, horizon, model),
  constraint made_in_time check (made_at <= t + interval '1 second')
);
comment on table forecasts is 'Forecasts of one candle each, made by one second after its minute began, never changed.';

-- What is still to be scored, apart from forecasts: those never change.
create table forecasts_unscored (
  instrument_id int not null,
  interval text not null,
  t timestamptz not null,
  horizon smallint not null,
  model text not null,
  primary key (instrument_id, interval, t, horizon, model)
);
comment on table forecasts_unscored is 'Forecasts whose candle has not closed, or was not looked at since.';

create table forecast_scores (
  instrument_id int not null,
  interval text not null,
  t timestamptz not null,
  horizon smallint not null,
  model text not null,
  scored_at timestamptz not null,
  actual float8 not null,
  abs_error float8 not null,
  abs_error_naive float8 not null,
  inside50 boolean not null,
  inside80 boolean not null,
  inside95 boolean not null,
  direction_hit boolean,
  primary key (instrument_id, model, horizon, t, interval)
);
comment on table forecast_scores is 'What came of each forecast, beside the error of saying "no change".';

create table signals (
  instrument_id int not null,
  t timestamptz not null,
  model text not null,
  made_at timestamptz not null,
  action text not null check (action in ('BUY', 'SELL', 'HOLD')),
  lean text not null check (lean in ('up', 'down', 'flat')),
  reason text not null,
  confidence float8 not null,
  price float8 not null,
  expected_bps float8 not null,
  cost_bps float8 not null,
  primary key (instrument_id, t, model)
);
comment on table signals is 'What the rule made of each forecast; never changed.';
create index signals_t on signals (t);
