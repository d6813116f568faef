import { z } from "zod";
import type { Calendar } from "../../pipeline/domain/calendar.ts";
import { candleView, type StoredCandle } from "../../pipeline/domain/candle.ts";
import type { Interval } from "../../pipeline/domain/interval.ts";
import { nominalMicros } from "../../pipeline/domain/interval_length.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_DAY,
  MICROS_PER_MS,
  MICROS_PER_SECOND,
} from "../../pipeline/domain/time.ts";
import { readCandles } from "../read_candles.ts";
import { wholeNumber } from "../read_query.ts";
import type { Services } from "../services.ts";
import { findUdfSymbol } from "./find_symbol.ts";
import {
  resolutionParameter,
  secondsParameter,
  udfSymbolParameter,
} from "./udf_query.ts";
import { localDay } from "./udf_session.ts";

const BARS_MAX = 10_000;

/** Parameters of `/udf/history`. */
export const historyQuery = z.object({
  symbol: udfSymbolParameter,
  resolution: resolutionParameter,
  from: secondsParameter,
  to: secondsParameter,
  countback: wholeNumber(1, 1_000_000).optional(),
});

/** Columns of bars, ascending, each time once; times in Unix seconds. */
export type HistoryAnswer =
  | {
    readonly s: "ok";
    readonly t: readonly number[];
    readonly o: readonly number[];
    readonly h: readonly number[];
    readonly l: readonly number[];
    readonly c: readonly number[];
    readonly v: readonly number[];
  }
  /** Nothing in the range; `nextTime` is the newest bar before it, if any. */
  | { readonly s: "no_data"; readonly nextTime?: number };

/**
 * Bars of [from, to), or the last `countback` ones before `to`.
 *
 * A bar of a day, week or month has the time that the protocol gives it: 00:00
 * UTC of the trading day's date.
 *
 * @throws {ProblemError} If the symbol is unknown.
 */
export async function udfHistory(
  services: Services,
  query: z.output<typeof historyQuery>,
): Promise<HistoryAnswer> {
  const { resolution: interval, countback, from, to } = query;
  const instrument = findUdfSymbol(services.catalog, query.symbol);
  const timeOf = barTime(interval, services.catalog.calendarOf(instrument));
  const { symbol } = instrument;
  const read = async (to: EpochMicros, limit: number) =>
    (await readCandles(services, { symbol, interval, to, limit })).candles;

  const fits = Math.ceil((to - from) / nominalMicros(interval)) + 1;
  const limit = Math.max(1, Math.min(countback ?? fits, BARS_MAX));
  // Dates and the moments of their sessions may be a day apart.
  const room = isDated(interval) ? 1 : 0;
  const rows = await read(
    epochMicros(to + room * MICROS_PER_DAY),
    limit + 2 * room,
  );
  const bars = rows.filter((row) => {
    const t = timeOf(row);
    return t < to && (countback !== undefined || from <= t);
  }).slice(-limit);
  if (bars.length > 0) return columnsOf(bars, timeOf);
  const before = await read(
    epochMicros(from + room * MICROS_PER_DAY),
    1 + 2 * room,
  );
  const last = before.findLast((row) => timeOf(row) < from);
  return last === undefined
    ? { s: "no_data" }
    : { s: "no_data", nextTime: timeOf(last) / MICROS_PER_SECOND };
}

function columnsOf(
  bars: readonly StoredCandle[],
  timeOf: (candle: StoredCandle) => EpochMicros,
): HistoryAnswer {
  const views = bars.map(candleView);
  return {
    s: "ok",
    t: bars.map((bar) => timeOf(bar) / MICROS_PER_SECOND),
    o: views.map(({ o }) => o),
    h: views.map(({ h }) => h),
    l: views.map(({ l }) => l),
    c: views.map(({ c }) => c),
    v: views.map(({ v }) => v),
  };
}

/** The time of a candle's bar. */
export function barTime(
  interval: Interval,
  { zone }: Pick<Calendar, "zone">,
): (candle: Pick<StoredCandle, "t">) => EpochMicros {
  if (!isDated(interval)) return ({ t }) => t;
  return ({ t }) =>
    epochMicros(
      Date.parse(`${localDay(zone, t).text}T00:00:00Z`) * MICROS_PER_MS,
    );
}

function isDated(interval: Interval): boolean {
  return interval === "1d" || interval === "1w" || interval === "1M";
}
