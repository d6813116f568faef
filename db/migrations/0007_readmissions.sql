-- Rows that somebody takes back out of quarantine.

alter table offsets add column readmitted_through int8 not null default 0;
comment on column offsets.readmitted_through is 'Number of the last readmission of the stream that is in the candles.';

create index quarantine_received on quarantine (received_at, p, incarnation, entry_id, idx);
comment on column quarantine.idx is 'Place in the entry: its rejects first, then its ticks. With p, incarnation and entry_id the name of the row.';
