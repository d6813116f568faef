import assert from "node:assert/strict";
import { normalCdf } from "./normal_cdf.ts";

/** By erfc of the C library. */
const KNOWN = [
  [0.1, 0.539827837277029],
  [0.5, 0.6914624612740131],
  [1, 0.8413447460685429],
  [-1.959963984540054, 0.025],
  [2.5, 0.9937903346742238],
  [3.999, 1 - 3.180534005420206e-05],
  [5, 0.9999997133484281],
] as const;

Deno.test("normalCdf() is right to 1e-15 or so", () => {
  assert.equal(normalCdf(0), 0.5);
  for (const [x, p] of KNOWN) {
    assert.ok(Math.abs(normalCdf(x) - p) < 3e-16, `${x}`);
    assert.ok(Math.abs(normalCdf(-x) - (1 - p)) < 3e-16, `-${x}`);
  }
});

Deno.test("normalCdf() is right in proportion far out, and ends at 0 and 1", () => {
  const far = [
    [-4, 3.1671241833119965e-05],
    [-6, 9.865876450377012e-10],
    [-10, 7.619853024160593e-24],
    [-37, 5.725571222525139e-300],
  ] as const;
  for (const [x, p] of far) {
    assert.ok(Math.abs(normalCdf(x) / p - 1) < 1e-12, `${x}`);
  }
  assert.equal(normalCdf(-Infinity), 0);
  assert.equal(normalCdf(-50), 0);
  assert.equal(normalCdf(Infinity), 1);
  assert.ok(Number.isNaN(normalCdf(NaN)));
});

Deno.test("normalCdf() rises where its two ways meet", () => {
  for (const x of [-4, 4]) {
    assert.ok(normalCdf(x - 1e-9) <= normalCdf(x));
    assert.ok(normalCdf(x) <= normalCdf(x + 1e-9));
  }
});
