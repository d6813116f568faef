import { assert } from "./assert.ts";
import { formatScaled, rescale } from "./decimal.ts";
import type { Interval, StoredInterval } from "./interval.ts";
import type { EpochMicros } from "./time.ts";

/** What ended a candle. */
export const CLOSED_BY = [
  "watermark",
  "idle",
  "session_end",
  "replay",
  "import",
] as const;
export type ClosedBy = typeof CLOSED_BY[number];

/**
 * The fold of some ticks of one instrument and bucket, exact and mergeable.
 *
 * Prices are counts of 10^-priceScale, sizes of 10^-sizeScale, `notional` the
 * sum of price x size in 10^-(priceScale + sizeScale). First and last stand
 * for the total order of ticks: (ts, feed, seq).
 */
export interface CandleFold {
  readonly symbol: string;
  readonly t: EpochMicros;
  priceScale: number;
  sizeScale: number;
  open: number;
  high: number;
  low: number;
  close: number;
  firstTs: number;
  firstFeed: number;
  firstSeq: number;
  lastTs: number;
  lastFeed: number;
  lastSeq: number;
  volume: number;
  notional: bigint;
  n: number;
}

/**
 * Both folds as one: what all their ticks give, in whatever order they came.
 *
 * Associative and commutative, and so are `merge` in SQL and this one: a
 * property test holds them equal. Two ticks of one (ts, feed, seq) are told
 * apart by price, lower first, so that even they cannot make order matter.
 *
 * @throws {AssertionError} If they are of different buckets, or a sum grows
 * past what a double holds exactly.
 */
export function mergeFolds(a: CandleFold, b: CandleFold): CandleFold {
  assert(a.symbol === b.symbol && a.t === b.t, "folds are of one bucket");
  const priceScale = Math.max(a.priceScale, b.priceScale);
  const sizeScale = Math.max(a.sizeScale, b.sizeScale);
  const x = atScales(a, priceScale, sizeScale);
  const y = atScales(b, priceScale, sizeScale);
  const first = startsBefore(x, y) ? x : y;
  const last = endsBefore(x, y) ? y : x;
  const volume = x.volume + y.volume;
  assert(Number.isSafeInteger(volume), "volume of a candle is within 2^53");
  return {
    symbol: a.symbol,
    t: a.t,
    priceScale,
    sizeScale,
    open: first.open,
    high: Math.max(x.high, y.high),
    low: Math.min(x.low, y.low),
    close: last.close,
    firstTs: first.firstTs,
    firstFeed: first.firstFeed,
    firstSeq: first.firstSeq,
    lastTs: last.lastTs,
    lastFeed: last.lastFeed,
    lastSeq: last.lastSeq,
    volume,
    notional: x.notional + y.notional,
    n: x.n + y.n,
  };
}

function startsBefore(a: CandleFold, b: CandleFold): boolean {
  return compare(
    [a.firstTs, a.firstFeed, a.firstSeq, a.open],
    [b.firstTs, b.firstFeed, b.firstSeq, b.open],
  ) <= 0;
}

function endsBefore(a: CandleFold, b: CandleFold): boolean {
  return compare(
    [a.lastTs, a.lastFeed, a.lastSeq, a.close],
    [b.lastTs, b.lastFeed, b.lastSeq, b.close],
  ) < 0;
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}

/**
 * The same fold with more decimals; scales only widen.
 *
 * @throws {AssertionError} If a value grows past what a double holds exactly.
 */
export function atScales(
  fold: CandleFold,
  priceScale: number,
  sizeScale: number,
): CandleFold {
  if (fold.priceScale === priceScale && fold.sizeScale === sizeScale) {
    return fold;
  }
  const price = (units: number) => widen(units, fold.priceScale, priceScale);
  const more = BigInt(
    priceScale - fold.priceScale + sizeScale - fold.sizeScale,
  );
  return {
    ...fold,
    priceScale,
    sizeScale,
    open: price(fold.open),
    high: price(fold.high),
    low: price(fold.low),
    close: price(fold.close),
    volume: widen(fold.volume, fold.sizeScale, sizeScale),
    notional: fold.notional * 10n ** more,
  };
}

function widen(units: number, from: number, to: number): number {
  const wide = rescale(units, from, to);
  assert(wide !== null, `${units} fits in a double at scale ${to}`);
  return wide;
}

/** Volume-weighted price as decimal text, or `null` without volume. */
export function vwapText(fold: CandleFold): string | null {
  if (fold.volume === 0) return null;
  const extra = 4;
  const scaled = fold.notional * 10n ** BigInt(extra);
  const volume = BigInt(fold.volume);
  const rounded = (2n * scaled + volume) / (2n * volume);
  return formatScaled(rounded, fold.priceScale + extra);
}

/** A stored candle, as the warehouse holds it: exact, in decimal text. */
export interface StoredCandle {
  readonly symbol: string;
  readonly interval: Interval;
  readonly t: EpochMicros;
  /** First microsecond after the bucket, as its calendar cuts it. */
  readonly end: EpochMicros;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
  /** Volume-weighted price, or `null` without volume. */
  readonly vw: string | null;
  readonly n: number;
  readonly closed: boolean;
  readonly closedBy: ClosedBy | null;
  /** 0 when first closed, one more for each change after. */
  readonly rev: number;
  /** Closed, and the feed was there from its first to its last moment. */
  readonly complete: boolean;
  readonly coverageMs: number;
  /** Made from ticks, or imported as a candle. */
  readonly origin: "ticks" | "import";
  /** Event time of the last tick, if made from ticks. */
  readonly lastTs: EpochMicros | null;
}

/** A key of a stored candle. */
export interface CandleKey {
  readonly symbol: string;
  readonly interval: StoredInterval;
  readonly t: EpochMicros;
}

/** A candle as clients see it: JSON of `/api/candles` and of the stream. */
export interface CandleView {
  /** Open time, Unix ms. */
  readonly t: number;
  readonly o: number;
  readonly h: number;
  readonly l: number;
  readonly c: number;
  readonly v: number;
  readonly n: number;
  readonly vw: number | null;
  readonly closed: boolean;
  readonly rev: number;
  readonly complete: boolean;
  readonly coverage_ms: number;
  readonly closed_by: ClosedBy | null;
  readonly synthetic?: true;
}

export function candleView(candle: StoredCandle): CandleView {
  return {
    t: candle.t / 1_000,
    o: Number(candle.open),
    h: Number(candle.high),
    l: Number(candle.low),
    c: Number(candle.close),
    v: Number(candle.volume),
    n: candle.n,
    vw: candle.vw === null ? null : Number(candle.vw),
    closed: candle.closed,
    rev: candle.rev,
    complete: candle.complete,
    coverage_ms: candle.coverageMs,
    closed_by: candle.closedBy,
  };
}
