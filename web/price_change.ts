import type { PriceChange } from "../components/api_views.ts";
import type { Calendar } from "../pipeline/domain/calendar.ts";
import type { StoredCandle } from "../pipeline/domain/candle.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_DAY,
  toMillis,
} from "../pipeline/domain/time.ts";

/** What a change of a price is counted from. */
export interface PastPrices {
  /** Hourly candles, ascending, the newest last. */
  readonly hours: readonly StoredCandle[];
  /** Daily candles, ascending, the newest last. */
  readonly days: readonly StoredCandle[];
  /** The first minute of the oldest hour, if that is where the data begin. */
  readonly begins: EpochMicros | null;
}

/**
 * The change of the last price over 24 hours where the market never shuts, and
 * against the trading day before elsewhere; over less where less is known.
 */
export function priceChange(
  last: StoredCandle,
  { hours, days, begins }: PastPrices,
  calendar: Calendar,
): PriceChange | null {
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
  if (hour.end <= dayAgo) {
    return changeFrom(price, Number(hour.close), "24h", hour.end);
  }
  const since = hour === hours[0] ? begins ?? hour.t : hour.t;
  return changeFrom(price, Number(hour.open), "since", since);
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
