import assert from "node:assert/strict";
import fc from "fast-check";
import type { ScoreSums } from "../../domain/score_sums.ts";
import { epochMicros } from "../../domain/time.ts";
import { addScore, NO_SCORES } from "../scores/add_score.ts";
import { scoreClose } from "../scores/score_forecast.ts";
import { type AddedScore, SlidingSums } from "./sliding_sums.ts";

const scores = fc.array(
  fc.record({ close: fc.integer(), actual: fc.integer() }),
  { maxLength: 60 },
).map((given) =>
  given.map(({ close, actual }, i): AddedScore => {
    const price = (n: number) => 100 + (n % 200) / 100;
    const bands = {
      lo50: 99,
      hi50: 101,
      lo80: 98,
      hi80: 102,
      lo95: 97,
      hi95: 103,
    };
    const forecast = { ...bands, close: price(close), last: 100, se: 0.01 };
    return { ...scoreClose(forecast, price(actual)), t: epochMicros(i) };
  })
);

function assertNear(found: ScoreSums, wanted: ScoreSums): void {
  for (const key of Object.keys(wanted) as (keyof ScoreSums)[]) {
    const [a, b] = [found[key], wanted[key]];
    if (a === null || b === null) assert.equal(a, b, key);
    // Added in another order, so by rounding apart.
    else assert.ok(Math.abs(a - b) <= 1e-9 * (1 + Math.abs(b)), key);
  }
}

Deno.test("SlidingSums are the sums of the newest scores, at every step", () => {
  fc.assert(fc.property(
    scores,
    fc.integer({ min: 1, max: 20 }),
    (list, window) => {
      const sliding = new SlidingSums(window);
      assert.deepEqual(sliding.sums, NO_SCORES);
      list.forEach((score, i) => {
        sliding.add(score);
        const newest = list.slice(Math.max(0, i + 1 - window), i + 1);
        assertNear(sliding.sums, newest.reduce(addScore, NO_SCORES));
      });
    },
  ));
});
