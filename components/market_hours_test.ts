import assert from "node:assert/strict";
import type { MarketHours, MarketPeriod } from "./api_views.ts";
import { closeTimeOf, marketAt, nextTimeOf } from "./market_hours.ts";

const period = (
  from: number,
  to: number,
  state: MarketPeriod["state"],
): MarketPeriod => ({
  from,
  to,
  state,
  reason: state === "closed" ? "it is night" : null,
  holiday: null,
});

/** Open from 100 to 200 and from 300 to 400, with a pre-open from 290. */
const HOURS: MarketHours = {
  symbol: "A",
  calendar: "X",
  zone: "UTC",
  from: 0,
  to: 500,
  periods: [
    period(0, 100, "closed"),
    period(100, 200, "open"),
    period(200, 290, "closed"),
    period(290, 300, "pre_open"),
    period(300, 400, "open"),
    period(400, 500, "closed"),
  ],
};

Deno.test("marketAt() says what the market does and when that changes", () => {
  const said = (now: number) => {
    const { state, opensAt, closesAt } = marketAt(HOURS, now);
    return [state, opensAt, closesAt];
  };
  assert.deepEqual(said(0), ["closed", 100, null]);
  assert.deepEqual(said(100), ["open", null, 200]);
  assert.deepEqual(said(250), ["closed", 300, null]);
  assert.deepEqual(said(295), ["pre_open", 300, null]);
  assert.deepEqual(said(450), ["closed", null, null]);
  assert.deepEqual(said(500), ["unknown", null, null]);
});

Deno.test("marketAt() does not know when a market without an end closes", () => {
  const periods = [period(0, 500, "open")];
  assert.equal(marketAt({ ...HOURS, periods }, 1).closesAt, null);
});

Deno.test("a candle ends with its session, and the next one opens with the next", () => {
  assert.equal(closeTimeOf(HOURS, 120, 30), 150);
  assert.equal(closeTimeOf(HOURS, 180, 30), 200);
  assert.equal(closeTimeOf(HOURS, 450, 30), 480);
  assert.equal(nextTimeOf(HOURS, 120, 30), 150);
  assert.equal(nextTimeOf(HOURS, 180, 30), 300);
  assert.equal(nextTimeOf(HOURS, 370, 30), 400);
});
