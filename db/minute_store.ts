import type { ClosedBy } from "../pipeline/domain/candle.ts";
import type { EpochMicros } from "../pipeline/domain/time.ts";
import {
  BEFORE_FIRST,
  type EntryId,
  type MinuteSnapshot,
  type MinuteStore,
} from "../pipeline/ports.ts";
import type { Db, Row } from "./db.ts";
import { micros, timestampText } from "./sql_values.ts";

/** One-minute candles beside the position of the same moment. */
export class PgMinuteStore implements MinuteStore {
  constructor(private readonly db: Db) {}

  async minutes(
    { symbol, from, to, limit, countFrom }: Parameters<
      MinuteStore["minutes"]
    >[0],
  ): Promise<MinuteSnapshot | null> {
    const order = countFrom === "start" ? "asc" : "desc";
    // One statement is one snapshot: candles and position of one commit.
    const rows = await this.db.query(
      `select i.price_scale, i.size_scale, o.position, o.incarnation,
          to_micros(c.t)::float8 as t,
          round(c.open, i.price_scale)::text as open,
          round(c.high, i.price_scale)::text as high,
          round(c.low, i.price_scale)::text as low,
          round(c.close, i.price_scale)::text as close,
          round(c.volume, i.size_scale)::text as volume,
          round(c.notional, i.price_scale + i.size_scale)::text as notional,
          c.n::float8 as n, c.first_ts::float8 as first_ts,
          c.first_feed::float8 as first_feed,
          c.first_seq::float8 as first_seq, c.last_ts::float8 as last_ts,
          c.last_feed::float8 as last_feed, c.last_seq::float8 as last_seq,
          c.closed, c.closed_by, c.rev, c.coverage_ms::float8 as coverage_ms,
          c.origin
        from instruments i left join offsets o on o.p = i.p
        left join lateral (
          select * from candles
          where instrument_id = i.id and interval = '1m'
            and t >= $2::timestamptz and t < $3::timestamptz
          order by t ${order} limit $4::int
        ) c on true
        where i.symbol = $1
        order by c.t`,
      [symbol, timestampText(from), timestampText(to), limit],
    );
    const [first] = rows;
    if (first === undefined) return null;
    return {
      position: (first.position ?? BEFORE_FIRST) as EntryId,
      incarnation: first.incarnation as string | null,
      priceScale: first.price_scale as number,
      sizeScale: first.size_scale as number,
      minutes: rows.filter(({ t }) => t !== null).map(minuteOf),
    };
  }
}

function minuteOf(row: Row): MinuteSnapshot["minutes"][number] {
  return {
    t: micros(row.t) as EpochMicros,
    open: row.open as string,
    high: row.high as string,
    low: row.low as string,
    close: row.close as string,
    volume: row.volume as string,
    notional: row.notional as string | null,
    n: row.n as number,
    firstTs: row.first_ts as number | null,
    firstFeed: row.first_feed as number | null,
    firstSeq: row.first_seq as number | null,
    lastTs: row.last_ts as number | null,
    lastFeed: row.last_feed as number | null,
    lastSeq: row.last_seq as number | null,
    closed: row.closed as boolean,
    closedBy: row.closed_by as ClosedBy | null,
    rev: row.rev as number,
    coverageMs: row.coverage_ms as number,
    origin: row.origin as "ticks" | "import",
  };
}
