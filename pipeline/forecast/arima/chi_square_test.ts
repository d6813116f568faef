import assert from "node:assert/strict";
import fc from "fast-check";
import { chiSquareSurvival } from "./chi_square.ts";

const near = (got: number, wanted: number, relative: number) =>
  assert.ok(
    Math.abs(got - wanted) <= relative * Math.abs(wanted),
    `${got} is not ${wanted}`,
  );

Deno.test("chiSquareSurvival() agrees with R's pchisq(lower.tail = FALSE)", () => {
  const known = [
    [3.841458820694124, 1, 0.05],
    [5.991464547107979, 2, 0.05],
    [18.307038053275146, 10, 0.05],
    [23.20925115895436, 10, 0.01],
    [124.34211340400407, 100, 0.05],
    [1, 3, 0.8012519569012009],
  ] as const;
  for (const [x, df, p] of known) near(chiSquareSurvival(x, df), p, 1e-12);
});

Deno.test("chiSquareSurvival() with 2 degrees of freedom is exp(-x/2), far into the tail", () => {
  for (const x of [1e-12, 0.3, 2, 3.99, 4.01, 50, 300, 1_400]) {
    near(chiSquareSurvival(x, 2), Math.exp(-x / 2), 1e-12);
  }
});

Deno.test("chiSquareSurvival() is 1 at nothing, 0 at infinity, and falls in between", () => {
  assert.equal(chiSquareSurvival(0, 5), 1);
  assert.equal(chiSquareSurvival(-1, 5), 1);
  assert.equal(chiSquareSurvival(Infinity, 5), 0);
  fc.assert(fc.property(
    fc.double({ min: 0, max: 2_000, noNaN: true }),
    fc.double({ min: 0, max: 100, noNaN: true }),
    fc.integer({ min: 1, max: 500 }),
    (x, more, df) => {
      const p = chiSquareSurvival(x, df);
      assert.ok(p >= 0 && p <= 1);
      assert.ok(chiSquareSurvival(x + more, df) <= p + 1e-12);
      assert.ok(chiSquareSurvival(x, df + 1) >= p - 1e-12);
    },
  ));
});
