import type { Interval } from "./interval.ts";
import type { EpochMicros } from "./time.ts";

/** Trading hours of one day or part of a day: [open, close). */
export interface Session {
  readonly open: EpochMicros;
  readonly close: EpochMicros;
  /** When its pre-open begins, if the exchange has one: no part of it. */
  readonly preOpen?: EpochMicros;
  /** What it is called, if it is not one of the week's. */
  readonly name?: string;
  /** Trading day in the exchange's zone, as in `2024-01-20`. */
  readonly day: string;
}

/** What a calendar says of a moment. */
export type SessionState =
  | { readonly kind: "open"; readonly session: Session }
  | {
    readonly kind: "closed";
    readonly reason: string;
    /** Name of the holiday, on one. */
    readonly holiday?: string;
  }
  /** Outside the dates that the calendar knows: accepted, and flagged. */
  | { readonly kind: "unknown" };

/** One bucket of an interval: [start, end). */
export interface Bucket {
  readonly start: EpochMicros;
  readonly end: EpochMicros;
}

/**
 * When an exchange trades, and how its candles are cut.
 *
 * Buckets shorter than 10 minutes lie on multiples of the interval since 1970;
 * 10 minutes to 4 hours count from the session's open and end with it; `1d` is
 * the trading day in the exchange's zone, `1w` runs from Monday, `1M` from the
 * first.
 */
export interface Calendar {
  readonly id: string;
  /** IANA name, such as `Asia/Kolkata`. */
  readonly zone: string;
  stateAt(t: EpochMicros): SessionState;
  bucketAt(interval: Interval, t: EpochMicros): Bucket;
  /** Sessions that overlap [from, to), in order. */
  sessionsBetween(from: EpochMicros, to: EpochMicros): readonly Session[];
}
