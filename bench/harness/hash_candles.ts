import { fnv1a } from "../../pipeline/domain/hash.ts";

/** A one-minute candle as a benchmark compares it. */
export interface HashedCandle {
  readonly symbol: string;
  /** Start, in Unix milliseconds. */
  readonly t: number;
  readonly o: number;
  readonly h: number;
  readonly l: number;
  readonly c: number;
  readonly v: number;
  readonly n: number;
}

/**
 * Eight digits that tell candles of different ticks apart, whenever they were
 * made: times count from `startMs`, and the order does not matter.
 */
export function hashCandles(
  candles: Iterable<HashedCandle>,
  startMs: number,
): string {
  let hash = 0;
  for (const { symbol, t, o, h, l, c, v, n } of candles) {
    const prices = [o, h, l, c].map((price) => price.toFixed(2));
    hash ^= fnv1a([symbol, t - startMs, ...prices, v, n].join(" "));
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}
