import type { Chance } from "../../domain/score_sums.ts";
import { wilsonInterval } from "./wilson_interval.ts";

/** Forecasts that stated about the same probability, and how often it came. */
export interface ReliabilityBin {
  readonly n: number;
  /** Mean of what was stated. */
  readonly stated: number;
  /** Share that came, with Wilson's 95 % interval. */
  readonly came: number;
  readonly low: number;
  readonly high: number;
}

const BINS = 5;
/** Fewer in a bin say nothing. */
const BIN_MIN = 8;

/**
 * Stated probabilities against what came, in up to five bins of as many each:
 * those of a minute's direction crowd around one half.
 */
export function reliabilityOf(
  chances: readonly Chance[],
): readonly ReliabilityBin[] {
  const sorted = chances.toSorted((a, b) => a.up - b.up);
  const bins = Math.min(BINS, Math.floor(sorted.length / BIN_MIN));
  return Array.from({ length: bins }, (_, i) => {
    const from = Math.round(i * sorted.length / bins);
    const to = Math.round((i + 1) * sorted.length / bins);
    return binOf(sorted.slice(from, to));
  });
}

function binOf(chances: readonly Chance[]): ReliabilityBin {
  const n = chances.length;
  const hits = chances.filter(({ came }) => came).length;
  return {
    n,
    stated: chances.reduce((sum, { up }) => sum + up, 0) / n,
    came: hits / n,
    ...wilsonInterval(hits, n),
  };
}
