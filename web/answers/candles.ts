import { z } from "zod";
import { type CandleView, CLOSED_BY } from "../../pipeline/domain/candle.ts";
import { INTERVALS } from "../../pipeline/domain/interval.ts";
import { amount, count, next, time } from "./fields.ts";

const fields = {
  t: time.describe("Open time: the bucket is [t, t + interval)"),
  o: z.number().describe("Open"),
  h: z.number().describe("High"),
  l: z.number().describe("Low"),
  c: z.number().describe("Close"),
  v: amount.describe("Volume"),
  n: count.describe("Ticks"),
  vw: z.number().nullable().describe(
    "Volume-weighted price; null without volume",
  ),
  closed: z.boolean(),
  rev: count.describe("0 when first closed, one more for each change after"),
  complete: z.boolean().describe(
    "Closed, and the feed was there from its first to its last moment",
  ),
  coverage_ms: amount.describe("How long the feed was there"),
  closed_by: z.enum(CLOSED_BY).nullable(),
};

/** A candle as clients see it. */
export const candle = z.strictObject({
  ...fields,
  synthetic: z.literal(true).optional().describe(
    "Filled in: flat at the close before, no ticks",
  ),
}) satisfies z.ZodType<CandleView>;

/** A candle that `fill=null` puts where there is none. */
const emptyCandle = z.strictObject({
  ...fields,
  o: z.null(),
  h: z.null(),
  l: z.null(),
  c: z.null(),
  vw: z.null(),
  synthetic: z.literal(true),
}).describe("An interval without ticks, with fill=null");

/** Columns of CSV and of `shape=array`, in order. */
export const CANDLE_COLUMNS = [
  "t",
  "o",
  "h",
  "l",
  "c",
  "v",
  "n",
  "vw",
  "closed",
  "rev",
  "complete",
  "coverage_ms",
  "closed_by",
  "synthetic",
] as const;

const price = z.number().nullable();

const candleRow = z.tuple([
  fields.t,
  price,
  price,
  price,
  price,
  fields.v,
  fields.n,
  fields.vw,
  fields.closed,
  fields.rev,
  fields.complete,
  fields.coverage_ms,
  fields.closed_by,
  z.boolean(),
]).describe("Values in the order of columns");

const page = {
  symbol: z.string(),
  interval: z.enum(INTERVALS),
  gaps: z.array(z.strictObject({
    from: time,
    to: time,
    kind: z.enum(["missing", "outage"]),
  })).optional().describe("With fill: time that no feed covered"),
  minutes_without_ticks: count.optional().describe(
    "Of candles below a minute: minutes whose ticks are not kept",
  ),
  next,
};

/** Answer of `/api/candles`. */
export const candlesAnswer = z.strictObject({
  ...page,
  candles: z.array(candle),
});

/** Answer with `fill=null`. */
export const candlesWithEmpty = z.strictObject({
  ...page,
  candles: z.array(z.union([candle, emptyCandle])),
});

/** Answer with `shape=array`. */
export const candlesInColumns = z.strictObject({
  ...page,
  columns: z.array(z.enum(CANDLE_COLUMNS)),
  candles: z.array(candleRow),
});
