import assert from "node:assert/strict";
import { BASELINE_ENGINE } from "./baseline_engine.ts";
import { CANDIDATES } from "./candidates.ts";
import { fitInstrument } from "./fit_instrument.ts";
import { fitTrack } from "./fit_track.ts";
import type {
  FittedModel,
  ForecastEngine,
  ModelSpec,
} from "./forecast_engine.ts";
import { forecastCandles } from "./ohlc_model.ts";
import { NATIVE_ENGINE } from "./native_engine.ts";
import { knownPhi } from "./testing/known_phi.ts";
import { makeCandles } from "./testing/make_candles.ts";
import { trainingSeries } from "./training_series.ts";

const CANDLES = makeCandles({ n: 200, start: 0, phi: 0.5, sd: 2e-3 });
const GRID = { tick: 1e-6, scale: 6 };

/** Chooses (1,1,0) for every series. */
const AR_SPEC: ModelSpec = { order: [1, 1, 0], mean: false };
const SELECTS: ForecastEngine = {
  ...BASELINE_ENGINE,
  select: (series) => knownPhi(0.5).fit(series, AR_SPEC),
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

Deno.test("fitTrack() lets fits start from the models before, each from its own", () => {
  const asked: (FittedModel | undefined)[] = [];
  const engine: ForecastEngine = {
    ...BASELINE_ENGINE,
    fit: (series, spec, before) => {
      asked.push(before);
      return NATIVE_ENGINE.fit(series, spec, before);
    },
  };
  const engines = { close: engine, range: engine };
  const candidates = CANDIDATES.filter(({ model }) =>
    model === "arima(1,1,0)" || model === "arima(1,1,1)"
  );
  const { track } = fitTrack(engines, CANDLES.slice(0, 150), candidates);
  assert.ok(track);
  assert.deepEqual(asked, [
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  asked.length = 0;
  fitTrack(engines, CANDLES, [...candidates].reverse(), track);
  const [first, second] = track.closes;
  assert.deepEqual(asked, [
    second.model,
    first.model,
    track.upper,
    track.lower,
    track.body,
  ]);
});
