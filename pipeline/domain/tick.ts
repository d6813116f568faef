import type { EpochMicros } from "./time.ts";

/**
 * Ticks in columns: one batch from the socket to the candle.
 *
 * Shapes: all columns hold at least `length` values; row i is one tick.
 * Units: `ts` in EpochMicros, `price` and `size` in whole counts of the scales
 * of `symbols[symbol[i]]` of the entry, `seq` as the feed counts.
 */
export interface TickColumns {
  length: number;
  readonly symbol: Uint16Array;
  readonly ts: Float64Array;
  readonly price: Float64Array;
  readonly size: Float64Array;
  readonly seq: Float64Array;
}

/** Empty columns with room for `capacity` ticks. */
export function tickColumns(capacity: number): TickColumns {
  return {
    length: 0,
    symbol: new Uint16Array(capacity),
    ts: new Float64Array(capacity),
    price: new Float64Array(capacity),
    size: new Float64Array(capacity),
    seq: new Float64Array(capacity),
  };
}

/** Why a line or a tick went to quarantine. */
export const REJECT_REASONS = [
  "not_json",
  "schema",
  "line_too_long",
  "unknown_symbol",
  "price_not_positive",
  "volume_negative",
  "volume_too_large",
  "too_many_decimals",
  "out_of_band",
  "too_far_ahead",
  "too_late",
  "closed_session",
  "seq_missing",
] as const;
export type RejectReason = typeof REJECT_REASONS[number];

/** Reasons after which a line may still hold a tick that can be used. */
export const READABLE_REASONS: ReadonlySet<RejectReason> = new Set([
  "unknown_symbol",
  "volume_too_large",
  "too_many_decimals",
  "out_of_band",
  "too_far_ahead",
  "too_late",
  "closed_session",
]);

/** One line that was not accepted, kept with what is needed to mend it. */
export interface Reject {
  /** As the feed counts, if the line had one that could be read. */
  readonly seq: number | null;
  /** Line of the connection, from 1. */
  readonly line: number;
  readonly reason: RejectReason;
  /** What was wrong, with the value and what was expected. */
  readonly detail: string;
  readonly symbol: string | null;
  readonly ts: EpochMicros | null;
  /** The line as it came, cut to 1,024 bytes, made valid UTF-8. */
  readonly raw: string;
}
