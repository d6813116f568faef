import type { CandleView } from "../../pipeline/domain/candle.ts";
import type { ForecastView } from "../../pipeline/domain/forecast.ts";
import type { Interval } from "../../pipeline/domain/interval.ts";
import type {
  ForecastsAnswer,
  GapsAnswer,
  GapView,
  ModelsAnswer,
  QualityView,
  ReliabilityView,
  SignalsAnswer,
} from "../api_views.ts";
import { fetchJson } from "./fetch_json.ts";
import { queryString } from "./query_string.ts";

const PAGE = 500;
const PAGE_MAX = 10_000;
const SCORES = "60";

interface CandlesAnswer {
  readonly candles: readonly CandleView[];
  readonly next: string | null;
}

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
  const { candles } = await fetchJson<CandlesAnswer>(
    `/api/candles?${queryString({ ...of, limit: String(limit) })}`,
    signal,
  );
  return candles;
}

/** A page of candles before a time. */
export async function requestOlder(
  of: CandlesOf,
  beforeT: number,
  limit = PAGE,
): Promise<readonly CandleView[]> {
  const { candles } = await fetchJson<CandlesAnswer>(
    `/api/candles?${
      queryString({ ...of, to: String(beforeT), limit: String(limit) })
    }`,
  );
  return candles;
}

/** A page of candles after a time. */
export async function requestNewer(
  of: CandlesOf,
  afterT: number,
): Promise<readonly CandleView[]> {
  const { candles } = await fetchJson<CandlesAnswer>(
    `/api/candles?${
      queryString({ ...of, from: String(afterT), limit: String(PAGE) })
    }`,
  );
  return candles;
}

/** Every candle from a time on, however many they are. */
export async function requestFrom(
  of: CandlesOf,
  fromT: number,
  toT?: number,
): Promise<readonly CandleView[]> {
  const query = new URLSearchParams({
    ...of,
    from: String(fromT),
    limit: String(PAGE_MAX),
  });
  if (toT !== undefined) query.set("to", String(toT));
  const found: CandleView[] = [];
  for (;;) {
    const { candles, next } = await fetchJson<CandlesAnswer>(
      `/api/candles?${query}`,
    );
    found.push(...candles);
    if (next === null) return found;
    query.set("cursor", next);
  }
}

/** Forecasts one minute ahead, of the minutes before a time. */
export async function requestOlderForecasts(
  symbol: string,
  beforeT: number,
): Promise<readonly ForecastView[]> {
  const { forecasts } = await fetchJson<ForecastsAnswer>(
    `/api/forecasts?${
      queryString({
        symbol,
        horizon: "1",
        to: String(beforeT),
        limit: String(PAGE),
      })
    }`,
  );
  return forecasts;
}

/** What the feeds missed since a time. */
export async function requestGaps(
  symbol: string,
  fromT: number,
): Promise<readonly GapView[]> {
  const { gaps } = await fetchJson<GapsAnswer>(
    `/api/gaps?${
      queryString({ symbol, from: String(fromT), limit: String(PAGE_MAX) })
    }`,
  );
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
      fetchJson<ForecastsAnswer>(
        `/api/forecasts?${
          queryString({ symbol, horizon: "1", limit: SCORES })
        }`,
      ),
      fetchJson<ModelsAnswer>(`/api/models?${queryString({ symbol })}`),
      fetchJson<SignalsAnswer>(
        `/api/signals?${queryString({ symbol, limit: SCORES })}`,
      ),
      fetchJson<QualityView>(`/api/quality?${queryString({ symbol })}`),
      model === undefined ? null : fetchJson<ReliabilityView>(
        `/api/reliability?${queryString({ symbol, model })}`,
      ),
    ]);
  return { forecasts, signals, records: { models, quality, reliability } };
}
