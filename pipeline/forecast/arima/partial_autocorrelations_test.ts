import assert from "node:assert/strict";
import fc from "fast-check";
import {
  coefficientsToFree,
  freeToCoefficients,
  partialAutocorrelations,
  rootsOutside,
} from "./partial_autocorrelations.ts";
import { polynomialRoots } from "./polynomial_roots.ts";

const free = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), {
  minLength: 1,
  maxLength: 6,
}).map((values) => Float64Array.from(values));

function coefficients(values: Float64Array): Float64Array {
  const out = new Float64Array(values.length);
  freeToCoefficients(values, 0, values.length, out, 1);
  return out;
}

function toFree(a: ArrayLike<number>, largest: number): Float64Array {
  const out = new Float64Array(a.length);
  coefficientsToFree(Float64Array.from(a), 0, a.length, out, 1, largest);
  return out;
}

Deno.test("coefficientsToFree() is the inverse of freeToCoefficients()", () => {
  fc.assert(fc.property(free, (values) => {
    const back = toFree(coefficients(values), 0.9999);
    values.forEach((value, i) =>
      assert.ok(Math.abs(value - back[i]) < 1e-6, `${value} ${back[i]}`)
    );
  }));
});

Deno.test("freeToCoefficients() is always stationary, however far off, and changes the sign for a moving average", () => {
  fc.assert(fc.property(free, (values) => {
    const a = coefficients(values);
    assert.ok(rootsOutside(a));
    for (const { re, im } of polynomialRoots(a.map((x) => -x))) {
      assert.ok(Math.hypot(re, im) < 1 + 1e-6);
    }
    const ma = new Float64Array(values.length);
    freeToCoefficients(values, 0, values.length, ma, -1);
    assert.deepEqual([...ma], [...a].map((x) => -x));
  }));
});

Deno.test("partialAutocorrelations() of an AR(2) are those of its triangle", () => {
  const r = partialAutocorrelations([0.5, 0.3]);
  assert.ok(r !== null);
  assert.ok(Math.abs(r[0] - 0.5 / 0.7) < 1e-12);
  assert.ok(Math.abs(r[1] - 0.3) < 1e-12);
});

Deno.test("rootsOutside() knows the triangle of AR(2), and fires outside it", () => {
  fc.assert(fc.property(
    fc.double({ min: -2.5, max: 2.5, noNaN: true }),
    fc.double({ min: -1.5, max: 1.5, noNaN: true }),
    (a, b) => {
      const inside = b + a < 1 && b - a < 1 && Math.abs(b) < 1;
      const edge = Math.min(
        Math.abs(1 - a - b),
        Math.abs(1 + a - b),
        Math.abs(1 - Math.abs(b)),
      );
      fc.pre(edge > 1e-9);
      assert.equal(rootsOutside([a, b]), inside);
    },
  ));
  assert.equal(rootsOutside([]), true);
  assert.equal(rootsOutside([1]), false);
  assert.equal(rootsOutside([NaN]), false);
});

Deno.test("coefficientsToFree() draws in what is not stationary and cuts what is at the edge", () => {
  for (const a of [[1.5], [0.9, 0.4], [2, -1.1, 0.3], [-1]]) {
    const inside = coefficients(toFree(a, 0.97));
    assert.ok(rootsOutside(inside), String(a));
  }
  const [edge] = toFree([0.9999], 0.97);
  assert.ok(Math.abs(Math.tanh(edge) - 0.97) < 1e-12);
});
