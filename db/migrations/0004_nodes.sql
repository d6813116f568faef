-- Several processes on one warehouse: who has a feed's connection.

alter table feed_totals add column node text not null default '';
comment on column feed_totals.node is 'Process that has its connection, or had it last.';
