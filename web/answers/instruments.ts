import { z } from "zod";
import { INSTRUMENT_TYPES } from "../../pipeline/domain/instrument.ts";
import { candle } from "./candles.ts";
import { feedState } from "./feed_state.ts";
import { amount, count, time } from "./fields.ts";
import { forecast } from "./forecasts.ts";
import { model } from "./models.ts";
import { signal } from "./signals.ts";

/** An instrument with what is known of it now. */
export const instrument = z.strictObject({
  symbol: z.string(),
  name: z.string(),
  exchange: z.string(),
  type: z.enum(INSTRUMENT_TYPES),
  currency: z.string(),
  price_scale: count.describe("Decimals of a price"),
  size_scale: count.describe("Decimals of a size"),
  tick_size: z.string().describe("Smallest step of a price, as decimal text"),
  lot_size: amount,
  calendar: z.string(),
  zone: z.string().describe("IANA name of the exchange’s time zone"),
  cost_bps: amount.describe("A round trip, in 1/100 of a percent"),
  auto: z.boolean().describe("Registered by its first tick"),
  note: z.string().nullable(),
  valid_from: time.nullable(),
  valid_to: time.nullable(),
  last: candle.nullable().describe("Newest minute, forming or closed"),
  change: z.strictObject({
    abs: z.number(),
    pct: z.number(),
    reference: z.number().describe("The price compared with"),
    basis: z.enum(["24h", "previous_close", "since"]).describe(
      "The price of 24 hours ago, the close of the day before, or as far as " +
        "candles go back",
    ),
    since: time.describe("Time of the price compared with"),
  }).nullable().describe("How far the price has come, and from where"),
  forecast: forecast.nullable(),
  signal: signal.nullable(),
  skill: model.pick({
    model: true,
    source: true,
    n: true,
    skill: true,
    verdict: true,
  }).nullable().describe("Record of the model that is shown"),
  feed: feedState,
});

/** Answer of `/api/instruments`. */
export const instrumentsAnswer = z.strictObject({
  instruments: z.array(instrument),
});
