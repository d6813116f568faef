import assert from "node:assert/strict";
import { wilsonInterval } from "./wilson_interval.ts";

Deno.test("wilsonInterval() gives the values of Wilson's formula", () => {
  // R: prop.test(55, 100, correct = FALSE)$conf.int
  const { low, high } = wilsonInterval(55, 100);
  assert.ok(Math.abs(low - 0.4524460) < 1e-6, `${low}`);
  assert.ok(Math.abs(high - 0.6438546) < 1e-6, `${high}`);
  assert.deepEqual(wilsonInterval(0, 0), { low: 0, high: 1 });
  assert.equal(wilsonInterval(0, 10).low, 0);
  assert.ok(Math.abs(wilsonInterval(10, 10).high - 1) < 1e-12);
});

Deno.test("wilsonInterval() ends where a score test of the share gives its z", () => {
  for (const [hits, n] of [[3, 40], [118, 236], [190, 240]]) {
    for (const p of Object.values(wilsonInterval(hits, n))) {
      const z = (hits / n - p) / Math.sqrt(p * (1 - p) / n);
      assert.ok(Math.abs(Math.abs(z) - 1.959964) < 1e-9, `${z}`);
    }
  }
});
