import assert from "node:assert/strict";
import { studentCdf, studentDensity, twoSidedP } from "./student_t.ts";

function close(actual: number, expected: number, within: number): void {
  assert.ok(
    Math.abs(actual - expected) <= within,
    `${actual} is not ${expected}`,
  );
}

Deno.test("studentCdf() has the quantiles of the printed tables", () => {
  // df, then the quantiles of 0.95 and 0.975 as every table prints them.
  const table = [
    [1, 6.313752, 12.706205],
    [2, 2.919986, 4.302653],
    [8, 1.859548, 2.306004],
    [30, 1.697261, 2.042272],
    [120, 1.657651, 1.979930],
  ];
  for (const [df, q95, q975] of table) {
    close(studentCdf(q95, df), 0.95, 1e-7);
    close(studentCdf(q975, df), 0.975, 1e-7);
    close(studentCdf(-q975, df), 0.025, 1e-7);
    close(twoSidedP(q975, df), 0.05, 2e-7);
  }
});

Deno.test("studentCdf() of one degree is Cauchy's, and of very many the normal's", () => {
  for (const x of [-40, -3, -0.2, 0, 0.7, 5, 1e6]) {
    close(studentCdf(x, 1), 0.5 + Math.atan(x) / Math.PI, 1e-12);
  }
  close(studentCdf(1, 1e7), 0.8413447461, 1e-7);
  assert.ok(twoSidedP(60, 239) >= 0 && twoSidedP(60, 239) < 1e-100);
});

Deno.test("studentCdf() is the integral of studentDensity()", () => {
  for (const df of [3, 8, 25.5]) {
    let sum = 0;
    const [from, to, steps] = [-1.3, 2.1, 2_000];
    const h = (to - from) / steps;
    // Simpson's rule.
    for (let i = 0; i <= steps; i++) {
      const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2;
      sum += weight * studentDensity(from + i * h, df) * h / 3;
    }
    close(sum, studentCdf(to, df) - studentCdf(from, df), 1e-10);
  }
});
