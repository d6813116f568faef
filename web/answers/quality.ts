import { z } from "zod";
import { count, share, time } from "./fields.ts";

/** A stretch of a trading day. */
export const qualitySpan = z.strictObject({
  from: time,
  to: time,
  kind: z.enum(["covered", "quiet", "partly", "missing"]).describe(
    "covered: with candles; quiet: a feed was there, and nothing happened; " +
      "partly: candles of which a feed missed a part; missing: no feed",
  ),
});

/** The books of a feed, with all its instruments, since it began. */
export const qualityFeed = z.strictObject({
  feed: z.string(),
  epoch: count,
  delivery: z.enum(["acked", "best_effort"]),
  connected: z.boolean(),
  received: count,
  accepted: count,
  duplicates: count,
  rejected: count,
});

/** Answer of `/api/quality`. */
export const qualityAnswer = z.strictObject({
  symbol: z.string(),
  from: time,
  to: time,
  until: time.describe("Up to when the day is judged"),
  ticks: count.describe("In candles"),
  minutes: z.strictObject({
    expected: count,
    with_candle: count,
    quiet: count.describe("A feed was there, and nothing happened"),
    missing: count.describe("No feed was there"),
    partly_covered: count,
    revised: count,
    imported: count,
  }).describe("Of the sessions that are over, and what is in them"),
  revisions: count.describe("Changes of closed candles"),
  completeness: share.nullable().describe(
    "Share of the sessions so far that a feed covered",
  ),
  gaps: z.strictObject({
    outages: count,
    never_sent: count.describe("Stretches of numbers that a feed never sent"),
  }),
  rejected: z.record(
    z.string(),
    z.strictObject({ lines: count, readmitted: count }),
  ).describe("Lines of the day that were not accepted, by reason"),
  feeds: z.array(qualityFeed),
  clock_skew: z.strictObject({
    samples: count.describe("One in five minutes"),
    p50_ms: z.number(),
    p99_ms: z.number(),
  }).nullable().describe(
    "Our clock less the market’s as ticks came in; negative where the market’s " +
      "is ahead; of what came within a minute; null where the archive has none",
  ),
  spans: z.array(qualitySpan),
});
