import type { CandleFold } from "../domain/candle.ts";
import type { EntrySymbol } from "../domain/entry.ts";
import type { EpochMicros } from "../domain/time.ts";

const FIRST_CAPACITY = 256;

/** As many places in each column. */
interface FoldColumns {
  /** Number of the symbol in the entry. */
  readonly symbol: Int32Array;
  readonly t: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly firstTs: Float64Array;
  readonly firstSeq: Float64Array;
  readonly lastTs: Float64Array;
  readonly lastSeq: Float64Array;
  readonly volume: Float64Array;
  /** Whole, up to 2^53; what is past it is apart. */
  readonly notional: Float64Array;
  readonly n: Float64Array;
}

/**
 * The folds of one entry, one a symbol and minute: a column for each value, so
 * that an entry with a handful of ticks of each of thousands of instruments
 * makes no object for any of them. Used again for the next entry.
 */
export class EntryFolds {
  length = 0;
  columns = foldColumns(0);
  #symbols: readonly EntrySymbol[] = [];
  #feed = 0;
  /** What is past 2^53, of the few folds that have so much. */
  readonly #notional = new Map<number, bigint>();

  /**
   * Forgets the folds of the entry before.
   *
   * @param feed Number of the feed in the order of ticks.
   */
  begin(symbols: readonly EntrySymbol[], feed: number): void {
    this.length = 0;
    this.#notional.clear();
    this.#symbols = symbols;
    this.#feed = feed;
  }

  /**
   * A fold of no tick yet, which every first tick beats.
   *
   * There may be other `columns` afterwards.
   */
  add(symbol: number, t: number): number {
    if (this.length === this.columns.t.length) this.#grow();
    const f = this.length++;
    const c = this.columns;
    c.symbol[f] = symbol;
    c.t[f] = t;
    c.open[f] = 0;
    c.high[f] = -Infinity;
    c.low[f] = Infinity;
    c.close[f] = 0;
    c.firstTs[f] = Infinity;
    c.firstSeq[f] = Infinity;
    c.lastTs[f] = -Infinity;
    c.lastSeq[f] = -Infinity;
    c.volume[f] = 0;
    c.notional[f] = 0;
    c.n[f] = 0;
    return f;
  }

  addNotional(f: number, more: bigint): void {
    this.#notional.set(f, this.moreNotional(f) + more);
  }

  /** What the notional of one is beyond its column. */
  moreNotional(f: number): bigint {
    return this.#notional.get(f) ?? 0n;
  }

  /** One of them as an object of its own. */
  at(f: number): CandleFold {
    const c = this.columns;
    const { symbol, priceScale, sizeScale } = this.#symbols[c.symbol[f]];
    return {
      symbol,
      t: c.t[f] as EpochMicros,
      priceScale,
      sizeScale,
      open: c.open[f],
      high: c.high[f],
      low: c.low[f],
      close: c.close[f],
      firstTs: c.firstTs[f],
      firstFeed: this.#feed,
      firstSeq: c.firstSeq[f],
      lastTs: c.lastTs[f],
      lastFeed: this.#feed,
      lastSeq: c.lastSeq[f],
      volume: c.volume[f],
      notional: BigInt(c.notional[f]) + this.moreNotional(f),
      n: c.n[f],
    };
  }

  /** All of them. */
  all(): readonly CandleFold[] {
    return Array.from({ length: this.length }, (_, f) => this.at(f));
  }

  /**
   * Merges one of them into a fold of its bucket as `mergeFolds` does, but for
   * the notional, which is left to whoever asks.
   *
   * @returns False, with nothing changed, unless both have the same decimals and
   * the sum is exact.
   */
  tryMergeInto(fold: CandleFold, f: number): boolean {
    const c = this.columns;
    const { priceScale, sizeScale } = this.#symbols[c.symbol[f]];
    if (fold.priceScale !== priceScale || fold.sizeScale !== sizeScale) {
      return false;
    }
    const volume = fold.volume + c.volume[f];
    if (volume > Number.MAX_SAFE_INTEGER) return false;
    fold.volume = volume;
    fold.n += c.n[f];
    fold.high = Math.max(fold.high, c.high[f]);
    fold.low = Math.min(fold.low, c.low[f]);
    if (this.#startsBefore(fold, f)) {
      fold.firstTs = c.firstTs[f];
      fold.firstFeed = this.#feed;
      fold.firstSeq = c.firstSeq[f];
      fold.open = c.open[f];
    }
    if (this.#endsAfter(fold, f)) {
      fold.lastTs = c.lastTs[f];
      fold.lastFeed = this.#feed;
      fold.lastSeq = c.lastSeq[f];
      fold.close = c.close[f];
    }
    return true;
  }

  #startsBefore(fold: CandleFold, f: number): boolean {
    const { firstTs, firstSeq, open } = this.columns;
    if (firstTs[f] !== fold.firstTs) return firstTs[f] < fold.firstTs;
    if (this.#feed !== fold.firstFeed) return this.#feed < fold.firstFeed;
    if (firstSeq[f] !== fold.firstSeq) return firstSeq[f] < fold.firstSeq;
    return open[f] < fold.open;
  }

  #endsAfter(fold: CandleFold, f: number): boolean {
    const { lastTs, lastSeq, close } = this.columns;
    if (lastTs[f] !== fold.lastTs) return lastTs[f] > fold.lastTs;
    if (this.#feed !== fold.lastFeed) return this.#feed > fold.lastFeed;
    if (lastSeq[f] !== fold.lastSeq) return lastSeq[f] > fold.lastSeq;
    return close[f] > fold.close;
  }

  #grow(): void {
    const { columns } = this;
    const wide = foldColumns(Math.max(FIRST_CAPACITY, 2 * columns.t.length));
    for (const key of Object.keys(columns) as (keyof FoldColumns)[]) {
      wide[key].set(columns[key]);
    }
    this.columns = wide;
  }
}

function foldColumns(capacity: number): FoldColumns {
  const column = () => new Float64Array(capacity);
  return {
    symbol: new Int32Array(capacity),
    t: column(),
    open: column(),
    high: column(),
    low: column(),
    close: column(),
    firstTs: column(),
    firstSeq: column(),
    lastTs: column(),
    lastSeq: column(),
    volume: column(),
    notional: column(),
    n: column(),
  };
}
