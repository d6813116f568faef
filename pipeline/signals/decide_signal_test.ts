import assert from "node:assert/strict";
import type { Forecast } from "../domain/forecast.ts";
import { epochMicros } from "../domain/time.ts";
import { makeSkill } from "../forecast/testing/make_skill.ts";
import { decideSignal, type SignalInput } from "./decide_signal.ts";

const SKILL = makeSkill({
  symbol: "A",
  model: "arima(1,1,0)",
  n: 120,
  skill: 0.041,
  calibration: 1,
  source: "walk_forward",
});

function input(
  bps: number,
  given: Partial<SignalInput> & { readonly se?: number } = {},
): SignalInput {
  const forecast: Forecast = {
    symbol: "A",
    interval: "1m",
    t: epochMicros(0),
    horizon: 1,
    model: "arima(1,1,0)",
    order: [1, 1, 0],
    champion: true,
    madeAt: epochMicros(0),
    trainedThrough: epochMicros(0),
    position: "0-0",
    rev: 0,
    last: 100,
    open: 100,
    high: 101,
    low: 99,
    close: 100 * Math.exp(bps / 1e4),
    se: given.se ?? 5e-4,
    lo50: 99,
    hi50: 101,
    lo80: 99,
    hi80: 101,
    lo95: 99,
    hi95: 101,
  };
  return {
    forecast,
    madeAt: epochMicros(200_000),
    costBps: 2,
    skill: SKILL,
    blocked: null,
    ...given,
  };
}

Deno.test("decideSignal() buys and sells above cost, threshold and no skill, and says the numbers", () => {
  const buy = decideSignal(input(4));
  assert.equal(buy.action, "BUY");
  assert.equal(buy.lean, "up");
  assert.equal(
    buy.reason,
    "arima(1,1,0) expects 4.00 bps up, above the cost of 2 bps and 0.80 " +
      "standard errors; its skill is +4.1 % against no change over 120 past " +
      "minutes (walk forward)",
  );
  assert.ok(Math.abs(buy.expectedBps - 4) < 1e-9);
  const sell = decideSignal(input(-4));
  assert.equal(sell.action, "SELL");
  assert.equal(sell.lean, "down");
  assert.ok(Math.abs(sell.confidence - buy.confidence) < 1e-9);
});

Deno.test("decideSignal() holds, with the lean and the reason, when one condition fails", () => {
  const cases = [
    [input(1.999), "up", /not above the cost of 2 bps/],
    [input(-1.5), "down", /1\.50 bps down, not above the cost/],
    [input(4, { se: 8.1e-4 }), "up", /0\.49 standard errors, not above 0\.5/],
    [input(4, { skill: null }), "up", /only 0 of its forecasts are scored/],
    [
      input(4, { skill: { ...SKILL, n: 29 } }),
      "up",
      /only 29 of its forecasts are scored, 30 are needed/,
    ],
    [
      input(4, { skill: { ...SKILL, skill: -0.001, source: "live" } }),
      "up",
      /its skill is -0\.1 % against no change over 120 live forecasts/,
    ],
    [input(0), "flat", /expects no change/],
    [input(4, { blocked: "The feed is stale" }), "up", /^The feed is stale$/],
  ] as const;
  for (const [given, lean, reason] of cases) {
    const signal = decideSignal(given);
    assert.equal(signal.action, "HOLD");
    assert.equal(signal.lean, lean);
    assert.match(signal.reason, reason);
  }
});

Deno.test("decideSignal() is as sure as the model's record has earned", () => {
  const sureness = (bps: number, calibration: number) =>
    decideSignal(input(bps, { skill: { ...SKILL, calibration } })).confidence;
  // 5 bps are one standard error: the normal's 0.8413.
  assert.ok(Math.abs(sureness(5, 1) - 0.8413447) < 1e-6);
  assert.ok(Math.abs(sureness(-5, 0.5) - 0.6706724) < 1e-6);
  assert.equal(sureness(50, 0), 0.5);
  assert.equal(decideSignal(input(0)).confidence, 0.5);
  const unscored = decideSignal(input(5, { skill: null }));
  assert.ok(Math.abs(unscored.confidence - 0.6706724) < 1e-6);
});

Deno.test("decideSignal() stays finite without a spread", () => {
  const signal = decideSignal(input(4, { se: 0 }));
  assert.equal(signal.action, "HOLD");
  assert.ok(Math.abs(signal.confidence - 0.5) < 1e-6);
});
