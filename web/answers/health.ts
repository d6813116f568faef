import { z } from "zod";
import { count } from "./fields.ts";

const part = z.looseObject({});
const words = z.array(z.string());

/** Answer of `/healthz`: the program, part by part. */
export const healthAnswer = z.strictObject({
  status: z.enum(["ok", "degraded"]),
  reasons: words.describe("What keeps the program from its work"),
  warnings: words,
  simulated: z.boolean(),
  streams: count.describe("Open event streams"),
  node: z.string(),
  event_loop_lag_ms_max: z.number(),
  rss_mb: count,
  warehouse: z.looseObject({ status: z.enum(["up", "down"]) }),
  buffer: z.looseObject({ status: z.enum(["up", "down"]) }),
  partitions: z.array(z.strictObject({
    p: count,
    position: z.string(),
    behind: z.boolean(),
  })).nullable(),
  owned_partitions: z.array(count).nullable(),
  feeds: z.array(part),
  connections: z.array(part),
  endpoints: z.array(part),
  webhooks: z.array(part).optional(),
});

/** Answer of `/readyz`, which tells strangers no more than the state. */
export const readyAnswer = z.strictObject({
  ready: z.boolean(),
  reasons: words.optional(),
  warnings: words.optional(),
});

/** Answer of `/livez`. */
export const liveAnswer = z.strictObject({ alive: z.boolean() });
