import assert from "node:assert/strict";
import { seasonalDifferences, seasonalStrength } from "./seasonal_strength.ts";

/** A season of sines on a trend, and what looks like noise. */
function seasonal(size: number, period: number, n = 144): Float64Array {
  return Float64Array.from(
    { length: n },
    (_, i) =>
      size * Math.sin(2 * Math.PI * i / period) + Math.sin(i * i / 7) + i / 50,
  );
}

Deno.test("seasonalStrength() agrees with R's STL, which interpolates to be quick, within 0.01", () => {
  const known = [
    [0, 4, 0.1867864],
    [0, 12, 0.1308117],
    [0.5, 4, 0.3889529],
    [0.5, 12, 0.3638266],
    [1, 4, 0.661583],
    [1, 12, 0.6268024],
    [2, 4, 0.8799],
    [2, 12, 0.8561892],
  ] as const;
  for (const [size, period, strength] of known) {
    const x = seasonal(size, period);
    const got = seasonalStrength(x, period);
    assert.ok(Math.abs(got - strength) < 0.01, `${got} is not ${strength}`);
    assert.equal(seasonalDifferences(x, period), strength > 0.64 ? 1 : 0);
  }
});

Deno.test("seasonalStrength() sees neither unit nor level, and hardly a missing value", () => {
  const x = seasonal(1, 12);
  const strength = seasonalStrength(x, 12);
  const close = (got: number, tolerance: number) =>
    assert.ok(Math.abs(got - strength) < tolerance, `${got}, ${strength}`);
  for (const scale of [1e-200, 1e200, -1]) {
    close(seasonalStrength(x.map((y) => scale * (y + 1_000)), 12), 1e-6);
  }
  close(seasonalStrength(x.map((y, i) => i % 17 === 0 ? NaN : y), 12), 0.05);
});

Deno.test("seasonalStrength() of a pure season is 1", () => {
  const x = Float64Array.from({ length: 60 }, (_, i) => i % 5);
  assert.ok(seasonalStrength(x, 5) > 0.999);
});

Deno.test("seasonalStrength() is 0 where a season cannot be seen", () => {
  const flat = new Float64Array(100).fill(0.1);
  assert.equal(seasonalStrength(flat, 12), 0);
  assert.equal(seasonalStrength(new Float64Array(100).fill(NaN), 12), 0);
  assert.equal(seasonalStrength(new Float64Array(0), 12), 0);
  assert.equal(seasonalStrength(seasonal(2, 12, 24), 12), 0);
  assert.equal(seasonalStrength(seasonal(2, 12), 1), 0);
  // One season of the twelve has no value.
  const hole = seasonal(2, 12).map((y, i) => i % 12 === 3 ? NaN : y);
  assert.equal(seasonalStrength(hole, 12), 0);
});
