import type { CandleView } from "../pipeline/domain/candle.ts";
import {
  type Interval,
  INTERVALS,
  isTickInterval,
} from "../pipeline/domain/interval.ts";
import { nominalMicros } from "../pipeline/domain/interval_length.ts";
import { MICROS_PER_MINUTE } from "../pipeline/domain/time.ts";

/** Fewer minutes say nothing of how dense a feed is. */
const MINUTES_MIN = 3;

/**
 * Intervals that a chart of these minutes is worth offering, shortest first:
 * those made of ticks only where most of their candles would have one.
 *
 * @param minutes The newest one-minute candles.
 * @param ticksKept Whether ticks are archived at all.
 */
export function offeredIntervals(
  minutes: readonly CandleView[],
  ticksKept: boolean,
): readonly Interval[] {
  const counts = minutes
    .filter(({ closed, closed_by }) => closed && closed_by !== "import")
    .map(({ n }) => n)
    .sort((a, b) => a - b);
  const usual = ticksKept && counts.length >= MINUTES_MIN
    ? counts[counts.length >> 1]
    : 0;
  return INTERVALS.filter((interval) =>
    !isTickInterval(interval) ||
    usual * nominalMicros(interval) >= MICROS_PER_MINUTE
  );
}
