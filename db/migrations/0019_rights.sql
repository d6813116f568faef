-- What these functions do they do as the owner of the schema. Everybody could
-- call them, a role that may only read too: each asks now whether who calls may
-- write the rows for which it makes or drops a table.

create function require_right(of_table text, wanted text) returns void
  language plpgsql stable as $$
begin
  if not has_table_privilege(session_user, of_table, wanted) then
    raise insufficient_privilege using message = format(
      'permission denied: %s must have the right to %s rows of %s',
      session_user, wanted, of_table);
  end if;
end $$;
comment on function require_right is 'Fails unless the role that is connected has a right on a table.';

alter function make_candle_month(timestamptz) rename to owner_makes_candle_month;
alter function make_archive_day(date) rename to owner_makes_archive_day;
alter function drop_archive_days(date) rename to owner_drops_archive_days;
revoke execute on function owner_makes_candle_month(timestamptz) from public;
revoke execute on function owner_makes_archive_day(date) from public;
revoke execute on function owner_drops_archive_days(date) from public;

create function make_candle_month(month_start timestamptz) returns void
  language plpgsql security definer set search_path from current as $$
begin
  perform require_right('candles', 'insert');
  perform owner_makes_candle_month(month_start);
end $$;
comment on function make_candle_month is 'Sees to it that there is a place for the candles of a month.';

create function make_archive_day(day date) returns void
  language plpgsql security definer set search_path from current as $$
begin
  perform require_right('tick_archive', 'insert');
  perform owner_makes_archive_day(day);
end $$;
comment on function make_archive_day is 'Sees to it that there is a place for the ticks of a day.';

create function drop_archive_days(before date) returns int
  language plpgsql security definer set search_path from current as $$
begin
  perform require_right('tick_archive', 'delete');
  return owner_drops_archive_days(before);
end $$;
comment on function drop_archive_days is 'Drops the archived ticks of the days before one; how many tables that were.';
