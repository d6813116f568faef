import { assert } from "../pipeline/domain/assert.ts";
import {
  divides,
  type Division,
  readDivisions,
} from "../pipeline/domain/partition_layout.ts";
import type {
  DrainedStream,
  EntryId,
  LayoutNode,
  LayoutState,
  LayoutStore,
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
  select distinct on (node) owner, node, roles, stream, holds from nodes
  where alive_until >= now() order by node, started_at desc`;

const SAY =
  "update nodes set stream = $2, holds = $3::boolean where owner = $1";

/** Rows of `$1::int` partitions, of which some may never have been claimed. */
const ADD_ROWS = `
  insert into offsets (p) select p from generate_series(0, $1::int - 1) as p
  where not exists (select from offsets o where o.p = p.p)
  on conflict do nothing`;

/**
 * How many partitions there are and are to be, in the warehouse.
 *
 * `meta` has their numbers from the first to the present one.
 */
export class PgLayoutStore implements LayoutStore {
  constructor(private readonly db: Db) {}

  async state(): Promise<LayoutState> {
    const [row] = await this.db.query<{
      divisions: string | null;
      wanted: string | null;
    }>(STATE);
    const divisions = readDivisions(row.divisions ?? "");
    if (divisions === null) throw unreadable(row.divisions);
    return {
      divisions,
      wanted: row.wanted === null ? null : Number(row.wanted),
    };
  }

  async nodes(): Promise<readonly LayoutNode[]> {
    const rows = await this.db.query<{
      owner: string;
      node: string;
      roles: string;
      stream: string | null;
      holds: boolean;
    }>(NODES);
    return rows.map(({ roles, ...row }) => ({
      ...row,
      roles: roles.split(","),
    }));
  }

  async say(
    owner: string,
    { stream, holds }: { readonly stream: string; readonly holds: boolean },
  ): Promise<void> {
    await this.db.query(SAY, [owner, stream, holds]);
  }

  async want(from: number, to: number): Promise<boolean> {
    assert(divides(from, to), `${from} partitions are divided into ${to}`);
    const results = await this.db.batch([
      {
        sql: `select from meta where name = '${DIVISIONS}'
          and partitions_in(value) = $1::int8 for update`,
        params: [from],
        expectRows: 1,
      },
      {
        sql: `insert into meta values ('${WANTED}', $1)
          on conflict do nothing returning name`,
        params: [String(to)],
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
    const { partitions: from, tag } = before[before.length - 1];
    const { partitions: to } = next;
    assert(divides(from, to), `${from} partitions are divided into ${to}`);
    assert(drained.length === from, "every partition is drained");
    const results = await this.db.batch([
      {
        sql: `update meta set value = value || $2
          where name = '${DIVISIONS}' and value = $1 returning name`,
        params: [textOf(before), ` ${to}/${next.tag}`],
        expectRows: 1,
      },
      {
        sql: `delete from meta where name = '${WANTED}' and value = $1
          returning name`,
        params: [String(to)],
        expectRows: 1,
      },
      {
        sql: FENCE,
        params: [
          numberArray(drained.map(({ p }) => p)),
          textArray(drained.map(({ position }) => position)),
          tag,
          next.tag,
        ],
        expectRows: from,
      },
      ...divided(from, to, next.tag),
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

function unreadable(text: string | null): LayoutMismatchError {
  return new LayoutMismatchError(
    `Cannot use a warehouse whose partitions are ${JSON.stringify(text)}; ` +
      `it belongs to a newer program`,
  );
}

function textOf(divisions: readonly Division[]): string {
  return divisions.map(({ partitions, tag }) =>
    tag === "" ? `${partitions}` : `${partitions}/${tag}`
  ).join(" ");
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

/** The rows of what moves; `$1` partitions become `$2`. */
function divided(from: number, to: number, tag: string): readonly Statement[] {
  const params = [from, to];
  return [
    { sql: DIVIDE_OFFSETS, params: [...params, tag] },
    { sql: MOVE_INSTRUMENTS, params: [to] },
    { sql: MOVE_PROGRESS },
    { sql: DIVIDE_TOTALS, params },
    { sql: DIVIDE_GAPS, params },
    { sql: MOVE_MARKS },
    { sql: MOVE_QUARANTINE, params },
  ];
}

/** The new partitions of each old one. */
const PARTS = (p: string) =>
  `generate_series(${p} + $1::int, $2::int - 1, $1::int)`;

/** A new partition knows the time that the one had which it was a part of. */
const DIVIDE_OFFSETS = `
  insert into offsets (p, stream, marked_at)
  select part, $3, o.marked_at
  from offsets o cross join ${PARTS("o.p")} as part
  where o.p < $1::int`;

const MOVE_INSTRUMENTS = `
  with home as materialized (
    select id, (symbol_hash(symbol) % $1::int)::int as p from instruments
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
  from feed_totals t cross join ${PARTS("t.p")} as part
  where t.p < $1::int`;

/** A gap is stored for each partition that it touches. */
const DIVIDE_GAPS = `
  insert into feed_gaps (p, feed, epoch, kind, from_t, to_t, seq_from, seq_to)
  select part, feed, epoch, kind, from_t, to_t, seq_from, seq_to
  from feed_gaps g cross join ${PARTS("g.p")} as part
  where g.p < $1::int`;

const MOVE_MARKS = `
  update rollup_dirty m set p = i.p from instruments i
  where i.id = m.instrument_id and m.p <> i.p`;

/** With the books: what is rejected is counted where its row is. */
const MOVE_QUARANTINE = `
  with home as materialized (
    select symbol, symbol_hash(symbol) as hash
    from (select distinct symbol from quarantine where symbol is not null) s
  ), moved as (
    update quarantine q set p = (home.hash % $2::int)::int
    from home
    where q.symbol = home.symbol and q.p = home.hash % $1::int
      and q.p <> home.hash % $2::int
    returning q.p, q.feed, q.epoch, q.reason, q.readmitted
  ), counts as (
    select p, feed, epoch, reason, count(*) as count from moved
    where not readmitted group by p, feed, epoch, reason
  ), fewer as (
    update feed_rejects f set count = f.count - c.count
    from (
      select p % $1::int as p, feed, epoch, reason, sum(count) as count
      from counts group by 1, feed, epoch, reason
    ) c
    where f.p = c.p and f.feed = c.feed and f.epoch = c.epoch
      and f.reason = c.reason
  ), more as (
    insert into feed_rejects (p, feed, epoch, reason, count)
    select p, feed, epoch, reason, count from counts
  ), sums as (
    select p, sum(count) as n from counts group by p
    union all
    select p % $1::int, -sum(count) from counts group by p % $1::int
  )
  update offsets o set rejected = o.rejected + s.n,
    in_quarantine = o.in_quarantine + s.n
  from sums s where o.p = s.p`;
