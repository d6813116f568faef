import { assert } from "../domain/assert.ts";
import type { Bucket, Calendar } from "../domain/calendar.ts";
import type { Interval } from "../domain/interval.ts";
import type { EpochMicros } from "../domain/time.ts";
import { tradingMs } from "./trading_ms.ts";
import type { Catalog } from "../catalog.ts";

/**
 * How the stores cut time, by the calendars of a catalog that is made of them:
 * so it is asked for when it is needed.
 */
export function catalogBuckets(catalog: () => Catalog) {
  const calendarOf = (symbol: string): Calendar => {
    const instrument = catalog().get(symbol);
    assert(instrument !== undefined, `${symbol} is in the catalog`);
    return catalog().calendarOf(instrument);
  };
  return {
    /** Reads the instruments anew if one of these is not known. */
    async know(symbols: ReadonlySet<string>): Promise<void> {
      const news = symbols.values().some((symbol) => !catalog().get(symbol));
      if (news) await catalog().refresh();
    },
    bucketOf: (symbol: string, interval: Interval, t: EpochMicros) =>
      calendarOf(symbol).bucketAt(interval, t),
    tradingMs: (symbol: string, bucket: Bucket) =>
      tradingMs(calendarOf(symbol), bucket),
  };
}
