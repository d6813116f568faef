import type { StoredCandle } from "../../domain/candle.ts";
import type { EpochMicros } from "../../domain/time.ts";

/**
 * A closed candle with all that it has ever been.
 *
 * `first` counts as known from the candle's end on, whenever it was stored:
 * history that is imported or replayed long after would otherwise never have
 * been known. Each later version counts from the moment of its commit.
 */
export interface KnownCandle {
  readonly first: StoredCandle;
  /** Ascending. */
  readonly later: readonly {
    readonly knownFrom: EpochMicros;
    readonly candle: StoredCandle;
  }[];
}

/** The version that was known at a time, at or after the candle's end. */
export function versionAt(
  { first, later }: KnownCandle,
  time: EpochMicros,
): StoredCandle {
  return later.findLast(({ knownFrom }) => knownFrom <= time)?.candle ?? first;
}
