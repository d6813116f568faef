import type { CandleView } from "../pipeline/domain/candle.ts";
import type { FeedState } from "../pipeline/domain/live_event.ts";
import { isPartlyCovered } from "./candle_cover.ts";

/** What the candles shown rest on, in a line. */
export function describeQuality(
  candles: readonly CandleView[],
  feed: FeedState,
): string {
  const closed = candles.filter(({ closed }) => closed);
  const partly = closed.filter(isPartlyCovered).length;
  const revised = closed.filter(({ rev }) => rev > 0).length;
  return `${closed.length} closed candles: ${partly} partly covered, ` +
    `${revised} revised; ${describeDelivery(feed)}.`;
}

function describeDelivery({ feed, delivery }: FeedState): string {
  switch (delivery) {
    case null:
      return "no feed has brought a tick yet";
    case "acked":
      return `feed ${feed} numbers its ticks and resends: nothing is lost`;
    case "best_effort":
      return `feed ${feed} is best effort: what it sent while away is lost`;
  }
}
