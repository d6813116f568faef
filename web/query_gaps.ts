import { z } from "zod";
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

/** What one feed of a symbol missed. Times are event times in Unix ms. */
export interface GapView {
  /** `missing`: numbers never sent. `outage`: nobody was connected. */
  readonly kind: "missing" | "outage";
  readonly feed: string;
  readonly epoch: number;
  readonly from: number;
  /** `null` while the feed is away. */
  readonly to: number | null;
  /** Numbers that were never sent, both included. */
  readonly seq: { readonly from: number; readonly to: number } | null;
}

/**
 * Gaps of a symbol's feeds, from the oldest on.
 *
 * @throws {ProblemError} If the symbol is unknown.
 */
export async function queryGaps(
  services: Services,
  query: GapsQuery,
): Promise<{
  readonly symbol: string;
  readonly gaps: readonly GapView[];
  /** There are more than `limit`: ask for later ones by `from`. */
  readonly more: boolean;
}> {
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
