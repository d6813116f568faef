import type { CandleView } from "../../pipeline/domain/candle.ts";
import type { ForecastView } from "../../pipeline/domain/forecast.ts";
import type { Interval } from "../../pipeline/domain/interval.ts";
import type { GapView, MarketPeriod } from "../api_views.ts";
import { askApi } from "./api_client.ts";

const PAGE = 500;
const PAGE_MAX = 10_000;
const SCORES = 60;
/** Of one answer. */
const PERIODS_MS_MAX = 400 * 86_400_000;

/** Which candles of which instrument. */
export interface CandlesOf {
  readonly symbol: string;
  readonly interval: Interval;
}

/** The newest candles. */
export async function requestNewest(
  of: CandlesOf,
  limit = PAGE,
  signal?: AbortSignal,
): Promise<readonly CandleView[]> {
  const { candles } = await askApi("/api/candles", { ...of, limit }, signal);
  return candles;
}

/** A page of candles before a time. */
export async function requestOlder(
  of: CandlesOf,
  beforeT: number,
  limit = PAGE,
): Promise<readonly CandleView[]> {
  const { candles } = await askApi("/api/candles", {
    ...of,
    to: beforeT,
    limit,
  });
  return candles;
}

/** A page of candles from a time on, and whether more follow before another. */
export async function requestNewer(
  of: CandlesOf,
  fromT: number,
  { toT, limit = PAGE }: {
    readonly toT?: number;
    readonly limit?: number;
  } = {},
): Promise<
  { readonly candles: readonly CandleView[]; readonly more: boolean }
> {
  const { candles, next } = await askApi("/api/candles", {
    ...of,
    from: fromT,
    to: toT,
    limit,
  });
  return { candles, more: next !== null };
}

/** Every candle from a time on, however many they are. */
export async function requestFrom(
  of: CandlesOf,
  fromT: number,
  toT?: number,
): Promise<readonly CandleView[]> {
  const range = { ...of, from: fromT, to: toT, limit: PAGE_MAX };
  const found: CandleView[] = [];
  let cursor: string | undefined;
  for (;;) {
    const { candles, next } = await askApi("/api/candles", {
      ...range,
      cursor,
    });
    found.push(...candles);
    if (next === null) return found;
    cursor = next;
  }
}

/** When the market is in which state, from a time to another. */
export async function requestPeriods(
  symbol: string,
  fromT: number,
  toT: number,
): Promise<readonly MarketPeriod[]> {
  const found: MarketPeriod[] = [];
  for (let from = fromT; from < toT; from += PERIODS_MS_MAX) {
    const to = Math.min(from + PERIODS_MS_MAX, toT);
    const { periods } = await askApi("/api/calendar", { symbol, from, to });
    found.push(...periods);
  }
  return found;
}

/** Forecasts one minute ahead, of the minutes before a time. */
export async function requestOlderForecasts(
  symbol: string,
  beforeT: number,
): Promise<readonly ForecastView[]> {
  const { forecasts } = await askApi("/api/forecasts", {
    symbol,
    horizon: 1,
    to: beforeT,
    limit: PAGE,
  });
  return forecasts;
}

/** What the feeds missed since a time. */
export async function requestGaps(
  symbol: string,
  fromT: number,
): Promise<readonly GapView[]> {
  const { gaps } = await askApi("/api/gaps", {
    symbol,
    from: fromT,
    limit: PAGE_MAX,
  });
  return gaps;
}

/**
 * What the price has changed from, what came of the newest forecasts and
 * signals, the models' records, and what the day's candles rest on.
 *
 * @param model The one whose reliability is shown.
 */
export async function requestScores(symbol: string, model: string | undefined) {
  const [
    { instruments: [{ change }] },
    { forecasts },
    { models },
    { signals },
    quality,
    reliability,
  ] = await Promise.all([
    askApi("/api/instruments", { symbol }),
    askApi("/api/forecasts", { symbol, horizon: 1, limit: SCORES }),
    askApi("/api/models", { symbol }),
    askApi("/api/signals", { symbol, limit: SCORES }),
    askApi("/api/quality", { symbol }),
    model === undefined ? null : askApi("/api/reliability", { symbol, model }),
  ]);
  return {
    forecasts,
    signals,
    records: { change, models, quality, reliability },
  };
}
