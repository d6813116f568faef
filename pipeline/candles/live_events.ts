import { candleView } from "../domain/candle.ts";
import { isStoredInterval } from "../domain/interval.ts";
import type { LiveEvent } from "../domain/live_event.ts";
import type { CommittedCandle } from "../ports.ts";

const KINDS = {
  updated: "candle",
  closed: "candle.closed",
  revised: "candle.revised",
} as const;

/** What a commit or a rollup tells the browsers, in its order. */
export function liveEvents(
  candles: readonly CommittedCandle[],
): readonly LiveEvent[] {
  const events: LiveEvent[] = [];
  for (const { candle, change } of candles) {
    if (!isStoredInterval(candle.interval)) continue;
    events.push({
      kind: KINDS[change],
      symbol: candle.symbol,
      interval: candle.interval,
      candle: candleView(candle),
    });
  }
  return events;
}
