import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type ArmaCoefficients,
  filterSeries,
  fitClosedForm,
  forecastArma,
  rootsOutside,
  updateArma,
} from "./arma_model.ts";
import type { Order } from "./forecast_engine.ts";
import { seededNormal } from "./testing/make_candles.ts";

function coefficients(
  order: Order,
  given: Partial<ArmaCoefficients>,
): ArmaCoefficients {
  return {
    spec: { order, mean: order[1] === 0 },
    phi: [],
    theta: [],
    mean: 0,
    sigma2: 1,
    ...given,
  };
}

function noise(n: number, seed: number): Float64Array {
  const normal = seededNormal(seed);
  return Float64Array.from({ length: n }, () => normal());
}

Deno.test("updateArma() goes on as filtering the longer series does", () => {
  const cases = [
    coefficients([1, 0, 1], { phi: [0.5], theta: [0.3], mean: 4 }),
    coefficients([2, 1, 2], { phi: [0.5, -0.2], theta: [0.3, 0.1] }),
    coefficients([1, 2, 0], { phi: [-0.4] }),
    coefficients([0, 1, 1], { theta: [-0.6] }),
  ];
  for (const known of cases) {
    const series = noise(80, 11);
    let { model } = filterSeries(known, series.slice(0, 50));
    for (const y of series.slice(50)) model = updateArma(model, y);
    const whole = filterSeries(known, series).model;
    const near = (a: readonly number[], b: readonly number[]) =>
      a.forEach((x, i) => assert.ok(Math.abs(x - b[i]) < 1e-9, `${x} ${b[i]}`));
    near(model.deviations, whole.deviations);
    near(model.innovations, whole.innovations);
    near(model.levels, whole.levels);
  }
});

Deno.test("forecastArma() of an AR(1) decays to the mean, with the known errors", () => {
  const { model } = filterSeries(
    coefficients([1, 0, 0], { phi: [0.5], mean: 10, sigma2: 4 }),
    Float64Array.of(10, 12, 14),
  );
  const { mean, se } = forecastArma(model, 3);
  assert.deepEqual(mean, [12, 11, 10.5]);
  [1, 1.25, 1.3125].forEach((x, i) =>
    assert.ok(Math.abs(se[i] ** 2 / 4 - x) < 1e-12)
  );
});

Deno.test("forecastArma() of an ARIMA(0,1,1) is flat, with psi weights of 1 + theta", () => {
  const { model } = filterSeries(
    coefficients([0, 1, 1], { theta: [-0.5] }),
    Float64Array.of(0, 1),
  );
  const { mean, se } = forecastArma(model, 3);
  assert.deepEqual(mean, [0.5, 0.5, 0.5]);
  assert.ok(Math.abs(se[2] ** 2 - 1.5) < 1e-12);
});

Deno.test("forecastArma() scales with the series", () => {
  const known = coefficients([1, 1, 1], { phi: [0.4], theta: [0.2] });
  const series = noise(60, 5);
  const one = forecastArma(filterSeries(known, series).model, 5).mean;
  for (const scale of [1e15, 1e-12, -1]) {
    const other = forecastArma(
      filterSeries(known, series.map((x) => x * scale)).model,
      5,
    ).mean;
    other.forEach((x, i) =>
      assert.ok(Math.abs(x / scale - one[i]) <= 1e-9 * Math.abs(one[i]))
    );
  }
});

Deno.test("fitClosedForm() of a random walk is the last value, its error the root mean square change", () => {
  const fit = fitClosedForm(Float64Array.of(1, 3, 2, 6), {
    order: [0, 1, 0],
    mean: false,
  });
  assert.ok(fit?.kind === "fitted" && fit.model.kind === "arma");
  const { mean, se } = forecastArma(fit.model, 2);
  assert.deepEqual(mean, [6, 6]);
  assert.ok(Math.abs(se[0] - Math.sqrt((4 + 1 + 16) / 3)) < 1e-12);
  assert.ok(Math.abs(se[1] - Math.SQRT2 * se[0]) < 1e-12);
});

Deno.test("fitClosedForm() takes constants of any order, with an error of 0", () => {
  for (const order of [[0, 0, 0], [1, 0, 1], [1, 1, 1], [2, 1, 2]] as const) {
    const series = new Float64Array(50).fill(7.1);
    const fit = fitClosedForm(series, { order, mean: order[1] === 0 });
    assert.ok(fit?.kind === "fitted" && fit.model.kind === "arma");
    const { mean, se } = forecastArma(fit.model, 3);
    assert.ok(mean.every((x) => Math.abs(x - 7.1) < 1e-12), String(mean));
    assert.deepEqual(se, [0, 0, 0]);
  }
});

Deno.test("fitClosedForm() fails on what is not finite and leaves the rest to an optimiser", () => {
  const spec = { order: [1, 1, 1] as const, mean: false };
  for (const bad of [NaN, Infinity, -Infinity]) {
    for (const at of [0, 5, 9]) {
      const series = noise(10, 1);
      series[at] = bad;
      const fit = fitClosedForm(series, spec);
      assert.ok(fit?.kind === "failed" && fit.reason.includes(`value ${at}`));
    }
  }
  assert.equal(fitClosedForm(noise(50, 1), spec), null);
  assert.equal(fitClosedForm(new Float64Array(0), spec)?.kind, "failed");
});

Deno.test("rootsOutside() knows the triangle of AR(2), and fires outside it", () => {
  fc.assert(fc.property(
    fc.double({ min: -2.5, max: 2.5, noNaN: true }),
    fc.double({ min: -1.5, max: 1.5, noNaN: true }),
    (a, b) => {
      const inside = b + a < 1 && b - a < 1 && Math.abs(b) < 1;
      const edge = Math.min(
        Math.abs(1 - a - b),
        Math.abs(1 + a - b),
        Math.abs(1 - Math.abs(b)),
      );
      fc.pre(edge > 1e-9);
      assert.equal(rootsOutside([a, b]), inside);
    },
  ));
  assert.equal(rootsOutside([]), true);
  assert.equal(rootsOutside([1]), false);
  assert.equal(rootsOutside([NaN]), false);
});
