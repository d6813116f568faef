import { atScales, type CandleFold, mergeFolds } from "../domain/candle.ts";
import { rescale } from "../domain/decimal.ts";
import type { EntrySymbol } from "../domain/entry.ts";
import type { TickColumns } from "../domain/tick.ts";
import { type EpochMicros, MICROS_PER_MINUTE } from "../domain/time.ts";

/** What the fold of an entry depends on, beside its ticks. */
export interface FoldContext {
  readonly symbols: readonly EntrySymbol[];
  /** Number of the feed in the order of ticks: `feedOrder` of its key. */
  readonly feed: number;
  /**
   * Highest event time so far, of each of `symbols`; -Infinity before the
   * first tick. Raised by the fold.
   */
  readonly maxEvent: Float64Array;
  /** A candle that ended longer than this before `maxEvent` is too late. */
  readonly tooLateMicros: number;
  /** Ticks up to this number were applied before; -Infinity for none. */
  readonly appliedSeq: number;
  /** Numbers that are accepted nonetheless. */
  readonly readmitted: ReadonlySet<number>;
}

/** A tick of an entry that makes no candle. */
export interface RefusedTick {
  readonly index: number;
  readonly reason: "too_late" | "volume_too_large";
}

export interface EntryFold {
  /** One a symbol and minute. */
  readonly folds: readonly CandleFold[];
  readonly refused: readonly RefusedTick[];
  /** Ticks that were applied before. */
  readonly duplicates: number;
  /** First of the entry's ticks that is in `folds`; -1 if none is. */
  readonly first: number;
}

/**
 * Folds the ticks of one entry into one-minute candles.
 *
 * The loop is flat and allocates only where a candle begins or a product of
 * price and size is too large for a double. Assumed: `ticks.symbol` points
 * into `symbols`, and prices and sizes were checked before the append.
 */
export function foldEntry(
  ticks: TickColumns,
  context: FoldContext,
): EntryFold {
  const { symbols, feed, maxEvent, tooLateMicros, appliedSeq, readmitted } =
    context;
  const { length, symbol, ts, price, size, seq } = ticks;
  const folds: CandleFold[] = [];
  /** Notional that is not yet in `folds[i].notional`. */
  const parts: number[] = [];
  const places = new Map<number, number>();
  const minutes = new Float64Array(symbols.length).fill(NaN);
  const current = new Int32Array(symbols.length);
  const refused: RefusedTick[] = [];
  let duplicates = 0;
  let first = -1;

  for (let i = 0; i < length; i++) {
    const s = symbol[i];
    const t = ts[i];
    const n = seq[i];
    if (n <= appliedSeq && !readmitted.has(n)) {
      duplicates++;
      continue;
    }
    const minute = t - mod(t, MICROS_PER_MINUTE);
    if (minute + MICROS_PER_MINUTE < maxEvent[s] - tooLateMicros) {
      refused.push({ index: i, reason: "too_late" });
      continue;
    }
    if (t > maxEvent[s]) maxEvent[s] = t;
    const p = price[i];
    const v = size[i];
    let f = current[s];
    if (minutes[s] !== minute) {
      // Minutes of 65,536 symbols until 2255 stay below 2^53.
      const place = minute / MICROS_PER_MINUTE * 65_536 + s;
      const known = places.get(place);
      if (known === undefined) {
        f = folds.length;
        places.set(place, f);
        folds.push(emptyFold(symbols[s], minute as EpochMicros));
        parts.push(0);
      } else {
        f = known;
      }
      minutes[s] = minute;
      current[s] = f;
    }
    const fold = folds[f];
    const volume = fold.volume + v;
    if (volume > Number.MAX_SAFE_INTEGER) {
      refused.push({ index: i, reason: "volume_too_large" });
      continue;
    }
    if (first < 0) first = i;
    fold.volume = volume;
    fold.n++;
    if (p > fold.high) fold.high = p;
    if (p < fold.low) fold.low = p;
    if (
      t < fold.firstTs ||
      (t === fold.firstTs &&
        (n < fold.firstSeq || (n === fold.firstSeq && p < fold.open)))
    ) {
      fold.firstTs = t;
      fold.firstSeq = n;
      fold.open = p;
    }
    if (
      t > fold.lastTs ||
      (t === fold.lastTs &&
        (n > fold.lastSeq || (n === fold.lastSeq && p > fold.close)))
    ) {
      fold.lastTs = t;
      fold.lastSeq = n;
      fold.close = p;
    }
    const notional = p * v;
    if (notional > Number.MAX_SAFE_INTEGER) {
      fold.notional += BigInt(p) * BigInt(v);
    } else if (parts[f] + notional > Number.MAX_SAFE_INTEGER) {
      fold.notional += BigInt(parts[f]);
      parts[f] = notional;
    } else {
      parts[f] += notional;
    }
  }

  const kept: CandleFold[] = [];
  for (let f = 0; f < folds.length; f++) {
    const fold = folds[f];
    if (fold.n === 0) continue;
    fold.notional += BigInt(parts[f]);
    fold.firstFeed = feed;
    fold.lastFeed = feed;
    kept.push(fold);
  }
  return { folds: kept, refused, duplicates, first };
}

/** A fold of no tick yet, which every first tick beats. */
function emptyFold(symbol: EntrySymbol, t: EpochMicros): CandleFold {
  return {
    symbol: symbol.symbol,
    t,
    priceScale: symbol.priceScale,
    sizeScale: symbol.sizeScale,
    open: 0,
    high: -Infinity,
    low: Infinity,
    close: 0,
    firstTs: Infinity,
    firstFeed: 0,
    firstSeq: Infinity,
    lastTs: -Infinity,
    lastFeed: 0,
    lastSeq: -Infinity,
    volume: 0,
    notional: 0n,
    n: 0,
  };
}

/** The rest that is never negative, for times before 1970 too. */
function mod(t: number, length: number): number {
  const rest = t % length;
  return rest < 0 ? rest + length : rest;
}

/**
 * Both folds as one, or `null` if the sum is past what a double holds exactly
 * and they must go to the warehouse one after the other.
 */
export function tryMerge(a: CandleFold, b: CandleFold): CandleFold | null {
  const priceScale = Math.max(a.priceScale, b.priceScale);
  const sizeScale = Math.max(a.sizeScale, b.sizeScale);
  if (!fits(a, priceScale, sizeScale) || !fits(b, priceScale, sizeScale)) {
    return null;
  }
  const volume = atScales(a, priceScale, sizeScale).volume +
    atScales(b, priceScale, sizeScale).volume;
  return Number.isSafeInteger(volume) ? mergeFolds(a, b) : null;
}

function fits(
  fold: CandleFold,
  priceScale: number,
  sizeScale: number,
): boolean {
  return rescale(fold.high, fold.priceScale, priceScale) !== null &&
    rescale(fold.volume, fold.sizeScale, sizeScale) !== null;
}
