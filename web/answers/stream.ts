import { z } from "zod";
import { STORED_INTERVALS } from "../../pipeline/domain/interval.ts";
import type { LiveEventKind } from "../../pipeline/domain/live_event.ts";
import { candle } from "./candles.ts";
import { feedState } from "./feed_state.ts";
import { time } from "./fields.ts";
import { forecast } from "./forecasts.ts";
import { signal } from "./signals.ts";

const interval = z.enum(STORED_INTERVALS);

const candleEvent = z.strictObject({ symbol: z.string(), interval, candle });

/** What a stream begins with, unless it goes on from an id. */
const snapshot = z.strictObject({
  at: time.describe("Server’s clock, Unix milliseconds"),
  symbols: z.array(z.strictObject({
    symbol: z.string(),
    candles: z.array(z.strictObject({
      interval,
      closed: z.array(candle).describe("Oldest first"),
      forming: candle.nullable(),
    })),
    forecasts: z.array(forecast),
    signals: z.array(signal),
    feed: feedState,
  })),
});

/** Data of each kind of event of `/api/stream`. */
export const streamEvents = {
  snapshot,
  "candle": candleEvent.describe("A forming candle, at most four a second"),
  "candle.closed": candleEvent,
  "candle.revised": candleEvent,
  "forecast": z.strictObject({
    symbol: z.string(),
    forecasts: z.array(forecast),
  }),
  "signal": z.strictObject({ symbol: z.string(), signal }),
  "feed": feedState,
} satisfies Record<LiveEventKind | "snapshot", z.ZodType>;
