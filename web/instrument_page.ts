import type {
  InstrumentPage,
  InstrumentState,
} from "../components/instrument_state.ts";
import { mergeForecasts, mergeSignals } from "../components/merge_live.ts";
import { type CandleView, candleView } from "../pipeline/domain/candle.ts";
import { forecastView } from "../pipeline/domain/forecast.ts";
import { signalView } from "../pipeline/domain/signal.ts";
import { epochMicros, toMillis } from "../pipeline/domain/time.ts";
import { scaleOf } from "../components/price_scales.ts";
import { offeredIntervals } from "./offered_intervals.ts";
import { queryCalendar } from "./query_calendar.ts";
import { readOverview } from "./overview.ts";
import { recentCandles } from "./query_candles.ts";
import { queryQuality } from "./query_quality.ts";
import { queryReliability, RELIABILITY_WINDOW } from "./query_reliability.ts";
import { readCandles } from "./read_candles.ts";
import { readModels } from "./query_models.ts";
import type { Services } from "./services.ts";

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
  const { forecasts } = services;
  const [overview, quality, shown, past, batch, models, newest, buys, sells] =
    await Promise
      .all([
        readOverview(services),
        queryQuality(services, { symbol }),
        readShown(services, symbol, query.get("interval")),
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
    forecast,
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
    intervals: shown.intervals,
    interval: shown.interval,
    state: {
      candles: shown.candles,
      minute: last,
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
      quality,
      reliability: forecast === null ? null : await queryReliability(
        services,
        { symbol, model: forecast.model, window: RELIABILITY_WINDOW },
      ),
    },
    change,
    hours: queryCalendar(services, { symbol }),
    scale: scaleOf(query.get("scale")),
    compared: services.catalog.get(query.get("compare") ?? "")?.symbol ?? null,
    view: viewOf(query),
    now: toMillis(services.clock.now()),
  };
}

/** Candles in the picture of a page at most. */
const PICTURED_MAX = 500;

/** The candles of the part of the history that the page was asked for. */
export async function readPictured(
  services: Services,
  { instrument, interval, view, state }: InstrumentPage,
): Promise<readonly CandleView[]> {
  if (!view?.toT) return state.candles;
  const { candles } = await readCandles(services, {
    symbol: instrument.symbol,
    interval,
    to: epochMicros(view.toT * 1_000 + 1),
    limit: Math.min(Math.round(view.slots), PICTURED_MAX),
  });
  return candles.length > 0 ? candles.map(candleView) : state.candles;
}

/** The candles of an interval that is offered, of minutes otherwise. */
async function readShown(
  services: Services,
  symbol: string,
  named: string | null,
): Promise<
  & Pick<InstrumentPage, "intervals" | "interval">
  & Pick<InstrumentState, "candles">
> {
  const minutes = await recentCandles(services, symbol, "1m", CANDLES);
  const intervals = offeredIntervals(minutes, services.ticks !== undefined);
  const interval = intervals.find((one) => one === named) ?? "1m";
  if (interval === "1m") return { intervals, interval, candles: minutes };
  const { candles } = await readCandles(services, {
    symbol,
    interval,
    limit: CANDLES,
  });
  return { intervals, interval, candles: candles.map(candleView) };
}

/** The part of the history that a URL names. */
function viewOf(query: URLSearchParams): InstrumentPage["view"] {
  const slots = Number(query.get("slots"));
  const to = Number(query.get("to"));
  if (!Number.isFinite(slots) || slots < 5 || slots > 10_000) return null;
  return { slots, toT: Number.isSafeInteger(to * 1_000) && to > 0 ? to : null };
}
