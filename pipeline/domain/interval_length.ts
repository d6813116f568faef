import type { Interval } from "./interval.ts";
import {
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
} from "./time.ts";

const NOMINAL: Record<Interval, number> = {
  "1s": MICROS_PER_SECOND,
  "5s": 5 * MICROS_PER_SECOND,
  "15s": 15 * MICROS_PER_SECOND,
  "30s": 30 * MICROS_PER_SECOND,
  "1m": MICROS_PER_MINUTE,
  "3m": 3 * MICROS_PER_MINUTE,
  "5m": 5 * MICROS_PER_MINUTE,
  "15m": 15 * MICROS_PER_MINUTE,
  "30m": 30 * MICROS_PER_MINUTE,
  "1h": MICROS_PER_HOUR,
  "2h": 2 * MICROS_PER_HOUR,
  "4h": 4 * MICROS_PER_HOUR,
  "1d": MICROS_PER_DAY,
  "1w": 7 * MICROS_PER_DAY,
  "1M": 31 * MICROS_PER_DAY,
};

/** Microseconds of an interval; of `1M`, those of its longest month. */
export function nominalMicros(interval: Interval): number {
  return NOMINAL[interval];
}
