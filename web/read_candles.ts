import type { StoredCandle } from "../pipeline/domain/candle.ts";
import { type Interval, isTickInterval } from "../pipeline/domain/interval.ts";
import type { CandleQuery } from "../pipeline/ports.ts";
import type { CoverageGap } from "./fill_candles.ts";
import { badParameters } from "./problem.ts";
import type { Services } from "./services.ts";
import { askTicks } from "./tick_problems.ts";

export interface CandlesRead {
  readonly candles: readonly StoredCandle[];
  /** Minutes of the range whose ticks are not kept (any more). */
  readonly withoutTicks: readonly CoverageGap[];
}

/**
 * Reads candles of any interval: stored ones, or, below a minute, of ticks.
 *
 * @throws {ProblemError} If ticks cannot tell it.
 */
export async function readCandles(
  services: Services,
  query: Omit<CandleQuery, "interval"> & { readonly interval: Interval },
): Promise<CandlesRead> {
  const { interval, asof, ...range } = query;
  if (!isTickInterval(interval)) {
    const candles = await services.candles.candles({ ...query, interval });
    return { candles, withoutTicks: [] };
  }
  if (asof !== undefined) {
    throw badParameters([{
      parameter: "asof",
      value: String(asof / 1_000),
      expected: "absent, as candles below a minute have no revisions",
    }]);
  }
  return await askTicks(
    services,
    (ticks) => ticks.candles({ ...range, interval }),
  );
}
