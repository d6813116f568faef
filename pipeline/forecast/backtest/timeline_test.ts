import assert from "node:assert/strict";
import { epochMicros } from "../../domain/time.ts";
import { scoreClose } from "../scores/score_forecast.ts";
import { Timeline } from "./timeline.ts";

Deno.test("Timeline keeps few stretches of many minutes, and loses none", () => {
  const timeline = new Timeline();
  const bands = {
    lo50: 99,
    hi50: 101,
    lo80: 98,
    hi80: 102,
    lo95: 97,
    hi95: 103,
  };
  const n = 10_007;
  for (let i = 0; i < n; i++) {
    const score = scoreClose(
      { ...bands, close: 100.5, last: 100, se: 0.01 },
      101.5,
    );
    timeline.add(epochMicros(i), {
      shown: score,
      scores: new Map([["m", score]]),
      equity: {
        signals: i,
        signalsGross: 0,
        lean: 0,
        leanGross: 0,
        alwaysLong: 0,
      },
    });
  }
  const all = timeline.stretches(120);
  assert.ok(all.length > 60 && all.length <= 120, `${all.length}`);
  const sum = (of: (one: typeof all[number]) => number) =>
    all.reduce((total, one) => total + of(one), 0);
  assert.equal(sum((one) => one.n), n);
  assert.equal(sum((one) => one.inside50), 0);
  assert.equal(sum((one) => one.inside80), n);
  assert.equal(sum((one) => one.errors.get("m")!.absErrorNaive), 1.5 * n);
  assert.deepEqual([all[0].from, all.at(-1)?.through], [0, n - 1]);
  all.forEach(({ through, equity }, i) => {
    assert.equal(equity.signals, through);
    if (i > 0) assert.equal(all[i - 1].through + 1, all[i].from);
  });
});
