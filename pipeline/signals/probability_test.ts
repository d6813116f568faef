import assert from "node:assert/strict";
import { normalCdf, wilsonInterval } from "./probability.ts";

Deno.test("wilsonInterval() gives the values of Wilson's formula", () => {
  // R: prop.test(55, 100, correct = FALSE)$conf.int
  const { low, high } = wilsonInterval(55, 100);
  assert.ok(Math.abs(low - 0.4524460) < 1e-6, `${low}`);
  assert.ok(Math.abs(high - 0.6438546) < 1e-6, `${high}`);
  assert.deepEqual(wilsonInterval(0, 0), { low: 0, high: 1 });
  assert.equal(wilsonInterval(0, 10).low, 0);
  assert.ok(Math.abs(wilsonInterval(10, 10).high - 1) < 1e-12);
});

Deno.test("normalCdf() is right to six digits", () => {
  const known = [[0, 0.5], [1, 0.8413447], [-1.959964, 0.025], [3, 0.9986501]];
  for (const [x, p] of known) assert.ok(Math.abs(normalCdf(x) - p) < 3e-7);
});
