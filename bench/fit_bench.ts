/**
 * Fits and state updates: what a refit of an instrument costs, and a minute
 * without one. `deno task bench`; prints a hash of what was computed first.
 */
import { fnv1a } from "../pipeline/domain/hash.ts";
import { CANDIDATES } from "../pipeline/forecast/candidates.ts";
import { fitInstrument } from "../pipeline/forecast/fit_instrument.ts";
import type { Order } from "../pipeline/forecast/forecast_engine.ts";
import { loadNpmArima } from "../pipeline/forecast/npm_arima.ts";
import {
  advanceTrack,
  forecastCandles,
} from "../pipeline/forecast/ohlc_model.ts";
import { makeCandles } from "../pipeline/forecast/testing/make_candles.ts";
import { trainingSeries } from "../pipeline/forecast/training_series.ts";
import { WasmEngine } from "../pipeline/forecast/wasm_engine.ts";

const SERIES = 40;
const N = 240;
const engine = new WasmEngine(loadNpmArima());
const markets = Array.from(
  { length: SERIES },
  (_, seed) => makeCandles({ n: N + 140, start: 0, seed, base: 1_000 }),
);
const levels = markets.map((candles) =>
  trainingSeries(candles.slice(0, N)).level
);
const job = (i: number) => ({
  symbol: "A",
  grid: { tick: 0.01, scale: 2 },
  candles: markets[i % SERIES],
  window: N,
  candidates: CANDIDATES,
  walkForward: null,
});

function fit(i: number, order: Order) {
  return engine.fit(levels[i % SERIES], { order, mean: false });
}

const results = levels.map((_, i) => {
  const one = fit(i, [1, 1, 1]);
  return one.kind === "fitted" ? engine.forecast(one.model, 5).mean : one;
});
const date = new Date().toISOString().slice(0, 10);
console.log(
  `${date}, ${navigator.hardwareConcurrency} cores, Deno ${Deno.version.deno}, ` +
    `forecasts hash ${fnv1a(JSON.stringify(results))}`,
);

let next = 0;
for (const order of [[1, 1, 0], [1, 1, 1], [2, 1, 2]] as const) {
  Deno.bench(`fit (${order}) at n = ${N}, npm arima behind its guards`, () => {
    fit(next++, order);
  });
}

const fitted = fit(0, [2, 1, 2]);
if (fitted.kind === "fitted") {
  let { model } = fitted;
  let y = levels[0][N - 1];
  Deno.bench("update (2,1,2) by one value", () => {
    y += 1e-6;
    model = engine.update(model, y);
  });
}

const { track } = fitInstrument(engine, job(0));
if (track) {
  const candle = markets[0].at(-1)!;
  let state = track;
  Deno.bench("move an instrument on by one candle, all models", () => {
    state = advanceTrack(state, candle);
  });
  Deno.bench("forecast 5 candles, all models", () => {
    for (const close of state.closes) {
      forecastCandles(state, close, 5, { tick: 0.01, scale: 2 });
    }
  });
}

Deno.bench("refit an instrument, all models and the range", () => {
  fitInstrument(engine, job(next++));
});

Deno.bench("first fit of an instrument, with the walk forward over 120", () => {
  fitInstrument(engine, {
    ...job(next++),
    walkForward: { steps: 120, refitEvery: 10, trainMin: 30 },
  });
});
