-- Longer candles to be made anew, many instruments a row: what closes a minute of
-- ten thousand of them writes dozens of rows in place of forty thousand. Programs
-- of before still write to rollup_dirty, which is read as well.

create table rollup_dirty_sets (
  p int not null,
  n int8 generated always as identity,
  interval text not null,
  t timestamptz not null,
  end_t timestamptz not null,
  closed_by text,
  coverage_ms int8,
  instrument_ids int[] not null,
  primary key (p, interval, n)
);
comment on table rollup_dirty_sets is 'Longer candles to be made anew from their shorter ones: of some instruments, those of one bucket. Rows are added; what is made of a row is taken out of it, and a row of which nothing is left is removed.';
