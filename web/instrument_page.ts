import type {
  ModelView,
  QualityView,
  ReliabilityView,
} from "../components/api_views.ts";
import type {
  InstrumentPage,
  InstrumentState,
} from "../components/instrument_state.ts";
import { mergeForecasts, mergeSignals } from "../components/merge_live.ts";
import {
  type CandleView,
  candleView,
  type StoredCandle,
} from "../pipeline/domain/candle.ts";
import { forecastView } from "../pipeline/domain/forecast.ts";
import { signalView } from "../pipeline/domain/signal.ts";
import { epochMicros, toMillis } from "../pipeline/domain/time.ts";
import type {
  ScoredForecast,
  SettledSignal,
} from "../pipeline/forecast_ports.ts";
import { feedStateOf } from "../pipeline/live/feed_status.ts";
import { keptFor } from "./kept_answers.ts";
import { scaleOf } from "../components/price_scales.ts";
import { offeredIntervals } from "./offered_intervals.ts";
import { queryCalendar } from "./query_calendar.ts";
import { instrumentView } from "./overview.ts";
import { readPastPrices } from "./past_prices.ts";
import { type PastPrices, priceChange } from "./price_change.ts";
import { queryQuality } from "./query_quality.ts";
import { queryReliability, RELIABILITY_WINDOW } from "./query_reliability.ts";
import { readCandles } from "./read_candles.ts";
import { readModels } from "./query_models.ts";
import type { Services } from "./services.ts";

const CANDLES = 150;
/** Of a link that names a moment alone. */
const SLOTS = 120;
const SLOTS_MIN = 5;
const SLOTS_MAX = 10_000;
const FORECASTS = CANDLES;
/** Holds the newest forecasts of every horizon. */
const BATCH = 20;
const CALLS = 100;
/** Instruments whose record is kept. */
const RECORDS_MAX = 64;

/**
 * Reads the page of an instrument.
 *
 * @param query `interval`, `slots`, `to`, `scale` and `compare` of the URL; what is not understood
 * falls back to its default, as people edit URLs.
 * @returns `null` if there is no such instrument.
 */
export async function readInstrumentPage(
  services: Services,
  symbol: string,
  query: URLSearchParams,
): Promise<InstrumentPage | null> {
  const { catalog, forecasts, signals: made } = services;
  const instrument = catalog.get(symbol);
  if (instrument === undefined) return null;
  const [shown, record, feeds, batch, newest] = await Promise.all([
    readShown(services, symbol, query.get("interval")),
    records(services).get(symbol, () => readRecord(services, symbol)),
    services.activity.activity(),
    forecasts.forecasts({ symbol, limit: BATCH }),
    made.signals({ symbol, limit: 1 }),
  ]);
  const { quality, prices, past, models, calls, reliability } = record;
  const compared = catalog.get(query.get("compare") ?? "")?.symbol ?? null;
  const signals = mergeSignals(
    [],
    [...calls, ...newest].map((one) => signalView(one.signal, one)),
    2 * CALLS + 1,
  );
  return {
    instrument: instrumentView(services, instrument),
    others: catalog.all().map(({ symbol, name }) => ({ symbol, name })),
    intervals: shown.intervals,
    interval: shown.interval,
    state: {
      candles: shown.candles,
      minute: shown.last === null ? null : candleView(shown.last),
      change: shown.last === null || prices === undefined
        ? null
        : priceChange(shown.last, prices, catalog.calendarOf(instrument)),
      forecasts: mergeForecasts(
        [],
        [...past, ...batch].map(({ forecast, score }) =>
          forecastView(forecast, score)
        ),
        FORECASTS + BATCH,
      ),
      models,
      signals,
      feed: feedStateOf({
        symbol,
        activity: feeds.find((one) => one.symbol === symbol),
        calendar: catalog.calendarOf(instrument),
        now: services.clock.now(),
      }),
      quality,
      reliability,
    },
    hours: queryCalendar(services, { symbol }),
    scale: scaleOf(query.get("scale"), compared),
    compared,
    view: viewOf(query),
    now: toMillis(services.clock.now()),
  };
}

/** What is known of an instrument that each minute adds a little to. */
interface InstrumentRecord {
  readonly quality: QualityView;
  readonly prices: PastPrices | undefined;
  /** Forecasts one minute ahead, with what came of them. */
  readonly past: readonly ScoredForecast[];
  readonly models: readonly ModelView[];
  /** Signals to buy or to sell. */
  readonly calls: readonly SettledSignal[];
  readonly reliability: ReliabilityView | null;
}

/**
 * It takes three quarters of a page's reading, so a visit soon after another
 * has the same; the page asks for the newest itself, each minute.
 */
const records = keptFor<InstrumentRecord>({
  freshS: 10,
  shownS: 60,
  max: RECORDS_MAX,
});

async function readRecord(
  services: Services,
  symbol: string,
): Promise<InstrumentRecord> {
  const { forecasts, signals } = services;
  const reading = forecasts.forecasts({ symbol, horizon: 1, limit: FORECASTS });
  const [quality, prices, past, models, buys, sells, reliability] =
    await Promise.all([
      queryQuality(services, { symbol }),
      readPastPrices(services, [symbol]),
      reading,
      readModels(services, [symbol]),
      signals.signals({ symbol, action: "BUY", limit: CALLS }),
      signals.signals({ symbol, action: "SELL", limit: CALLS }),
      reading.then((past) => {
        const model = past.at(-1)?.forecast.model;
        return model === undefined ? null : queryReliability(
          services,
          { symbol, model, window: RELIABILITY_WINDOW },
        );
      }),
    ]);
  return {
    quality,
    prices: prices.get(symbol),
    past,
    models,
    calls: [...buys, ...sells],
    reliability,
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
  const of = {
    symbol: instrument.symbol,
    interval,
    limit: Math.min(Math.round(view.slots), PICTURED_MAX),
  };
  const at = epochMicros(view.toT * 1_000 + 1);
  const { candles } = await readCandles(services, { ...of, to: at });
  if (candles.length > 0) return candles.map(candleView);
  // Before all history its beginning is nearest.
  const first = await readCandles(services, { ...of, from: at });
  return first.candles.map(candleView);
}

/** The candles of an interval that is offered, of minutes otherwise. */
async function readShown(
  services: Services,
  symbol: string,
  named: string | null,
): Promise<
  & Pick<InstrumentPage, "intervals" | "interval">
  & Pick<InstrumentState, "candles">
  & { readonly last: StoredCandle | null }
> {
  const rows = await services.candles.candles({
    symbol,
    interval: "1m",
    limit: CANDLES,
  });
  const last = rows.at(-1) ?? null;
  const minutes = rows.map(candleView);
  const intervals = offeredIntervals(minutes, services.ticks !== undefined);
  const interval = intervals.find((one) => one === named) ?? "1m";
  if (interval === "1m") return { intervals, interval, last, candles: minutes };
  const { candles } = await readCandles(services, {
    symbol,
    interval,
    limit: CANDLES,
  });
  return { intervals, interval, last, candles: candles.map(candleView) };
}

/** The part of the history that a URL names: a moment, how many slots, or both. */
function viewOf(query: URLSearchParams): InstrumentPage["view"] {
  const to = Number(query.get("to"));
  const toT = Number.isSafeInteger(to * 1_000) && to > 0 ? to : null;
  const slots = Number(query.get("slots"));
  const isUsable = slots >= SLOTS_MIN && slots <= SLOTS_MAX;
  if (isUsable) return { slots, toT };
  return toT === null ? null : { slots: SLOTS, toT };
}
