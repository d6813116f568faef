import type { CandleView } from "./candle.ts";

/**
 * Whether `a` tells more of a candle than `b`, both of one open time: a later
 * revision, its close, or more ticks.
 */
export function isNewer(a: CandleView, b: CandleView): boolean {
  if (a.rev !== b.rev) return a.rev > b.rev;
  if (a.closed !== b.closed) return a.closed;
  return a.n > b.n;
}
