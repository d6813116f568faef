import assert from "node:assert/strict";
import { seededNormal } from "../testing/make_candles.ts";
import { winklerScore } from "./winkler_score.ts";

Deno.test("winklerScore() is the width, and 2 / alpha of what lies outside", () => {
  const band = { low: 99, high: 103, alpha: 0.05 };
  assert.equal(winklerScore(band, 99), 4);
  assert.equal(winklerScore(band, 102), 4);
  assert.equal(winklerScore(band, 103.5), 4 + 40 * 0.5);
  assert.equal(winklerScore(band, 98), 4 + 40);
});

Deno.test("winklerScore() is smallest, on average, for the true quantiles", () => {
  const normal = seededNormal(11);
  const seen = Array.from({ length: 20_000 }, normal);
  const mean = (half: number) =>
    seen.reduce(
      (sum, x) => sum + winklerScore({ low: -half, high: half, alpha: 0.2 }, x),
      0,
    ) /
    seen.length;
  const right = mean(1.281552);
  assert.ok(right < mean(1.0) && right < mean(1.6));
  // Of a normal it is 4 / alpha times the density at the quantile: 3.50996.
  assert.ok(Math.abs(right - 3.50996) < 0.05, `${right}`);
});
