import { assert } from "../pipeline/domain/assert.ts";
import type { ClosedBy } from "../pipeline/domain/candle.ts";
import type { Instrument } from "../pipeline/domain/instrument.ts";
import type { StoredInterval } from "../pipeline/domain/interval.ts";
import type { DirtyRollup } from "../pipeline/ports.ts";
import type { Db, Row, Statement } from "./db.ts";
import { micros, numberArray, textArray } from "./sql_values.ts";

/** Instruments of one row: about as many as are rolled up at a time. */
const SET_MAX = 250;

/** Rows of an interval that are read at a time, to find those of one candle. */
const SETS_MAX = 1_000;

const MARK = `
  insert into rollup_dirty_sets (p, interval, t, end_t, closed_by, coverage_ms,
    instrument_ids)
  select $1::int, interval, from_micros(t), from_micros(end_t), closed_by,
    coverage_ms, instrument_ids::int[]
  from unnest(($2::text)::text[], ($3::text)::int8[], ($4::text)::int8[],
    ($5::text)::text[], ($6::text)::int8[], ($7::text)::text[])
    as u(interval, t, end_t, closed_by, coverage_ms, instrument_ids)`;

/** The first sets of each interval: however many wait, no more are read. */
const SETS = `
  select s.n::float8 as n, s.interval, to_micros(s.t)::float8 as t,
    to_micros(s.end_t)::float8 as end_t, s.closed_by,
    s.coverage_ms::float8 as coverage_ms,
    array_to_string(s.instrument_ids, ',') as ids
  from unnest(($2::text)::text[]) as i(interval)
  cross join lateral (
    select * from rollup_dirty_sets d
    where d.p = $1::int and d.interval = i.interval
    order by d.n limit $3::int8
  ) s
  order by s.n`;

const SYMBOLS =
  "select id, symbol from instruments where id = any (($1::text)::int[])";

const FORGET = `
  delete from rollup_dirty_sets s
  using unnest(($2::text)::text[], ($3::text)::int8[]) as u(interval, n)
  where s.p = $1::int and s.interval = u.interval and s.n = u.n`;

/** What was not taken of a set keeps its place. */
const KEEP = `
  update rollup_dirty_sets s set instrument_ids = u.instrument_ids::int[]
  from unnest(($2::text)::text[], ($3::text)::int8[], ($4::text)::text[])
    as u(interval, n, instrument_ids)
  where s.p = $1::int and s.interval = u.interval and s.n = u.n`;

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

/** Some of what is marked, and what forgets it. */
export interface Marked {
  readonly marks: readonly IdentifiedMark[];
  readonly forget: readonly Statement[];
}

/** A row: marks of one bucket that differ in their instrument only. */
interface MarkSet extends Omit<DirtyRollup, "symbol"> {
  readonly n: number;
  readonly ids: readonly number[];
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

/**
 * Those of some intervals, about `limit` longer candles, the first ones first.
 *
 * Each comes once, however often it is marked in the rows that are read.
 */
export async function markedOf(
  db: Db,
  p: number,
  intervals: readonly StoredInterval[],
  limit: number,
): Promise<Marked | null> {
  const sets = await db.query(SETS, [p, textArray(intervals), SETS_MAX]);
  if (sets.length > 0) return await takenOf(db, p, sets.map(setOf), limit);
  const params = [p, textArray(intervals), limit];
  const rows = await db.query(MARKED_SINGLY, params);
  if (rows.length === 0) return null;
  return {
    marks: rows.map(markOf),
    forget: [{
      sql: FORGET_SINGLE,
      params: [
        p,
        numberArray(rows.map(({ id }) => id as number)),
        textArray(rows.map(({ interval }) => interval as string)),
        numberArray(rows.map(({ t }) => t as number)),
        numberArray(rows.map(({ generation }) => generation as number)),
      ],
    }],
  };
}

/**
 * What the first sets mark, about `limit` longer candles, and all that the
 * other sets say of the same ones.
 */
async function takenOf(
  db: Db,
  p: number,
  sets: readonly MarkSet[],
  limit: number,
): Promise<Marked> {
  const buckets = firstOf(sets, limit);
  const gone: MarkSet[] = [];
  const kept: MarkSet[] = [];
  for (const set of sets) {
    const marks = buckets.get(bucketKey(set));
    if (marks === undefined) continue;
    const left: number[] = [];
    for (const id of set.ids) {
      const known = marks.get(id);
      if (known === undefined) left.push(id);
      else marks.set(id, known === null ? set : followed(known, set));
    }
    if (left.length === 0) gone.push(set);
    else if (left.length < set.ids.length) kept.push({ ...set, ids: left });
  }
  const taken = [...buckets.values()].flatMap((marks) => [...marks]);
  const symbols = await symbolsOf(db, new Set(taken.map(([id]) => id)));
  const rowsOf = (sets: readonly MarkSet[]) => [
    p,
    textArray(sets.map(({ interval }) => interval)),
    numberArray(sets.map(({ n }) => n)),
  ];
  return {
    marks: taken.map(([id, mark]) => {
      const symbol = symbols.get(id);
      assert(symbol !== undefined, `instrument ${id} was registered`);
      assert(mark !== null, "what is taken was marked");
      const { interval, t, end, closedBy, coverageMs } = mark;
      return { id, symbol, interval, t, end, closedBy, coverageMs };
    }),
    forget: [
      { sql: FORGET, params: rowsOf(gone) },
      ...(kept.length === 0 ? [] : [{
        sql: KEEP,
        params: [
          ...rowsOf(kept),
          textArray(kept.map(({ ids }) => numberArray(ids))),
        ],
      }]),
    ],
  };
}

/** Buckets, and the instruments in them whose marks are taken: none yet. */
function firstOf(sets: readonly MarkSet[], limit: number) {
  const buckets = new Map<string, Map<number, MarkSet | null>>();
  let size = 0;
  for (const set of sets) {
    if (size >= limit) break;
    const key = bucketKey(set);
    let marks = buckets.get(key);
    if (marks === undefined) buckets.set(key, marks = new Map());
    size -= marks.size;
    for (const id of set.ids) marks.set(id, null);
    size += marks.size;
  }
  return buckets;
}

function bucketKey({ interval, t }: MarkSet): string {
  return `${interval} ${t}`;
}

async function symbolsOf(
  db: Db,
  ids: ReadonlySet<number>,
): Promise<ReadonlyMap<number, string>> {
  const rows = await db.query<{ id: number; symbol: string }>(SYMBOLS, [
    numberArray([...ids]),
  ]);
  return new Map(rows.map(({ id, symbol }) => [id, symbol]));
}

/** Each longer candle once; what closes one first has closed it. */
export function onePerRollup<Mark extends DirtyRollup>(
  dirty: readonly Mark[],
): readonly Mark[] {
  const byBucket = new Map<string, Mark>();
  for (const mark of dirty) {
    const key = `${mark.symbol} ${mark.interval} ${mark.t}`;
    const known = byBucket.get(key);
    byBucket.set(key, known === undefined ? mark : followed(known, mark));
  }
  return [...byBucket.values()];
}

/** What two marks of one longer candle say, of which `mark` came later. */
function followed<Mark extends Omit<DirtyRollup, "symbol">>(
  known: Mark,
  mark: Mark,
): Mark {
  if (known.closedBy === null) return mark;
  return known.end === mark.end ? known : { ...known, end: mark.end };
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
    ...bucketMarkOf(row),
  };
}

function setOf(row: Row): MarkSet {
  return {
    n: row.n as number,
    ids: (row.ids as string).split(",").map(Number),
    ...bucketMarkOf(row),
  };
}

function bucketMarkOf(row: Row): Omit<DirtyRollup, "symbol"> {
  return {
    interval: row.interval as StoredInterval,
    t: micros(row.t),
    end: micros(row.end_t),
    closedBy: row.closed_by as ClosedBy | null,
    coverageMs: row.coverage_ms as number ?? undefined,
  };
}
