import type { StoredCandle } from "../../domain/candle.ts";
import { epochMicros, MICROS_PER_MINUTE } from "../../domain/time.ts";
import type { CandleFloats } from "../training_series.ts";

/** A seeded generator of uniform numbers below 1 (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Standard normal numbers, by Box & Muller. */
export function seededNormal(seed: number): () => number {
  const random = seededRandom(seed);
  return () =>
    Math.sqrt(-2 * Math.log(1 - random())) *
    Math.cos(2 * Math.PI * random());
}

/**
 * Candles of a made-up market, on a grid of 0.01, one a minute from `start`.
 *
 * `phi` is the correlation of a minute's return with the one before it: 0 is a
 * random walk.
 */
export function makeCandles(options: {
  readonly n: number;
  readonly start: number;
  readonly seed?: number;
  readonly phi?: number;
  readonly sd?: number;
  readonly base?: number;
}): CandleFloats[] {
  const { n, start, seed = 1, phi = 0, sd = 1e-3, base = 100 } = options;
  const normal = seededNormal(seed);
  const round = (x: number) => Math.round(x * 100) / 100;
  const out: CandleFloats[] = [];
  let price = base;
  let move = 0;
  for (let i = 0; i < n; i++) {
    move = phi * move + sd * Math.sqrt(1 - phi * phi) * normal();
    const open = round(price);
    price *= Math.exp(move);
    const close = round(price);
    const up = Math.abs(normal()) * sd * price / 2;
    const down = Math.abs(normal()) * sd * price / 2;
    const t = start + i * MICROS_PER_MINUTE;
    out.push({
      t,
      end: t + MICROS_PER_MINUTE,
      open,
      high: round(Math.max(open, close) + up),
      low: round(Math.min(open, close) - down),
      close,
      whole: true,
    });
  }
  return out;
}

/** The candle as the warehouse would hold it. */
export function storedCandle(
  symbol: string,
  candle: CandleFloats,
  state: Partial<StoredCandle> = {},
): StoredCandle {
  return {
    symbol,
    interval: "1m",
    t: epochMicros(candle.t),
    end: epochMicros(candle.end),
    open: candle.open.toFixed(2),
    high: candle.high.toFixed(2),
    low: candle.low.toFixed(2),
    close: candle.close.toFixed(2),
    volume: "0",
    vw: null,
    n: 10,
    closed: true,
    closedBy: "watermark",
    rev: 0,
    complete: candle.whole,
    coverageMs: 60_000,
    origin: "ticks",
    lastTs: epochMicros(candle.end - 1),
    ...state,
  };
}
