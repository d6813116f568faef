import assert from "node:assert/strict";
import { DEFAULT_MODELS, modelOf, type PriceModel } from "./simulator_model.ts";
import { MINUTES_PER_WEEK, PricePath, weekPath } from "./simulator_path.ts";

const MONDAY = Date.UTC(2026, 5, 1) / 1_000;
const DAY = 86_400;

function tickOf(path: PricePath, second: number) {
  const tick = { second: 0, ms: 0, priceUnits: 0, size: 0 };
  path.writeTick(tick, second, 0, 0, 1_000);
  return tick;
}

/** Log returns of the closes of `minutes` minutes. */
function minuteReturns(model: PriceModel, minutes: number): number[] {
  const path = new PricePath(model, 1);
  const closes = Array.from(
    { length: minutes + 1 },
    (_, m) => Math.log(tickOf(path, MONDAY + m * 60 + 59).priceUnits),
  );
  return closes.slice(1).map((close, i) => close - closes[i]);
}

function autocorrelation(values: readonly number[], lag: number): number {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  let product = 0;
  let square = 0;
  values.forEach((x, i) => {
    square += (x - mean) ** 2;
    if (i >= lag) product += (x - mean) * (values[i - lag] - mean);
  });
  return product / square;
}

function sd(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
}

for (const model of DEFAULT_MODELS) {
  const { symbol } = model;

  Deno.test(`PricePath gives ${symbol} the same tick in whatever order`, () => {
    const forward = new PricePath(model, 7);
    // Over the edge of a week too: 2026-06-04 is a multiple of weeks since 1970.
    const seconds = Array.from(
      { length: 4 * DAY / 97 },
      (_, i) => MONDAY + i * 97,
    );
    const ticks = seconds.map((second) => tickOf(forward, second));
    const backward = new PricePath(model, 7);
    for (let i = seconds.length - 1; i >= 0; i -= 13) {
      assert.deepEqual(tickOf(backward, seconds[i]), ticks[i]);
    }
    const other = new PricePath(model, 8);
    const same = seconds.filter((second, i) =>
      tickOf(other, second).priceUnits === ticks[i].priceUnits
    );
    assert(same.length < seconds.length / 10, "another seed, other prices");
  });

  Deno.test(`PricePath keeps ${symbol} sensible over ten days`, () => {
    const path = new PricePath(model, 1);
    const base = model.base * 10 ** model.priceScale;
    let before = 0;
    let worst = 0;
    for (let s = 0; s < 10 * DAY; s += 7) {
      const { second, ms, priceUnits, size } = tickOf(path, MONDAY + s);
      assert.equal(second, MONDAY + s);
      assert(ms >= 0 && ms <= 999 && Number.isInteger(ms));
      assert.equal(priceUnits % model.tickUnits, 0);
      assert(Math.abs(priceUnits / base - 1) < 0.25, `${priceUnits} is far`);
      assert(Number.isSafeInteger(size));
      assert(model.lots === 0 ? size === 0 : size >= 1);
      if (before > 0) {
        worst = Math.max(worst, Math.abs(Math.log(priceUnits / before)));
      }
      before = priceUnits;
    }
    const ticks = 2 * model.spreadTicks * model.tickUnits / base;
    assert(worst < 6 * model.minuteSd + ticks, `${worst} in 7 s is a jump`);
  });

  Deno.test(`PricePath moves ${symbol} as its model says`, () => {
    const returns = minuteReturns(model, 3 * MINUTES_PER_WEEK);
    assert(Math.abs(sd(returns) / model.minuteSd - 1) < 0.15);
    const expected = model.phi;
    // Bid and ask alternate (Roll 1984), which shows where ticks are coarse.
    const bounce = model.symbol === "USDINR" ? 0.12 : 0.03;
    assert(Math.abs(autocorrelation(returns, 1) - expected) < bounce);
    const sizes = returns.map(Math.abs);
    if (model.volOfVol > 0.3) {
      assert(autocorrelation(sizes, 1) > 0.08, "volatility clusters");
      assert(autocorrelation(sizes, 20) > 0.05, "and for long");
    }
  });
}

Deno.test("weekPath() leads to where the next week starts", () => {
  for (const model of DEFAULT_MODELS) {
    for (let week = 2_900; week < 2_910; week++) {
      const { level } = weekPath(model, 3, week);
      const next = weekPath(model, 3, week + 1).level;
      assert(Math.abs(level[MINUTES_PER_WEEK] - next[0]) < 1e-12);
    }
  }
});

Deno.test("a planted AR(1) gives BUY or SELL in a third to a half of minutes", () => {
  const model = modelOf("DEMO-AR1");
  const costReturn = 2e-4;
  const returns = minuteReturns(model, MINUTES_PER_WEEK);
  const phi = autocorrelation(returns, 1);
  const se = sd(returns) * Math.sqrt(1 - phi * phi);
  const acted = returns.filter((before) => {
    const forecast = Math.abs(phi * before);
    return forecast > costReturn && forecast / se > 0.5;
  });
  const share = acted.length / returns.length;
  assert(share > 0.3 && share < 0.55, `${share} of minutes`);
});

Deno.test("modelOf() makes up a model of an unknown symbol from its name", () => {
  assert.deepEqual(modelOf("ACME"), modelOf("ACME"));
  assert.notDeepEqual(modelOf("ACME").base, modelOf("ACME2").base);
});
