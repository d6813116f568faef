import { z } from "zod";
import type { ForecastView } from "../../pipeline/domain/forecast.ts";
import { amount, time } from "./fields.ts";

/** (p,d,q) of a model. */
export const order = z.tuple([z.int(), z.int(), z.int()]);

const known = "; null until its minute has closed";

/** A forecast of one minute, with what came of it. */
export const forecast = z.strictObject({
  symbol: z.string(),
  t: time.describe("Open time of the candle that is forecast"),
  horizon: z.int().positive().describe("1: the minute that begins"),
  model: z.string().describe("Such as arima(1,1,1) or random-walk"),
  order,
  made_at: time,
  trained_through: time.describe("End of the last candle that the fit saw"),
  last: z.number().describe("The close before: what “no change” forecasts"),
  o: z.number(),
  h: z.number(),
  l: z.number(),
  c: z.number(),
  se: amount.describe("Standard error of the close, in log price"),
  lo50: z.number(),
  hi50: z.number(),
  lo80: z.number(),
  hi80: z.number(),
  lo95: z.number(),
  hi95: z.number(),
  actual: z.number().nullable().describe(`The close that came${known}`),
  error: amount.nullable().describe(`|actual − c|${known}`),
  naive_error: amount.nullable().describe(`|actual − last|${known}`),
  inside50: z.boolean().nullable(),
  inside80: z.boolean().nullable(),
  inside95: z.boolean().nullable(),
  direction_hit: z.boolean().nullable().describe(
    "Null if the forecast or the price did not move",
  ),
  winkler95: amount.nullable(),
  crps: z.number().nullable(),
  up_probability: z.number().min(0).max(1).nullable(),
  brier: amount.nullable(),
}) satisfies z.ZodType<ForecastView>;

/** Answer of `/api/forecasts`. */
export const forecastsAnswer = z.strictObject({
  forecasts: z.array(forecast).describe("Ascending by the minute"),
});
