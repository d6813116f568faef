-- Forecasts that several processes share.

create table forecast_processes (
  owner text primary key,
  alive_until timestamptz not null
);
comment on table forecast_processes is 'Processes that forecast, and until when each is taken to be alive.';

create table forecast_shards (
  shard smallint primary key,
  owner text,
  epoch bigint not null default 0
);
comment on table forecast_shards is 'Which process forecasts the instruments of a shard; null while none does.';
comment on column forecast_shards.epoch is 'One more with each claim: what is stored under an older one is refused.';
insert into forecast_shards (shard) select generate_series(0, 255);
