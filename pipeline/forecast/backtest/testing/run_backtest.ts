import { alwaysOpen } from "../../../calendars/always_open.ts";
import type { Instrument } from "../../../domain/instrument.ts";
import { type EpochMicros, MICROS_PER_MINUTE } from "../../../domain/time.ts";
import { BASELINE, type Candidate } from "../../candidates.ts";
import { fitInstrument } from "../../fit_instrument.ts";
import { type ForecastEngine, specName } from "../../forecast_engine.ts";
import { knownPhi } from "../../testing/known_phi.ts";
import { storedCandle } from "../../testing/make_candles.ts";
import type { CandleFloats } from "../../training_series.ts";
import {
  Backtest,
  type BacktestForecast,
  type BacktestResult,
  type BacktestSettings,
  type Fit,
} from "../backtest.ts";
import type { KnownCandle } from "../known_candle.ts";

const SPEC = { order: [1, 1, 0], mean: false } as const;
export const CHALLENGER: Candidate = { model: specName(SPEC), spec: SPEC };

/** Knows the autoregression rather than estimating it. */
export const KNOWN_AR = knownPhi(0.6);

export function fitBy(engine: ForecastEngine): Fit {
  return (job) =>
    Promise.resolve({ kind: "fitted", outcome: fitInstrument(engine, job) });
}

const INSTRUMENT: Instrument = {
  id: 1,
  symbol: "A",
  name: "A",
  exchange: "TEST",
  type: "unknown",
  currency: "INR",
  priceScale: 2,
  sizeScale: 0,
  tickSize: "0.01",
  lotSize: 1,
  calendar: "24x7",
  costBps: 2,
  auto: false,
  note: null,
  validFrom: null,
  validTo: null,
};

export const SETTINGS: BacktestSettings = {
  instrument: INSTRUMENT,
  calendar: alwaysOpen(),
  from: 0 as EpochMicros,
  window: 60,
  refitEvery: 7,
  candidates: [BASELINE, CHALLENGER],
  rule: { ratioMin: 0.5, scoredMin: 30, horizons: 1, liveMin: 60 },
  skillWindow: 100,
  newestMicros: 10 * MICROS_PER_MINUTE,
};

export function known(candle: CandleFloats): KnownCandle {
  return { first: storedCandle("A", candle), later: [] };
}

/** Runs over candles: what came of it, and every forecast on the way. */
export async function runBacktest(
  candles: readonly KnownCandle[],
  given: { readonly fit?: Fit } & Partial<BacktestSettings> = {},
): Promise<{
  readonly result: BacktestResult;
  readonly forecasts: readonly BacktestForecast[];
}> {
  const forecasts: BacktestForecast[] = [];
  const { fit = fitBy(KNOWN_AR), ...settings } = given;
  const walk = new Backtest(
    { ...SETTINGS, ...settings },
    fit,
    (one) => forecasts.push(one),
  );
  for (const candle of candles) await walk.add(candle);
  return { result: walk.result(), forecasts };
}
