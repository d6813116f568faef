import { z } from "zod";
import { REJECT_REASONS } from "../../pipeline/domain/tick.ts";
import { count, counts, next, time } from "./fields.ts";

/** A line that was not accepted. */
export const quarantined = z.strictObject({
  id: z.string(),
  feed: z.string(),
  epoch: count,
  received_at: time,
  seq: count.nullable(),
  line: count.describe("Line of the connection, from 1"),
  reason: z.enum(REJECT_REASONS),
  detail: z.string(),
  symbol: z.string().nullable(),
  ts: time.nullable(),
  raw: z.string().describe("The line as it came, cut; others wrote it"),
  readmitted: z.boolean(),
});

/** Answer of `/api/quarantine`. */
export const quarantineAnswer = z.strictObject({
  rows: z.array(quarantined),
  counts: counts.describe("All lines in quarantine, by reason"),
  next,
});

/** Answer of `/api/quarantine/readmit`: ids of rows. */
export const readmitAnswer = z.strictObject({
  readmitted: z.array(z.string()),
  refused: z.array(z.strictObject({ id: z.string(), why: z.string() })),
  pending: z.array(z.string()).describe("Not committed yet"),
  next,
});
