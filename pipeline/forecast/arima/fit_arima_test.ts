import assert from "node:assert/strict";
import fc from "fast-check";
import { seededNormal } from "../testing/make_candles.ts";
import type { ArimaModel } from "./arima_model.ts";
import { ArmaShape } from "./arma_shape.ts";
import { type ArimaFit, fitArima, STATE_MAX } from "./fit_arima.ts";
import { forecastArima } from "./forecast_arima.ts";
import type { ArimaSpec, Constant, Order } from "./spec.ts";
import { updateArima } from "./update_arima.ts";

function spec(
  order: Order,
  constant: Constant = "none",
  seasonal: Order = [0, 0, 0],
  period = 0,
): ArimaSpec {
  return { order, seasonal, period, constant };
}

/** A series of the model with these coefficients (R's), from a level of 20. */
function simulate(
  model: ArimaSpec,
  coefficients: readonly number[],
  n: number,
  seed: number,
  drift = 0,
): Float64Array {
  const shape = new ArmaShape(model);
  shape.expand(Float64Array.from(coefficients));
  const { phi, theta } = shape;
  const normal = seededNormal(seed);
  const before = 400;
  const e = Float64Array.from({ length: n + before }, () => normal());
  const w = new Float64Array(n + before);
  for (let t = 0; t < w.length; t++) {
    w[t] = e[t];
    for (let i = 0; i < phi.length && i < t; i++) w[t] += phi[i] * w[t - 1 - i];
    for (let j = 0; j < theta.length && j < t; j++) {
      w[t] += theta[j] * e[t - 1 - j];
    }
  }
  const y = w.slice(before).map((value) => value + drift);
  for (let k = 0; k < model.order[1]; k++) {
    for (let t = 1; t < n; t++) y[t] += y[t - 1];
  }
  for (let k = 0; k < model.seasonal[1]; k++) {
    for (let t = model.period; t < n; t++) y[t] += y[t - model.period];
  }
  return y.map((value) => value + 20);
}

function fitted(fit: ArimaFit) {
  assert.ok(fit.kind === "fitted", JSON.stringify(fit));
  return fit;
}

const QUICK = { standardErrors: false } as const;

function near(a: number, b: number, most: number, what: string): void {
  assert.ok(Math.abs(a - b) <= most, `${what}: ${a}, not ${b}`);
}

Deno.test("fitArima() recovers the parameters of simulated series within their errors", () => {
  const airline = spec([0, 1, 1], "none", [0, 1, 1], 12);
  const cases = [
    [spec([1, 0, 0], "mean"), [0.7], 0],
    [spec([2, 0, 1], "mean"), [0.5, 0.3, 0.4], 0],
    [spec([1, 1, 1], "drift"), [0.6, -0.3], 0.4],
    [spec([0, 2, 1]), [-0.6], 0],
    [spec([2, 1, 2]), [1.2, -0.5, -0.4, 0.5], 0],
    [airline, [-0.4, -0.6], 0],
    [spec([1, 0, 0], "mean", [1, 0, 1], 4), [0.5, 0.8, -0.4], 0],
    [spec([1, 0, 1], "drift"), [0.5, 0.3], 0],
  ] as const;
  for (const [model, known, drift] of cases) {
    const y = simulate(model, known, 1_500, 12, drift);
    const { estimates } = fitted(fitArima(y, model));
    const { coef, coefSe } = estimates;
    assert.ok(estimates.converged, estimates.stop);
    near(estimates.sigma2, 1, 0.15, "sigma2");
    Object.entries(coef).forEach(([name, value], i) => {
      const wanted = i < known.length
        ? known[i]
        : name === "intercept"
        ? 20
        : drift;
      const se = coefSe[name] ?? 0;
      assert.ok(se > 0, name);
      near(value, wanted, 4 * se, `${JSON.stringify(model)} ${name}`);
    });
  }
});

Deno.test("fitArima() of a mean alone is the mean and the variance, with their likelihood", () => {
  const y = Float64Array.of(2, 4, 4, 4, 5, 5, 7, 9);
  const { estimates, residuals } = fitted(fitArima(y, spec([0, 0, 0], "mean")));
  near(estimates.coef.intercept, 5, 1e-12, "mean");
  near(estimates.sigma2, 4, 1e-12, "variance");
  near(estimates.coefSe.intercept ?? 0, Math.sqrt(4 / 8), 1e-9, "error");
  const loglik = -4 * (Math.log(2 * Math.PI * 4) + 1);
  near(estimates.loglik, loglik, 1e-9, "loglik");
  near(estimates.aic, -2 * loglik + 4, 1e-9, "aic");
  near(estimates.aicc, -2 * loglik + 4 + 12 / 5, 1e-9, "aicc");
  near(estimates.bic, -2 * loglik + 2 * Math.log(8), 1e-9, "bic");
  assert.deepEqual([...residuals], [...y].map((value) => value - 5));
});

Deno.test("fitArima() of (0,1,0) is the last value, its error the root mean square change", () => {
  const y = Float64Array.of(1, 3, 2, 6);
  const { model } = fitted(fitArima(y, spec([0, 1, 0])));
  const { mean, se } = forecastArima(model, 3);
  assert.deepEqual(mean, [6, 6, 6]);
  se.forEach((error, h) =>
    near(error, Math.sqrt((h + 1) * 21 / 3), 1e-12, `error ${h}`)
  );
});

Deno.test("fitArima() leaves a mean out of a differenced model, and a drift where it is lost", () => {
  const y = simulate(spec([1, 1, 0]), [0.4], 120, 3);
  const names = (model: ArimaSpec) =>
    Object.keys(fitted(fitArima(y, model)).estimates.coef);
  assert.deepEqual(names(spec([1, 1, 0], "mean")), ["ar1"]);
  assert.deepEqual(names(spec([1, 1, 0], "drift")), ["ar1", "drift"]);
  assert.deepEqual(names(spec([0, 2, 1], "drift")), ["ma1"]);
  assert.deepEqual(names(spec([1, 0, 0], "drift")), [
    "ar1",
    "intercept",
    "drift",
  ]);
  assert.deepEqual(
    names(spec([1, 0, 1], "drift", [1, 1, 1], 4)),
    ["ar1", "ma1", "sar1", "sma1", "drift"],
  );
});

Deno.test("a straight line in a seasonal difference has the drift of a step, not of a season", () => {
  const y = simulate(spec([1, 0, 0]), [0.3], 200, 5)
    .map((value, t) => value + 0.5 * t);
  const fit = fitted(fitArima(y, spec([1, 0, 0], "drift", [0, 1, 1], 4)));
  near(fit.estimates.coef.drift, 0.5, 0.02, "drift");
  const { mean } = forecastArima(fit.model, 200);
  near((mean[199] - mean[99]) / 100, 0.5, 0.02, "gain of a step");
});

Deno.test("constants, and what is constant once differenced, are exact and marked", () => {
  const orders: Order[] = [[0, 0, 0], [1, 0, 1], [0, 1, 0], [2, 1, 2], [
    0,
    2,
    1,
  ]];
  for (const order of orders) {
    for (const value of [0, 7.1, -3e12, 1e-12]) {
      const y = new Float64Array(40).fill(value);
      const constant = order[1] === 0 ? "mean" : "none";
      const { model, estimates, residuals } = fitted(
        fitArima(y, spec(order, constant)),
      );
      assert.equal(estimates.degenerate, true);
      assert.equal(estimates.sigma2, 0);
      const { mean, se } = forecastArima(model, 3);
      assert.deepEqual(mean, [value, value, value], `${order}`);
      assert.deepEqual(se, [0, 0, 0]);
      assert.ok(residuals.every((error) => error === 0));
    }
  }
  const line = Float64Array.from({ length: 40 }, (_, t) => 3 + 0.1 * t);
  for (
    const [order, constant] of [[[0, 1, 0], "drift"], [[1, 0, 0], "drift"], [[
      1,
      1,
      0,
    ], "none"]] as const
  ) {
    const { model, estimates } = fitted(fitArima(line, spec(order, constant)));
    assert.equal(estimates.degenerate, true, `${order} ${constant}`);
    near(forecastArima(model, 10).mean[9], 3 + 0.1 * 49, 1e-9, "line");
  }
});

Deno.test("what is exact between gaps is found to be so, and goes on", () => {
  const line = Float64Array.from({ length: 60 }, (_, t) => 100 + 0.1 * t);
  for (
    const [gaps, order, constant] of [
      [(t: number) => t % 2 === 1, [1, 1, 1], "drift"],
      [(t: number) => t % 2 === 1, [2, 2, 2], "none"],
      [(t: number) => t > 5 && t < 50, [0, 1, 0], "drift"],
      [(t: number) => t > 55, [0, 2, 1], "none"],
    ] as const
  ) {
    const y = line.map((value, t) => gaps(t) ? NaN : value);
    const fit = fitArima(y, spec(order, constant));
    assert.ok(fit.kind === "fitted");
    assert.equal(fit.estimates.degenerate, true);
    assert.equal(fit.estimates.loglik, Infinity);
    const { mean, se } = forecastArima(fit.model, 3);
    mean.forEach((value, k) =>
      assert.ok(Math.abs(value - 106 - 0.1 * k) < 1e-9, `${order}: ${mean}`)
    );
    assert.deepEqual([...se], [0, 0, 0]);
  }
});

Deno.test("a model that only the edge of the stationary would suit has numbers all the same, or a reason", () => {
  const alternating = Float64Array.from({ length: 66 }, (_, t) => (-1) ** t);
  const parabola = Float64Array.from({ length: 30 }, (_, t) => t * t);
  for (const y of [alternating, parabola]) {
    for (const scale of [1, 1e-12, 1e12]) {
      for (
        const order of [[3, 0, 0], [3, 1, 0], [3, 1, 2], [3, 0, 1]] as const
      ) {
        const fit = fitArima(y.map((value) => value * scale), spec(order));
        if (fit.kind === "failed") continue;
        assert.ok(fit.estimates.sigma2 >= 0);
        assert.ok(!Number.isNaN(fit.estimates.loglik));
        assert.ok(forecastArima(fit.model, 5).mean.every(Number.isFinite));
      }
    }
  }
});

Deno.test("fitArima() says why it cannot fit", () => {
  const y = simulate(spec([1, 0, 0]), [0.4], 60, 1);
  const reason = (series: Float64Array, model: ArimaSpec) => {
    const fit = fitArima(series, model);
    assert.ok(fit.kind === "failed");
    return fit.reason;
  };
  assert.match(reason(y.slice(0, 8), spec([2, 1, 2])), /8 values are too few/);
  assert.match(reason(new Float64Array(0), spec([0, 0, 0])), /0 values/);
  assert.match(
    reason(new Float64Array(20).fill(NaN), spec([1, 0, 0])),
    /0 values are too few/,
  );
  const infinite = y.slice();
  infinite[7] = -Infinity;
  assert.match(reason(infinite, spec([1, 1, 1])), /value 7 of 60 is -Infinity/);
  assert.match(
    reason(y.map((value) => value * 1e150), spec([1, 1, 1])),
    /not a number below/,
  );
  assert.match(reason(y, spec([-1, 0, 0])), /must be whole numbers/);
  assert.match(reason(y, spec([1, 0, 0], "none", [1, 0, 0], 1)), /period of 2/);
  const long = simulate(spec([1, 0, 0]), [0.4], 4_000, 1);
  const season = spec([1, 0, 0], "none", [1, 0, 0], STATE_MAX + 1);
  assert.match(reason(long, season), /needs a state of/);
});

Deno.test("fitArima() takes 20,000 values", () => {
  const y = simulate(spec([1, 1, 1]), [0.4, 0.3], 20_000, 4);
  const { estimates } = fitted(fitArima(y, spec([1, 1, 1])));
  near(estimates.coef.ar1, 0.4, 0.06, "ar1");
  near(estimates.coef.ma1, 0.3, 0.06, "ma1");
});

Deno.test("forecasts scale with the series, and turn with its sign", () => {
  const cases = [
    spec([1, 1, 1]),
    spec([2, 0, 1], "mean"),
    spec([1, 1, 0], "drift"),
    spec([0, 1, 1], "none", [0, 1, 1], 4),
  ];
  for (const model of cases) {
    const y = simulate(spec([1, 0, 1]), [0.5, 0.4], 150, 9);
    const one = forecastArima(fitted(fitArima(y, model)).model, 6);
    for (const scale of [1e15, 1e-12, -1, -3e7]) {
      const scaled = y.map((value) => value * scale);
      const other = forecastArima(fitted(fitArima(scaled, model)).model, 6);
      one.mean.forEach((value, h) => {
        near(other.mean[h] / scale / value, 1, 1e-9, `mean ${scale}`);
        near(other.se[h] / Math.abs(scale) / one.se[h], 1, 1e-7, "error");
      });
    }
  }
});

Deno.test("a missing value is one that the filter skips: what is known beside it counts", () => {
  const model = spec([1, 0, 0], "mean");
  const y = simulate(model, [0.8], 400, 6);
  const holes = y.slice();
  for (let t = 5; t < 400; t += 7) holes[t] = NaN;
  const whole = fitted(fitArima(y, model)).estimates;
  const { estimates, residuals } = fitted(fitArima(holes, model));
  assert.equal(estimates.nobs, 400 - 57);
  near(estimates.coef.ar1, whole.coef.ar1, 0.05, "ar1");
  near(estimates.sigma2, whole.sigma2, 0.1, "sigma2");
  assert.equal(residuals.filter(Number.isNaN).length, 57);
});

Deno.test("what is missing at the end is forecast, with the error of its distance", () => {
  const cases = [
    [spec([1, 0, 1], "mean"), [0.6, 0.3]],
    [spec([1, 1, 1]), [0.6, 0.3]],
    [spec([0, 1, 1], "drift", [0, 0, 1], 4), [0.6, 0.3]],
  ] as const;
  for (const [model, known] of cases) {
    const y = simulate(model, known, 200, 2);
    const { model: end } = fitted(fitArima(y, model));
    const whole = forecastArima(end, 8);
    let carried = end;
    for (let t = 0; t < 3; t++) carried = updateArima(carried, NaN);
    const after = forecastArima(carried, 5);
    after.mean.forEach((value, h) => {
      near(value, whole.mean[h + 3], 1e-9, `mean ${h}`);
      near(after.se[h], whole.se[h + 3], 1e-9, `error ${h}`);
    });
  }
});

const specs = fc.record({
  order: fc.tuple(
    fc.nat({ max: 2 }),
    fc.nat({ max: 2 }),
    fc.nat({ max: 2 }),
  ),
  seasonal: fc.constantFrom<Order>([0, 0, 0], [1, 0, 1], [0, 1, 1]),
  period: fc.constant(4),
  constant: fc.constantFrom<Constant>("none", "mean", "drift"),
});

Deno.test("updateArima() goes on as filtering the longer series does, gaps and all", () => {
  fc.assert(
    fc.property(
      specs,
      fc.nat(),
      fc.array(fc.nat({ max: 39 }), { maxLength: 8 }),
      fc.integer({ min: 30, max: 90 }),
      (model, seed, gaps, from) => {
        const y = simulate(spec([1, 1, 0]), [0.3], from + 40, seed);
        const fit = fitArima(y.slice(0, from), model);
        assert.ok(fit.kind === "fitted");
        for (const t of gaps) y[from + t] = NaN;
        let at = fit.model;
        for (const value of y.slice(from)) at = updateArima(at, value);
        const slow = plainlyFiltered(fit.model, y.slice(from));
        const { mean, se } = forecastArima(at, 6);
        const unit = Math.sqrt(fit.model.sigma2);
        mean.forEach((value, h) => {
          near(value, slow.mean[h], 1e-9 * (1 + Math.abs(value)), "mean");
          near(se[h] / unit, slow.se[h] / unit, 1e-7 * slow.se[h] / unit, "se");
        });
      },
    ),
    { numRuns: 60 },
  );
});

/**
 * The same by dense matrices and no short cut: the state space of Harvey with
 * the noise in the state, from the model's own state on.
 */
function plainlyFiltered(
  model: ReturnType<typeof fitted>["model"],
  values: Float64Array,
): { mean: number[]; se: number[] } {
  const { phi, theta, delta, sigma2 } = model;
  const m = model.state.length;
  const size = m + delta.length;
  const T = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  for (let i = 0; i < m; i++) {
    T[i][0] += phi[i] ?? 0;
    if (i + 1 < m) T[i][i + 1] += 1;
  }
  const z = Array.from(
    { length: size },
    (_, i) => i === 0 ? 1 : i < m ? 0 : delta[i - m],
  );
  if (delta.length > 0) T[m] = z.slice();
  for (let k = 1; k < delta.length; k++) T[m + k][m + k - 1] = 1;
  const g = Array.from(
    { length: size },
    (_, i) => i < m ? (phi[i] ?? 0) + (theta[i] ?? 0) : i === m ? 1 : 0,
  );
  const dot = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, x, i) => sum + x * b[i], 0);
  const moved = (P: readonly (readonly number[])[]) => {
    const TP = T.map((row) => P[0].map((_, j) => dot(row, P.map((r) => r[j]))));
    return TP.map((row) => T.map((other) => dot(row, other)));
  };
  let a = [...model.state, ...model.levels];
  let P = T.map((_, i) =>
    T.map((_, j) => model.covariance?.[i * size + j] ?? 0)
  );
  let center = model.center;
  const step = (y: number) => {
    const Pz = P.map((row) => dot(row, z));
    const F = dot(z, Pz) + 1;
    const M = T.map((row, i) => dot(row, Pz) + g[i]);
    const error = Number.isNaN(y) ? 0 : y - center - dot(z, a);
    const seen = Number.isNaN(y) ? 0 : 1 / F;
    const known = center;
    a = T.map((row, i) =>
      dot(row, a) + M[i] * error * seen + (i === m ? known : 0)
    );
    P = moved(P).map((row, i) =>
      row.map((x, j) => x + g[i] * g[j] - M[i] * M[j] * seen)
    );
    center += model.slope;
  };
  for (const y of values) step(y);
  const mean: number[] = [];
  const se: number[] = [];
  for (let h = 0; h < 6; h++) {
    mean.push(center + dot(z, a));
    se.push(Math.sqrt(sigma2 * (dot(z, P.map((row) => dot(row, z))) + 1)));
    step(NaN);
  }
  return { mean, se };
}

Deno.test("updateArima() after a fit is the fit of the longer series with the same coefficients", () => {
  const model = spec([0, 1, 0], "none");
  const y = simulate(model, [], 100, 8);
  let at = fitted(fitArima(y.slice(0, 60), model)).model;
  for (const value of y.slice(60)) at = updateArima(at, value);
  assert.equal(at.covariance, null);
  assert.deepEqual(forecastArima(at, 1).mean, [y[99]]);
});

Deno.test("updateArima() leaves the model that it is given as it was", () => {
  const y = simulate(spec([1, 1, 1]), [0.4, 0.2], 80, 8);
  const { model } = fitted(fitArima(y, spec([1, 1, 1], "drift")));
  const before = JSON.stringify(model);
  updateArima(model, 5);
  updateArima(updateArima(model, NaN), 5);
  assert.equal(JSON.stringify(model), before);
});

Deno.test("fitArima() that may start from an earlier fit is at least as likely, and often more", () => {
  const model = spec([2, 1, 2]);
  const y = simulate(spec([0, 1, 0]), [], 640, 5);
  let before: ArimaModel | null = null;
  let higher = 0;
  for (let from = 0; from + 240 <= y.length; from += 10) {
    const window = y.slice(from, from + 240);
    const cold = fitted(fitArima(window, model, QUICK));
    if (before === null) {
      before = cold.model;
      continue;
    }
    const both = fitted(fitArima(window, model, { ...QUICK, warm: before }));
    const gain = both.estimates.loglik - cold.estimates.loglik;
    assert.ok(gain > -1e-6, `${from}: ${gain}`);
    if (gain > 1e-3) higher++;
    before = both.model;
  }
  assert.ok(higher > 0);
});

Deno.test("fitArima() gains nothing by a start from nowhere, and loses nothing", () => {
  const model = spec([1, 1, 1]);
  const y = simulate(model, [0.5, 0.3], 240, 3);
  const cold = fitted(fitArima(y, model, QUICK));
  for (const [phi, theta] of [[-0.9, -0.9], [0.99, 0.99], [5, 5]]) {
    const warm = { spec: model, phi: [phi], theta: [theta] };
    const { estimates } = fitted(fitArima(y, model, { ...QUICK, warm }));
    near(estimates.loglik, cold.estimates.loglik, 1e-8, `${phi} ${theta}`);
  }
  // Those of another model, or what are no numbers, are not looked at.
  for (
    const warm of [
      { spec: spec([1, 0, 1]), phi: [0.1], theta: [0.1] },
      { spec: model, phi: [NaN], theta: [0.1] },
    ]
  ) {
    assert.deepEqual(fitArima(y, model, { ...QUICK, warm }), cold);
  }
});
