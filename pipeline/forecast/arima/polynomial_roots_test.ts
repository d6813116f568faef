import assert from "node:assert/strict";
import fc from "fast-check";
import { polynomialRoots } from "./polynomial_roots.ts";

Deno.test("polynomialRoots() finds the roots that a polynomial was made of", () => {
  const [low, high] = [...polynomialRoots([-1.5, 0.5])]
    .sort((a, b) => a.re - b.re);
  assert.ok(Math.abs(low.re - 0.5) < 1e-12 && Math.abs(high.re - 1) < 1e-12);
  assert.deepEqual(polynomialRoots([]), []);
  fc.assert(fc.property(
    fc.array(fc.double({ min: -1.2, max: 1.2, noNaN: true }), {
      minLength: 1,
      maxLength: 5,
    }),
    (a) => {
      for (const { re, im } of polynomialRoots(a)) {
        let x = 1;
        let y = 0;
        for (const next of a) {
          [x, y] = [x * re - y * im + next, x * im + y * re];
        }
        assert.ok(Math.hypot(x, y) < 1e-6, `${re} ${im}`);
      }
    },
  ));
});
