import assert from "node:assert/strict";
import { brierScore, upProbability } from "./up_probability.ts";

Deno.test("upProbability() is the normal's at the return in standard errors", () => {
  const at = (ratio: number) =>
    upProbability({ close: 100 * Math.exp(ratio * 1e-3), last: 100, se: 1e-3 });
  assert.ok(Math.abs(at(1) - 0.8413447) < 1e-6);
  assert.ok(Math.abs(at(-1) + at(1) - 1) < 1e-9);
  assert.ok(Math.abs(at(0) - 0.5) < 1e-7);
  assert.equal(upProbability({ close: 101, last: 100, se: 0 }), 0.5);
});

Deno.test("brierScore() is the squared distance, and nothing where the price stood still", () => {
  assert.equal(brierScore(0.75, { actual: 101, last: 100 }), 0.0625);
  assert.equal(brierScore(0.75, { actual: 99, last: 100 }), 0.5625);
  assert.equal(brierScore(0.5, { actual: 99, last: 100 }), 0.25);
  assert.equal(brierScore(0.75, { actual: 100, last: 100 }), null);
});
