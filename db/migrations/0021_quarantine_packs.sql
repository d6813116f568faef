-- Lines that hold no tick come by the thousand where a feed is broken: those of
-- an entry are one row then, in place of a row each.

create table quarantine_packs (
  p int not null,
  incarnation text not null,
  entry_id text not null,
  feed text not null,
  epoch int8 not null,
  received_at timestamptz not null,
  count int not null,
  from_t timestamptz not null,
  to_t timestamptz not null,
  days int[],
  reasons text[] not null,
  symbols text[],
  lines text not null,
  primary key (p, incarnation, entry_id)
);
comment on table quarantine_packs is 'Lines of an entry that were not accepted and hold no tick, as a JSON array; from_t to to_t are their times, or when they came.';
comment on column quarantine_packs.days is 'Days since 1970, in UTC, that the times are in; null: any from from_t to to_t.';
comment on column quarantine_packs.reasons is 'Reasons of the lines, each once.';
comment on column quarantine_packs.symbols is 'Symbols of the lines, each once; null: any.';
create index quarantine_packs_received on quarantine_packs
  (received_at, p, incarnation, entry_id);
create index quarantine_packs_times on quarantine_packs using brin (from_t, to_t);

-- Half the time of the server's own compression, where it was built with it.
do $$
begin
  alter table quarantine_packs alter column lines set compression lz4;
exception when feature_not_supported then
  null;
end $$;

alter table offsets add column packed int8 not null default 0;
alter table offsets add column in_packs int8 not null default 0;
comment on column offsets.packed is 'Rejected lines that are in packs; rejected has the others.';
comment on column offsets.in_packs is 'Lines that packs have gained; in_quarantine has those of quarantine.';

create function packed_lines(lines text) returns table (idx int, seq int8,
    line int8, reason text, detail text, symbol text, ts timestamptz, raw text)
  language sql stable parallel safe
begin atomic
  select index, seq, line, reason, detail, symbol, from_micros(ts), raw
  from json_to_recordset(lines::json) as x(index int, seq int8, line int8,
    reason text, detail text, symbol text, ts int8, raw text);
end;

create view quarantine_packed as
  select k.p, k.incarnation, k.entry_id, l.idx, k.feed, k.epoch, k.received_at,
    l.seq, l.line, l.reason, l.detail, l.symbol, l.ts, l.raw,
    false as readmitted, k.reasons, k.symbols
  from quarantine_packs k cross join lateral packed_lines(k.lines) l;
comment on view quarantine_packed is 'The lines of packs, as quarantine has its own, and what their packs have: a pack is unpacked only if its reasons and symbols are those asked for.';

create view quarantine_lines as
  select p, incarnation, entry_id, idx, feed, epoch, received_at, seq, line,
    reason, detail, symbol, ts, raw, readmitted
  from quarantine
  union all
  select p, incarnation, entry_id, idx, feed, epoch, received_at, seq, line,
    reason, detail, symbol, ts, raw, readmitted
  from quarantine_packed;
comment on view quarantine_lines is 'Lines that were not accepted, each by itself, wherever they are kept.';

create or replace view v_quarantine as
  select feed, epoch, received_at, seq, line, reason, detail, symbol, ts, raw,
    readmitted
  from quarantine_lines;
