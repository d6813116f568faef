import assert from "node:assert/strict";
import { seededNormal } from "../testing/make_candles.ts";
import { REGRESSION_CASES } from "../testing/regression_cases.ts";
import { type ArimaFit, fitArima } from "./fit_arima.ts";
import { forecastArima } from "./forecast_arima.ts";
import { arimaName, type ArimaSpec } from "./spec.ts";

/** R's prior of levels is diffuse only about. */
const DIFFUSE_LOGLIK = 1e-4;
const EXACT_LOGLIK = 1e-8;
/** In standard errors. */
const NEAR = 1e-3;
/** Of a standard error: R takes its second derivatives by differences. */
const SE_SHARE = 2e-3;

function fitted(fit: ArimaFit) {
  assert.ok(fit.kind === "fitted", JSON.stringify(fit));
  return fit;
}

function regression({ estimates }: ReturnType<typeof fitted>): number[] {
  return Object.entries(estimates.coef)
    .filter(([name]) => name.startsWith("xreg"))
    .map(([, value]) => value);
}

Deno.test("fitArima() on regressors agrees with R, gaps, differences and seasons too", () => {
  for (const one of REGRESSION_CASES) {
    const { y, spec, xreg } = one;
    const fit = fitted(fitArima(y, spec, { xreg }));
    const { estimates, model } = fit;
    const name = arimaName(spec);
    const close = (a: number, b: number, most: number, what: string) =>
      assert.ok(Math.abs(a - b) <= most, `${name} ${what}: ${a}, not ${b}`);
    close(
      estimates.loglik,
      one.loglik,
      spec.order[1] > 0 ? DIFFUSE_LOGLIK : EXACT_LOGLIK,
      "loglik",
    );
    close(estimates.sigma2 / one.sigma2, 1, 1e-5, "sigma2");
    const errors = Object.values(estimates.coefSe);
    Object.values(estimates.coef).forEach((value, i) => {
      const error = one.coefSe[i];
      close(value, one.coef[i], NEAR * error, `coefficient ${i}`);
      close((errors[i] ?? NaN) / error, 1, SE_SHARE, `error ${i}`);
    });
    assert.equal(errors.length, one.coef.length);
    const { mean, se } = forecastArima(model, one.mean.length);
    const slopes = regression(fit);
    mean.forEach((value, step) => {
      const outside = slopes.reduce(
        (sum, slope, j) => sum + slope * one.newxreg[j][step],
        0,
      );
      close(value + outside, one.mean[step], NEAR * one.se[step], "forecast");
      close(se[step] / one.se[step], 1, 1e-5, "its error");
    });
  }
});

Deno.test("regressors have R's names: one of its own, several by number", () => {
  const [two, one] = REGRESSION_CASES;
  const names = ({ y, spec, xreg }: typeof one) =>
    Object.keys(fitted(fitArima(y, spec, { xreg })).estimates.coef);
  assert.deepEqual(names(two), ["ar1", "ma1", "intercept", "xreg1", "xreg2"]);
  assert.deepEqual(names(one), ["ar1", "xreg"]);
});

Deno.test("a regression is the same in other units, and where the regressors begin", () => {
  for (const { y, spec, xreg } of REGRESSION_CASES) {
    const plain = fitted(fitArima(y, spec, { xreg }));
    // Without a constant, where a regressor begins is part of the model.
    const from = spec.constant === "mean" || spec.order[1] > 0 ? 1e4 : 0;
    const moved = fitted(fitArima(y.map((value) => value * 1e3), spec, {
      xreg: xreg.map((column) => column.map((x) => from + x * 1e-2)),
    }));
    regression(moved).forEach((slope, j) => {
      const wanted = regression(plain)[j] * 1e5;
      assert.ok(Math.abs(slope / wanted - 1) < 1e-6, `${slope} ${wanted}`);
    });
    const { loglik, nobs } = plain.estimates;
    const other = moved.estimates.loglik + nobs * Math.log(1e3);
    assert.ok(Math.abs(other - loglik) < 1e-6, `${other} ${loglik}`);
  }
});

Deno.test("regressors that explain nearly all leave the errors their digits", () => {
  const normal = seededNormal(4);
  const n = 200;
  const x = Float64Array.from({ length: n }, () => 1e6 * normal());
  const noise = new Float64Array(n);
  for (let t = 1; t < n; t++) noise[t] = 0.7 * noise[t - 1] + normal();
  const y = x.map((value, t) => 3 * value + noise[t]);
  const spec: ArimaSpec = {
    order: [1, 0, 0],
    seasonal: [0, 0, 0],
    period: 0,
    constant: "mean",
  };
  const fit = fitted(fitArima(y, spec, { xreg: [x] }));
  const alone = fitted(fitArima(noise, spec));
  assert.ok(
    Math.abs(fit.estimates.coef.ar1 - alone.estimates.coef.ar1) < 0.02,
  );
  assert.ok(Math.abs(fit.estimates.coef.xreg - 3) < 1e-6);
  assert.ok(Math.abs(fit.estimates.sigma2 - 1) < 0.2);
});

Deno.test("fitArima() says what is wrong with regressors", () => {
  const [{ y, spec, xreg: [x] }] = REGRESSION_CASES;
  const reason = (xreg: readonly Float64Array[], wanted = spec) => {
    const fit = fitArima(y, wanted, { xreg });
    return fit.kind === "failed" ? fit.reason : "";
  };
  assert.match(reason([x.slice(1)]), /regressor 1 has 59 values, .* 60/);
  const gap = x.map((value, t) => t === 7 ? NaN : value);
  assert.match(reason([x, gap]), /value 7 of regressor 2 is NaN/);
  const huge = x.map((value) => value * 1e-310);
  assert.match(reason([huge]), /out of the range of the series/);
  const apart = /cannot be told apart/;
  assert.match(reason([x, x.map((value) => 2 * value + 1)]), apart);
  assert.match(reason([new Float64Array(60).fill(3)]), apart);
  const differenced = { ...spec, order: [1, 1, 1] as const };
  assert.match(reason([new Float64Array(60).fill(3)], differenced), apart);
});

Deno.test("what regressors explain exactly has no error", () => {
  const [{ spec, xreg: [x] }] = REGRESSION_CASES;
  const y = x.map((value) => 2 + 3 * value);
  const { estimates, model } = fitted(fitArima(y, spec, { xreg: [x] }));
  assert.ok(estimates.degenerate);
  assert.ok(Math.abs(estimates.coef.xreg - 3) < 1e-9);
  assert.ok(Math.abs(forecastArima(model, 1).mean[0] - 2) < 1e-9);
});
