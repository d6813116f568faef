import assert from "node:assert/strict";
import type {
  FitResult,
  ForecastEngine,
  ModelSpec,
  Order,
} from "../forecast_engine.ts";
import { seededNormal } from "./make_candles.ts";

/** A claim that every engine of ARIMA models must keep. */
export interface EngineCase {
  readonly name: string;
  run(engine: ForecastEngine): void;
}

function spec(...order: Order): ModelSpec {
  return { order, mean: order[1] === 0 };
}

const SPECS = [
  spec(1, 1, 0),
  spec(0, 1, 1),
  spec(1, 1, 1),
  spec(2, 1, 2),
  spec(1, 0, 1),
  spec(0, 0, 0),
  spec(0, 1, 0),
  spec(0, 2, 1),
];

function walk(n: number, seed: number): Float64Array {
  const normal = seededNormal(seed);
  const out = new Float64Array(n);
  out[0] = 10;
  for (let i = 1; i < n; i++) out[i] = out[i - 1] + 1e-3 * normal();
  return out;
}

/** An AR(1) about a mean, or its running sum. */
function autoregression(n: number, phi: number, d: 0 | 1): Float64Array {
  const normal = seededNormal(8);
  const out = new Float64Array(n);
  let z = 0;
  for (let i = 0; i < n; i++) {
    z = phi * z + normal();
    out[i] = d === 1 ? (out[i - 1] ?? 50) + z : 50 + z;
  }
  return out;
}

function fitted(fit: FitResult) {
  assert.ok(fit.kind === "fitted", JSON.stringify(fit));
  return fit;
}

/** What an engine may return of any data: numbers, or a reason. */
function checkSane(engine: ForecastEngine, fit: FitResult): void {
  if (fit.kind === "failed") {
    assert.ok(fit.reason.length > 5, "a failure has a reason");
    return;
  }
  const { mean, se } = engine.forecast(fit.model, 5);
  assert.equal(mean.length, 5);
  assert.ok(mean.every(Number.isFinite), `means ${mean}`);
  assert.ok(se.every((x) => Number.isFinite(x) && x >= 0), `errors ${se}`);
}

function near(a: number, b: number, most: number, what: string): void {
  assert.ok(Math.abs(a - b) <= most, `${what}: ${a}, not ${b}`);
}

/** Run on each engine, the contract is what makes them exchangeable. */
export const ENGINE_CASES: readonly EngineCase[] = [
  {
    name: "fits every order to a random walk, or says why not",
    run(engine) {
      for (const one of SPECS) {
        const fit = engine.fit(walk(240, 3), one);
        checkSane(engine, fit);
        if (fit.kind === "failed") continue;
        assert.equal(fit.residuals.length, 240 - one.order[1]);
        assert.ok(Array.from(fit.residuals).every(Number.isFinite));
      }
    },
  },
  {
    name: "finds the coefficient of an autoregression, and forecasts by it",
    run(engine) {
      for (const d of [0, 1] as const) {
        const series = autoregression(600, 0.6, d);
        const { model } = fitted(engine.fit(series, spec(1, d, 0)));
        const { mean, se } = engine.forecast(model, 40);
        if (d === 0) {
          near(mean[0] - mean[39], 0.6 * (series[599] - mean[39]), 0.4, "step");
          near(mean[39], 50, 0.5, "far ahead, the mean");
        } else {
          const change = series[599] - series[598];
          near(mean[0], series[599] + 0.6 * change, 0.3, "next");
        }
        near(se[0], 1, 0.1, "error");
        se.reduce((before, after) => {
          assert.ok(after >= before, "errors grow with the distance");
          return after;
        });
      }
    },
  },
  {
    name: "goes on value by value, to what filtering the whole would give",
    run(engine) {
      const series = autoregression(400, 0.5, 1);
      for (const one of [spec(1, 1, 1), spec(0, 1, 1), spec(1, 1, 0)]) {
        const fit = fitted(engine.fit(series.slice(0, 300), one));
        let { model } = fit;
        let squares = 0;
        for (const y of series.slice(300)) {
          squares += (y - engine.forecast(model, 1).mean[0]) ** 2 / 100;
          model = engine.update(model, y);
        }
        near(Math.sqrt(squares), 1, 0.2, "error beyond the fit");
      }
    },
  },
  {
    name: "an update leaves the model before it as it was",
    run(engine) {
      for (const one of SPECS) {
        const fit = engine.fit(walk(100, 4), one);
        if (fit.kind === "failed") continue;
        const before = JSON.stringify(fit.model);
        engine.update(fit.model, 12);
        engine.forecast(fit.model, 5);
        assert.equal(JSON.stringify(fit.model), before);
      }
    },
  },
  {
    name: "models are plain data that pass between threads",
    run(engine) {
      for (const one of SPECS) {
        const fit = engine.fit(walk(100, 5), one);
        if (fit.kind === "failed") continue;
        const copy = structuredClone(fit.model);
        assert.deepEqual(copy, fit.model);
        assert.deepEqual(
          engine.forecast(engine.update(copy, 11), 3),
          engine.forecast(engine.update(fit.model, 11), 3),
        );
      }
    },
  },
  {
    name: "constants are forecast as they are, with an error of 0",
    run(engine) {
      for (const one of SPECS) {
        for (const value of [0, 7.1, -3e9, 1e-9]) {
          const series = new Float64Array(50).fill(value);
          const { model } = fitted(engine.fit(series, one));
          const { mean, se } = engine.forecast(model, 3);
          assert.deepEqual([...mean], [value, value, value]);
          assert.deepEqual([...se], [0, 0, 0]);
        }
      }
    },
  },
  {
    name: "(0,1,0) is the last value, its error the root mean square change",
    run(engine) {
      const series = Float64Array.of(1, 3, 2, 6);
      const { model } = fitted(engine.fit(series, spec(0, 1, 0)));
      const { mean, se } = engine.forecast(model, 2);
      assert.deepEqual([...mean], [6, 6]);
      near(se[0], Math.sqrt((4 + 1 + 16) / 3), 1e-12, "error");
      near(se[1], Math.SQRT2 * se[0], 1e-12, "error");
    },
  },
  {
    name: "a missing value inside or at an end harms nothing",
    run(engine) {
      for (const at of [[0], [50], [99], [0, 1, 50, 51, 98, 99]]) {
        const series = walk(100, 6);
        for (const t of at) series[t] = NaN;
        for (const one of SPECS) checkSane(engine, engine.fit(series, one));
      }
      checkSane(engine, engine.fit(new Float64Array(30).fill(NaN), SPECS[0]));
    },
  },
  {
    name: "an infinite value is a failure that names it",
    run(engine) {
      for (const bad of [Infinity, -Infinity]) {
        for (const at of [0, 50, 99]) {
          const series = walk(100, 7);
          series[at] = bad;
          const fit = engine.fit(series, spec(1, 1, 1));
          assert.ok(fit.kind === "failed");
          assert.match(fit.reason, new RegExp(`value ${at} `));
        }
      }
    },
  },
  {
    name: "what comes next need not be finite",
    run(engine) {
      const series = walk(100, 8);
      for (const one of [spec(1, 1, 1), spec(0, 1, 0), spec(1, 0, 1)]) {
        let { model } = fitted(engine.fit(series, one));
        for (const y of [NaN, Infinity, NaN, 10, -Infinity, 10.1]) {
          model = engine.update(model, y);
          checkSane(engine, {
            kind: "fitted",
            model,
            residuals: new Float64Array(0),
          });
        }
        near(engine.forecast(model, 1).mean[0], 10.1, 0.2, "next");
      }
    },
  },
  {
    name: "short series fail with what they need, or are fitted",
    run(engine) {
      for (let n = 0; n <= 20; n++) {
        for (const one of SPECS) {
          const fit = engine.fit(walk(n, 9).slice(0, n), one);
          checkSane(engine, fit);
          const [p, d, q] = one.order;
          const single = n === d + 1;
          if (n <= d || p + q > 0 && !single && n < p + d + q + 5) {
            assert.equal(fit.kind, "failed", `${n} for ${one.order}`);
          }
        }
      }
    },
  },
  {
    name: "20,000 values are fitted, and forecast from the last one",
    run(engine) {
      const series = walk(20_000, 10);
      const { model } = fitted(engine.fit(series, spec(1, 1, 1)));
      near(engine.forecast(model, 1).mean[0], series[19_999], 0.01, "next");
    },
  },
  {
    name: "forecasts scale with the series",
    run(engine) {
      const series = autoregression(200, 0.5, 1);
      const one = fitted(engine.fit(series, spec(1, 1, 1))).model;
      const path = engine.forecast(one, 5);
      for (const scale of [1e12, 1e-12, -1]) {
        const scaled = series.map((x) => x * scale);
        const other = fitted(engine.fit(scaled, spec(1, 1, 1))).model;
        const { mean, se } = engine.forecast(other, 5);
        path.mean.forEach((x, i) => near(mean[i] / scale / x, 1, 1e-6, "mean"));
        path.se.forEach((x, i) =>
          near(se[i] / Math.abs(scale) / x, 1, 1e-4, "error")
        );
      }
    },
  },
];
