-- Chunks make themselves; what is noted is where readers find candles.

create table candle_months (
  start timestamptz primary key
);
comment on table candle_months is 'First moments of the months in which there may be candles.';

create or replace function make_candle_month(month_start timestamptz)
  returns void
  language sql security definer set search_path from current as $$
  insert into candle_months values (date_trunc('month', month_start, 'UTC'))
  on conflict do nothing
$$;
comment on function make_candle_month is 'Notes the month that a time is in, unless it is noted.';
