import { z } from "zod";
import type { GapsAnswer } from "../components/api_views.ts";
import { toMillis } from "../pipeline/domain/time.ts";
import {
  checkRange,
  findInstrument,
  symbolParameter,
  timeParameter,
  wholeNumber,
} from "./read_query.ts";
import type { Services } from "./services.ts";

/** Parameters of `/api/gaps`. */
export const gapsQuery = z.object({
  symbol: symbolParameter,
  from: timeParameter.optional(),
  to: timeParameter.optional(),
  limit: wholeNumber(1, 10_000).default(1_000),
});
export type GapsQuery = z.output<typeof gapsQuery>;

/**
 * Gaps of a symbol's feeds, from the oldest on.
 *
 * @throws {ProblemError} If the symbol is unknown.
 */
export async function queryGaps(
  services: Services,
  query: GapsQuery,
): Promise<GapsAnswer> {
  const { symbol, limit } = query;
  checkRange(query);
  findInstrument(services.catalog, symbol);
  const rows = await services.candles.feedGaps(symbol, {
    ...query,
    limit: limit + 1,
  });
  return {
    symbol,
    gaps: rows.slice(0, limit).map(({ key, kind, from, to, seq }) => ({
      kind,
      feed: key.feed,
      epoch: key.epoch,
      from: toMillis(from),
      to: to === null ? null : toMillis(to),
      seq,
    })),
    more: rows.length > limit,
  };
}
