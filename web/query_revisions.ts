import { z } from "zod";
import { type CandleView, candleView } from "../pipeline/domain/candle.ts";
import { STORED_INTERVALS } from "../pipeline/domain/interval.ts";
import {
  type EpochMicros,
  epochMicros,
  toMillis,
} from "../pipeline/domain/time.ts";
import type { CandleRevision } from "../pipeline/ports.ts";
import {
  checkRange,
  choice,
  findInstrument,
  parameter,
  symbolParameter,
  timeParameter,
  wholeNumber,
} from "./read_query.ts";
import type { Services } from "./services.ts";

/** A page goes on after this revision: microseconds and number, as `t.rev`. */
interface Cursor {
  readonly t: EpochMicros;
  readonly rev: number;
}

const cursorParameter = parameter<Cursor>(
  "a cursor that an answer's next gave",
  (text) => {
    const match = /^(-?\d{1,16})\.(\d{1,9})$/.exec(text);
    if (match === null || !Number.isSafeInteger(Number(match[1]))) return null;
    return { t: epochMicros(Number(match[1])), rev: Number(match[2]) };
  },
);

/** Parameters of `/api/revisions`. */
export const revisionsQuery = z.object({
  symbol: symbolParameter,
  interval: choice(...STORED_INTERVALS).default("1m"),
  from: timeParameter.optional(),
  to: timeParameter.optional(),
  limit: wholeNumber(1, 10_000).default(500),
  cursor: cursorParameter.optional(),
});
export type RevisionsQuery = z.output<typeof revisionsQuery>;

/** A candle as it was, and when, in Unix ms: [known_from, known_to). */
export interface RevisionView extends CandleView {
  readonly known_from: number;
  readonly known_to: number;
}

/**
 * What candles of a symbol were before they were revised, from the oldest on.
 *
 * @throws {ProblemError} If the symbol is unknown.
 */
export async function queryRevisions(
  services: Services,
  { cursor, limit, ...range }: RevisionsQuery,
): Promise<{
  readonly symbol: string;
  readonly interval: RevisionsQuery["interval"];
  readonly revisions: readonly RevisionView[];
  /** Cursor of what comes after, or `null`. */
  readonly next: string | null;
}> {
  const { symbol, interval } = range;
  checkRange(range);
  findInstrument(services.catalog, symbol);
  const rows = await services.candles.revisions({
    ...range,
    after: cursor,
    limit: limit + 1,
  });
  const page = rows.slice(0, limit);
  const last = page.at(-1)?.candle;
  return {
    symbol,
    interval,
    revisions: page.map(revisionView),
    next: rows.length > limit && last ? `${last.t}.${last.rev}` : null,
  };
}

function revisionView(
  { candle, knownFrom, knownTo }: CandleRevision,
): RevisionView {
  return {
    ...candleView(candle),
    known_from: toMillis(knownFrom),
    known_to: toMillis(knownTo),
  };
}
