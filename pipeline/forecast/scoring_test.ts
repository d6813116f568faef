import assert from "node:assert/strict";
import { epochMicros } from "../domain/time.ts";
import { scoreClose, scoreForecast, summarizeSkill } from "./scoring.ts";
import { makeCandles, storedCandle } from "./testing/make_candles.ts";

const FORECAST = {
  close: 101,
  last: 100,
  lo50: 100.5,
  hi50: 101.5,
  lo80: 100,
  hi80: 102,
  lo95: 99,
  hi95: 103,
};
const OF = { symbol: "A", model: "m", source: "live" } as const;

Deno.test("scoreClose() measures errors, intervals with their ends, and the direction", () => {
  assert.deepEqual(scoreClose(FORECAST, 102), {
    actual: 102,
    absError: 1,
    absErrorNaive: 2,
    inside50: false,
    inside80: true,
    inside95: true,
    directionHit: true,
  });
  assert.equal(scoreClose(FORECAST, 99.5).directionHit, false);
  assert.equal(scoreClose(FORECAST, 100).directionHit, null);
  assert.equal(scoreClose({ ...FORECAST, close: 100 }, 99).directionHit, null);
  assert.equal(scoreClose(FORECAST, 98.9).inside95, false);
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
      se: 0.01,
    },
    candle,
    epochMicros(9),
  );
  assert.equal(score.horizon, 2);
  assert.equal(score.t, candle.t);
  assert.equal(score.scoredAt, 9);
  assert.equal(score.actual, 102);
});

Deno.test("summarizeSkill() is 1 - MAE / MAE of no change", () => {
  const scores = [102, 98, 101, 100].map((x) => scoreClose(FORECAST, x));
  const skill = summarizeSkill(OF, scores);
  assert.equal(skill.n, 4);
  assert.equal(skill.skill, 1 - (1 + 3 + 0 + 1) / (2 + 2 + 1 + 0));
  assert.equal(skill.coverage80, 3 / 4);
  assert.equal(skill.coverage95, 3 / 4);
  assert.equal(skill.directionHits, 2);
  assert.equal(skill.directionN, 3);
});

Deno.test("summarizeSkill() has no skill without scores, and finite ones without any move", () => {
  assert.equal(summarizeSkill(OF, []).skill, null);
  assert.equal(summarizeSkill(OF, [scoreClose(FORECAST, 100)]).skill, -1);
  const still = scoreClose({ ...FORECAST, close: 100 }, 100);
  assert.equal(summarizeSkill(OF, [still]).skill, 0);
});
