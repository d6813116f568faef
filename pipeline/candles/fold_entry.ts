import { atScales, type CandleFold, mergeFolds } from "../domain/candle.ts";
import { rescale } from "../domain/decimal.ts";
import type { EntrySymbol } from "../domain/entry.ts";
import type { TickColumns } from "../domain/tick.ts";
import { MICROS_PER_MINUTE } from "../domain/time.ts";
import { EntryFolds } from "./entry_folds.ts";

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
  /** One a symbol and minute, until they are used again. */
  readonly folds: EntryFolds;
  readonly refused: readonly RefusedTick[];
  /** Ticks that were applied before. */
  readonly duplicates: number;
  /** First of the entry's ticks that is in `folds`; -1 if none is. */
  readonly first: number;
}

/**
 * Folds the ticks of one entry into one-minute candles.
 *
 * The loop is flat and allocates only where a product of price and size is too
 * large for a double. Assumed: `ticks.symbol` points into `symbols`, and prices
 * and sizes were checked before the append.
 *
 * @param folds Where the candles go; what is in it is forgotten.
 */
export function foldEntry(
  ticks: TickColumns,
  context: FoldContext,
  folds = new EntryFolds(),
): EntryFold {
  const { symbols, feed, maxEvent, tooLateMicros, appliedSeq, readmitted } =
    context;
  const { length, symbol, ts, price, size, seq } = ticks;
  folds.begin(symbols, feed);
  let c = folds.columns;
  /** Where the symbol's last tick went. */
  const current = new Int32Array(symbols.length).fill(-1);
  /** Of symbols that have ticks of several minutes. */
  const places = new Map<number, number>();
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
    const before = current[s];
    let f = before;
    if (f >= 0 && c.t[f] !== minute) f = places.get(placeOf(s, minute)) ?? -1;
    const volume = f < 0 ? v : c.volume[f] + v;
    if (volume > Number.MAX_SAFE_INTEGER) {
      refused.push({ index: i, reason: "volume_too_large" });
      continue;
    }
    if (f < 0) {
      f = folds.add(s, minute);
      c = folds.columns;
      if (before >= 0) {
        places.set(placeOf(s, c.t[before]), before);
        places.set(placeOf(s, minute), f);
      }
    }
    current[s] = f;
    if (first < 0) first = i;
    c.volume[f] = volume;
    c.n[f]++;
    if (p > c.high[f]) c.high[f] = p;
    if (p < c.low[f]) c.low[f] = p;
    if (
      t < c.firstTs[f] ||
      (t === c.firstTs[f] &&
        (n < c.firstSeq[f] || (n === c.firstSeq[f] && p < c.open[f])))
    ) {
      c.firstTs[f] = t;
      c.firstSeq[f] = n;
      c.open[f] = p;
    }
    if (
      t > c.lastTs[f] ||
      (t === c.lastTs[f] &&
        (n > c.lastSeq[f] || (n === c.lastSeq[f] && p > c.close[f])))
    ) {
      c.lastTs[f] = t;
      c.lastSeq[f] = n;
      c.close[f] = p;
    }
    const notional = p * v;
    if (notional > Number.MAX_SAFE_INTEGER) {
      folds.addNotional(f, BigInt(p) * BigInt(v));
    } else if (c.notional[f] + notional > Number.MAX_SAFE_INTEGER) {
      folds.addNotional(f, BigInt(c.notional[f]));
      c.notional[f] = notional;
    } else {
      c.notional[f] += notional;
    }
  }
  return { folds, refused, duplicates, first };
}

/** Minutes of 65,536 symbols until 2255 stay below 2^53. */
function placeOf(symbol: number, minute: number): number {
  return minute / MICROS_PER_MINUTE * 65_536 + symbol;
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
