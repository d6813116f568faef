import type { CandleView } from "../../pipeline/domain/candle.ts";
import type { ForecastView } from "../../pipeline/domain/forecast.ts";
import type { Interval } from "../../pipeline/domain/interval.ts";
import type { GapView } from "../api_views.ts";
import { askApi } from "./api_client.ts";

const PAGE = 500;
const PAGE_MAX = 10_000;
const SCORES = 60;

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

/** A page of candles after a time. */
export async function requestNewer(
  of: CandlesOf,
  afterT: number,
): Promise<readonly CandleView[]> {
  const { candles } = await askApi("/api/candles", {
    ...of,
    from: afterT,
    limit: PAGE,
  });
  return candles;
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
 * What came of the newest forecasts and signals, the models' records, and what
 * the day's candles rest on.
 *
 * @param model The one whose reliability is shown.
 */
export async function requestScores(symbol: string, model: string | undefined) {
  const [{ forecasts }, { models }, { signals }, quality, reliability] =
    await Promise.all([
      askApi("/api/forecasts", { symbol, horizon: 1, limit: SCORES }),
      askApi("/api/models", { symbol }),
      askApi("/api/signals", { symbol, limit: SCORES }),
      askApi("/api/quality", { symbol }),
      model === undefined
        ? null
        : askApi("/api/reliability", { symbol, model }),
    ]);
  return { forecasts, signals, records: { models, quality, reliability } };
}
