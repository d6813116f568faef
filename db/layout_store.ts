import { assert } from "../pipeline/domain/assert.ts";
import {
  readDivisions,
  writeDivision,
  writeWanted,
} from "../pipeline/domain/partition_layout.ts";
import {
  type Division,
  follows,
  mapOf,
  type PartitionMap,
  type WantedDivision,
} from "../pipeline/domain/partition_map.ts";
import type {
  DrainedStream,
  EntryId,
  LayoutNode,
  LayoutState,
  LayoutStore,
  MayWait,
} from "../pipeline/ports.ts";
import type { Db, Statement } from "./db.ts";
import { claimMeta } from "./feed_store.ts";
import { LayoutMismatchError } from "./migrate.ts";
import { numberArray, textArray } from "./sql_values.ts";

/** Names in `meta`. */
const DIVISIONS = "partitions";
const WANTED = "partitions_wanted";

const STATE = `
  select (select value from meta where name = '${DIVISIONS}') as divisions,
    (select value from meta where name = '${WANTED}') as wanted`;

/** One that was started again is not there as what it was before. */
const NODES = `
  select distinct on (node) owner, node, roles, stream, holds, pins from nodes
  where alive_until >= now() order by node, started_at desc`;

const SAY = `
  update nodes set stream = $2, holds = $3::boolean, pins = true
  where owner = $1 returning owner`;

/** Rows of `$1::int` partitions, of which some may never have been claimed. */
const ADD_ROWS = `
  insert into offsets (p) select p from generate_series(0, $1::int - 1) as p
  where not exists (select from offsets o where o.p = p.p)
  on conflict do nothing`;

/**
 * How many partitions there are and are to be, in the warehouse.
 *
 * `meta` has their numbers from the first to the present one, and which
 * instruments were pinned.
 */
export class PgLayoutStore implements LayoutStore {
  constructor(private readonly db: Db) {}

  async state(shares?: MayWait): Promise<LayoutState> {
    const results = await this.db.batch([{ sql: STATE }], { shares });
    const row = results![0][0] as {
      readonly divisions: string | null;
      readonly wanted: string | null;
    };
    if (row.divisions === null) {
      throw new LayoutMismatchError(
        "Cannot tell how many partitions a warehouse has before a process was " +
          "started on it",
      );
    }
    const divisions = readDivisions(row.divisions);
    if (divisions === null) throw unreadable(row.divisions);
    if (row.wanted === null) return { divisions, wanted: null };
    const text = `${row.divisions} ${row.wanted}`;
    const next = readDivisions(text)?.at(-1);
    if (next === undefined) throw unreadable(text);
    const { tag: _, ...wanted } = next;
    return { divisions, wanted };
  }

  async nodes(): Promise<readonly LayoutNode[]> {
    const rows = await this.db.query<{
      owner: string;
      node: string;
      roles: string;
      stream: string | null;
      holds: boolean;
      pins: boolean;
    }>(NODES);
    return rows.map(({ roles, ...row }) => ({
      ...row,
      roles: roles.split(","),
    }));
  }

  async say(
    owner: string,
    { stream, holds }: { readonly stream: string; readonly holds: boolean },
  ): Promise<boolean> {
    return (await this.db.query(SAY, [owner, stream, holds])).length > 0;
  }

  async want(
    before: readonly Division[],
    wanted: WantedDivision,
  ): Promise<boolean> {
    assert(follows(mapOf(before), wanted), "partitions are divided");
    const results = await this.db.batch([
      {
        sql: `select from meta where name = '${DIVISIONS}'
          and value = $1 for update`,
        params: [textOf(before)],
        expectRows: 1,
      },
      {
        sql: `insert into meta values ('${WANTED}', $1)
          on conflict do nothing returning name`,
        params: [writeWanted(wanted)],
        expectRows: 1,
      },
    ]);
    return results !== null;
  }

  async giveUp(): Promise<boolean> {
    const rows = await this.db.query(
      `delete from meta where name = '${WANTED}' returning name`,
    );
    return rows.length > 0;
  }

  async divide(
    before: readonly Division[],
    next: Division,
    drained: readonly DrainedStream[],
  ): Promise<boolean> {
    const map = mapOf(before);
    assert(follows(map, next), "partitions are divided");
    assert(drained.length === map.partitions, "every partition is drained");
    const results = await this.db.batch([
      {
        sql: `update meta set value = value || $2
          where name = '${DIVISIONS}' and value = $1 returning name`,
        params: [textOf(before), ` ${writeDivision(next)}`],
        expectRows: 1,
      },
      {
        sql: `delete from meta where name = '${WANTED}' and value = $1
          returning name`,
        params: [writeWanted(next)],
        expectRows: 1,
      },
      {
        sql: FENCE,
        params: [
          numberArray(drained.map(({ p }) => p)),
          textArray(drained.map(({ position }) => position)),
          map.tag,
          next.tag,
        ],
        expectRows: map.partitions,
      },
      ...divided(map, next, textOf([...before, next])),
    ]);
    return results !== null;
  }

  /** Whoever is first says how many there are; what a warehouse has stays. */
  async claim(first: number): Promise<readonly Division[]> {
    const text = await claimMeta(this.db, DIVISIONS, String(first));
    const divisions = readDivisions(text);
    if (divisions === null) throw unreadable(text);
    return divisions;
  }

  async positions(partitions: number): Promise<readonly DrainedStream[]> {
    await this.db.query(ADD_ROWS, [partitions]);
    const rows = await this.db.query(
      `select p, position, incarnation from offsets where p < $1::int
        order by p`,
      [partitions],
    );
    return rows.map(({ p, position, incarnation }) => ({
      p: p as number,
      position: position as EntryId,
      incarnation: incarnation as string | null,
    }));
  }
}

function unreadable(text: string): LayoutMismatchError {
  return new LayoutMismatchError(
    `Cannot use a warehouse whose partitions are ${JSON.stringify(text)}; ` +
      `it belongs to a newer program`,
  );
}

function textOf(divisions: readonly Division[]): string {
  return divisions.map(writeDivision).join(" ");
}

/**
 * Whoever had a partition has it no more, and its position is that of a stream
 * that begins: unless somebody has committed since it was drained.
 */
const FENCE = `
  update offsets o set lease_epoch = o.lease_epoch + 1,
    lease_until = '-infinity', stream = $4, position = '0-0',
    incarnation = null
  from unnest(($1::text)::int[], ($2::text)::text[]) as d(p, position)
  where o.p = d.p and o.position = d.position and o.stream = $3
  returning o.p`;

/** The rows of what moves, where `text` is what there is from then on. */
function divided(
  map: PartitionMap,
  next: Division,
  text: string,
): readonly Statement[] {
  const parts = map.partsOf(next);
  const params = [
    numberArray(parts.map(({ part }) => part)),
    numberArray(parts.map(({ of }) => of)),
  ];
  return [
    { sql: DIVIDE_OFFSETS, params: [...params, next.tag] },
    { sql: MOVE_INSTRUMENTS, params: [text] },
    { sql: MOVE_PROGRESS },
    { sql: DIVIDE_TOTALS, params },
    { sql: DIVIDE_GAPS, params },
    { sql: MOVE_MARKS },
    { sql: MOVE_MARK_SETS },
    { sql: MOVE_QUARANTINE, params: [...params, text] },
  ];
}

/** The new partitions, and of which old one each is a part. */
const PARTS =
  "unnest(($1::text)::int[], ($2::text)::int[]) as parts(part, whole)";

/** A new partition knows the time that the one had which it was a part of. */
const DIVIDE_OFFSETS = `
  insert into offsets (p, stream, marked_at)
  select part, $3, o.marked_at from ${PARTS} join offsets o on o.p = whole`;

const MOVE_INSTRUMENTS = `
  with home as materialized (
    select id, (partitions_of(symbol, $1))[1] as p from instruments
  )
  update instruments i set p = home.p from home
  where i.id = home.id and i.p <> home.p`;

const MOVE_PROGRESS = `
  update feed_progress f set p = i.p from instruments i
  where i.id = f.instrument_id and f.p <> i.p`;

/**
 * What a feed's connection is, and which of its numbers are in: what is in a
 * partition was in the one that it was a part of. The counts stay.
 */
const DIVIDE_TOTALS = `
  insert into feed_totals (p, feed, epoch, delivery, replay, connected,
    last_seq, received, accepted, duplicates, rejected, covered_from,
    covered_to, last_event, away_since, node)
  select part, feed, epoch, delivery, replay, connected, last_seq, 0, 0, 0, 0,
    covered_from, covered_to, last_event, away_since, node
  from ${PARTS} join feed_totals t on t.p = whole`;

/** A gap is stored for each partition that it touches. */
const DIVIDE_GAPS = `
  insert into feed_gaps (p, feed, epoch, kind, from_t, to_t, seq_from, seq_to)
  select part, feed, epoch, kind, from_t, to_t, seq_from, seq_to
  from ${PARTS} join feed_gaps g on g.p = whole`;

const MOVE_MARKS = `
  update rollup_dirty m set p = i.p from instruments i
  where i.id = m.instrument_id and m.p <> i.p`;

/**
 * A set is of instruments that may part. All sets of its partition are written
 * anew, in their order: of those of one candle, the first one closes it.
 */
const MOVE_MARK_SETS = `
  with moved as (
    delete from rollup_dirty_sets where p in (
      select s.p from rollup_dirty_sets s
      cross join unnest(s.instrument_ids) as u(id)
      join instruments i on i.id = u.id where i.p <> s.p
    ) returning *
  )
  insert into rollup_dirty_sets (p, interval, t, end_t, closed_by, coverage_ms,
    instrument_ids)
  select i.p, m.interval, m.t, m.end_t, m.closed_by, m.coverage_ms,
    array_agg(i.id)
  from moved m cross join unnest(m.instrument_ids) as u(id)
  join instruments i on i.id = u.id
  group by m.n, i.p, m.interval, m.t, m.end_t, m.closed_by, m.coverage_ms
  order by m.n`;

/** With the books: what is rejected is counted where its row is. */
const MOVE_QUARANTINE = `
  with home as materialized (
    select symbol, part, whole from (
      select symbol, (partitions_of(symbol, $3))[1] as p
      from (select distinct symbol from quarantine where symbol is not null) s
    ) s join ${PARTS} on part = s.p
  ), moved as (
    update quarantine q set p = part from home
    where q.symbol = home.symbol and q.p = whole
    returning q.p, whole, q.feed, q.epoch, q.reason, q.readmitted
  ), counts as (
    select p, whole, feed, epoch, reason, count(*) as count from moved
    where not readmitted group by p, whole, feed, epoch, reason
  ), fewer as (
    update feed_rejects f set count = f.count - c.count
    from (
      select whole, feed, epoch, reason, sum(count) as count from counts
      group by whole, feed, epoch, reason
    ) c
    where f.p = c.whole and f.feed = c.feed and f.epoch = c.epoch
      and f.reason = c.reason
  ), more as (
    insert into feed_rejects (p, feed, epoch, reason, count)
    select p, feed, epoch, reason, count from counts
  ), sums as (
    select p, sum(count) as n from counts group by p
    union all
    select whole, -sum(count) from counts group by whole
  )
  update offsets o set rejected = o.rejected + s.n,
    in_quarantine = o.in_quarantine + s.n
  from sums s where o.p = s.p`;
