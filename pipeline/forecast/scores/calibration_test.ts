import assert from "node:assert/strict";
import { seededRandom } from "../testing/make_candles.ts";
import { calibrate, calibrationOf } from "./calibration.ts";

/** Forecasts that state p, right as often as half + truth * (p - half). */
function record(n: number, truth: number, seed: number) {
  const random = seededRandom(seed);
  const told = Array.from({ length: n }, () => {
    const p = 0.5 + 0.4 * random();
    return { p, hit: random() < calibrate(p, truth) };
  });
  return {
    told,
    directions: n,
    hits: told.filter(({ hit }) => hit).length,
    stated: told.reduce((sum, { p }) => sum + p - 0.5, 0),
  };
}

Deno.test("calibrationOf() is halfway between a coin and the model's word without a record", () => {
  assert.equal(calibrationOf({ directions: 0, hits: 0, stated: 0 }), 0.5);
  const few = calibrationOf({ directions: 4, hits: 4, stated: 0.1 });
  assert.ok(few > 0.5 && few < 0.6, `${few}`);
});

Deno.test("calibrationOf() is the posterior mean, worked out by hand", () => {
  // 100 directions, 65 right, stated 0.1 each: excess 15, stated 10, noise 25.
  // (15 * 10 / 25 + 0.5 * 4) / (10 * 10 / 25 + 4) = 8 / 8
  assert.equal(
    calibrationOf({ directions: 100, hits: 65, stated: 10 }),
    1,
  );
  // 57 right: (7 * 10 / 25 + 2) / 8
  assert.ok(
    Math.abs(
      calibrationOf({ directions: 100, hits: 57, stated: 10 }) - 0.6,
    ) < 1e-12,
  );
  assert.equal(calibrationOf({ directions: 100, hits: 30, stated: 10 }), 0);
});

Deno.test("calibrate() brings new probabilities to how often they are right", () => {
  for (const truth of [0, 0.5, 1]) {
    const k = calibrationOf(record(4_000, truth, 3));
    assert.ok(Math.abs(k - truth) < 0.1, `${k} for ${truth}`);
    // In five bins of what is told, on forecasts that k has not seen.
    const { told } = record(20_000, truth, 4);
    for (let bin = 0; bin < 5; bin++) {
      const of = told.filter(({ p }) => Math.floor((p - 0.5) / 0.08) === bin);
      const said = of.reduce((sum, { p }) => sum + calibrate(p, k), 0);
      const right = of.filter(({ hit }) => hit).length;
      assert.ok(Math.abs(said - right) / of.length < 0.05, `bin ${bin}`);
    }
  }
});
