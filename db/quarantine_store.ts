import type { Delivery } from "../pipeline/domain/entry.ts";
import type { QuarantineId } from "../pipeline/domain/quarantine_id.ts";
import {
  READABLE_REASONS,
  type RejectReason,
} from "../pipeline/domain/tick.ts";
import type {
  QuarantinedRow,
  QuarantineQuery,
  QuarantineStore,
} from "../pipeline/ports.ts";
import type { Db, Param, Row } from "./db.ts";
import {
  micros,
  microsOrNull,
  numberArray,
  textArray,
  timestampText,
} from "./sql_values.ts";

/**
 * Columns of a row `q`. What is out of band is held as long as its feed has
 * had no later tick of the symbol accepted, and may go on in its epoch.
 */
const COLUMNS = `q.p, q.incarnation, q.entry_id, q.idx, q.feed,
  q.epoch::float8 as epoch, coalesce(t.delivery, 'best_effort') as delivery,
  to_micros(q.received_at)::float8 as received_at, q.seq::float8 as seq,
  q.line::float8 as line, q.reason, q.detail, q.symbol,
  to_micros(q.ts)::float8 as ts, q.raw, q.readmitted,
  q.reason = 'out_of_band' and not exists (
    select from feed_progress f join instruments i on i.id = f.instrument_id
    where f.feed = q.feed and f.epoch = q.epoch
      and i.symbol = q.symbol and f.last_received > q.received_at
  ) and not exists (
    select from feed_acks a where a.feed = q.feed and a.epoch > q.epoch
  ) as held`;
const TOTALS = `left join feed_totals t
  on t.p = q.p and t.feed = q.feed and t.epoch = q.epoch`;
const ORDER = "q.received_at, q.p, q.incarnation, q.entry_id, q.idx";
const NEWEST_FIRST = ORDER.replaceAll(/(,|$)/g, " desc$1");

const ROW = `q.p, q.incarnation, q.entry_id, q.idx, q.feed, q.epoch,
  q.received_at, q.seq, q.line, q.reason, q.detail, q.symbol, q.ts, q.raw,
  q.readmitted`;

/**
 * The first rows in some order, of those that are kept by themselves and of
 * those in packs: either is read only as far as it must be, and packs only if
 * there are conditions of theirs.
 */
function firstOf(
  { rows, packed }: {
    readonly rows: readonly string[];
    readonly packed: readonly string[] | null;
  },
  order: string,
  limit: string,
): string {
  const first = (from: string, conditions: readonly string[]) =>
    `(select ${ROW} from ${from} q
      where ${["true", ...conditions].join(" and ")}
      order by ${order} limit ${limit})`;
  return [
    first("quarantine", rows),
    ...packed === null ? [] : [first("quarantine_packed", packed)],
  ].join(" union all ");
}

/** Newest rows that samples are looked for in: those of rare reasons too. */
const SAMPLED_ROWS = 2_000;

/** What was not accepted, for people to look at and to take back. */
export class PgQuarantineStore implements QuarantineStore {
  constructor(private readonly db: Db) {}

  async find(query: QuarantineQuery): Promise<readonly QuarantinedRow[]> {
    const params: Param[] = [];
    const conditions: string[] = [];
    /** What packs are known to have, before they are unpacked. */
    const ofPacks: string[] = [];
    const where = (
      condition: (name: string) => string,
      value?: Param,
      ofPack?: (name: string) => string,
    ) => {
      if (value === undefined) return;
      params.push(value);
      const name = `$${params.length}`;
      conditions.push(condition(name));
      if (ofPack) ofPacks.push(ofPack(name));
    };
    const { reason, feed, symbol, from, to, readmitted, after } = query;
    where(
      (x) => `q.reason = ${x}`,
      reason,
      (x) => `${x} = any(q.reasons)`,
    );
    where((x) => `q.feed = ${x}`, feed);
    where(
      (x) => `q.symbol = ${x}`,
      symbol,
      (x) => `(q.symbols is null or ${x} = any(q.symbols))`,
    );
    where(
      (x) => `q.received_at >= ${x}::timestamptz`,
      from && timestampText(from),
    );
    where((x) => `q.received_at < ${x}::timestamptz`, to && timestampText(to));
    where((x) => `q.readmitted = ${x}::boolean`, readmitted);
    if (after) {
      const { receivedAt, id } = after;
      const n = params.length;
      params.push(
        timestampText(receivedAt),
        id.p,
        id.incarnation,
        id.id,
        id.index,
      );
      conditions.push(
        // The first of them says where packs begin, too.
        `q.received_at >= $${n + 1}::timestamptz and (${ORDER}) > ` +
          `($${n + 1}::timestamptz, $${n + 2}::int, $${n + 3}, $${n + 4}, ` +
          `$${n + 5}::int)`,
      );
    }
    params.push(query.limit);
    const limit = `$${params.length}::int`;
    const neverPacked = readmitted === true ||
      (reason !== undefined && READABLE_REASONS.has(reason));
    const found = firstOf(
      {
        rows: conditions,
        packed: neverPacked ? null : [...ofPacks, ...conditions],
      },
      ORDER,
      limit,
    );
    const rows = await this.db.query(
      `select ${COLUMNS} from (${found}) q ${TOTALS}
        order by ${ORDER} limit ${limit}`,
      params,
    );
    return rows.map(rowOf);
  }

  async get(ids: readonly QuarantineId[]): Promise<readonly QuarantinedRow[]> {
    if (ids.length === 0) return [];
    const rows = await this.db.query(
      `with u as materialized (
          select * from unnest(($1::text)::int[], ($2::text)::text[],
            ($3::text)::text[], ($4::text)::int[])
            as u(p, incarnation, entry_id, idx)
        )
        select ${COLUMNS} from (
          select ${ROW} from u join quarantine q
            using (p, incarnation, entry_id, idx)
          union all
          select ${ROW} from (
            select distinct p, incarnation, entry_id from u
          ) e cross join lateral (
            select * from quarantine_packed
            where p = e.p and incarnation = e.incarnation
              and entry_id = e.entry_id
          ) q
          where (q.p, q.incarnation, q.entry_id, q.idx) in (select * from u)
        ) q ${TOTALS}
        order by ${ORDER}`,
      [
        numberArray(ids.map(({ p }) => p)),
        textArray(ids.map(({ incarnation }) => incarnation)),
        textArray(ids.map(({ id }) => id)),
        numberArray(ids.map(({ index }) => index)),
      ],
    );
    return rows.map(rowOf);
  }

  async samples(each: number): Promise<readonly QuarantinedRow[]> {
    const rows = await this.db.query(
      `select ${COLUMNS} from (
          select *, row_number() over (
            partition by reason
            order by received_at desc, p, incarnation, entry_id, idx
          ) as nth
          from (${
        firstOf(
          { rows: ["not q.readmitted"], packed: [] },
          NEWEST_FIRST,
          `${SAMPLED_ROWS}`,
        )
      }) newest
        ) q ${TOTALS}
        where q.nth <= $1::int
        order by q.reason, q.nth`,
      [each],
    );
    return rows.map(rowOf);
  }

  async counts(): Promise<Readonly<Record<string, number>>> {
    const rows = await this.db.query<{ reason: string; count: number }>(
      `select reason, sum(count)::float8 as count from feed_rejects
        group by reason having sum(count) <> 0 order by reason`,
    );
    return Object.fromEntries(rows.map(({ reason, count }) => [reason, count]));
  }

  async readmittedThrough(p: number): Promise<number> {
    const [row] = await this.db.query<{ through: number }>(
      `select readmitted_through::float8 as through from offsets
        where p = $1::int`,
      [p],
    );
    return row?.through ?? 0;
  }
}

function rowOf(row: Row): QuarantinedRow {
  return {
    id: {
      p: row.p as number,
      incarnation: row.incarnation as string,
      id: row.entry_id as string,
      index: row.idx as number,
    },
    key: { feed: row.feed as string, epoch: row.epoch as number },
    delivery: row.delivery as Delivery,
    receivedAt: micros(row.received_at),
    reject: {
      seq: row.seq as number | null,
      line: row.line as number,
      reason: row.reason as RejectReason,
      detail: row.detail as string,
      symbol: row.symbol as string | null,
      ts: microsOrNull(row.ts),
      raw: row.raw as string,
    },
    readmitted: row.readmitted as boolean,
    held: row.held as boolean,
  };
}
