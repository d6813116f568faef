import type { Bucket } from "../pipeline/domain/calendar.ts";
import type { Interval } from "../pipeline/domain/interval.ts";
import type { EpochMicros } from "../pipeline/domain/time.ts";

/** How the calendar of a symbol cuts time; the stores know no calendar. */
export interface Buckets {
  /** Makes symbols known that another process may have registered since. */
  know(symbols: ReadonlySet<string>): Promise<void>;
  bucketOf(symbol: string, interval: Interval, t: EpochMicros): Bucket;
  /**
   * Milliseconds of a bucket in which the instrument trades: what a complete
   * candle is covered for. All of the bucket if the calendar does not know.
   */
  tradingMs(symbol: string, bucket: Bucket): number;
}

export function lengthMs({ start, end }: Bucket): number {
  return (end - start) / 1_000;
}
