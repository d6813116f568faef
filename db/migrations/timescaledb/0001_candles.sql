-- Candles in a hypertable, whose chunks take the place of partitions.

create table chunked (like candles including all) with (fillfactor = 80);
drop table candles;
alter table chunked rename to candles;
alter index chunked_pkey rename to candles_pkey;
alter index chunked_instrument_id_interval_t_idx rename to candles_open;
comment on table candles is 'Candles of every stored interval, forming ones too; made from ticks or imported. A hypertable in chunks of 30 days of t.';
select create_hypertable('candles', by_range('t', interval '30 days'),
  create_default_indexes => false);
