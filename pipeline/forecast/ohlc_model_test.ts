import assert from "node:assert/strict";
import fc from "fast-check";
import { MICROS_PER_MINUTE } from "../domain/time.ts";
import { BASELINE_ENGINE } from "./baseline_engine.ts";
import { BASELINE, type Candidate } from "./candidates.ts";
import { fitTrack } from "./fit_track.ts";
import {
  arimaSpec,
  type FittedModel,
  type ModelSpec,
} from "./forecast_engine.ts";
import {
  advanceTrack,
  forecastCandles,
  type OhlcTrack,
  snap,
  withSpreadsOf,
} from "./ohlc_model.ts";
import { makeCandles, seededNormal } from "./testing/make_candles.ts";

const GRID = { tick: 0.05, scale: 2 };
const BASELINES = { close: BASELINE_ENGINE, range: BASELINE_ENGINE };
const AR_SPEC: ModelSpec = { order: [1, 1, 0], mean: false };
const AR: Candidate = { model: "ar", spec: AR_SPEC };

function constant(value: number): FittedModel {
  const fit = BASELINE_ENGINE.fit(Float64Array.of(value, value), {
    order: [0, 0, 0],
    mean: true,
  });
  assert.ok(fit.kind === "fitted");
  return fit.model;
}

/** A track whose models say exactly what they are told. */
function track(given: {
  readonly last: number;
  readonly change: number;
  readonly upper: number;
  readonly lower: number;
  readonly body: number;
  readonly sd: number;
}): OhlcTrack {
  return {
    closes: [{
      candidate: AR,
      order: AR_SPEC.order,
      model: {
        kind: "arima",
        spec: arimaSpec(AR_SPEC),
        phi: [0.5],
        theta: [],
        delta: [1],
        sigma2: 1,
        center: 0,
        slope: 0,
        state: [given.change],
        levels: [3],
        covariance: null,
      },
      variance: given.sd ** 2,
    }],
    upper: constant(given.upper),
    lower: constant(given.lower),
    body: constant(given.body),
    level: 3,
    last: {
      t: 0,
      end: 60e6,
      open: given.last,
      high: given.last,
      low: given.last,
      close: given.last,
      whole: true,
    },
    joined: true,
    n: 100,
  };
}

Deno.test("forecastCandles() follows the formulas of U, V and W", () => {
  const given = track({
    last: 100,
    change: 0.001,
    upper: 0.002,
    lower: 0.003,
    body: 0.004,
    sd: 0.001,
  });
  const [one, two] = forecastCandles(given, given.closes[0], 2, {
    tick: 1e-6,
    scale: 6,
  });
  const near = (a: number, b: number) =>
    assert.ok(Math.abs(a - b) < 2e-6, `${a} ${b}`);
  near(one.open, 100);
  near(one.close, 100 * Math.exp(0.001));
  near(one.high, 100 * Math.exp(0.0005 + 0.002 + 0.002));
  near(one.low, 100 * Math.exp(0.0005 - 0.002 - 0.003));
  near(two.open, one.close);
  near(two.close, 100 * Math.exp(0.0015));
  assert.ok(Math.abs(one.se - 0.001) < 1e-8);
  assert.ok(Math.abs(two.se / one.se - Math.sqrt(1 + 1.5 ** 2)) < 1e-6);
});

Deno.test("forecastCandles() always makes candles that are valid, on the grid, with nested bands", () => {
  const small = fc.double({ min: -0.05, max: 0.05, noNaN: true });
  fc.assert(fc.property(
    fc.record({
      last: fc.double({ min: 0.01, max: 1e5, noNaN: true }),
      change: small,
      upper: small,
      lower: small,
      body: small,
      sd: fc.double({ min: 0, max: 0.05, noNaN: true }),
    }),
    fc.constantFrom(
      { tick: 0.05, scale: 2 },
      { tick: 0.0025, scale: 4 },
      { tick: 1, scale: 0 },
      { tick: 25, scale: 0 },
      { tick: 1e-8, scale: 8 },
    ),
    (values, grid) => {
      const last = Number(values.last.toFixed(grid.scale));
      fc.pre(last > 0);
      const given = track({ ...values, last });
      for (const one of forecastCandles(given, given.closes[0], 5, grid)) {
        const { open, high, low, close } = one;
        assert.ok(0 < low && low <= Math.min(open, close));
        assert.ok(Math.max(open, close) <= high);
        const order = [
          one.lo95,
          one.lo80,
          one.lo50,
          close,
          one.hi50,
          one.hi80,
          one.hi95,
        ];
        for (let i = 1; i < order.length; i++) {
          assert.ok(order[i - 1] <= order[i], order.join(" "));
        }
        for (const price of [open, high, low, ...order]) {
          const steps = (price - last) / grid.tick;
          const off = Math.abs(steps - Math.round(steps));
          assert.ok(
            off < 1e-6 * (1 + price / grid.tick) || price === grid.tick,
          );
          assert.equal(Number(price.toFixed(grid.scale)), price);
        }
        assert.ok(one.se > 0 && Number.isFinite(one.se));
      }
    },
  ));
});

Deno.test("forecastCandles() makes bands that hold their share on a coarse grid too", () => {
  const normal = seededNormal(3);
  /** Student's t with 8 degrees of freedom at a variance of 1. */
  const student = () => {
    let squares = 0;
    for (let i = 0; i < 8; i++) squares += normal() ** 2;
    return normal() / Math.sqrt(squares / 8) * Math.sqrt(6 / 8);
  };
  const inside = { 50: 0, 80: 0, 95: 0 };
  const n = 20_000;
  for (let i = 0; i < n; i++) {
    // A minute moves the price by one to five ticks.
    const sd = GRID.tick / 100 * (1 + 4 * i / n);
    const given = { last: 100, change: 0, upper: 0, lower: 0, body: 0, sd };
    const one = track(given);
    const [{ lo50, hi50, lo80, hi80, lo95, hi95 }] = forecastCandles(
      one,
      one.closes[0],
      1,
      GRID,
    );
    const close = snap(100 * Math.exp(sd * student()), 100, GRID);
    inside[50] += Number(lo50 <= close && close <= hi50);
    inside[80] += Number(lo80 <= close && close <= hi80);
    inside[95] += Number(lo95 <= close && close <= hi95);
  }
  for (const level of [50, 80, 95] as const) {
    const covered = 100 * inside[level] / n;
    // A band is of whole ticks; ends only rounded would hold 62 for 50.
    assert.ok(Math.abs(covered - level) < 3, `${level}: ${covered}`);
  }
});

Deno.test("snap() goes whole ticks from the last price, and never to 0", () => {
  assert.equal(snap(24321.57, 24300, GRID), 24321.55);
  assert.equal(snap(24321.58, 24300, GRID), 24321.6);
  assert.equal(snap(24321.58, 24300.02, GRID), 24321.57);
  assert.equal(snap(83.12374, 83, { tick: 0.0025, scale: 4 }), 83.1225);
  assert.equal(snap(0.001, 1, GRID), 0.05);
  assert.equal(snap(-5, 1.02, GRID), 0.02);
});

Deno.test("forecastCandles() of the random walk is the last price exactly, off the grid too", () => {
  for (const last of [24321.57, 100, 0.03]) {
    const given = track({
      last,
      change: 0,
      upper: 0.001,
      lower: 0.001,
      body: 0.001,
      sd: 0.001,
    });
    for (const one of forecastCandles(given, given.closes[0], 5, GRID)) {
      assert.equal(one.close, last);
      assert.equal(one.open, last);
    }
  }
});

Deno.test("advanceTrack() leaves the jump over a gap out of returns and spread", () => {
  const candles = makeCandles({ n: 200, start: 0, sd: 1e-3 });
  const { track: fitted } = fitTrack(BASELINES, candles, [BASELINE]);
  assert.ok(fitted);
  const last = candles[199];
  const next = {
    t: last.end,
    end: last.end + MICROS_PER_MINUTE,
    open: last.close * 1.05,
    high: last.close * 1.05,
    low: last.close * 1.05,
    close: last.close * 1.05,
    whole: true,
  };
  const jumped = advanceTrack(fitted, next);
  assert.ok(jumped.joined);
  assert.ok(jumped.closes[0].variance > 10 * fitted.closes[0].variance);
  const gaps = [
    {
      ...next,
      t: next.t + MICROS_PER_MINUTE,
      end: next.end + MICROS_PER_MINUTE,
    },
    { ...next, whole: false },
  ];
  for (const candle of gaps) {
    const over = advanceTrack(fitted, candle);
    assert.equal(over.joined, false);
    assert.ok(over.closes[0].variance < fitted.closes[0].variance);
    const [forecast] = forecastCandles(over, over.closes[0], 1, {
      tick: 0.01,
      scale: 2,
    });
    assert.ok(Math.abs(forecast.close - candle.close) < 0.011);
  }
});

Deno.test("withSpreadsOf() keeps the errors of forecasts over a new fit, of models that were there", () => {
  const candles = makeCandles({ n: 200, start: 0, sd: 1e-3 });
  const { track: fitted } = fitTrack(BASELINES, candles, [
    BASELINE,
    { model: "new", spec: { order: [0, 1, 0], mean: true } },
  ]);
  assert.ok(fitted);
  const [walk, added] = fitted.closes;
  const before = { ...fitted, closes: [{ ...walk, variance: 7 }] };
  assert.deepEqual(
    withSpreadsOf(fitted, before).closes,
    [{ ...walk, variance: 7 }, added],
  );
  assert.deepEqual(withSpreadsOf(fitted, null), fitted);
});

Deno.test("advanceTrack() ignores what is no candle", () => {
  const candles = makeCandles({ n: 50, start: 0 });
  const { track: fitted } = fitTrack(BASELINES, candles, [BASELINE]);
  assert.ok(fitted);
  const bad = [{ low: 0 }, { close: NaN }, { high: 1 }, { high: Infinity }];
  for (const fault of bad) {
    const candle = { ...candles[49], t: 3e9, end: 3e9 + 6e7, ...fault };
    assert.equal(advanceTrack(fitted, candle), fitted);
  }
});

Deno.test("fitTrack() keeps the random walk, and says what could not be fitted", () => {
  const broken = {
    ...BASELINE_ENGINE,
    fit: () => ({ kind: "failed" as const, reason: "no optimum" }),
  };
  const { track: fitted, failures } = fitTrack(
    { close: broken, range: broken },
    makeCandles({ n: 100, start: 0 }),
    [BASELINE, AR],
  );
  assert.deepEqual(
    fitted?.closes.map(({ candidate }) => candidate.model),
    ["random-walk"],
  );
  assert.deepEqual(failures, [{ model: "ar", reason: "no optimum" }]);
  assert.deepEqual(fitTrack(BASELINES, [], [BASELINE]), {
    track: null,
    failures: [],
  });
});
