import assert from "node:assert/strict";
import process from "node:process";
import {
  type ArimaFit,
  fitArima,
} from "../../pipeline/forecast/arima/fit_arima.ts";
import { selectOrder } from "../../pipeline/forecast/arima/select_order.ts";
import {
  forecastModel,
  updateModel,
} from "../../pipeline/forecast/model_steps.ts";
import type { FittedModel } from "../../pipeline/forecast/forecast_engine.ts";
import { oddSeries } from "../../pipeline/forecast/testing/odd_series.ts";

const SERIES = 5_000;
/** One in so many goes through the choice of an order too. */
const AUTO_EVERY = 20;
const HORIZON = 5;
/**
 * Five times as long as a series may keep a processor that does nothing else:
 * what hangs is found, what is slow is for `bench/odd_series_bench.ts`.
 */
const SECONDS_MAX = 10;

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
  const counts = { fitted: 0, failed: 0, degenerate: 0, chosen: 0 };
  let i = 0;
  for (const { what, y, spec } of oddSeries(SERIES)) {
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
    i++;
  }
  // What is odd is not refused out of hand.
  assert.ok(counts.fitted > SERIES / 3, JSON.stringify(counts));
  assert.ok(counts.degenerate > 50, JSON.stringify(counts));
  assert.ok(counts.chosen > 80, JSON.stringify(counts));
});
