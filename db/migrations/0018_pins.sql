-- Instruments that get a partition of their own while everything runs. `meta`
-- has them with the numbers of partitions, such as `4 5/k3f9a2+NIFTY50 9/x7`.

-- The partitions that a symbol has been in, by what `meta` has of them, the one
-- that it is in now first; as in pipeline/domain/partition_map.ts.
create function partitions_of(symbol text, divisions text) returns int[]
  language plpgsql immutable strict parallel safe as $$
declare
  hash int8 := symbol_hash(symbol);
  homes int[] := '{}';
  count int := 0;
  hashed int := 0;
  before int;
  slot int;
  part text;
  pins text[];
begin
  foreach part in array string_to_array(divisions, ' ') loop
    before := count;
    count := substring(part from '^\d+')::int;
    pins := (string_to_array(part, '+'))[2:];
    if pins <> '{}' then
      slot := array_position(pins, symbol);
      if slot is not null then
        return (before + slot - 1) || homes;
      end if;
    else
      slot := (hash % (hashed + count - before))::int;
      if slot >= hashed then
        homes := (before + slot - hashed) || homes;
      end if;
      hashed := hashed + count - before;
    end if;
  end loop;
  return homes;
end $$;

-- For each partition, in their order, the one of the first start that it is a
-- part of.
create function first_partitions(divisions text) returns int[]
  language plpgsql immutable strict parallel safe as $$
declare
  roots int[] := '{}';
  first int := substring(divisions from '^\d+')::int;
  hashed int := 0;
  added int;
  part text;
  pins text[];
begin
  foreach part in array string_to_array(divisions, ' ') loop
    added := substring(part from '^\d+')::int - cardinality(roots);
    pins := (string_to_array(part, '+'))[2:];
    if pins <> '{}' then
      roots := roots || array(
        select (symbol_hash(symbol) % first)::int
        from unnest(pins) with ordinality as u(symbol, i) order by i);
    else
      roots := roots || array(
        select slot % first
        from generate_series(hashed, hashed + added - 1) as slot);
      hashed := hashed + added;
    end if;
  end loop;
  return roots;
end $$;

-- Programs that know of no pins ask it where an instrument is. None of them is
-- there when one is pinned; one that stood still gets an error, and no wrong
-- place.
create or replace function partitions_in(divisions text) returns int8
  language plpgsql immutable strict parallel safe as $$
begin
  if position('+' in divisions) > 0 then
    raise exception 'Cannot use a warehouse with pinned instruments; it belongs to a newer program';
  end if;
  return substring(divisions from '(\d+)(/[0-9a-z]+)?$')::int8;
end $$;

alter table nodes add column pins boolean not null default false;
comment on column nodes.pins is 'It knows of instruments with a partition of their own.';
