import type { PriceChange } from "../components/api_views.ts";
import type { Calendar } from "../pipeline/domain/calendar.ts";
import type { StoredCandle } from "../pipeline/domain/candle.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_DAY,
  toMillis,
} from "../pipeline/domain/time.ts";

/** Hourly candles that the change over a day may need. */
export const CHANGE_HOURS = 26;
/** Daily ones: the day before. */
export const CHANGE_DAYS = 2;

/**
 * The change of the last price over 24 hours where the market never shuts, and
 * against the trading day before elsewhere; over less where less is known.
 *
 * @param hours Hourly candles, ascending, the newest last.
 * @param days Daily candles, ascending, the newest last.
 */
export function priceChange(input: {
  readonly last: StoredCandle;
  readonly hours: readonly StoredCandle[];
  readonly days: readonly StoredCandle[];
  readonly calendar: Calendar;
}): PriceChange | null {
  const { last, hours, days, calendar } = input;
  const price = Number(last.close);
  if (calendar.id !== "24x7") {
    const today = days.findIndex(({ t, end }) => t <= last.t && last.t < end);
    const before = days[today - 1];
    if (before !== undefined) {
      return changeFrom(
        price,
        Number(before.close),
        "previous_close",
        before.end,
      );
    }
  }
  const dayAgo = epochMicros(last.t - MICROS_PER_DAY);
  const hour = hours.findLast(({ end }) => end <= dayAgo) ??
    hours.find(({ t }) => t >= dayAgo);
  if (hour === undefined) return null;
  return hour.end <= dayAgo
    ? changeFrom(price, Number(hour.close), "24h", hour.end)
    : changeFrom(price, Number(hour.open), "since", hour.t);
}

function changeFrom(
  price: number,
  reference: number,
  basis: PriceChange["basis"],
  since: EpochMicros,
): PriceChange {
  return {
    abs: price - reference,
    pct: (price / reference - 1) * 100,
    reference,
    basis,
    since: toMillis(since),
  };
}
