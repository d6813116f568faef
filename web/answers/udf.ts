import { z } from "zod";
import type { HistoryAnswer } from "../udf/udf_history.ts";

/** Answers of the charting protocol; times are in Unix seconds. */

const seconds = z.int();
const numbers = z.array(z.number());
const texts = z.array(z.string());

export const udfConfigAnswer = z.strictObject({
  supports_search: z.literal(true),
  supports_group_request: z.literal(false),
  supports_marks: z.literal(true),
  supports_timescale_marks: z.literal(true),
  supports_time: z.literal(true),
  supported_resolutions: texts,
  exchanges: z.array(z.strictObject({
    value: z.string(),
    name: z.string(),
    desc: z.string(),
  })),
  symbols_types: z.array(z.strictObject({
    name: z.string(),
    value: z.string(),
  })),
});

export const udfSymbolAnswer = z.strictObject({
  name: z.string(),
  full_name: z.string(),
  ticker: z.string(),
  description: z.string(),
  type: z.string(),
  session: z.string(),
  session_holidays: z.string(),
  timezone: z.string(),
  exchange: z.string(),
  listed_exchange: z.string(),
  currency_code: z.string(),
  format: z.literal("price"),
  minmov: z.int().positive(),
  pricescale: z.int().positive(),
  has_intraday: z.literal(true),
  has_seconds: z.literal(true),
  seconds_multipliers: texts,
  intraday_multipliers: texts,
  has_daily: z.literal(true),
  daily_multipliers: texts,
  has_weekly_and_monthly: z.literal(true),
  weekly_multipliers: texts,
  monthly_multipliers: texts,
  supported_resolutions: texts,
  volume_precision: z.int().nonnegative(),
  data_status: z.literal("streaming"),
});

export const udfSearchAnswer = z.array(z.strictObject({
  symbol: z.string(),
  full_name: z.string(),
  ticker: z.string(),
  description: z.string(),
  exchange: z.string(),
  type: z.string(),
}));

export const udfHistoryAnswer = z.discriminatedUnion("s", [
  z.strictObject({
    s: z.literal("ok"),
    t: z.array(seconds),
    o: numbers,
    h: numbers,
    l: numbers,
    c: numbers,
    v: numbers,
  }),
  z.strictObject({ s: z.literal("no_data"), nextTime: seconds.optional() }),
]) satisfies z.ZodType<HistoryAnswer>;

export const udfMarksAnswer = z.strictObject({
  id: texts,
  time: z.array(seconds),
  color: texts,
  text: texts,
  label: texts,
  labelFontColor: texts,
  minSize: numbers,
});

export const udfTimescaleMarksAnswer = z.array(z.strictObject({
  id: z.string(),
  time: seconds,
  color: z.string(),
  label: z.string(),
  tooltip: texts,
}));

export const udfQuotesAnswer = z.strictObject({
  s: z.literal("ok"),
  d: z.array(z.discriminatedUnion("s", [
    z.strictObject({
      s: z.literal("ok"),
      n: z.string(),
      v: z.strictObject({
        short_name: z.string(),
        exchange: z.string(),
        description: z.string(),
        lp: z.number(),
        ch: z.number().optional(),
        chp: z.number().optional(),
        prev_close_price: z.number().optional(),
        open_price: z.number().optional(),
        high_price: z.number().optional(),
        low_price: z.number().optional(),
        volume: z.number().optional(),
      }),
    }),
    z.strictObject({
      s: z.literal("error"),
      n: z.string(),
      v: z.strictObject({}),
      errmsg: z.string(),
    }),
  ])),
});
