import assert from "node:assert/strict";
import { BASELINE_ENGINE } from "./baseline_engine.ts";
import { CANDIDATES } from "./candidates.ts";
import { fitInstrument } from "./fit_instrument.ts";
import { fitTrack } from "./fit_track.ts";
import type { ForecastEngine } from "./forecast_engine.ts";
import { forecastCandles } from "./ohlc_model.ts";
import { knownPhi } from "./testing/known_phi.ts";
import { makeCandles } from "./testing/make_candles.ts";
import { trainingSeries } from "./training_series.ts";

const CANDLES = makeCandles({ n: 200, start: 0, phi: 0.5, sd: 2e-3 });
const GRID = { tick: 1e-6, scale: 6 };

/** Chooses (1,1,0) for every series. */
const SELECTS: ForecastEngine = {
  ...BASELINE_ENGINE,
  select: (series) => {
    const fit = knownPhi(0.5).fit(series, { order: [1, 1, 0], mean: false });
    return fit.kind === "fitted" ? { ...fit, order: [1, 1, 0] } : fit;
  },
};

Deno.test("fitTrack() of auto has the order that the engine chose", () => {
  const { track, failures } = fitTrack(
    { close: SELECTS, range: BASELINE_ENGINE },
    CANDLES,
    CANDIDATES.filter(({ model }) => model === "auto"),
  );
  assert.deepEqual(failures, []);
  assert.deepEqual(
    track?.closes.map(({ candidate, order }) => [candidate.model, order]),
    [["auto", [1, 1, 0]]],
  );
});

Deno.test("fitTrack() of drift goes on by the mean move of the window", () => {
  const { track } = fitTrack(
    { close: BASELINE_ENGINE, range: BASELINE_ENGINE },
    CANDLES,
    CANDIDATES.filter(({ model }) => model === "drift"),
  );
  assert.ok(track);
  const { level } = trainingSeries(CANDLES);
  const n = level.length - 1;
  const mean = (level[n] - level[0]) / n;
  const [, , third] = forecastCandles(track, track.closes[0], 3, GRID);
  const wanted = track.last.close * Math.exp(3 * mean);
  assert.ok(Math.abs(third.close - wanted) < 2e-6, `${third.close} ${wanted}`);
  assert.deepEqual(track.closes[0].order, [0, 1, 0]);
});

Deno.test("forecastCandles() from a minute on are those of all minutes", () => {
  const { track } = fitTrack(
    { close: SELECTS, range: BASELINE_ENGINE },
    CANDLES,
    CANDIDATES.filter(({ model }) => model === "auto"),
  );
  assert.ok(track);
  const [close] = track.closes;
  const all = forecastCandles(track, close, 5, GRID);
  for (let from = 1; from <= 5; from++) {
    assert.deepEqual(
      forecastCandles(track, close, 5, GRID, from),
      all.slice(from - 1),
    );
  }
});

Deno.test("fitInstrument() leaves auto out, and is silent on it, if the engine selects no orders", () => {
  const job = {
    symbol: "A",
    grid: { tick: 0.01, scale: 2 },
    candles: CANDLES,
    window: 150,
    candidates: CANDIDATES.filter(({ model }) =>
      ["random-walk", "drift", "auto"].includes(model)
    ),
    walkForward: { steps: 50, refitEvery: 10, trainMin: 30 },
  };
  const models = (engine: ForecastEngine) => {
    const { track, skills, failures } = fitInstrument(engine, job);
    assert.deepEqual(failures, []);
    assert.deepEqual(
      skills.map(({ model }) => model),
      track?.closes.map(({ candidate }) => candidate.model),
    );
    return skills.map(({ model }) => model);
  };
  assert.deepEqual(models(BASELINE_ENGINE), ["random-walk", "drift"]);
  assert.deepEqual(models(SELECTS), ["random-walk", "drift", "auto"]);
});
