import type { InstrumentNow, InstrumentView } from "../components/api_views.ts";
import { SPARK_CANDLES } from "../components/watch_row.ts";
import { candleView } from "../pipeline/domain/candle.ts";
import { forecastView } from "../pipeline/domain/forecast.ts";
import type { Instrument } from "../pipeline/domain/instrument.ts";
import { signalView } from "../pipeline/domain/signal.ts";
import { type EpochMicros, toMillis } from "../pipeline/domain/time.ts";
import { statesOf } from "../pipeline/live/run_feed_status.ts";
import { keptFor } from "./kept_answers.ts";
import { readPastPrices } from "./past_prices.ts";
import { type PastPrices, priceChange } from "./price_change.ts";
import type { Services } from "./services.ts";
import { readBriefs } from "./skill_briefs.ts";

/** All instruments, with the closes that a sparkline shows. */
export interface Overview {
  readonly at: EpochMicros;
  readonly instruments: readonly InstrumentNow[];
  /** Closes of the newest one-minute candles, oldest first, by symbol. */
  readonly sparks: ReadonlyMap<string, readonly number[]>;
}

const overviews = keptFor<Overview>({ freshS: 1 });
/** What a minute changes little of, and takes most of the reading. */
const histories = keptFor<History>({ freshS: 10, shownS: 60 });

interface History {
  readonly sparks: ReadonlyMap<string, readonly number[]>;
  readonly past: ReadonlyMap<string, PastPrices>;
}

/**
 * Reads all instruments with their newest candles, forecasts and signals.
 *
 * Answers given within a second share one reading, however many ask.
 */
export function readOverview(services: Services): Promise<Overview> {
  return overviews(services).get("all", () => read(services));
}

async function readHistory(services: Services): Promise<History> {
  const symbols = services.catalog.all().map(({ symbol }) => symbol);
  const [sparks, past] = await Promise.all([
    services.candles.closes(symbols, SPARK_CANDLES),
    readPastPrices(services, symbols),
  ]);
  return { sparks, past };
}

async function read(services: Services): Promise<Overview> {
  const { catalog, candles, forecasts, activity, clock } = services;
  const at = clock.now();
  const all = catalog.all();
  const symbols = all.map(({ symbol }) => symbol);
  const [minutes, { sparks, past }, feeds, newest, briefOf] = await Promise.all(
    [
      candles.latest(symbols, "1m", 1),
      histories(services).get(
        String(symbols.length),
        () => readHistory(services),
      ),
      activity.activity(),
      forecasts.newest(symbols, { forecasts: 1, horizon: 1, signals: 1 }),
      readBriefs(services),
    ],
  );
  const states = statesOf(catalog, feeds, services.clock);
  const instruments = all.map((instrument, i): InstrumentNow => {
    const { symbol } = instrument;
    const last = minutes.get(symbol)?.at(-1);
    const forecast = newest.get(symbol)?.forecasts.at(-1);
    const signal = newest.get(symbol)?.signals.at(-1);
    const before = past.get(symbol);
    return {
      ...instrumentView(services, instrument),
      last: last === undefined ? null : candleView(last),
      change: last === undefined || before === undefined
        ? null
        : priceChange(last, before, catalog.calendarOf(instrument)),
      forecast: forecast === undefined
        ? null
        : forecastView(forecast.forecast, forecast.score),
      signal: signal === undefined ? null : signalView(signal),
      skill: forecast === undefined
        ? null
        : briefOf(symbol, forecast.forecast.model),
      feed: states[i],
    };
  });
  return { at, instruments, sparks };
}

export function instrumentView(
  { catalog }: Services,
  instrument: Instrument,
): InstrumentView {
  const { validFrom, validTo } = instrument;
  return {
    symbol: instrument.symbol,
    name: instrument.name,
    exchange: instrument.exchange,
    type: instrument.type,
    currency: instrument.currency,
    price_scale: instrument.priceScale,
    size_scale: instrument.sizeScale,
    tick_size: instrument.tickSize,
    lot_size: instrument.lotSize,
    calendar: instrument.calendar,
    zone: catalog.calendarOf(instrument).zone,
    cost_bps: instrument.costBps,
    auto: instrument.auto,
    note: instrument.note,
    valid_from: validFrom === null ? null : toMillis(validFrom),
    valid_to: validTo === null ? null : toMillis(validTo),
  };
}
