import assert from "node:assert/strict";
import process from "node:process";
import {
  type ArimaFit,
  fitArima,
} from "../../pipeline/forecast/arima/fit_arima.ts";
import { selectOrder } from "../../pipeline/forecast/arima/select_order.ts";
import type {
  ArimaSpec,
  Constant,
} from "../../pipeline/forecast/arima/spec.ts";
import {
  forecastModel,
  updateModel,
} from "../../pipeline/forecast/model_steps.ts";
import type { FittedModel } from "../../pipeline/forecast/forecast_engine.ts";
import {
  seededNormal,
  seededRandom,
} from "../../pipeline/forecast/testing/make_candles.ts";

const SERIES = 5_000;
/** One in so many goes through the choice of an order too. */
const AUTO_EVERY = 20;
const HORIZON = 5;
/**
 * Five times as long as a series may keep a processor that does nothing else:
 * what hangs is found, what is slow is for the bench.
 */
const SECONDS_MAX = 10;
const SEED = 20_260_803;

type Maker = (n: number, normal: () => number, random: () => number) =>
  | number[]
  | Float64Array;

const series = (make: (t: number) => number) => (n: number) =>
  Array.from({ length: n }, (_, t) => make(t));

function walk(n: number, normal: () => number): number[] {
  let sum = 0;
  return Array.from({ length: n }, () => sum += normal());
}

const noise: Maker = (n, normal) => Array.from({ length: n }, () => normal());

/** What feeds, gaps and bad ticks make of prices, and worse. */
const MAKERS: Readonly<Record<string, Maker>> = {
  noise,
  walk,
  constant: series(() => 7.1),
  zeros: series(() => 0),
  "minus zeros": series(() => -0),
  ramp: series((t) => 100 + 0.1 * t),
  parabola: series((t) => t * t),
  exponential: series((t) => Math.exp(Math.min(t, 300))),
  alternating: series((t) => t % 2 === 0 ? 1 : -1),
  "alternating, in threes": series((t) => t % 3),
  step: (n) => series((t) => t < n / 2 ? 1 : 2)(n),
  "a step at the end": (n) => series((t) => t === n - 1 ? 1 : 0)(n),
  spike: (n) => series((t) => t === n >> 1 ? 1e6 : 0)(n),
  "spikes on noise": (n, normal, random) =>
    Array.from({ length: n }, () => random() < 0.02 ? 1e5 : normal()),
  "zeros, then a value": (n, normal) =>
    series((t) => t < n - 3 ? 0 : normal())(n),
  duplicates: (n, normal) => walk(n, normal).map((x) => Math.round(x / 3)),
  "few levels": (n, _, random) =>
    Array.from({ length: n }, () => random() < 0.05 ? 1 : 0),
  "a tiny spread on a huge level": (n, normal) =>
    Array.from({ length: n }, () => 1e9 + 1e-6 * normal()),
  "rounding on a level": series((t) => 0.1 * 3 + (t % 7) * 1e-17),
  "a walk on a huge level": (n, normal) => walk(n, normal).map((x) => 1e12 + x),
  sine: series((t) => Math.sin(t / 3)),
  "sine of a growing size": series((t) => t * Math.sin(t / 3)),
  "walk of a walk": (n, normal) => {
    let sum = 0;
    return walk(n, normal).map((x) => sum += x);
  },
  "an AR next to the unit circle": (n, normal) => {
    let x = 0;
    return Array.from({ length: n }, () => x = 0.999 * x + normal());
  },
  explosion: (n, normal) => {
    let x = 1;
    return Array.from({ length: n }, () => x = 1.05 * x + normal())
      .map((y) => Math.sign(y) * Math.min(Math.abs(y), 1e100));
  },
  "heavy tails": (n, normal) =>
    Array.from({ length: n }, () => normal() / Math.abs(normal())),
};

/** What happens to a series afterwards. */
const CHANGES: Readonly<
  Record<string, (x: Float64Array, random: () => number) => void>
> = {
  "as it is": () => {},
  "times 1e-12": (x) => x.forEach((y, t) => x[t] = y * 1e-12),
  "times 1e12": (x) => x.forEach((y, t) => x[t] = y * 1e12),
  "times 1e-300": (x) => x.forEach((y, t) => x[t] = y * 1e-300),
  "times 1e300": (x) => x.forEach((y, t) => x[t] = y * 1e300),
  "with gaps": (x, random) =>
    x.forEach((_, t) => {
      if (random() < 0.1) x[t] = NaN;
    }),
  "missing at both ends": (x) => {
    x.fill(NaN, 0, Math.ceil(x.length / 5));
    x.fill(NaN, x.length - Math.ceil(x.length / 10));
  },
  "mostly missing": (x, random) =>
    x.forEach((_, t) => {
      if (random() < 0.8) x[t] = NaN;
    }),
  "every other missing": (x) =>
    x.forEach((_, t) => {
      if (t % 2 === 1) x[t] = NaN;
    }),
  "all missing": (x) => void x.fill(NaN),
  "with an infinity": (x, random) => {
    x[Math.floor(random() * x.length)] = random() < 0.5 ? Infinity : -Infinity;
  },
};

/** Mostly short, a few long. */
function lengthOf(i: number, random: () => number): number {
  if (i % 500 === 499) return 20_000;
  if (i % 100 === 99) return 1_000 + Math.floor(random() * 3_000);
  if (i % 3 === 0) return 1 + Math.floor(random() * 12);
  return 1 + Math.floor(random() * 120);
}

function specOf(random: () => number): ArimaSpec {
  const up = (max: number) => Math.floor(random() * (max + 1));
  const seasonal = random() < 0.15;
  const constants: readonly Constant[] = ["none", "mean", "drift"];
  return {
    order: [up(3), up(2), up(3)],
    seasonal: seasonal ? [up(1), up(1), up(1)] : [0, 0, 0],
    period: seasonal ? 2 + up(5) : 0,
    constant: constants[up(2)],
  };
}

/** Everything that a fit says is a number, and so is what comes of it. */
function assertFinite(fit: ArimaFit, what: string): void {
  if (fit.kind === "failed") {
    assert.ok(fit.reason.length > 0, what);
    assert.doesNotMatch(fit.reason, /undefined|\[object/, what);
    return;
  }
  const { model, estimates } = fit;
  const numbers = [
    estimates.sigma2,
    ...Object.values(estimates.coef),
    ...Object.values(estimates.coefSe).filter((se) => se !== null),
    estimates.nobs,
    estimates.iterations,
  ];
  if (!estimates.degenerate) {
    numbers.push(estimates.loglik, estimates.aic, estimates.bic);
  }
  assert.ok(numbers.every(Number.isFinite), `${what}: ${numbers}`);
  assert.ok(estimates.sigma2 >= 0, what);
  assert.ok(!Number.isNaN(estimates.aicc), what);

  let state: FittedModel = model;
  const last = model.levels[0] ?? 1;
  for (const y of [last, NaN, Infinity, last * 1.01 + 1e-9, NaN]) {
    const { mean, se } = forecastModel(state, HORIZON);
    assert.equal(mean.length, HORIZON, what);
    assert.ok(
      [...mean, ...se].every(Number.isFinite),
      `${what}: ${mean}, ${se}`,
    );
    assert.ok(se.every((value) => value >= 0), what);
    state = updateModel(state, y);
  }
}

Deno.test("fits, forecasts, updates and choices of 5,000 odd series throw nothing, give no NaN and end soon", () => {
  const random = seededRandom(SEED);
  const normal = seededNormal(SEED + 1);
  const makers = Object.entries(MAKERS);
  const changes = Object.entries(CHANGES);
  const counts = { fitted: 0, failed: 0, degenerate: 0, chosen: 0 };
  for (let i = 0; i < SERIES; i++) {
    const [name, make] = makers[i % makers.length];
    const [how, change] =
      changes[Math.floor(i / makers.length) % changes.length];
    const y = Float64Array.from(make(lengthOf(i, random), normal, random));
    change(y, random);
    const spec = specOf(random);
    const what = `${i}: ${name}, ${how}, n = ${y.length}, ` +
      `(${spec.order})(${spec.seasonal})${spec.period} ${spec.constant}`;
    const before = y.slice();
    const used = process.cpuUsage();
    const fit = fitArima(y, spec);
    assertFinite(fit, what);
    if (i % AUTO_EVERY === 0 || y.length > 4_000) {
      const period = i % (2 * AUTO_EVERY) === 0 ? 4 : 0;
      const choice = selectOrder(y, { period, standardErrors: false });
      assertFinite(choice, `auto, ${what}`);
      if (choice.kind === "fitted") counts.chosen++;
    }
    const seconds = process.cpuUsage(used).user / 1e6;
    assert.ok(seconds < SECONDS_MAX, `${what} took ${seconds} s`);
    assert.deepEqual(y, before, what);
    counts[fit.kind]++;
    if (fit.kind === "fitted" && fit.estimates.degenerate) counts.degenerate++;
  }
  // What is odd is not refused out of hand.
  assert.ok(counts.fitted > SERIES / 3, JSON.stringify(counts));
  assert.ok(counts.degenerate > 50, JSON.stringify(counts));
  assert.ok(counts.chosen > 80, JSON.stringify(counts));
});
