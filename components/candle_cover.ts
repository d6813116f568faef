import type { CandleView } from "../pipeline/domain/candle.ts";

/**
 * Whether a feed was away for a part of a candle. Of one that is not over, and
 * of seconds of a minute that is not, nobody knows yet: nothing counts as
 * covered then.
 */
export function isPartlyCovered(
  { closed, complete, coverage_ms }: CandleView,
): boolean {
  return closed && !complete && coverage_ms > 0;
}
