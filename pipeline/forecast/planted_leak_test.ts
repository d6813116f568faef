import assert from "node:assert/strict";
import fc from "fast-check";
import { MICROS_PER_MINUTE } from "../domain/time.ts";
import { BASELINE, type Candidate } from "./candidates.ts";
import { chooseChampion } from "./choose_champion.ts";
import { fitInstrument } from "./fit_instrument.ts";
import { type ForecastEngine, specName } from "./forecast_engine.ts";
import { endedCandles, moveToEdge, NEW_STATE } from "./instrument_state.ts";
import { forecastCandles } from "./ohlc_model.ts";
import { verdictOf } from "./scores/verdict.ts";
import { knownPhi } from "./testing/known_phi.ts";
import { makeCandles, storedCandle } from "./testing/make_candles.ts";
import { type CandleFloats, trainingSeries } from "./training_series.ts";
import { walkSteps } from "./walk_forward.ts";

const GRID = { tick: 0.01, scale: 2 };
const SPEC = { order: [1, 1, 0], mean: false } as const;
const CHALLENGER: Candidate = { model: specName(SPEC), spec: SPEC };
const CANDIDATES = [BASELINE, CHALLENGER];

/** Honest: a known autoregression, filtered over what it is given. */
const HONEST: ForecastEngine = knownPhi(0.6);

/** Looks up, in candles that it should not have, the return that comes next. */
function leaking(candles: readonly CandleFloats[]): ForecastEngine {
  const { level } = trainingSeries(candles);
  const key = (change: number) => change.toFixed(12);
  const next = new Map<string, number>();
  for (let i = 1; i + 1 < level.length; i++) {
    next.set(key(level[i] - level[i - 1]), level[i + 1] - level[i]);
  }
  return {
    ...HONEST,
    id: "leaking",
    fit(series, spec) {
      const last = series[series.length - 1];
      const change = last - series[series.length - 2];
      const fit = HONEST.fit(series, { order: [0, 1, 0], mean: false });
      if (spec.mean || fit.kind === "failed") return HONEST.fit(series, spec);
      return {
        ...fit,
        model: {
          kind: "random_walk",
          last: last + (next.get(key(change)) ?? 0),
          variance: 1e-6,
        },
      };
    },
  };
}

const MARKET = makeCandles({ n: 160, start: 0, sd: 3e-3, seed: 9 });
const OPTIONS = { steps: 100, refitEvery: 1, trainMin: 30 };

/** Forecasts of the candles before `cut`, to the bit. */
function forecastsBefore(
  engine: ForecastEngine,
  candles: readonly CandleFloats[],
  cut: number,
) {
  const job = {
    symbol: "A",
    candles,
    window: 120,
    candidates: CANDIDATES,
    grid: GRID,
  };
  const steps = [...walkSteps(engine, job, { ...OPTIONS, refitEvery: 7 })];
  return steps.filter(({ candle }) => candle.t <= MARKET[cut].t)
    .map(({ model, forecast, last }) => ({ model, forecast, last }));
}

/** The same market up to `cut`; from there on another one. */
function otherFuture(cut: number, factor: number): CandleFloats[] {
  return MARKET.map((candle, i) =>
    i < cut ? candle : {
      ...candle,
      open: candle.open * factor,
      high: candle.high * factor * 1.5,
      low: candle.low * factor / 1.5,
      close: candle.close * factor * (1 + (i % 5) / 10),
    }
  );
}

Deno.test("a walk forward's forecasts are the same to the bit whatever comes after", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 61, max: 158 }),
      fc.double({ min: 0.2, max: 5, noNaN: true }),
      (cut, factor) => {
        assert.deepEqual(
          forecastsBefore(HONEST, otherFuture(cut, factor), cut),
          forecastsBefore(HONEST, MARKET, cut),
        );
      },
    ),
    { numRuns: 40 },
  );
});

Deno.test("the test of the future sees a challenger that looks into it", () => {
  // A fit is due at it.
  const cut = 123;
  const other = otherFuture(cut, 1.5);
  assert.notDeepEqual(
    forecastsBefore(leaking(other), other, cut),
    forecastsBefore(leaking(MARKET), MARKET, cut),
  );
});

Deno.test("a live forecast is the same to the bit whatever is stored at and after its edge", () => {
  const stored = (candles: readonly CandleFloats[]) =>
    candles.map((candle, i) =>
      storedCandle("A", candle, { closed: i < 140, complete: i < 140 })
    );
  const edge = MARKET[150].t;
  const forecast = (candles: readonly CandleFloats[]) => {
    const ended = endedCandles(stored(candles), edge as never);
    assert.ok(ended.every(({ end }) => end <= edge));
    const view = moveToEdge(NEW_STATE, ended);
    assert.ok(view !== null);
    return view.track.closes.map((close) =>
      forecastCandles(view.track, close, 5, GRID)
    );
  };
  assert.deepEqual(forecast(otherFuture(150, 3)), forecast(MARKET));
  assert.notDeepEqual(forecast(otherFuture(149, 3)), forecast(MARKET));
});

Deno.test("a challenger that sees the future is flagged, and never shown", () => {
  const job = {
    symbol: "A",
    grid: GRID,
    candles: MARKET,
    window: 120,
    candidates: CANDIDATES,
    walkForward: OPTIONS,
  };
  const champion = (engine: ForecastEngine) => {
    const { skills } = fitInstrument(engine, job);
    const of = (model: string) =>
      skills.find((skill) => skill.model === model) ?? null;
    const challenger = of(CHALLENGER.model);
    assert.ok(challenger !== null && challenger.n > 90);
    const shown = chooseChampion(CANDIDATES.map(({ model }) => model), of, 30);
    return { shown, challenger };
  };
  const { shown, challenger } = champion(leaking(MARKET));
  assert.ok((challenger.skill ?? 0) > 0.9, `${challenger.skill}`);
  assert.equal(verdictOf(challenger), "suspicious");
  assert.match(challenger.suspicious ?? "", /looks like a leak/);
  assert.equal(shown, BASELINE.model);
});

Deno.test("the market that is predictable on purpose is not taken for a leak", () => {
  const SEEDS = 10;
  let sum = 0;
  for (let seed = 0; seed < SEEDS; seed++) {
    const { skills } = fitInstrument(HONEST, {
      symbol: "A",
      grid: GRID,
      candles: makeCandles({
        n: 400,
        start: 30 * MICROS_PER_MINUTE,
        phi: 0.6,
        sd: 1e-3,
        seed,
      }),
      window: 240,
      candidates: CANDIDATES,
      walkForward: { steps: 120, refitEvery: 10, trainMin: 30 },
    });
    const challenger = skills.find(({ model }) => model === CHALLENGER.model);
    assert.equal(challenger?.suspicious, null);
    sum += challenger?.skill ?? 0;
  }
  assert.ok(sum / SEEDS > 0.1, `${sum / SEEDS}`);
});
