import { assert } from "../pipeline/domain/assert.ts";
import type { Delivery } from "../pipeline/domain/entry.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_DAY,
} from "../pipeline/domain/time.ts";
import type { Audit, AuditStore, InstrumentBooks } from "../pipeline/ports.ts";
import type { CandleMonths } from "./candle_months.ts";
import type { Db, Row } from "./db.ts";
import { timestampText } from "./sql_values.ts";

const PARTITIONS = `
  select o.p, o.position, o.applied::float8 as applied,
    coalesce(b.n, 0)::float8 as in_candles,
    (o.rejected + o.packed)::float8 as rejected,
    (o.in_quarantine + o.in_packs)::float8 as in_quarantine
  from offsets o
  left join (
    select p, sum(n) as n from candle_books group by p
  ) b on b.p = o.p
  order by o.p`;

/**
 * By how much the books of the day `$1` differ from its rows, as of one moment.
 * Books stay with the partition that wrote them: those that were one are told
 * together, by its number.
 */
const DAY = `
  with parts as materialized (
    select o.p, coalesce((
      (select first_partitions(value) from meta where name = 'partitions')
    )[o.p + 1], o.p) as whole
    from offsets o
  )
  select o.p, (coalesce(c.n, 0) - coalesce(b.n, 0))::float8 as off
  from parts o
  left join (
    select whole as p, sum(n) as n from parts join candle_books using (p)
    where day = $1::timestamptz group by whole
  ) b on b.p = o.p
  left join (
    select whole as p, sum(s.n) as n
    from parts join instruments i using (p) cross join lateral (
      select sum(n) as n from candles
      where instrument_id = i.id and interval = '1m' and origin = 'ticks'
        and t >= $1::timestamptz and t < $1::timestamptz + interval '1 day'
      offset 0
    ) s
    group by whole
  ) c on c.p = o.p
  where o.whole = o.p and coalesce(c.n, 0) <> coalesce(b.n, 0)`;

/** The same of what is in quarantine. */
const QUARANTINE = `
  select o.p, (coalesce(q.n, 0) - o.in_quarantine - o.in_packs)::float8 as off
  from offsets o
  left join (
    select p, sum(n) as n from (
      select p, count(*) as n from quarantine where not readmitted group by p
      union all
      select p, sum(count) from quarantine_packs group by p
    ) kept group by p
  ) q on q.p = o.p
  where coalesce(q.n, 0) <> o.in_quarantine + o.in_packs`;

const FEEDS = `
  select t.feed, t.epoch::float8 as epoch, min(t.delivery) as delivery,
    bool_or(t.connected) as connected, max(t.last_seq)::float8 as last_seq,
    min(a.seq)::float8 as acked, sum(t.received)::float8 as received,
    sum(t.accepted)::float8 as accepted,
    sum(t.duplicates)::float8 as duplicates,
    sum(t.rejected)::float8 as rejected
  from feed_totals t left join feed_acks a using (feed, epoch)
  group by t.feed, t.epoch order by t.feed, t.epoch`;

const REASONS = `
  select feed, epoch::float8 as epoch, reason, sum(count)::float8 as count
  from feed_rejects group by feed, epoch, reason having sum(count) <> 0
  order by reason`;

/**
 * Lines of the symbol `$1` from `$2` to before `$3`, in the days `$4` to `$5`
 * since 1970. Only packs that have both are unpacked.
 */
const REJECTED_OF = `
  select reason, count(*)::float8 as lines,
    count(*) filter (where readmitted)::float8 as readmitted
  from (
    select symbol, ts, received_at, reason, readmitted from quarantine
    union all
    select l.symbol, l.ts, k.received_at, l.reason, false
    from quarantine_packs k cross join lateral packed_lines(k.lines) l
    where k.from_t < $3::timestamptz and k.to_t >= $2::timestamptz
      and (k.symbols is null or $1 = any(k.symbols))
      and (k.days is null or exists (
        select from unnest(k.days) as day where day between $4::int and $5::int
      ))
  ) q
  where symbol = $1 and coalesce(ts, received_at) >= $2::timestamptz
    and coalesce(ts, received_at) < $3::timestamptz
  group by reason order by 2 desc, 1`;

const FEEDS_OF = `
  select t.feed, t.epoch::float8 as epoch, min(t.delivery) as delivery,
    bool_or(t.connected) as connected, sum(t.received)::float8 as received,
    sum(t.accepted)::float8 as accepted,
    sum(t.duplicates)::float8 as duplicates,
    sum(t.rejected)::float8 as rejected
  from instruments i
  join feed_progress f on f.instrument_id = i.id
  join feed_totals t on t.feed = f.feed and t.epoch = f.epoch
  where i.symbol = $1
  group by t.feed, t.epoch order by max(f.last_received) desc`;

/** Partitions that an instrument is in, or was in before they were divided. */
const HOMES_OF = `
  select unnest(partitions_of($1, value)) as p from meta
  where name = 'partitions'
  union
  select p from instruments where symbol = $1`;

/**
 * By how much entries of a partition came in after their newest tick. An entry
 * in five minutes is enough, and all would be too many. It is found by its first
 * tick; the newest one in it came in with it. What is a minute late was sent
 * again or replayed, and says nothing of clocks.
 *
 * Of one partition, and of nothing but the archive and what the server brings:
 * so it can run where that partition's entries are (docs/extensions.md).
 */
const SKEWS_OF = `
  select extract(epoch from e.received_at)::float8 * 1e3 - e.to_ts / 1e3 as ms
  from generate_series($2::int8,
    least($3::int8, (extract(epoch from now()) * 1000000)::int8) - 1,
    300000000::int8) m
  cross join lateral (
    select * from (
      select received_at, to_ts, symbols from tick_archive a
      where a.p = $4::int and not a.wide and a.from_ts >= m
        and a.from_ts < m + 300000000
        and a.day >= $5::date and a.day <= $6::date
      order by a.from_ts limit 200
    ) a
    where $1 = any(a.symbols) and abs(
      extract(epoch from a.received_at) * 1000000 - a.to_ts) < 60000000
    limit 1
  ) e`;

/** Whether the books balance. */
export class PgAuditStore implements AuditStore {
  constructor(
    private readonly db: Db,
    private readonly months: CandleMonths,
  ) {}

  async audit(
    { full = false }: { readonly full?: boolean } = {},
  ): Promise<Audit> {
    const off = full ? await this.#offBooks() : null;
    // One transaction, so that no commit comes between the two sides.
    const results = await this.db.batch([
      { sql: "set transaction isolation level repeatable read" },
      { sql: PARTITIONS },
      { sql: FEEDS },
      { sql: REASONS },
    ]);
    assert(results !== null, "nothing was asked that could be refused");
    const [, partitionRows, feedRows, reasonRows] = results;

    const reasons = new Map<string, Record<string, number>>();
    for (const row of reasonRows) {
      const key = `${row.feed}#${row.epoch}`;
      const counts = reasons.get(key) ?? {};
      counts[row.reason as string] = row.count as number;
      reasons.set(key, counts);
    }
    const partitions = partitionRows.map((row) => {
      const p = row.p as number;
      return {
        p,
        position: row.position as string,
        applied: row.applied as number,
        in_candles: row.in_candles as number + (off?.candles.get(p) ?? 0),
        rejected: row.rejected as number,
        in_quarantine: row.in_quarantine as number +
          (off?.quarantine.get(p) ?? 0),
      };
    });
    const feeds = feedRows.map((row) => {
      const counts = {
        received: row.received as number,
        accepted: row.accepted as number,
        duplicates: row.duplicates as number,
        rejected: row.rejected as number,
      };
      const byReason = reasons.get(`${row.feed}#${row.epoch}`) ?? {};
      return {
        feed: row.feed as string,
        epoch: row.epoch as number,
        delivery: row.delivery as Delivery,
        connected: row.connected as boolean,
        last_seq: row.last_seq as number,
        acked: row.acked as number | null,
        ...counts,
        rejected_by_reason: byReason,
        balanced: offBy(counts, byReason) === 0,
      };
    });

    let unaccounted = 0;
    for (const side of partitions) {
      unaccounted += Math.abs(side.applied - side.in_candles) +
        Math.abs(side.rejected - side.in_quarantine);
    }
    for (const feed of feeds) {
      unaccounted += offBy(feed, feed.rejected_by_reason);
    }
    return {
      ticks_unaccounted: unaccounted,
      balanced: unaccounted === 0,
      partitions,
      feeds,
    };
  }

  async booksOf(
    symbol: string,
    { from, to }: { readonly from: EpochMicros; readonly to: EpochMicros },
  ): Promise<InstrumentBooks> {
    const results = await this.db.batch([
      {
        sql: REJECTED_OF,
        params: [
          symbol,
          timestampText(from),
          timestampText(to),
          Math.floor(from / MICROS_PER_DAY),
          Math.floor(to / MICROS_PER_DAY),
        ],
      },
      { sql: FEEDS_OF, params: [symbol] },
      { sql: HOMES_OF, params: [symbol] },
    ]);
    assert(results !== null, "nothing was asked that could be refused");
    const [reasons, feeds, homes] = results;
    const days = [dayText(from), dayText(to)];
    const skews = await this.db.batch(homes.map(({ p }) => ({
      sql: SKEWS_OF,
      params: [symbol, from, to, p as number, ...days],
    })));
    assert(skews !== null, "nothing was asked that could be refused");
    const late = skews.flat().map(({ ms }) => ms as number).sort((a, b) =>
      a - b
    );
    return {
      rejected: Object.fromEntries(reasons.map((row) => [
        row.reason as string,
        {
          lines: row.lines as number,
          readmitted: row.readmitted as number,
        },
      ])),
      feeds: feeds.map((row) => ({
        key: { feed: row.feed as string, epoch: row.epoch as number },
        delivery: row.delivery as Delivery,
        connected: row.connected as boolean,
        received: row.received as number,
        accepted: row.accepted as number,
        duplicates: row.duplicates as number,
        rejected: row.rejected as number,
      })),
      clockSkew: late.length === 0 ? null : {
        samples: late.length,
        p50Ms: quantile(late, 0.5),
        p99Ms: quantile(late, 0.99),
      },
    };
  }

  /** What the rows have more than the books, by partition; a day at a time. */
  async #offBooks() {
    const candles = new Map<number, number>();
    const quarantine = new Map<number, number>();
    const add = (to: Map<number, number>, rows: readonly Row[]) => {
      for (const row of rows) {
        const p = row.p as number;
        to.set(p, (to.get(p) ?? 0) + (row.off as number));
      }
    };
    for (const month of await this.months.starts()) {
      for (let day = month; monthOf(day) === monthOf(month);) {
        add(candles, await this.db.query(DAY, [timestampText(day)]));
        day = epochMicros(day + MICROS_PER_DAY);
      }
    }
    add(quarantine, await this.db.query(QUARANTINE));
    return { candles, quarantine };
  }

  async ping(): Promise<void> {
    await this.db.query("select 1 as one");
  }
}

/** Lines of a feed that are not in its sums. */
function offBy(
  { received, accepted, duplicates, rejected }: {
    readonly received: number;
    readonly accepted: number;
    readonly duplicates: number;
    readonly rejected: number;
  },
  byReason: Readonly<Record<string, number>>,
): number {
  const reasons = Object.values(byReason).reduce((sum, n) => sum + n, 0);
  return Math.abs(received - accepted - duplicates - rejected) +
    Math.abs(rejected - reasons);
}

/** As PostgreSQL's `percentile_cont`, of sorted values. */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)];
  return below + (sorted[Math.ceil(at)] - below) * (at % 1);
}

/** The day in UTC, as `2026-11-24`. */
function dayText(t: EpochMicros): string {
  return timestampText(t).slice(0, 10);
}

function monthOf(t: EpochMicros): number {
  return new Date(t / 1_000).getUTCMonth();
}
