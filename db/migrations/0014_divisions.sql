-- Partitions that are divided while everything runs.

-- The 32-bit FNV-1a of the UTF-16 code units of a text: what decides the
-- partition of a symbol, here as in pipeline/domain/hash.ts.
create function symbol_hash(symbol text) returns int8
  language plpgsql immutable strict parallel safe as $$
declare
  hash int8 := 2166136261;
  letter text;
  code int;
begin
  foreach letter in array regexp_split_to_array(symbol, '') loop
    continue when letter = '';
    code := ascii(letter);
    if code > 65535 then
      hash := (hash # (55296 + (code - 65536) / 1024)) * 16777619 & 4294967295;
      code := 56320 + (code - 65536) % 1024;
    end if;
    hash := (hash # code) * 16777619 & 4294967295;
  end loop;
  return hash;
end $$;

-- How many partitions there are now, by what `meta` has of them, such as
-- `4 8/k3f9a2`.
create function partitions_in(divisions text) returns int8
  language sql immutable strict parallel safe
  return substring(divisions from '(\d+)(/[0-9a-z]+)?$')::int8;

alter table offsets add column stream text not null default '';
comment on column offsets.stream is 'What the streams are called that the position is in: changes when partitions are divided.';

alter table nodes add column stream text;
comment on column nodes.stream is 'Streams that it appends to and reads; null of a program that cannot divide partitions.';
alter table nodes add column holds boolean not null default false;
comment on column nodes.holds is 'It takes no ticks in, and what it had taken is committed.';
