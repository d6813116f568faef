import type {
  InstrumentView,
  ModelView,
  PriceChange,
} from "../components/api_views.ts";
import { mergeForecasts, mergeSignals } from "../components/merge_live.ts";
import type { CandleView } from "../pipeline/domain/candle.ts";
import {
  type ForecastView,
  forecastView,
} from "../pipeline/domain/forecast.ts";
import {
  isStoredInterval,
  STORED_INTERVALS,
  type StoredInterval,
} from "../pipeline/domain/interval.ts";
import type { FeedState } from "../pipeline/domain/live_event.ts";
import { type SignalView, signalView } from "../pipeline/domain/signal.ts";
import { toMillis } from "../pipeline/domain/time.ts";
import { readOverview } from "./overview.ts";
import { recentCandles } from "./query_candles.ts";
import { readModels } from "./query_models.ts";
import type { Services } from "./services.ts";

/** Everything that the page of an instrument shows at first; plain data. */
export interface InstrumentPage {
  readonly instrument: InstrumentView;
  readonly others: readonly {
    readonly symbol: string;
    readonly name: string;
  }[];
  readonly intervals: readonly StoredInterval[];
  readonly interval: StoredInterval;
  readonly candles: readonly CandleView[];
  readonly minute: CandleView | null;
  readonly change: PriceChange | null;
  readonly forecasts: readonly ForecastView[];
  readonly models: readonly ModelView[];
  readonly signals: readonly SignalView[];
  readonly feed: FeedState;
  readonly view: { readonly slots: number; readonly toT: number | null } | null;
  readonly now: number;
}

const CANDLES = 150;
const FORECASTS = 200;
/** Holds the newest forecasts of every horizon. */
const BATCH = 20;
const CALLS = 100;

/**
 * Reads the page of an instrument.
 *
 * @param query `interval`, `slots` and `to` of the URL; what is not understood
 * falls back to its default, as people edit URLs.
 * @returns `null` if there is no such instrument.
 */
export async function readInstrumentPage(
  services: Services,
  symbol: string,
  query: URLSearchParams,
): Promise<InstrumentPage | null> {
  if (services.catalog.get(symbol) === undefined) return null;
  const named = query.get("interval") ?? "";
  const interval = isStoredInterval(named) ? named : "1m";
  const { forecasts } = services;
  const [overview, candles, past, batch, models, newest, buys, sells] =
    await Promise
      .all([
        readOverview(services),
        recentCandles(services, symbol, interval, CANDLES),
        forecasts.forecasts({ symbol, horizon: 1, limit: FORECASTS }),
        forecasts.forecasts({ symbol, limit: BATCH }),
        readModels(services, [symbol]),
        forecasts.signals({ symbol, limit: 1 }),
        forecasts.signals({ symbol, action: "BUY", limit: CALLS }),
        forecasts.signals({ symbol, action: "SELL", limit: CALLS }),
      ]);
  const now = overview.instruments.find((one) => one.symbol === symbol);
  if (now === undefined) return null;
  const {
    last,
    change,
    feed,
    forecast: _forecast,
    signal: _signal,
    skill: _skill,
    ...rest
  } = now;
  const signals = mergeSignals(
    [],
    [...buys, ...sells, ...newest].map((one) => signalView(one.signal, one)),
    2 * CALLS + 1,
  );
  return {
    instrument: rest,
    others: overview.instruments.map(({ symbol, name }) => ({ symbol, name })),
    intervals: STORED_INTERVALS,
    interval,
    candles,
    minute: last,
    change,
    forecasts: mergeForecasts(
      [],
      [...past, ...batch].map(({ forecast, score }) =>
        forecastView(forecast, score)
      ),
      FORECASTS + BATCH,
    ),
    models,
    signals,
    feed,
    view: viewOf(query),
    now: toMillis(services.clock.now()),
  };
}

/** The part of the history that a URL names. */
function viewOf(query: URLSearchParams): InstrumentPage["view"] {
  const slots = Number(query.get("slots"));
  const to = Number(query.get("to"));
  if (!Number.isFinite(slots) || slots < 5 || slots > 10_000) return null;
  return { slots, toT: Number.isSafeInteger(to) && to > 0 ? to : null };
}
