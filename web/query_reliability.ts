import { z } from "zod";
import type { ReliabilityView } from "../components/api_views.ts";
import { SKILL_WINDOW } from "../pipeline/domain/forecast.ts";
import { reliabilityOf } from "../pipeline/forecast/scores/reliability.ts";
import { findInstrument, symbolParameter, wholeNumber } from "./read_query.ts";
import type { Services } from "./services.ts";

/** Bins need more forecasts than a mean does. */
export const RELIABILITY_WINDOW = 4 * SKILL_WINDOW;

/** Parameters of `/api/reliability`. */
export const reliabilityQuery = z.object({
  symbol: symbolParameter,
  model: z.string("a model of /api/models").min(1).max(64),
  window: wholeNumber(1, 10_000).default(RELIABILITY_WINDOW),
});
export type ReliabilityQuery = z.output<typeof reliabilityQuery>;

/**
 * How often a rise came when a model made it so probable, of its newest live
 * forecasts one minute ahead.
 *
 * @throws {ProblemError} If the symbol is unknown.
 */
export async function queryReliability(
  services: Services,
  { symbol, model, window }: ReliabilityQuery,
): Promise<ReliabilityView> {
  findInstrument(services.catalog, symbol);
  const chances = await services.scores.chances({
    symbol,
    model,
    limit: window,
  });
  return { symbol, model, n: chances.length, bins: reliabilityOf(chances) };
}
