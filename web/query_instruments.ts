import { z } from "zod";
import type { InstrumentNow } from "../components/api_views.ts";
import { readOverview } from "./overview.ts";
import { findInstrument, symbolParameter } from "./read_query.ts";
import type { Services } from "./services.ts";

export const instrumentsQuery = z.object({
  symbol: symbolParameter.optional(),
});

/**
 * All instruments as they are now, or one of them.
 *
 * @throws {ProblemError} If there is no such instrument.
 */
export async function queryInstruments(
  services: Services,
  { symbol }: z.output<typeof instrumentsQuery>,
): Promise<{ readonly instruments: readonly InstrumentNow[] }> {
  if (symbol !== undefined) findInstrument(services.catalog, symbol);
  const { instruments } = await readOverview(services);
  return {
    instruments: symbol === undefined
      ? instruments
      : instruments.filter((one) => one.symbol === symbol),
  };
}
