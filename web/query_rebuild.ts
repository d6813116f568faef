import { z } from "zod";
import {
  epochMicros,
  MICROS_PER_DAY,
  MICROS_PER_MINUTE,
  toIso,
  toMillis,
} from "../pipeline/domain/time.ts";
import { badParameters, unknownSymbol } from "./problem.ts";
import {
  checkRange,
  findInstrument,
  symbolParameter,
  timeParameter,
} from "./read_query.ts";
import type { rebuildAnswer } from "./answers/rebuild.ts";
import type { Services } from "./services.ts";
import { askTicks } from "./tick_problems.ts";

const DAYS_MAX = 31;

/** Parameters of `/api/rebuild`. */
export const rebuildQuery = z.object({
  symbol: symbolParameter,
  from: timeParameter,
  to: timeParameter,
});

/**
 * Makes the minutes of a range anew from their ticks, and tells which differ.
 *
 * @throws {ProblemError} If the symbol is unknown, or the range too long.
 */
export async function queryRebuild(
  services: Services,
  { symbol, ...given }: z.output<typeof rebuildQuery>,
  signal: AbortSignal,
): Promise<z.output<typeof rebuildAnswer>> {
  findInstrument(services.catalog, symbol);
  checkRange(given);
  const whole = (t: number) => t / MICROS_PER_MINUTE;
  const from = epochMicros(Math.floor(whole(given.from)) * MICROS_PER_MINUTE);
  const to = epochMicros(Math.ceil(whole(given.to)) * MICROS_PER_MINUTE);
  if (to - from > DAYS_MAX * MICROS_PER_DAY) {
    throw badParameters([{
      parameter: "to",
      value: toIso(given.to),
      expected: `at most ${DAYS_MAX} days after from`,
    }]);
  }
  const report = await askTicks(
    services,
    (ticks) => ticks.check({ symbol, from, to, signal }),
  );
  if (report === null) throw unknownSymbol(symbol);
  return {
    symbol,
    from: toMillis(from),
    to: toMillis(to),
    compared: report.equal + report.different,
    equal: report.equal,
    different: report.different,
    without_ticks: report.withoutTicks,
    imported: report.imported,
    differences: report.differences.map(({ t, ...difference }) => ({
      t: toMillis(t),
      ...difference,
    })),
  };
}
