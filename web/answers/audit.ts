import { z } from "zod";
import type { Audit } from "../../pipeline/ports.ts";
import { count, counts } from "./fields.ts";

/** Answer of `/api/audit`: the books. */
export const auditAnswer = z.strictObject({
  ticks_unaccounted: count.describe("Must be 0"),
  balanced: z.boolean(),
  partitions: z.array(z.strictObject({
    p: count,
    position: z.string(),
    applied: count,
    in_candles: count,
    rejected: count,
    in_quarantine: count,
  })),
  feeds: z.array(
    z.strictObject({
      feed: z.string(),
      epoch: count,
      delivery: z.enum(["acked", "best_effort"]),
      connected: z.boolean(),
      last_seq: count,
      acked: count.nullable(),
      received: count,
      accepted: count,
      duplicates: count,
      rejected: count,
      rejected_by_reason: counts,
      balanced: z.boolean(),
    }).describe("received = accepted + duplicates + rejected"),
  ),
}) satisfies z.ZodType<Audit>;
