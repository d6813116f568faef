import assert from "node:assert/strict";
import { studentCrps } from "./student_crps.ts";
import { studentCdf } from "./student_t.ts";

/** The definition, by Simpson's rule on each side of the error. */
function integrated(error: number, sd: number, df: number): number {
  const scale = sd * Math.sqrt((df - 2) / df);
  const side = (from: number, to: number, above: number) => {
    const steps = 20_000;
    const h = (to - from) / steps;
    let sum = 0;
    for (let i = 0; i <= steps; i++) {
      const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2;
      sum += weight * (studentCdf((from + i * h) / scale, df) - above) ** 2;
    }
    return sum * h / 3;
  };
  const far = Math.abs(error) + 60 * sd;
  return side(-far, error, 0) + side(error, far, 1);
}

Deno.test("studentCrps() is the integral that defines it", () => {
  for (const df of [5, 8, 30]) {
    for (const error of [-4.2, -0.3, 0, 1, 2.5]) {
      for (const sd of [0.5, 1.7]) {
        const exact = studentCrps(error, sd, df);
        const numeric = integrated(error, sd, df);
        assert.ok(
          Math.abs(exact - numeric) < 1e-7,
          `df ${df}, error ${error}, sd ${sd}: ${exact} and ${numeric}`,
        );
      }
    }
  }
});

Deno.test("studentCrps() nears the normal's: (sqrt(2) - 1) / sqrt(pi) at its centre", () => {
  const normal = (Math.SQRT2 - 1) / Math.sqrt(Math.PI);
  assert.ok(Math.abs(studentCrps(0, 1, 1e6) - normal) < 1e-6);
});

Deno.test("studentCrps() without a spread is the absolute error", () => {
  assert.equal(studentCrps(-0.25, 0, 8), 0.25);
  assert.ok(Math.abs(studentCrps(-0.25, 1e-9, 8) - 0.25) < 1e-8);
});
