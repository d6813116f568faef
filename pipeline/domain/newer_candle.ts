import type { CandleView } from "./candle.ts";

/** What says how much is known of a candle. */
type Known = Pick<CandleView, "rev" | "closed" | "n">;

/**
 * Whether `a` tells more of a candle than `b`, both of one open time: a later
 * revision, its close, or more ticks.
 */
export function isNewer(a: Known, b: Known): boolean {
  if (a.rev !== b.rev) return a.rev > b.rev;
  if (a.closed !== b.closed) return a.closed;
  return a.n > b.n;
}
