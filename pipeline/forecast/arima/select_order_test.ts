import assert from "node:assert/strict";
import { LH } from "../testing/lh.ts";
import { simulateArma } from "../testing/simulate_arma.ts";
import { fitArima } from "./fit_arima.ts";
import { rootsAway } from "./roots_away.ts";
import { type SearchOptions, selectOrder } from "./select_order.ts";
import type { Constant } from "./spec.ts";

const QUICK = { standardErrors: false };

function selected(y: Float64Array, options: SearchOptions = {}) {
  const fit = selectOrder(y, { ...QUICK, ...options });
  assert.equal(fit.kind, "fitted");
  assert.ok(fit.kind === "fitted");
  return fit;
}

const summed = (x: Float64Array) =>
  x.map(((sum) => (v: number) => sum += v)(0));

Deno.test("selectOrder() takes lh to an AICc as low as R's auto.arima", () => {
  const { model, estimates } = selected(Float64Array.from(LH));
  assert.ok(estimates.aicc <= 65.303779320197 + 1e-3, String(estimates.aicc));
  assert.equal(model.spec.order[1], 0);
  assert.equal(model.spec.constant, "mean");
});

Deno.test("selectOrder() has no worse AICc than any small model, nor a root near the unit circle", () => {
  const cases = [
    { phi: [0.7], theta: [] },
    { phi: [], theta: [0.8] },
    { phi: [0.5, -0.6], theta: [0.3] },
    { phi: [0.4], theta: [-0.5, 0.3] },
    { phi: [], theta: [] },
  ];
  cases.forEach(({ phi, theta }, seed) => {
    const y = simulateArma({ n: 120, seed, phi, theta });
    const { model, estimates } = selected(y);
    assert.ok(rootsAway(model));
    const d = model.spec.order[1];
    for (let p = 0; p <= 2; p++) {
      for (let q = 0; q <= 2; q++) {
        const fit = fitArima(y, {
          order: [p, d, q],
          seasonal: [0, 0, 0],
          period: 0,
          constant: d === 0 ? "mean" : "none",
        }, QUICK);
        assert.ok(fit.kind === "fitted");
        if (!rootsAway(fit.model)) continue;
        assert.ok(
          estimates.aicc <= fit.estimates.aicc + 0.05,
          `${model.spec.order}, (${p},${d},${q}) of case ${seed}`,
        );
      }
    }
  });
});

Deno.test("selectOrder() finds the order that a long series was made by", () => {
  const y = simulateArma({ n: 2_000, seed: 7, phi: [0.5, -0.4], theta: [] });
  const { order } = selected(y).model.spec;
  assert.equal(order[0] + order[2] >= 2, true);
  const walk = selected(summed(simulateArma({ n: 500, seed: 8 })));
  assert.equal(walk.model.spec.order[1], 1);
});

Deno.test("selectOrder() uses no constant but those that it may", () => {
  const mean = simulateArma({ n: 150, seed: 1, phi: [0.4] })
    .map((x) => x + 10);
  const drift = summed(simulateArma({ n: 150, seed: 2 }).map((x) => x + 1));
  const constantOf = (y: Float64Array, constants?: readonly Constant[]) =>
    selected(y, constants && { constants }).model.spec.constant;
  assert.equal(constantOf(mean), "mean");
  assert.equal(constantOf(drift), "drift");
  assert.equal(constantOf(mean, ["none", "drift"]), "none");
  assert.equal(constantOf(drift, ["none", "mean"]), "none");
  assert.equal(constantOf(drift, ["none"]), "none");
});

Deno.test("selectOrder() differences a strong season, and keeps terms of a weak one", () => {
  const noise = simulateArma({ n: 144, seed: 3 });
  const strong = noise.map((x, t) => x + 5 * Math.sin(Math.PI * t / 6));
  const spec = selected(strong, { period: 12 }).model.spec;
  assert.deepEqual([spec.seasonal[1], spec.period], [1, 12]);
  const phi = [0, 0, 0, 0.5];
  const weak = simulateArma({ n: 200, seed: 4, phi });
  const [P, D, Q] = selected(weak, { period: 4 }).model.spec.seasonal;
  assert.equal(D, 0);
  assert.ok(P + Q > 0);
  assert.equal(selected(strong, { period: 1 }).model.spec.seasonal[1], 0);
});

Deno.test("selectOrder() does not mind gaps", () => {
  const y = summed(simulateArma({ n: 120, seed: 5, theta: [0.6] }));
  const gappy = y.map((x, t) => t % 11 === 5 ? NaN : x);
  const { model, estimates } = selected(gappy);
  assert.equal(model.spec.order[1], 1);
  assert.equal(
    estimates.nobs,
    gappy.filter((x) => !Number.isNaN(x)).length - 1,
  );
});

Deno.test("selectOrder() chooses the same for a series of any unit", () => {
  const y = summed(simulateArma({ n: 100, seed: 6, theta: [-0.4] }));
  const { model } = selected(y);
  for (const scale of [1e-12, 1e12, -1]) {
    const other = selected(y.map((x) => x * scale)).model;
    assert.deepEqual(other.spec, model.spec);
  }
});

Deno.test("selectOrder() takes series without an error as what they are, and few values with a reason", () => {
  const flat = selected(new Float64Array(40).fill(7.1));
  assert.equal(flat.estimates.degenerate, true);
  const line = selected(Float64Array.from({ length: 40 }, (_, t) => 2 * t));
  assert.deepEqual(line.model.spec.order, [0, 1, 0]);
  assert.equal(line.estimates.coef.drift, 2);
  for (const y of [[], [NaN, NaN], [1, Infinity, 2]]) {
    const fit = selectOrder(Float64Array.from(y));
    assert.ok(fit.kind === "failed" && fit.reason.length > 0, String(y));
  }
});

Deno.test("selectOrder() takes the plainest model where there are too few values to choose", () => {
  for (const y of [[3], [1, 2], [1, 2, 4], [1, 5, 2, 6]]) {
    const { order } = selected(Float64Array.from(y)).model.spec;
    assert.deepEqual([order[0], order[2]], [0, 0], String(y));
  }
  for (let n = 5; n < 20; n++) selected(simulateArma({ n, seed: n }));
});
