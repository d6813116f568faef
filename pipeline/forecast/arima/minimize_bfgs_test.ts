import assert from "node:assert/strict";
import { minimizeBfgs } from "./minimize_bfgs.ts";

const OPTIONS = {
  gradientMax: 1e-7,
  iterationsMax: 200,
  evaluationsMax: 10_000,
};

/** A curved valley with its end at (1, 1), from Rosenbrock (1960). */
function valley(x: Float64Array): number {
  return (1 - x[0]) ** 2 + 10 * (x[1] - x[0] ** 2) ** 2;
}

Deno.test("minimizeBfgs() follows a curved valley to its end, by differences and by a gradient", () => {
  const gradient = (x: Float64Array, out: Float64Array) => {
    out[0] = -2 * (1 - x[0]) - 40 * x[0] * (x[1] - x[0] ** 2);
    out[1] = 20 * (x[1] - x[0] ** 2);
  };
  for (const given of [null, gradient]) {
    const { x, converged } = minimizeBfgs(valley, Float64Array.of(-1.2, 1), {
      ...OPTIONS,
      gradient: given,
    });
    assert.ok(converged);
    assert.ok(Math.abs(x[0] - 1) < 1e-5 && Math.abs(x[1] - 1) < 1e-5, `${x}`);
  }
});

Deno.test("minimizeBfgs() with the curvature is done in a step where all is quadratic", () => {
  const f = (x: Float64Array) => 2 * x[0] ** 2 + x[0] * x[1] + x[1] ** 2;
  const { iterations, x } = minimizeBfgs(f, Float64Array.of(0.3, -0.2), {
    ...OPTIONS,
    curvature: Float64Array.of(4, 1, 1, 2),
  });
  assert.ok(iterations <= 2, `${iterations} iterations`);
  assert.ok(x.every((value) => Math.abs(value) < 1e-6));
});

Deno.test("minimizeBfgs() says when it is stopped", () => {
  const start = Float64Array.of(-1.2, 1);
  const short = minimizeBfgs(valley, start, { ...OPTIONS, iterationsMax: 2 });
  assert.deepEqual([short.converged, short.iterations], [false, 2]);
  const few = minimizeBfgs(valley, start, { ...OPTIONS, evaluationsMax: 9 });
  assert.match(few.stop, /values were not enough/);
  assert.ok(valley(few.x) <= valley(start));
});

Deno.test("minimizeBfgs() steps back from where there is no value", () => {
  const wall = (x: Float64Array) => x[0] > 0.5 ? Infinity : (x[0] - 0.4) ** 2;
  const { x } = minimizeBfgs(wall, Float64Array.of(-3), OPTIONS);
  assert.ok(Math.abs(x[0] - 0.4) < 1e-4, `${x[0]}`);
});
