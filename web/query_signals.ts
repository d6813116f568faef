import { z } from "zod";
import type { SignalsAnswer } from "../components/api_views.ts";
import { signalView } from "../pipeline/domain/signal.ts";
import { signalRecords } from "../pipeline/domain/signal_record.ts";
import {
  checkRange,
  choice,
  findInstrument,
  symbolParameter,
  timeParameter,
  wholeNumber,
} from "./read_query.ts";
import { formatParameter } from "./rows_response.ts";
import type { Services } from "./services.ts";

/** Parameters of `/api/signals`. */
export const signalsQuery = z.object({
  symbol: symbolParameter.optional(),
  action: choice("BUY", "SELL", "HOLD").optional(),
  from: timeParameter.optional(),
  to: timeParameter.optional(),
  limit: wholeNumber(1, 10_000).default(100),
  format: formatParameter,
});
export type SignalsQuery = z.output<typeof signalsQuery>;

/**
 * Signals ascending by the minute they are for, with what came of them, and
 * the record of those listed.
 *
 * @throws {ProblemError} If the symbol is unknown.
 */
export async function querySignals(
  services: Services,
  query: SignalsQuery,
): Promise<SignalsAnswer> {
  checkRange(query);
  if (query.symbol !== undefined) {
    findInstrument(services.catalog, query.symbol);
  }
  const found = await services.signals.signals(query);
  const signals = found.map((one) => signalView(one.signal, one))
    .sort((a, b) => a.t - b.t);
  return { signals, record: signalRecords(signals) };
}
