import assert from "node:assert/strict";
import { simulateArma } from "../testing/simulate_arma.ts";
import type { Blocks } from "./arma_shape.ts";
import { ConditionalFit } from "./conditional_fit.ts";

const phi = [0.6, -0.3];
const theta = [0.4, 0.2];
const z = simulateArma({ n: 4_000, seed: 1, phi, theta });

/** Mean square of the conditional errors, step by step. */
function plainSquares(x: Float64Array, [p, q]: Blocks): number {
  const e = new Float64Array(z.length);
  let sum = 0;
  for (let t = p; t < z.length; t++) {
    e[t] = z[t];
    for (let i = 0; i < p; i++) e[t] -= x[i] * z[t - 1 - i];
    for (let i = 0; i < q && i < t; i++) e[t] -= x[p + i] * e[t - 1 - i];
    sum += e[t] * e[t];
  }
  return sum / (z.length - p);
}

Deno.test("ConditionalFit takes the mean square of the conditional errors", () => {
  const x = Float64Array.of(0.5, 0.1, -0.4, 0.3);
  const blocks = [2, 2, 0, 0] as const;
  const fit = new ConditionalFit(z, [5, 5, 0, 0], 0);
  const got = fit.refine(blocks, x, 0);
  assert.ok(Math.abs(got / plainSquares(x, blocks) - 1) < 1e-12);
});

Deno.test("ConditionalFit comes to what a series was made of, from afar", () => {
  const x = new Float64Array(4);
  const fit = new ConditionalFit(z, [5, 5, 0, 0], 0);
  const squares = fit.refine([2, 2, 0, 0], x, 30);
  [...phi, ...theta].forEach((wanted, i) =>
    assert.ok(Math.abs(x[i] - wanted) < 0.1, String(x))
  );
  assert.ok(Math.abs(squares - 1) < 0.1);
  // A minimum: a step to any side is worse.
  for (let i = 0; i < 4; i++) {
    for (const step of [-0.05, 0.05]) {
      const beside = x.slice();
      beside[i] += step;
      assert.ok(fit.refine([2, 2, 0, 0], beside, 0) > squares);
    }
  }
});

Deno.test("ConditionalFit never leaves what is stationary and invertible, nor goes up", () => {
  const walk = z.map(((sum) => (x: number) => sum += x)(0));
  for (const series of [z, walk]) {
    const fit = new ConditionalFit(series, [5, 5, 0, 0], 0);
    const x = Float64Array.of(0.1, 0.1, 0.8, 0.1, 0.1, 0.05);
    let last = Infinity;
    for (let steps = 0; steps < 10; steps++) {
      const squares = fit.refine([3, 3, 0, 0], x, 1);
      assert.ok(squares <= last);
      assert.ok(x.every(Number.isFinite));
      last = squares;
    }
  }
});

Deno.test("ConditionalFit multiplies seasonal factors out", () => {
  // (1 - 0.5 B)(1 - 0.6 B^4) z = (1 + 0.3 B)(1 + 0.4 B^4) e
  const series = simulateArma({
    n: 6_000,
    seed: 4,
    phi: [0.5, 0, 0, 0.6, -0.3],
    theta: [0.3, 0, 0, 0.4, 0.12],
  });
  const x = new Float64Array(4);
  const fit = new ConditionalFit(series, [2, 2, 1, 1], 4);
  fit.refine([1, 1, 1, 1], x, 30);
  [0.5, 0.3, 0.6, 0.4].forEach((wanted, i) =>
    assert.ok(Math.abs(x[i] - wanted) < 0.1, String(x))
  );
});
