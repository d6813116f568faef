import assert from "node:assert/strict";
import { randomWalkEngine } from "./random_walk.ts";

const SPEC = { order: [0, 1, 0], mean: false } as const;

Deno.test("randomWalkEngine forecasts the last value with a spread that grows with the root of time", () => {
  const fit = randomWalkEngine.fit(Float64Array.of(1, 2, 1, 2), SPEC);
  assert.ok(fit.kind === "fitted");
  const { mean, se } = randomWalkEngine.forecast(fit.model, 4);
  assert.deepEqual(mean, [2, 2, 2, 2]);
  assert.ok(Math.abs(se[0] - 1) < 1e-12 && Math.abs(se[3] - 2) < 1e-12);
});

Deno.test("randomWalkEngine follows the size of recent changes", () => {
  const calm = Float64Array.from({ length: 100 }, (_, i) => i % 2);
  const fit = randomWalkEngine.fit(calm, SPEC);
  assert.ok(fit.kind === "fitted");
  let { model } = fit;
  for (let i = 0; i < 100; i++) {
    model = randomWalkEngine.update(model, (i % 2) * 10);
  }
  const wild = randomWalkEngine.forecast(model, 1).se[0];
  assert.ok(wild > 9 && wild < 10.1, `${wild}`);
});

Deno.test("randomWalkEngine needs one value, and refuses what is not finite", () => {
  const one = randomWalkEngine.fit(Float64Array.of(5), SPEC);
  assert.ok(one.kind === "fitted");
  assert.deepEqual(randomWalkEngine.forecast(one.model, 2), {
    mean: [5, 5],
    se: [0, 0],
  });
  assert.equal(randomWalkEngine.update(one.model, NaN), one.model);
  assert.equal(randomWalkEngine.fit(new Float64Array(0), SPEC).kind, "failed");
  assert.equal(
    randomWalkEngine.fit(Float64Array.of(1, NaN), SPEC).kind,
    "failed",
  );
});
