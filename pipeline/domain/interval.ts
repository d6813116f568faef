/** Every interval a candle can have, shortest first; case matters. */
export const INTERVALS = [
  "1s",
  "5s",
  "15s",
  "30s",
  "1m",
  "3m",
  "5m",
  "15m",
  "30m",
  "1h",
  "2h",
  "4h",
  "1d",
  "1w",
  "1M",
] as const;

export type Interval = typeof INTERVALS[number];

/** The interval that ticks are folded into; longer ones are merges of it. */
export const BASE_INTERVAL = "1m" satisfies Interval;

/** Longer intervals that the warehouse stores, each with what it merges. */
export const ROLLUPS = [
  { interval: "5m", source: "1m" },
  { interval: "15m", source: "1m" },
  { interval: "1h", source: "1m" },
  { interval: "1d", source: "1h" },
] as const satisfies readonly { interval: Interval; source: Interval }[];

/** Intervals that the warehouse stores as rows. */
export const STORED_INTERVALS = ["1m", "5m", "15m", "1h", "1d"] as const;
export type StoredInterval = typeof STORED_INTERVALS[number];

/** Intervals merged from a stored one when somebody asks for them. */
export const DERIVED_INTERVALS = {
  "3m": "1m",
  "30m": "15m",
  "2h": "1h",
  "4h": "1h",
  "1w": "1d",
  "1M": "1d",
} as const satisfies Partial<Record<Interval, StoredInterval>>;
export type DerivedInterval = keyof typeof DERIVED_INTERVALS;

/** Intervals shorter than the base: folded from archived ticks when read. */
export const TICK_INTERVALS = ["1s", "5s", "15s", "30s"] as const;
export type TickInterval = typeof TICK_INTERVALS[number];

/** Intervals that can be read from the warehouse, stored or merged. */
export type ReadableInterval = StoredInterval | DerivedInterval;

export function isInterval(text: string): text is Interval {
  return (INTERVALS as readonly string[]).includes(text);
}

export function isStoredInterval(text: string): text is StoredInterval {
  return (STORED_INTERVALS as readonly string[]).includes(text);
}

export function isTickInterval(text: string): text is TickInterval {
  return (TICK_INTERVALS as readonly string[]).includes(text);
}

export function isReadableInterval(text: string): text is ReadableInterval {
  return isStoredInterval(text) || Object.hasOwn(DERIVED_INTERVALS, text);
}
