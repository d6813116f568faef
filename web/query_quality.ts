import { z } from "zod";
import type { QualityView } from "../components/api_views.ts";
import type { Instrument } from "../pipeline/domain/instrument.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_SECOND,
  toMillis,
} from "../pipeline/domain/time.ts";
import { dayQuality } from "./day_quality.ts";
import {
  findInstrument,
  symbolParameter,
  timeParameter,
} from "./read_query.ts";
import type { Services } from "./services.ts";

/** Ticks may come this late; a minute that ended later is not judged yet. */
const SETTLED_AFTER = 10 * MICROS_PER_SECOND;

/** Parameters of `/api/quality`. */
export const qualityQuery = z.object({
  symbol: symbolParameter,
  /** Any time of the trading day; that of the newest candle if absent. */
  at: timeParameter.optional(),
});
export type QualityQuery = z.output<typeof qualityQuery>;

/**
 * What the candles of a trading day rest on.
 *
 * @throws {ProblemError} If the symbol is unknown.
 */
export async function queryQuality(
  services: Services,
  { symbol, at }: QualityQuery,
): Promise<QualityView> {
  const instrument = findInstrument(services.catalog, symbol);
  return await readQuality(
    services,
    instrument,
    at ?? await newestTime(services, symbol),
  );
}

async function newestTime(
  services: Services,
  symbol: string,
): Promise<EpochMicros> {
  const [newest] = await services.candles.candles({
    symbol,
    interval: "1m",
    limit: 1,
  });
  return newest?.t ?? services.clock.now();
}

async function readQuality(
  services: Services,
  instrument: Instrument,
  at: EpochMicros,
): Promise<QualityView> {
  const { symbol } = instrument;
  const calendar = services.catalog.calendarOf(instrument);
  const { start: from, end: to } = calendar.bucketAt("1d", at);
  const now = services.clock.now();
  const until = epochMicros(Math.max(from, Math.min(to, now - SETTLED_AFTER)));
  const [candles, before, gaps, books] = await Promise.all([
    services.candles.bases(symbol, from, to),
    services.candles.candles({ symbol, interval: "1m", to: from, limit: 1 }),
    services.candles.gaps(symbol, from, to),
    services.audit.booksOf(symbol, { from, to }),
  ]);
  const outages = gaps.filter(({ kind }) => kind === "outage");
  const first = candles[0]?.t ?? to;
  const { spans, ...quality } = dayQuality({
    candles,
    sessions: calendar.sessionsBetween(from, to),
    gaps: outages,
    began: before.length > 0 ? from : first,
    until,
  });
  return {
    symbol,
    from: toMillis(from),
    to: toMillis(to),
    until: toMillis(until),
    ...quality,
    gaps: {
      outages: outages.length,
      never_sent: gaps.length - outages.length,
    },
    rejected: books.rejected,
    feeds: books.feeds.map(({ key, ...feed }) => ({ ...key, ...feed })),
    clock_skew: books.clockSkew && {
      samples: books.clockSkew.samples,
      p50_ms: books.clockSkew.p50Ms,
      p99_ms: books.clockSkew.p99Ms,
    },
    spans,
  };
}
