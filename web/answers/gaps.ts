import { z } from "zod";
import { count, seqs, time } from "./fields.ts";

/** What one feed of a symbol missed. */
export const gap = z.strictObject({
  kind: z.enum(["missing", "outage"]).describe(
    "missing: numbers never sent; outage: nobody was connected",
  ),
  feed: z.string(),
  epoch: count,
  from: time,
  to: time.nullable().describe("Null while the feed is away"),
  seq: seqs.nullable(),
});

/** Answer of `/api/gaps`. */
export const gapsAnswer = z.strictObject({
  symbol: z.string(),
  gaps: z.array(gap),
  more: z.boolean().describe("There are more than limit: ask by from"),
});
