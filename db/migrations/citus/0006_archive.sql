-- The archive of ticks over the workers of a cluster: each stream, and with it
-- each instrument, is on one of them. Days stay partitions, made and dropped by
-- the same functions; how many shards there are is up to `citus.shard_count`.

select create_distributed_table('tick_archive', 'p', colocate_with => 'none');
comment on table tick_archive is 'Entries of the streams that brought ticks, byte by byte, by the day in UTC on which they came in. Distributed by p.';
