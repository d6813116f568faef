import { type EpochMicros, epochMicros } from "../pipeline/domain/time.ts";

/** From when to when a feed was there, its outages aside. */
export interface FeedSpan {
  readonly from: EpochMicros;
  /** `null` while it is there. */
  readonly to: EpochMicros | null;
}

/**
 * Time after the first of some feeds came in which none of them was there:
 * between two of them, and since the last one went, which ends with `null`.
 */
export function uncovered(
  spans: readonly FeedSpan[],
): readonly FeedSpan[] {
  const holes: FeedSpan[] = [];
  let reached = -Infinity;
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    if (reached !== -Infinity && from > reached) {
      holes.push({ from: epochMicros(reached), to: from });
    }
    reached = Math.max(reached, to ?? Infinity);
  }
  if (Number.isFinite(reached)) {
    holes.push({ from: epochMicros(reached), to: null });
  }
  return holes;
}
