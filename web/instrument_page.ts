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
import { feedStateOf } from "../pipeline/live/feed_status.ts";
import { scaleOf } from "../components/price_scales.ts";
import { offeredIntervals } from "./offered_intervals.ts";
import { queryCalendar } from "./query_calendar.ts";
import { instrumentView } from "./overview.ts";
import { CHANGE_DAYS, CHANGE_HOURS, priceChange } from "./price_change.ts";
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
  const { catalog, candles, forecasts } = services;
  const instrument = catalog.get(symbol);
  if (instrument === undefined) return null;
  const reading = readShown(services, symbol, query.get("interval"));
  const [
    shown,
    quality,
    hours,
    days,
    feeds,
    past,
    batch,
    models,
    newest,
    buys,
    sells,
  ] = await Promise
    .all([
      reading,
      reading.then(({ last }) =>
        queryQuality(services, { symbol, at: last?.t })
      ),
      candles.latest([symbol], "1h", CHANGE_HOURS),
      candles.latest([symbol], "1d", CHANGE_DAYS),
      services.activity.activity(),
      forecasts.forecasts({ symbol, horizon: 1, limit: FORECASTS }),
      forecasts.forecasts({ symbol, limit: BATCH }),
      readModels(services, [symbol]),
      forecasts.signals({ symbol, limit: 1 }),
      forecasts.signals({ symbol, action: "BUY", limit: CALLS }),
      forecasts.signals({ symbol, action: "SELL", limit: CALLS }),
    ]);
  const model = past.at(-1)?.forecast.model;
  const signals = mergeSignals(
    [],
    [...buys, ...sells, ...newest].map((one) => signalView(one.signal, one)),
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
      reliability: model === undefined ? null : await queryReliability(
        services,
        { symbol, model, window: RELIABILITY_WINDOW },
      ),
    },
    change: shown.last === null ? null : priceChange({
      last: shown.last,
      hours: hours.get(symbol) ?? [],
      days: days.get(symbol) ?? [],
      calendar: catalog.calendarOf(instrument),
    }),
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

/** The part of the history that a URL names. */
function viewOf(query: URLSearchParams): InstrumentPage["view"] {
  const slots = Number(query.get("slots"));
  const to = Number(query.get("to"));
  if (!Number.isFinite(slots) || slots < 5 || slots > 10_000) return null;
  return { slots, toT: Number.isSafeInteger(to * 1_000) && to > 0 ? to : null };
}
