import {
  type ArimaEstimates,
  type ArimaFit,
  fitArima,
} from "../pipeline/forecast/arima/fit_arima.ts";
import { forecastArima } from "../pipeline/forecast/arima/forecast_arima.ts";
import {
  lagsToTest,
  type LjungBox,
  ljungBox,
} from "../pipeline/forecast/arima/ljung_box.ts";
import { regressorNames } from "../pipeline/forecast/arima/regressors.ts";
import { selectOrder } from "../pipeline/forecast/arima/select_order.ts";
import type { Constant, Order } from "../pipeline/forecast/arima/spec.ts";
import type { ArimaCase, CaseId } from "./arima_case.ts";

/** Answers cases, one by one. */
export interface CaseEngine {
  answer(asked: ArimaCase): CaseAnswer;
}

/** What a line is answered with, in R's names, signs and conventions. */
export type CaseAnswer = FittedAnswer | FailedAnswer | BadLineAnswer;

/** What an engine cannot tell is `null`. */
export interface FittedAnswer {
  readonly id: CaseId;
  readonly status: "fitted";
  readonly order: Order;
  readonly coef: Readonly<Record<string, number>>;
  readonly coef_se: Readonly<Record<string, number | null>> | null;
  readonly sigma2: number;
  readonly loglik: number | null;
  readonly aic: number | null;
  readonly aicc: number | null;
  readonly bic: number | null;
  readonly mean: readonly number[];
  readonly se: readonly number[];
  readonly seasonal: Order;
  readonly period: number;
  readonly constant: Constant;
  readonly nobs: number;
  readonly converged: boolean | null;
  readonly stop: string | null;
  readonly degenerate: boolean;
  readonly ljung_box: LjungBox | null;
}

export interface FailedAnswer {
  readonly id: CaseId;
  readonly status: "failed";
  readonly reason: string;
}

/** The line was no case. */
export interface BadLineAnswer {
  readonly id: CaseId;
  readonly status: "error";
  /** From 1. */
  readonly line: number;
  readonly error: string;
}

/** The exact-likelihood engine. */
export const nativeCaseEngine: CaseEngine = {
  answer({ id, y, wanted, horizon, xreg, newxreg }) {
    const fit = wanted.kind === "auto"
      ? selectOrder(y, wanted)
      : fitArima(y, wanted.spec, { xreg });
    if (fit.kind === "failed") return failed(id, fit.reason);
    const alone = answerOf(id, fit, horizon);
    const slopes = regressorNames(xreg).map((name) => alone.coef[name]);
    const answer = {
      ...alone,
      mean: alone.mean.map((value, step) =>
        slopes.reduce(
          (sum, slope, j) => sum + slope * newxreg[j][step],
          value,
        )
      ),
    };
    const numbers = [
      answer.sigma2,
      ...Object.values(answer.coef),
      ...answer.mean,
      ...answer.se,
    ];
    return numbers.every(Number.isFinite)
      ? answer
      : failed(id, "the numbers of the fit or its forecasts are out of range");
  },
};

function failed(id: CaseId, reason: string): FailedAnswer {
  return { id, status: "failed", reason };
}

function answerOf(
  id: CaseId,
  { model, estimates, residuals }: ArimaFit & { readonly kind: "fitted" },
  horizon: number,
): FittedAnswer {
  const { order, seasonal, period } = model.spec;
  const { coef, coefSe, sigma2, nobs, converged, stop, degenerate } = estimates;
  const { mean, se } = forecastArima(model, horizon);
  const fitted = order[0] + order[2] + seasonal[0] + seasonal[2];
  const lags = lagsToTest(nobs, { period, fitted });
  // R has NaN or infinities in these places, JSON has none.
  const told = (value: number) => Number.isFinite(value) ? value : null;
  return {
    id,
    status: "fitted",
    order,
    coef,
    coef_se: coefSe,
    sigma2,
    loglik: told(estimates.loglik),
    aic: told(estimates.aic),
    aicc: told(estimates.aicc),
    bic: told(estimates.bic),
    mean,
    se,
    seasonal,
    period,
    constant: constantOf(estimates),
    nobs,
    converged,
    stop,
    degenerate,
    ljung_box: degenerate ? null : ljungBox(residuals, { lags, fitted }),
  };
}

/** The constant that was there to estimate. */
function constantOf({ coef }: ArimaEstimates): Constant {
  if ("drift" in coef) return "drift";
  return "intercept" in coef ? "mean" : "none";
}
