import assert from "node:assert/strict";
import { dieboldMariano } from "./diebold_mariano.ts";

/** Sums of pairs of absolute errors: the model's, that of "no change". */
function sumsOf(pairs: readonly (readonly [number, number])[]) {
  const sum = (of: (a: number, b: number) => number) =>
    pairs.reduce((total, [a, b]) => total + of(a, b), 0);
  return {
    n: pairs.length,
    absError: sum((a) => a),
    absErrorNaive: sum((_, b) => b),
    squares: sum((a) => a * a),
    squaresNaive: sum((_, b) => b * b),
    products: sum((a, b) => a * b),
  };
}

Deno.test("dieboldMariano() one step ahead is the paired t test: Student's (1908) sleep", () => {
  // R: t.test(extra ~ group, data = sleep, paired = TRUE), t = -4.0621,
  // df = 9, p = 0.002833.
  const first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
  const second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
  const test = dieboldMariano(sumsOf(first.map((a, i) => [a, second[i]])));
  assert.ok(test !== null);
  assert.ok(Math.abs(test.statistic + 4.0621) < 5e-5, `${test.statistic}`);
  assert.ok(Math.abs(test.p - 0.002833) < 5e-7, `${test.p}`);
});

Deno.test("dieboldMariano() is the paper's formula with its correction", () => {
  const pairs = [[1, 2], [3, 2.5], [0.5, 2], [1, 1], [2, 4]] as const;
  const d = pairs.map(([a, b]) => a - b);
  const n = d.length;
  const mean = d.reduce((x, y) => x + y) / n;
  const gamma0 = d.reduce((x, y) => x + (y - mean) ** 2, 0) / n;
  const plain = mean / Math.sqrt(gamma0 / n);
  const corrected = plain * Math.sqrt((n + 1 - 2 + 0) / n);
  const test = dieboldMariano(sumsOf(pairs));
  assert.ok(test && Math.abs(test.statistic - corrected) < 1e-12);
});

Deno.test("dieboldMariano() of equal errors leaves all to chance, and of too few says nothing", () => {
  const same = sumsOf([[1.1, 1.1], [2.3, 2.3], [0.7, 0.7]]);
  assert.deepEqual(dieboldMariano(same), { statistic: 0, p: 1 });
  assert.deepEqual(dieboldMariano(sumsOf([[0, 0], [0, 0]])), {
    statistic: 0,
    p: 1,
  });
  assert.equal(dieboldMariano(sumsOf([[1, 2]])), null);
  assert.equal(dieboldMariano(sumsOf([[1, 2], [3, 4]])), null);
});
