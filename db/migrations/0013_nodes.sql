-- Which processes there are, of every role, and which are to have no work.

create table nodes (
  owner text primary key,
  node text not null,
  roles text not null,
  started_at timestamptz not null,
  alive_until timestamptz not null,
  drained boolean not null
);
comment on table nodes is 'Processes that share this warehouse, and until when each is taken to be alive.';
comment on column nodes.owner is 'One start of a process, as it holds leases.';
comment on column nodes.drained is 'It has begun to give its work away.';

create table drained_nodes (
  node text primary key,
  since timestamptz not null default now()
);
comment on table drained_nodes is 'Processes that are to have no work, by their NODE_NAME.';
