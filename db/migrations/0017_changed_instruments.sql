-- Processes that share a warehouse read what changed of the instruments, not all
-- of them: by the transaction that recorded a version.

alter table instrument_versions add column changed_in xid8;
alter table instrument_versions
  alter column changed_in set default pg_current_xact_id();
create index instrument_versions_changed on instrument_versions (changed_in);
comment on column instrument_versions.changed_in is 'The transaction that recorded it; null of what was there before this column.';
