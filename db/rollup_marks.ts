import { assert } from "../pipeline/domain/assert.ts";
import type { ClosedBy } from "../pipeline/domain/candle.ts";
import type { Instrument } from "../pipeline/domain/instrument.ts";
import type { StoredInterval } from "../pipeline/domain/interval.ts";
import type { DirtyRollup } from "../pipeline/ports.ts";
import type { Db, Row, Statement } from "./db.ts";
import { micros, numberArray, textArray } from "./sql_values.ts";

/** Instruments of one row: about as many as are rolled up at a time. */
const SET_MAX = 250;

const MARK = `
  insert into rollup_dirty_sets (p, interval, t, end_t, closed_by, coverage_ms,
    instrument_ids)
  select $1::int, interval, from_micros(t), from_micros(end_t), closed_by,
    coverage_ms, instrument_ids::int[]
  from unnest(($2::text)::text[], ($3::text)::int8[], ($4::text)::int8[],
    ($5::text)::text[], ($6::text)::int8[], ($7::text)::text[])
    as u(interval, t, end_t, closed_by, coverage_ms, instrument_ids)`;

const MARKED = `
  select s.n::float8 as n, i.id, i.symbol, s.interval,
    to_micros(s.t)::float8 as t, to_micros(s.end_t)::float8 as end_t,
    s.closed_by, s.coverage_ms::float8 as coverage_ms
  from (
    select *, sum(cardinality(instrument_ids)) over (order by n)
      - cardinality(instrument_ids) as before
    from rollup_dirty_sets
    where p = $1::int and interval = any (($2::text)::text[])
  ) s
  cross join unnest(s.instrument_ids) as u(id)
  join instruments i on i.id = u.id
  where s.before < $3::int8
  order by s.n`;

const FORGET = `
  delete from rollup_dirty_sets
  where p = $1::int and n = any (($2::text)::int8[])`;

/** What programs of before have marked: a row a candle. */
const MARKED_SINGLY = `
  select m.instrument_id as id, i.symbol, m.interval,
    to_micros(m.t)::float8 as t, to_micros(m.end_t)::float8 as end_t,
    m.closed_by, m.coverage_ms::float8 as coverage_ms,
    m.generation::float8 as generation
  from rollup_dirty m join instruments i on i.id = m.instrument_id
  where m.p = $1::int and m.interval = any (($2::text)::text[])
  order by m.t limit $3::int8`;

/** Leaves those that somebody has set again since they were read. */
const FORGET_SINGLE = `
  delete from rollup_dirty m
  using unnest(($2::text)::int[], ($3::text)::text[], ($4::text)::int8[],
    ($5::text)::int8[]) as u(instrument_id, interval, t, generation)
  where m.p = $1::int and m.instrument_id = u.instrument_id
    and m.interval = u.interval and m.t = from_micros(u.t)
    and m.generation = u.generation`;

/** A longer candle to be made anew, with its instrument's id. */
export interface IdentifiedMark extends DirtyRollup {
  readonly id: number;
}

/** Some of what is marked, and the statement that forgets it. */
export interface Marked {
  readonly marks: readonly IdentifiedMark[];
  readonly forget: Statement;
}

/** Marks the rollups of a partition that must be made anew. */
export function markDirty(
  p: number,
  dirty: readonly DirtyRollup[],
  ids: ReadonlyMap<string, Instrument>,
): Statement | null {
  if (dirty.length === 0) return null;
  const sets = setsOf(dirty, ids);
  return {
    sql: MARK,
    params: [
      p,
      textArray(sets.map(({ mark }) => mark.interval)),
      numberArray(sets.map(({ mark }) => mark.t)),
      numberArray(sets.map(({ mark }) => mark.end)),
      textArray(sets.map(({ mark }) => mark.closedBy)),
      numberArray(sets.map(({ mark }) => mark.coverageMs ?? null)),
      textArray(sets.map((set) => numberArray(set.ids))),
    ],
  };
}

/** Those of some intervals, about `limit` of them, the first ones first. */
export async function markedOf(
  db: Db,
  p: number,
  intervals: readonly StoredInterval[],
  limit: number,
): Promise<Marked | null> {
  const params = [p, textArray(intervals), limit];
  const sets = await db.query(MARKED, params);
  if (sets.length > 0) {
    const taken = new Set(sets.map(({ n }) => n as number));
    return {
      marks: onePerRollup(sets.map(markOf)),
      forget: { sql: FORGET, params: [p, numberArray([...taken])] },
    };
  }
  const rows = await db.query(MARKED_SINGLY, params);
  if (rows.length === 0) return null;
  return {
    marks: rows.map(markOf),
    forget: {
      sql: FORGET_SINGLE,
      params: [
        p,
        numberArray(rows.map(({ id }) => id as number)),
        textArray(rows.map(({ interval }) => interval as string)),
        numberArray(rows.map(({ t }) => t as number)),
        numberArray(rows.map(({ generation }) => generation as number)),
      ],
    },
  };
}

/** Each longer candle once; what closes one first has closed it. */
export function onePerRollup<Mark extends DirtyRollup>(
  dirty: readonly Mark[],
): readonly Mark[] {
  const byBucket = new Map<string, Mark>();
  for (const mark of dirty) {
    const key = `${mark.symbol} ${mark.interval} ${mark.t}`;
    const known = byBucket.get(key);
    if (known === undefined) {
      byBucket.set(key, mark);
      continue;
    }
    const { closedBy, coverageMs } = known.closedBy ? known : mark;
    byBucket.set(key, { ...mark, closedBy, coverageMs });
  }
  return [...byBucket.values()];
}

/** Marks that differ in their instrument only are one row, or some. */
function setsOf(
  dirty: readonly DirtyRollup[],
  ids: ReadonlyMap<string, Instrument>,
) {
  const sets: { readonly mark: DirtyRollup; readonly ids: number[] }[] = [];
  const last = new Map<string, typeof sets[number]>();
  for (const mark of dirty) {
    const { symbol, interval, t, end, closedBy, coverageMs } = mark;
    const instrument = ids.get(symbol);
    assert(instrument !== undefined, `instrument ${symbol} was registered`);
    const key = `${interval} ${t} ${end} ${closedBy} ${coverageMs}`;
    let set = last.get(key);
    if (set === undefined || set.ids.length === SET_MAX) {
      set = { mark, ids: [] };
      last.set(key, set);
      sets.push(set);
    }
    set.ids.push(instrument.id);
  }
  return sets;
}

function markOf(row: Row): IdentifiedMark {
  return {
    id: row.id as number,
    symbol: row.symbol as string,
    interval: row.interval as StoredInterval,
    t: micros(row.t),
    end: micros(row.end_t),
    closedBy: row.closed_by as ClosedBy | null,
    coverageMs: row.coverage_ms as number ?? undefined,
  };
}
