import { assert } from "../pipeline/domain/assert.ts";
import type { StoredCandle } from "../pipeline/domain/candle.ts";
import {
  DERIVED_INTERVALS,
  type DerivedInterval,
  isStoredInterval,
  ROLLUPS,
  type StoredInterval,
} from "../pipeline/domain/interval.ts";
import { nominalMicros } from "../pipeline/domain/interval_length.ts";
import type { EpochMicros } from "../pipeline/domain/time.ts";
import type { PartitionLayout } from "../pipeline/domain/partition_layout.ts";
import type {
  CandleBasis,
  CandleQuery,
  CandleRevision,
  CandleStore,
  Clock,
  DirtyRollup,
  FeedGap,
  GapRow,
  RevisionQuery,
} from "../pipeline/ports.ts";
import { markDirty } from "./rollup_marks.ts";
import { type Buckets, lengthMs } from "./buckets.ts";
import type { CandleMonths } from "./candle_months.ts";
import {
  CANDLE_COLUMNS,
  CANDLE_LINES,
  candleOf,
  type CandleRow,
  rowsOfLines,
} from "./candle_rows.ts";
import type { Db, Param, Row } from "./db.ts";
import { IMPORT_CANDLES } from "./import_sql.ts";
import type { PgInstrumentStore } from "./instrument_store.ts";
import { mergeParts } from "./merge_parts.ts";
import {
  booleanArray,
  micros,
  microsOrNull,
  numberArray,
  textArray,
  timestampText,
} from "./sql_values.ts";
import { type FeedSpan, uncovered } from "./uncovered.ts";

/** Months that hold most of what a page asks for: tried before all others. */
const NEAR_MONTHS = 2;
/** Candles of one statement of an import. */
const IMPORT_BATCH = 2_000;
/** How long after its end a bucket without a closing tick counts as over. */
const SETTLED_MS = 10_000;

const ALWAYS = -8_640_000_000_000_000 as EpochMicros;

interface Range {
  readonly from: EpochMicros | undefined;
  readonly to: EpochMicros | undefined;
  readonly limit: number;
  readonly asof: EpochMicros | undefined;
}

/** An instrument with its candles, in `CANDLE_LINES`. */
interface LinesRow extends Row {
  readonly symbol: string;
  readonly price_scale: number;
  readonly size_scale: number;
  readonly lines: string | null;
}

interface NewestRow extends LinesRow {
  readonly count: number;
}

interface RevisionRow extends CandleRow {
  readonly known_from: number;
  readonly known_to: number;
}

/** The feeds of a symbol `$1`, as a table of p, feed and epoch. */
const FEEDS_OF = `(
    select f.p, f.feed, f.epoch from instruments i
    join feed_progress f on f.instrument_id = i.id and f.p = i.p
    where i.symbol = $1
  ) feeds`;

/** Candles as they are, as they were, and as history brings them. */
export class PgCandleStore implements CandleStore {
  constructor(
    private readonly db: Db,
    private readonly instruments: PgInstrumentStore,
    private readonly months: CandleMonths,
    private readonly buckets: Buckets,
    private readonly clock: Clock,
    private readonly layout: PartitionLayout,
  ) {}

  async candles(query: CandleQuery): Promise<readonly StoredCandle[]> {
    const instrument = (await this.instruments.find([query.symbol]))
      .get(query.symbol);
    if (!instrument || query.limit <= 0) return [];
    const { interval } = query;
    const range = {
      from: query.from,
      to: query.to,
      limit: query.limit,
      asof: query.asof,
    };
    return isStoredInterval(interval)
      ? (await this.#stored(instrument.id, interval, range)).map(candleOf)
      : await this.#derived(instrument.id, query.symbol, interval, range);
  }

  async bases(
    symbol: string,
    from: EpochMicros,
    to: EpochMicros,
  ): Promise<readonly CandleBasis[]> {
    const rows = await this.db.query(
      `select to_micros(c.t)::float8 as t, c.n::float8 as n, c.closed,
          c.complete, c.coverage_ms::float8 as coverage_ms, c.rev, c.origin
        from candles c
        where c.instrument_id = (select id from instruments where symbol = $1)
          and c.interval = '1m'
          and c.t >= $2::timestamptz and c.t < $3::timestamptz
        order by c.t`,
      [symbol, timestampText(from), timestampText(to)],
    );
    return rows.map((row) => ({
      t: micros(row.t as number),
      n: row.n as number,
      closed: row.closed as boolean,
      complete: row.complete as boolean,
      coverageMs: row.coverage_ms as number,
      rev: row.rev as number,
      origin: row.origin as CandleBasis["origin"],
    }));
  }

  async revisions(
    { symbol, interval, from, to, after, limit }: RevisionQuery,
  ): Promise<readonly CandleRevision[]> {
    const rows = await this.db.query<RevisionRow>(
      `select ${CANDLE_COLUMNS}, to_micros(c.known_from)::float8 as known_from,
          to_micros(c.known_to)::float8 as known_to
        from instruments i cross join lateral (
          select r.*, true as closed from candle_revisions r
          where r.instrument_id = i.id and r.interval = $2
            and r.t >= $3::timestamptz and r.t < $4::timestamptz
            and (r.t, r.rev) > ($5::timestamptz, $6::int)
        ) c
        where i.symbol = $1
        order by c.t, c.rev limit $7::int`,
      [
        symbol,
        interval,
        boundText(from ?? ALWAYS),
        to === undefined ? "infinity" : timestampText(to),
        boundText(after?.t ?? ALWAYS),
        after?.rev ?? -1,
        limit,
      ],
    );
    return rows.map((row) => ({
      candle: candleOf(row),
      knownFrom: micros(row.known_from),
      knownTo: micros(row.known_to),
    }));
  }

  async latest(
    symbols: readonly string[],
    interval: StoredInterval,
    limit: number,
  ): Promise<ReadonlyMap<string, readonly StoredCandle[]>> {
    const newest = await this.#newest(symbols, {
      interval,
      limit,
      lines: CANDLE_LINES,
    });
    return new Map(
      newest.map((of) => [
        of.symbol,
        rowsOfLines(of.lines, { ...of, interval }).map(candleOf).reverse(),
      ]),
    );
  }

  async closes(
    symbols: readonly string[],
    limit: number,
  ): Promise<ReadonlyMap<string, readonly number[]>> {
    const newest = await this.#newest(symbols, {
      interval: "1m",
      limit,
      lines: `string_agg(c.close::text, ' ')`,
    });
    return new Map(
      newest.map(({ symbol, lines }) => [
        symbol,
        lines === null ? [] : lines.split(" ").map(Number).reverse(),
      ]),
    );
  }

  /**
   * The newest candles of each symbol that is known, the newest first.
   *
   * @param lines How they become one text, such as `CANDLE_LINES`.
   */
  async #newest(
    symbols: readonly string[],
    { interval, limit, lines }: {
      readonly interval: StoredInterval;
      readonly limit: number;
      readonly lines: string;
    },
  ): Promise<readonly LinesRow[]> {
    const found = await this.instruments.find(symbols);
    const bySymbol = new Map<string, LinesRow>();
    const starts = await this.months.starts();
    let wanted = [...found.values()];
    // Of most instruments the newest months are enough; the rest is asked for
    // with all months.
    for (const from of [starts.at(-NEAR_MONTHS) ?? ALWAYS, ALWAYS]) {
      if (wanted.length === 0) break;
      const rows = await this.db.query<NewestRow>(
        `select i.symbol, i.price_scale, i.size_scale, c.lines,
            c.count::int as count
          from unnest(($1::text)::int[]) as w(id)
          join instruments i on i.id = w.id
          cross join lateral (
            select ${lines} as lines, count(*) as count
            from (
              select * from candles
              where instrument_id = w.id and interval = $2
                and t >= $3::timestamptz
              order by t desc limit $4::int
            ) c
          ) c`,
        [
          numberArray(wanted.map(({ id }) => id)),
          interval,
          boundText(from),
          limit,
        ],
      );
      const short = new Set<string>();
      for (const row of rows) {
        bySymbol.set(row.symbol, row);
        if (row.count < limit) short.add(row.symbol);
      }
      wanted = wanted.filter(({ symbol }) => short.has(symbol));
      if (starts.length <= NEAR_MONTHS) break;
    }
    return [...bySymbol.values()];
  }

  async importCandles(
    symbol: string,
    candles: readonly StoredCandle[],
  ): Promise<{ readonly imported: number; readonly kept: number }> {
    const instrument = (await this.instruments.find([symbol])).get(symbol);
    assert(instrument !== undefined, `instrument ${symbol} was registered`);
    await this.months.ensure(candles.map(({ t }) => t));
    let imported = 0;
    for (let at = 0; at < candles.length; at += IMPORT_BATCH) {
      const some = candles.slice(at, at + IMPORT_BATCH);
      const dirty = this.#rollupsOf(symbol, some);
      const mark = markDirty(
        this.layout.of(symbol),
        dirty,
        new Map([[symbol, instrument]]),
      );
      const results = await this.db.batch([
        {
          sql: IMPORT_CANDLES,
          params: this.#importParams(instrument.id, some),
        },
        ...mark ? [mark] : [],
      ]);
      assert(results !== null, "nothing was asked that could be refused");
      imported += results[0].length;
    }
    return { imported, kept: candles.length - imported };
  }

  async gaps(symbol: string, from: EpochMicros, to: EpochMicros) {
    const rows = await this.db.query(
      `select distinct to_micros(g.from_t)::float8 as from_t,
          to_micros(g.to_t)::float8 as to_t, g.kind
        from instruments i
        join feed_progress f on f.instrument_id = i.id and f.p = i.p
        join feed_gaps g on g.p = f.p and g.feed = f.feed and g.epoch = f.epoch
        where i.symbol = $1 and g.from_t < $3::timestamptz
          and g.to_t > $2::timestamptz`,
      [symbol, timestampText(from), timestampText(to)],
    );
    const known = rows.map((row) => ({
      from: micros(row.from_t),
      to: micros(row.to_t),
      kind: row.kind as GapRow["kind"],
    }));
    const holes = uncovered(await this.#spans(symbol))
      .map((hole) => ({ ...hole, to: hole.to ?? to, kind: "outage" as const }))
      .filter((hole) => hole.from < to && hole.to > from);
    return [...known, ...holes].sort((a, b) => a.from - b.from || a.to - b.to);
  }

  async feedGaps(
    symbol: string,
    { from, to, limit }: {
      readonly from?: EpochMicros;
      readonly to?: EpochMicros;
      readonly limit: number;
    },
  ): Promise<readonly FeedGap[]> {
    const rows = await this.db.query(
      `select feed, epoch::float8 as epoch, kind,
          to_micros(from_t)::float8 as from_t, to_micros(to_t)::float8 as to_t,
          nullif(seq_from, 0)::float8 as seq_from,
          nullif(seq_to, 0)::float8 as seq_to
        from (
          select g.feed, g.epoch, g.kind, g.from_t, g.to_t, g.seq_from, g.seq_to
          from ${FEEDS_OF} join feed_gaps g using (p, feed, epoch)
          union all
          select t.feed, t.epoch, 'outage', t.covered_to, null, 0, 0
          from ${FEEDS_OF} join feed_totals t using (p, feed, epoch)
          where t.covered_to is not null and not t.replay
            and not t.connected and not exists (
              select from feed_totals n
              where n.p = t.p and n.feed = t.feed and n.epoch > t.epoch
            )
        ) gaps
        where from_t < coalesce($3::timestamptz, 'infinity')
          and coalesce(to_t, 'infinity') > coalesce($2::timestamptz, '-infinity')
        order by from_t, feed, epoch, kind, seq_from
        limit $4::int`,
      [
        symbol,
        from === undefined ? null : timestampText(from),
        to === undefined ? null : timestampText(to),
        limit,
      ],
    );
    return rows.map((row) => ({
      key: { feed: row.feed as string, epoch: row.epoch as number },
      kind: row.kind as GapRow["kind"],
      from: micros(row.from_t),
      to: microsOrNull(row.to_t),
      seq: row.seq_from === null
        ? null
        : { from: row.seq_from as number, to: row.seq_to as number },
    }));
  }

  /** When each feed of a symbol came, and went if it is not there now. */
  async #spans(symbol: string): Promise<readonly FeedSpan[]> {
    const rows = await this.db.query(
      `select to_micros(s.from_t)::float8 as from_t,
          to_micros(s.to_t)::float8 as to_t
        from ${FEEDS_OF}
        join feed_totals t using (p, feed, epoch)
        cross join lateral (
          select least(t.covered_from, t.last_event, min(g.from_t)) as from_t,
            case when t.connected and t.covered_to is null then null
              else coalesce(t.covered_to, t.last_event) end as to_t
          from feed_gaps g
          where g.p = t.p and g.feed = t.feed and g.epoch = t.epoch
        ) s
        where s.from_t is not null and (t.connected or s.to_t is not null)`,
      [symbol],
    );
    return rows.map((row) => ({
      from: micros(row.from_t),
      to: microsOrNull(row.to_t),
    }));
  }

  /** Rows of a stored interval, ascending. */
  async #stored(
    id: number,
    interval: StoredInterval,
    range: Range,
  ): Promise<readonly CandleRow[]> {
    const order = range.from === undefined ? "desc" : "asc";
    const near = await this.#near(interval, range);
    if (near !== null) {
      const rows = await this.#select(id, interval, near, order);
      if (rows.length === range.limit) return rows;
    }
    return await this.#select(id, interval, range, order);
  }

  /**
   * The months of a range that have all that is asked for, unless much of it
   * is missing: a plan takes a while for each month that it may look at.
   *
   * @returns `null` if those are no fewer.
   */
  async #near(interval: StoredInterval, range: Range): Promise<Range | null> {
    if (range.limit * nominalMicros(interval) > nominalMicros("1M")) {
      return null;
    }
    const { from, to = Infinity } = range;
    const starts = await this.months.starts();
    if (from === undefined) {
      const past = starts.filter((start) => start < to);
      return past.length > NEAR_MONTHS
        ? { ...range, from: past.at(-NEAR_MONTHS) }
        : null;
    }
    const end = starts.filter((start) => start > from)[NEAR_MONTHS - 1];
    return end !== undefined && end < to ? { ...range, to: end } : null;
  }

  /** Of the first or the last in a range, ascending. */
  async #select(
    id: number,
    interval: StoredInterval,
    { from, to, limit, asof }: Range,
    order: "asc" | "desc",
  ): Promise<readonly CandleRow[]> {
    const params: Param[] = [
      id,
      interval,
      boundText(from ?? ALWAYS),
      to === undefined ? "infinity" : timestampText(to),
      limit,
    ];
    const bounds = `instrument_id = $1::int and interval = $2
      and t >= $3::timestamptz and t < $4::timestamptz`;
    let rows = `select * from candles where ${bounds}
      order by t ${order} limit $5::int`;
    if (asof !== undefined) {
      params.push(timestampText(asof));
      rows = knownAt(bounds, "$6::timestamptz", order, "$5::int");
    }
    const [{ lines, symbol, price_scale, size_scale }] = await this.db.query<
      LinesRow
    >(
      `select i.symbol, i.price_scale, i.size_scale,
          (select ${CANDLE_LINES} from (${rows}) c) as lines
        from instruments i where i.id = $1::int`,
      params,
    );
    return ascending(
      rowsOfLines(lines, { symbol, price_scale, size_scale, interval }),
      order,
    );
  }

  /** Candles merged from a stored interval, as its calendar cuts them. */
  async #derived(
    id: number,
    symbol: string,
    interval: DerivedInterval,
    range: Range,
  ): Promise<readonly StoredCandle[]> {
    const source = DERIVED_INTERVALS[interval];
    const bucketOf = (t: EpochMicros) =>
      this.buckets.bucketOf(symbol, interval, t);
    // A bucket has at most so many parts; one bucket more may be cut.
    const parts = Math.ceil(nominalMicros(interval) / nominalMicros(source));
    const limit = (range.limit + 1) * parts;
    let to = range.to;
    if (to !== undefined) {
      const last = bucketOf((to - 1) as EpochMicros);
      if (last.start < to) to = last.end;
    }
    const rows = await this.#stored(id, source, { ...range, to, limit });
    const groups = new Map<number, CandleRow[]>();
    for (const row of rows) {
      const { start } = bucketOf(micros(row.t));
      const group = groups.get(start);
      if (group) group.push(row);
      else groups.set(start, [row]);
    }
    const complete = rows.length < limit;
    let starts = [...groups.keys()];
    if (range.from !== undefined) {
      starts = starts.filter((start) => start >= range.from!);
      if (!complete) starts.pop();
      starts = starts.slice(0, range.limit);
    } else {
      if (!complete) starts.shift();
      starts = starts.slice(-range.limit);
    }
    const newest = rows.at(-1)?.t ?? 0;
    const settled = (range.asof ?? this.clock.now()) - SETTLED_MS * 1_000;
    return starts.map((start) => {
      const bucket = bucketOf(micros(start));
      return mergeParts(groups.get(start)!, {
        interval,
        bucket,
        over: newest >= bucket.end || settled >= bucket.end,
        tradingMs: this.buckets.tradingMs(symbol, bucket),
      });
    });
  }

  #rollupsOf(
    symbol: string,
    candles: readonly StoredCandle[],
  ): readonly DirtyRollup[] {
    const marks = new Map<string, DirtyRollup>();
    for (const candle of candles) {
      for (const interval of rollupsFrom(candle.interval as StoredInterval)) {
        const { start, end } = this.buckets.bucketOf(
          symbol,
          interval,
          candle.t,
        );
        const over = end <= this.clock.now();
        marks.set(`${interval} ${start}`, {
          symbol,
          interval,
          t: start,
          end,
          closedBy: over ? "import" : null,
        });
      }
    }
    return [...marks.values()];
  }

  #importParams(id: number, candles: readonly StoredCandle[]): Param[] {
    const text = (key: "open" | "high" | "low" | "close" | "volume") =>
      textArray(candles.map((candle) => candle[key]));
    const whole = (key: "t" | "end" | "n") =>
      numberArray(candles.map((candle) => candle[key]));
    const times = candles.map(({ t }) => t);
    return [
      id,
      textArray(candles.map(({ interval }) => interval)),
      whole("t"),
      whole("end"),
      text("open"),
      text("high"),
      text("low"),
      text("close"),
      text("volume"),
      textArray(candles.map(({ vw }) => vw)),
      whole("n"),
      booleanArray(candles.map(({ complete }) => complete)),
      numberArray(candles.map((candle) =>
        Math.round(Math.min(
          candle.coverageMs,
          lengthMs({ start: candle.t, end: candle.end }),
        ))
      )),
      timestampText(Math.min(...times) as EpochMicros),
      timestampText(Math.max(...times) as EpochMicros),
      timestampText(this.clock.now()),
    ];
  }
}

/** Stored intervals that are made from this one, directly or not. */
function rollupsFrom(interval: StoredInterval): readonly StoredInterval[] {
  const made = ROLLUPS.filter(({ source }) => source === interval)
    .map((rollup) => rollup.interval);
  return [...made, ...made.flatMap(rollupsFrom)];
}

function boundText(t: EpochMicros): string {
  return t <= ALWAYS ? "-infinity" : timestampText(t);
}

/** Closed candles, each with the revision that was known at a time. */
function knownAt(
  bounds: string,
  asof: string,
  order: string,
  limit: string,
): string {
  const columns = `instrument_id, interval, t, end_t, open, high, low, close,
    volume, notional, n, closed_by, complete, coverage_ms, rev, origin,
    last_ts`;
  return `select ${columns}, true as closed from (
      select ${columns} from candles
      where ${bounds} and closed and known_from <= ${asof}
      union all
      select ${columns} from candle_revisions
      where ${bounds} and known_from <= ${asof} and known_to > ${asof}
    ) known order by t ${order} limit ${limit}`;
}

function ascending<T>(rows: readonly T[], order: "asc" | "desc"): readonly T[] {
  return order === "asc" ? rows : rows.toReversed();
}
