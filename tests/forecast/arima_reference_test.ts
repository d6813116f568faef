import assert from "node:assert/strict";
import { join } from "node:path";
import { fitArima } from "../../pipeline/forecast/arima/fit_arima.ts";
import { forecastArima } from "../../pipeline/forecast/arima/forecast_arima.ts";
import type { Constant, Order } from "../../pipeline/forecast/arima/spec.ts";
import { marketDataTest } from "../harness/market_data.ts";

interface Estimates {
  readonly coef: Readonly<Record<string, number>> | readonly never[];
  readonly sigma2: number;
  readonly loglik: number;
}

interface ReferenceCase {
  readonly id: string;
  readonly order: Order;
  readonly seasonal: Order;
  readonly period: number;
  readonly constant: Constant;
  readonly series: readonly (number | null)[];
  readonly R_max: Estimates & {
    readonly coef_se: Readonly<Record<string, number>>;
    readonly nobs: number;
    readonly aicc: number;
    readonly forecast: readonly number[];
    readonly forecast_se: readonly number[];
  };
  readonly exact_differenced?: Estimates;
}

interface Reference {
  readonly cases: readonly ReferenceCase[];
  readonly tolerances: Readonly<Record<string, number | string>>;
}

async function reference(dir: string): Promise<Reference> {
  return JSON.parse(
    await Deno.readTextFile(join(dir, "..", "reference", "arima.json")),
  );
}

// R's own differences for the information are coarse, most for seasonal ones.
const COEF_SE_SHARE = 0.06;
/** `coef` and `R_max_loglik_abs` are sentences in the file. */
const COEF_SHARE = 1e-3;
const DIFFUSE_LOGLIK = 5e-3;

marketDataTest(
  "fitArima() agrees with R on all reference cases",
  async (dir) => {
    const { cases, tolerances } = await reference(dir);
    const within = (off: number, most: number | string, what: string) =>
      assert.ok(Math.abs(off) <= Number(most), `${what} is off by ${off}`);
    assert.equal(cases.length, 28);
    for (const one of cases) {
      const { id, R_max: R } = one;
      const y = Float64Array.from(one.series, (value) => value ?? NaN);
      const fit = fitArima(y, one);
      assert.ok(fit.kind === "fitted", id);
      const { model, estimates } = fit;
      assert.ok(estimates.converged, `${id}: ${estimates.stop}`);
      assert.equal(estimates.nobs, R.nobs, id);
      const exact = one.exact_differenced ?? R;
      within(
        estimates.loglik - exact.loglik,
        tolerances.exact_loglik_abs,
        `${id}: loglik`,
      );
      within(estimates.loglik - R.loglik, DIFFUSE_LOGLIK, `${id}: R's loglik`);
      within(estimates.aicc - R.aicc, 2 * DIFFUSE_LOGLIK, `${id}: aicc`);
      within(
        estimates.sigma2 / exact.sigma2 - 1,
        tolerances.sigma2_rel,
        `${id}: sigma2`,
      );
      assert.deepEqual(Object.keys(estimates.coef), Object.keys(R.coef), id);
      const coef: Readonly<Record<string, number>> = Array.isArray(exact.coef)
        ? {}
        : exact.coef as Record<string, number>;
      for (const [name, value] of Object.entries(estimates.coef)) {
        const known = coef[name] ?? coef.intercept;
        const se = R.coef_se[name];
        within((value - known) / se, COEF_SHARE, `${id}: ${name}`);
        within(
          (estimates.coefSe[name] ?? NaN) / se - 1,
          COEF_SE_SHARE,
          `${id}: the error of ${name}`,
        );
      }
      const { mean, se } = forecastArima(model, R.forecast.length);
      R.forecast.forEach((value, h) => {
        within(
          (mean[h] - value) / R.forecast_se[h],
          COEF_SHARE,
          `${id}: forecast ${h + 1}`,
        );
        within(
          se[h] / R.forecast_se[h] - 1,
          tolerances.forecast_se_rel,
          `${id}: error of forecast ${h + 1}`,
        );
      });
    }
  },
);
