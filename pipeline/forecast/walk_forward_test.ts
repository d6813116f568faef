import assert from "node:assert/strict";
import { BASELINE_ENGINE } from "./baseline_engine.ts";
import { CANDIDATES } from "./candidates.ts";
import type { ForecastEngine } from "./forecast_engine.ts";
import { knownPhi } from "./testing/known_phi.ts";
import { makeCandles } from "./testing/make_candles.ts";
import { walkForward } from "./walk_forward.ts";

const OPTIONS = { steps: 120, refitEvery: 10, trainMin: 30 };
const JOB = {
  symbol: "A",
  window: 240,
  candidates: CANDIDATES.filter(({ spec }) => spec !== "auto"),
  grid: { tick: 0.01, scale: 2 },
};

/** Writes down how much of the series each fit was given. */
function watched(lengths: number[]): ForecastEngine {
  const engine = knownPhi(0.6);
  return {
    ...engine,
    fit(series, spec) {
      lengths.push(series.length);
      return engine.fit(series, spec);
    },
  };
}

Deno.test("walkForward() scores every model on the newest candles, each from those before", () => {
  const lengths: number[] = [];
  const candles = makeCandles({ n: 300, start: 0, phi: 0.6, sd: 3e-3 });
  const skills = walkForward(
    watched(lengths),
    { ...JOB, candles },
    OPTIONS,
  );
  assert.deepEqual(
    skills.map(({ model, n, source }) => [model, n, source]),
    JOB.candidates.map(({ model }) => [model, 120, "walk_forward"]),
  );
  assert.equal(skills[0].skill, 0);
  const ar = skills.find(({ model }) => model === "arima(1,1,0)");
  assert.ok((ar?.skill ?? 0) > 0.05);
  assert.deepEqual([...new Set(lengths)].slice(0, 3), [180, 190, 200]);
});

Deno.test("walkForward() cannot see ahead: another future changes no score before it", () => {
  const candles = makeCandles({ n: 200, start: 0, phi: 0.6, sd: 3e-3 });
  const other = candles.map((candle, i) =>
    i < 199 ? candle : { ...candle, high: 400, close: 400 }
  );
  const upTo = (list: typeof candles) =>
    walkForward(watched([]), { ...JOB, candles: list.slice(0, 199) }, {
      ...OPTIONS,
      steps: 100,
    });
  assert.deepEqual(upTo(candles), upTo(other));
});

Deno.test("walkForward() scores nothing across gaps, and nothing without enough candles", () => {
  const candles = makeCandles({ n: 100, start: 0 }).map((candle, i) =>
    i < 90 ? candle : { ...candle, t: candle.t + 6e9, end: candle.end + 6e9 }
  );
  const [walk] = walkForward(BASELINE_ENGINE, { ...JOB, candles }, {
    ...OPTIONS,
    steps: 20,
  });
  assert.equal(walk.n, 19);
  const few = walkForward(
    BASELINE_ENGINE,
    { ...JOB, candles: candles.slice(0, 30) },
    OPTIONS,
  );
  assert.ok(few.every(({ n, skill }) => n === 0 && skill === null));
});
