import assert from "node:assert/strict";
import { complexPairs, realPairs } from "./cancelling_pairs.ts";
import { polynomialRoots } from "./polynomial_roots.ts";

Deno.test("realPairs() finds the pole and the zero behind a weak correlation", () => {
  const r = Float64Array.from({ length: 60 }, (_, k) => 0.1 * 0.8 ** k);
  const [{ ar, ma }] = realPairs(r);
  assert.ok(Math.abs(ar[0] - 0.8) < 0.05, `pole ${ar}`);
  assert.ok(Math.abs(ar[0] + ma[0] - 0.1) < 0.02, `zero ${ma}`);
});

Deno.test("complexPairs() finds the frequency of a weak cycle", () => {
  const r = Float64Array.from(
    { length: 60 },
    (_, k) => 0.1 * 0.9 ** (k + 1) * Math.cos(0.7 * (k + 1)),
  );
  const [{ ar, ma }] = complexPairs(r);
  const [pole] = polynomialRoots(ar.map((value) => -value));
  assert.ok(Math.abs(Math.hypot(pole.re, pole.im) - 0.9) < 0.05);
  assert.ok(Math.abs(Math.abs(Math.atan2(pole.im, pole.re)) - 0.7) < 0.07);
  assert.ok(Math.abs(ar[0] + ma[0] - r[0]) < 0.03, "psi_1 is r_1");
});

Deno.test("pairs are the best first, and none where there is no correlation", () => {
  assert.deepEqual(realPairs(new Float64Array(60)), []);
  assert.deepEqual(complexPairs(new Float64Array(60)), []);
  const two = Float64Array.from(
    { length: 60 },
    (_, k) => 0.2 * 0.8 ** k + 0.1 * (-0.9) ** k,
  );
  const poles = realPairs(two).map(({ ar }) => ar[0]);
  assert.ok(poles[0] > 0.5 && poles[1] < -0.5, `${poles}`);
});
