-- Sums of what is stored, kept by each commit: the books without a count of
-- all rows. And what a feed's absence means for its candles.

create table candle_books (
  p int not null,
  day timestamptz not null,
  n int8 not null,
  primary key (p, day)
) with (fillfactor = 50);
comment on table candle_books is 'Ticks in the one-minute candles of each day in UTC, as the commits changed them.';

insert into candle_books
  select i.p, date_trunc('day', c.t, 'UTC'), sum(c.n)
  from candles c join instruments i on i.id = c.instrument_id
  where c.interval = '1m' and c.origin = 'ticks'
  group by 1, 2;

alter table offsets add column in_quarantine int8 not null default 0;
update offsets o set in_quarantine = (
  select count(*) from quarantine q where q.p = o.p and not q.readmitted
);

alter table feed_totals add column away_since timestamptz;
comment on column feed_totals.away_since is 'When an acked feed went away, until it has sent again what was under way.';

alter table feed_progress add column forgotten boolean not null default false;
comment on column feed_progress.forgotten is 'Too old to decide anything; kept as its feed had gaps.';

alter table rollup_dirty add column coverage_ms int8;
