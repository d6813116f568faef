import { z } from "zod";
import { amount, count, share, time } from "./fields.ts";
import { order } from "./forecasts.ts";

/** What a record amounts to. */
export const verdict = z.enum([
  "too few",
  "no skill",
  "skill",
  "worse than naive",
  "suspicious",
]);

/** Live forecasts, or a walk forward over stored candles at the start. */
export const source = z.enum(["live", "walk_forward"]);

/** The record of a model of an instrument, one minute ahead. */
export const model = z.strictObject({
  symbol: z.string(),
  interval: z.literal("1m"),
  model: z.string(),
  order: order.nullable().describe(
    "Null if it made no forecast at the newest edge",
  ),
  source,
  n: count.describe("Forecasts scored"),
  from: time.nullable().describe("First minute scored"),
  through: time.nullable().describe("Last minute scored"),
  mae: amount.nullable().describe("Mean absolute error, in price"),
  mae_naive: amount.nullable().describe("The same of “no change”"),
  mase: amount.nullable().describe(
    "MAE / MAE of “no change” in the 240 candles before from",
  ),
  skill: z.number().nullable().describe("1 − MAE / MAE of “no change”"),
  coverage50: share.nullable(),
  coverage80: share.nullable(),
  coverage95: share.nullable(),
  winkler95: amount.nullable(),
  crps: z.number().nullable(),
  brier: amount.nullable(),
  direction: z.strictObject({
    hits: count,
    n: count.describe("Forecasts that moved, of minutes that moved"),
    rate: share.nullable(),
    low: share,
    high: share,
  }).describe("With Wilson’s 95 % interval"),
  diebold_mariano: z.strictObject({ statistic: z.number(), p: share })
    .nullable(),
  verdict,
  suspicious: z.string().nullable().describe(
    "Why the record is too good to be true",
  ),
  champion: z.boolean().describe("Shown, at the newest edge"),
  trained_through: time.nullable(),
  failure: z.string().nullable().describe("Why the last fit failed"),
});

/** Answer of `/api/models`. */
export const modelsAnswer = z.strictObject({
  window: count.describe("Newest forecasts that a record is of at most"),
  models: z.array(model),
});
