import assert from "node:assert/strict";
import { ewmaVariance, nextVariance } from "./ewma.ts";

Deno.test("ewmaVariance() starts from a plain mean square, then forgets at 0.97", () => {
  assert.equal(ewmaVariance(new Float64Array(0)), 0);
  assert.equal(ewmaVariance(Float64Array.of(3)), 9);
  const errors = Float64Array.from({ length: 21 }, (_, i) => i < 20 ? 2 : 10);
  assert.ok(Math.abs(ewmaVariance(errors) - (0.97 * 4 + 0.03 * 100)) < 1e-12);
  assert.equal(nextVariance(1, 0), 0.97);
});
