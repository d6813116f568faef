-- What was not accepted of one instrument and day, without a look at all rows.

create index quarantine_symbol on quarantine
  (symbol, coalesce(ts, received_at));
