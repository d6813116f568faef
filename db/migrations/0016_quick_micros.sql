-- Said to be stable, as what it calls is, so that it becomes a part of the
-- statements that call it; as a number with a fraction, which is exact to the
-- microsecond until 2106.

create or replace function to_micros(t timestamptz) returns int8
  language sql stable strict parallel safe
  return (date_part('epoch', t) * 1000000)::int8;
