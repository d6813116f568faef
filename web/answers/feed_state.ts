import { z } from "zod";
import type { FeedState } from "../../pipeline/domain/live_event.ts";
import { time } from "./fields.ts";

/** How fresh an instrument’s data is. */
export const feedState = z.strictObject({
  symbol: z.string(),
  status: z.enum(["live", "quiet", "stale", "down"]),
  feed: z.string().nullable(),
  delivery: z.enum(["acked", "best_effort"]).nullable(),
  last_tick: time.nullable(),
  lag_ms: z.number().nullable().describe(
    "Our clock less the market’s at the last tick",
  ),
  session: z.enum(["open", "closed"]),
}) satisfies z.ZodType<FeedState>;
