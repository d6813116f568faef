import assert from "node:assert/strict";
import { epochMicros } from "../../domain/time.ts";
import { scoreClose, scoreForecast } from "./score_forecast.ts";
import { studentCrps } from "./student_crps.ts";
import { makeCandles, storedCandle } from "../testing/make_candles.ts";

const FORECAST = {
  close: 101,
  last: 100,
  lo50: 100.5,
  hi50: 101.5,
  lo80: 100,
  hi80: 102,
  lo95: 99,
  hi95: 103,
  se: 0.01,
};

Deno.test("scoreClose() measures errors, intervals with their ends, and the direction", () => {
  const { crps, upProbability, brier, ...score } = scoreClose(FORECAST, 102);
  assert.deepEqual(score, {
    actual: 102,
    absError: 1,
    absErrorNaive: 2,
    inside50: false,
    inside80: true,
    inside95: true,
    directionHit: true,
    winkler95: 4,
  });
  assert.equal(crps, 100 * studentCrps(Math.log(102 / 101), 0.01, 8));
  // log(1.01) / 0.01 = 0.99503 standard errors above no change.
  assert.ok(Math.abs((upProbability ?? 0) - 0.840140) < 1e-5);
  assert.ok(Math.abs((brier ?? 0) - (1 - 0.840140) ** 2) < 1e-5);
  assert.equal(scoreClose(FORECAST, 99.5).directionHit, false);
  assert.equal(scoreClose(FORECAST, 100).directionHit, null);
  assert.equal(scoreClose({ ...FORECAST, close: 100 }, 99).directionHit, null);
  assert.equal(scoreClose(FORECAST, 100).brier, null);
  const outside = scoreClose(FORECAST, 98.5);
  assert.equal(outside.inside95, false);
  assert.equal(outside.winkler95, 4 + 40 * 0.5);
});

Deno.test("scoreForecast() names the forecast and takes the close of its candle", () => {
  const [floats] = makeCandles({ n: 1, start: 0 });
  const candle = storedCandle("A", { ...floats, close: 102 });
  const score = scoreForecast(
    {
      ...FORECAST,
      symbol: "A",
      interval: "1m",
      t: candle.t,
      horizon: 2,
      model: "m",
      order: [0, 1, 0],
      champion: true,
      madeAt: candle.t,
      trainedThrough: candle.t,
      position: "0-0",
      rev: 0,
      open: 100,
      high: 102,
      low: 99,
    },
    candle,
    epochMicros(9),
  );
  assert.equal(score.horizon, 2);
  assert.equal(score.t, candle.t);
  assert.equal(score.scoredAt, 9);
  assert.equal(score.actual, 102);
});
