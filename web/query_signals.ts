import { z } from "zod";
import { type SignalView, signalView } from "../pipeline/domain/signal.ts";
import {
  checkRange,
  choice,
  findInstrument,
  symbolParameter,
  timeParameter,
  wholeNumber,
} from "./read_query.ts";
import type { Services } from "./services.ts";

/** Parameters of `/api/signals`. */
export const signalsQuery = z.object({
  symbol: symbolParameter.optional(),
  action: choice("BUY", "SELL", "HOLD").optional(),
  from: timeParameter.optional(),
  to: timeParameter.optional(),
  limit: wholeNumber(1, 10_000).default(100),
});
export type SignalsQuery = z.output<typeof signalsQuery>;

/**
 * Signals ascending by the minute they are for.
 *
 * @throws {ProblemError} If the symbol is unknown.
 */
export async function querySignals(
  services: Services,
  query: SignalsQuery,
): Promise<{ readonly signals: readonly SignalView[] }> {
  checkRange(query);
  if (query.symbol !== undefined) {
    findInstrument(services.catalog, query.symbol);
  }
  const signals = await services.forecasts.signals(query);
  return { signals: signals.map(signalView).sort((a, b) => a.t - b.t) };
}
