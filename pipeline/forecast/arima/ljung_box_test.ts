import assert from "node:assert/strict";
import { LH } from "../testing/lh.ts";
import { seededRandom } from "../testing/make_candles.ts";
import { lagsToTest, ljungBox } from "./ljung_box.ts";

const near = (got: number | undefined, wanted: number) =>
  assert.ok(
    Math.abs((got ?? NaN) - wanted) <= 1e-10 * wanted,
    `${got} is not ${wanted}`,
  );

Deno.test("ljungBox() agrees with R's Box.test of lh", () => {
  const test = ljungBox(Float64Array.from(LH), { lags: 10, fitted: 2 });
  near(test?.statistic, 25.3509303605002);
  near(test?.p, 0.00135530155824237);
  assert.equal(test?.df, 8);
});

Deno.test("ljungBox() agrees with R where values are missing", () => {
  const x = Float64Array.from(LH);
  for (const t of [0, 9, 10, 47]) x[t] = NaN;
  const test = ljungBox(x, { lags: 8, fitted: 2 });
  near(test?.statistic, 21.7147855741255);
  near(test?.p, 0.00136370559879206);
});

Deno.test("ljungBox() is the same for errors of any unit", () => {
  const one = ljungBox(Float64Array.from(LH), { lags: 5, fitted: 0 });
  for (const scale of [1e-200, 1e200]) {
    const scaled = Float64Array.from(LH, (x) => x * scale);
    near(
      ljungBox(scaled, { lags: 5, fitted: 0 })?.statistic,
      one!.statistic,
    );
  }
});

Deno.test("ljungBox() has nothing to test in equal errors, few of them, or none to spare", () => {
  const options = { lags: 5, fitted: 0 };
  assert.equal(ljungBox(new Float64Array(50), options), null);
  assert.equal(ljungBox(new Float64Array(50).fill(0.1), options), null);
  assert.equal(ljungBox(new Float64Array(50).fill(NaN), options), null);
  assert.equal(ljungBox(Float64Array.of(1, 2, 3, 1, 2), options), null);
  const lh = Float64Array.from(LH);
  assert.equal(ljungBox(lh, { lags: 5, fitted: 5 }), null);
});

Deno.test("ljungBox() rejects white noise about as often as its level says", () => {
  const random = seededRandom(3);
  let rejected = 0;
  for (let run = 0; run < 400; run++) {
    const noise = Float64Array.from({ length: 200 }, () => random() - 0.5);
    const test = ljungBox(noise, { lags: 10, fitted: 0 });
    if (test !== null && test.p < 0.1) rejected++;
  }
  assert.ok(rejected > 20 && rejected < 60, `${rejected} of 400`);
});

Deno.test("lagsToTest() takes 10 or two periods, less of a short series", () => {
  assert.equal(lagsToTest(240, { period: 1, fitted: 2 }), 10);
  assert.equal(lagsToTest(240, { period: 12, fitted: 2 }), 24);
  assert.equal(lagsToTest(30, { period: 1, fitted: 0 }), 6);
  assert.equal(lagsToTest(30, { period: 1, fitted: 5 }), 8);
});
