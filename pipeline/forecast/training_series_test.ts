import assert from "node:assert/strict";
import { makeCandles, storedCandle } from "./testing/make_candles.ts";
import { candleFloats, trainingSeries } from "./training_series.ts";

Deno.test("trainingSeries() sums close-to-close returns where candles join", () => {
  const candles = makeCandles({ n: 5, start: 0 });
  const { level } = trainingSeries(candles);
  assert.ok(
    Math.abs(level[4] - Math.log(candles[4].close / candles[0].close)) < 1e-12,
  );
});

Deno.test("trainingSeries() takes open to close across a night, a missing minute, and an outage", () => {
  const [a, b, c, d] = makeCandles({ n: 4, start: 0 });
  const cases = [
    [a, { ...b, t: b.t + 64_800e6, end: b.end + 64_800e6 }],
    [a, c],
    [a, { ...b, whole: false }],
    [{ ...a, whole: false }, b],
  ];
  for (const [first, second] of cases) {
    const jumped = { ...second, open: d.open, close: d.open, high: 1e3 };
    const { level } = trainingSeries([first, { ...jumped, low: 1 }]);
    assert.equal(level[1], 0);
  }
});

Deno.test("trainingSeries() measures U, V and W of each candle and leaves out what is none", () => {
  const [candle, bad] = makeCandles({ n: 2, start: 0 });
  const { upper, lower, body, candles } = trainingSeries([
    { ...candle, open: 100, close: 110, high: 121, low: 80 },
    { ...bad, low: bad.high + 1 },
  ]);
  assert.equal(candles.length, 1);
  assert.ok(Math.abs(upper[0] - Math.log(1.1)) < 1e-12);
  assert.ok(Math.abs(lower[0] - Math.log(1.25)) < 1e-12);
  assert.ok(Math.abs(body[0] - Math.log(1.1)) < 1e-12);
});

Deno.test("candleFloats() takes a candle that is not closed yet as whole", () => {
  const [candle] = makeCandles({ n: 1, start: 0 });
  const whole = (closed: boolean, complete: boolean) =>
    candleFloats(storedCandle("A", candle, { closed, complete })).whole;
  assert.equal(whole(false, false), true);
  assert.equal(whole(true, false), false);
  assert.equal(whole(true, true), true);
});
