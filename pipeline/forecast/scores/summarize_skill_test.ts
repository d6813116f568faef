import assert from "node:assert/strict";
import { epochMicros } from "../../domain/time.ts";
import { addScore, NO_SCORES } from "./add_score.ts";
import { scoreClose } from "./score_forecast.ts";
import { summarizeSkill } from "./summarize_skill.ts";

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
const OF = { symbol: "A", model: "m", source: "live" } as const;

const sumsOf = (closes: readonly number[], forecast = FORECAST) =>
  closes.map((close, i) => ({
    ...scoreClose(forecast, close),
    t: epochMicros(60 * i),
  })).reduce(addScore, NO_SCORES);

Deno.test("summarizeSkill() is the mean of each score, worked out by hand", () => {
  const record = summarizeSkill(OF, sumsOf([102, 98, 101, 100]), 2.5);
  assert.equal(record.n, 4);
  assert.deepEqual([record.from, record.through], [0, 180]);
  assert.equal(record.mae, (1 + 3 + 0 + 1) / 4);
  assert.equal(record.maeNaive, (2 + 2 + 1 + 0) / 4);
  assert.equal(record.skill, 1 - 1.25 / 1.25);
  assert.equal(record.mase, 1.25 / 2.5);
  assert.equal(record.coverage50, 1 / 4);
  assert.equal(record.coverage80, 3 / 4);
  assert.equal(record.coverage95, 3 / 4);
  assert.equal(record.winkler95, (4 + 44 + 4 + 4) / 4);
  assert.deepEqual([record.directionHits, record.directionN], [2, 3]);
  const up = 0.840140;
  const brier = (2 * (1 - up) ** 2 + up ** 2) / 3;
  assert.ok(Math.abs((record.brier ?? 0) - brier) < 1e-5);
});

Deno.test("summarizeSkill() has no skill without scores, and finite ones without any move", () => {
  const none = summarizeSkill(OF, NO_SCORES, null);
  assert.deepEqual(
    [none.skill, none.mae, none.mase, none.crps, none.brier, none.suspicious],
    [null, null, null, null, null, null],
  );
  assert.equal(summarizeSkill(OF, sumsOf([100]), 1).skill, -1);
  const still = sumsOf([100], { ...FORECAST, close: 100 });
  assert.equal(summarizeSkill(OF, still, 0).skill, 0);
  assert.equal(summarizeSkill(OF, still, 0).mase, null);
});
