import type { Bucket, Calendar } from "../domain/calendar.ts";
import { MICROS_PER_MS } from "../domain/time.ts";

/**
 * Milliseconds of a bucket in which its calendar trades; all of it where the
 * calendar knows no session, as outside its dates.
 */
export function tradingMs(calendar: Calendar, { start, end }: Bucket): number {
  const micros = calendar.sessionsBetween(start, end).reduce(
    (sum, { open, close }) =>
      sum + Math.max(0, Math.min(close, end) - Math.max(open, start)),
    0,
  );
  return (micros || end - start) / MICROS_PER_MS;
}
