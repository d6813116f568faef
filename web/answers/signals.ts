import { z } from "zod";
import { amount, count, time } from "./fields.ts";

/** What became of a signal after some minutes. */
const outcome = z.strictObject({
  minutes: count,
  entry: z.number().nullable(),
  exit: z.number().nullable(),
  move_bps: z.number().nullable(),
  cost_bps: amount,
  net_bps: z.number().nullable(),
  no_price: z.string().nullable().describe("Why there is no price"),
});

/** What the rule made of one forecast. */
export const signal = z.strictObject({
  symbol: z.string(),
  t: time.describe("Minute that the forecast is for"),
  version: z.int().positive(),
  supersedes: z.int().positive().nullable(),
  superseded: z.boolean().describe("A later version took its place"),
  made_at: time,
  model: z.string(),
  action: z.enum(["BUY", "SELL", "HOLD"]),
  lean: z.enum(["up", "down", "flat"]),
  reason: z.string(),
  confidence: z.number().min(0).max(1),
  price: z.number(),
  expected_bps: z.number(),
  cost_bps: amount,
  outcomes: z.array(outcome).describe("Those that are known so far"),
});

/** Answer of `/api/signals`. */
export const signalsAnswer = z.strictObject({
  signals: z.array(signal).describe("Ascending by the minute"),
  record: z.array(z.strictObject({
    minutes: count,
    n: count.describe("Outcomes with a price"),
    hits: count,
    mean_net_bps: z.number().nullable(),
    always_long_bps: z.number().nullable(),
    no_change_bps: z.literal(0),
    no_price: count,
  })).describe("Of the signals listed"),
});
