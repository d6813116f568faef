import { assert } from "../pipeline/domain/assert.ts";
import { loadNpmArima } from "../pipeline/forecast/npm_arima.ts";
import { WasmEngine } from "../pipeline/forecast/wasm_engine.ts";
import type { CaseAnswer, CaseEngine } from "./arima_answer.ts";
import type { ArimaCase } from "./arima_case.ts";

/** npm `arima` behind its guards; it tells neither s.e. nor likelihood. */
export function wasmCaseEngine(): CaseEngine {
  let engine = new WasmEngine(loadNpmArima());
  return {
    answer(asked) {
      const answer = answerBy(engine, asked);
      if (engine.poisoned !== null) engine = new WasmEngine(loadNpmArima());
      return answer;
    },
  };
}

function answerBy(engine: WasmEngine, asked: ArimaCase): CaseAnswer {
  const { id, y, wanted, horizon, xreg } = asked;
  const failed = (reason: string) =>
    ({ id, status: "failed", reason }) as const;
  if (wanted.kind === "auto") {
    return failed(`order "auto" must be chosen by the native engine`);
  }
  if (xreg.length > 0) {
    return failed("regressors must be fitted by the native engine");
  }
  const { order, seasonal, period, constant } = wanted.spec;
  if (seasonal.some((terms) => terms > 0)) {
    return failed("seasonal terms must be fitted by the native engine");
  }
  if (constant === "drift") {
    return failed("a drift must be fitted by the native engine");
  }
  const mean = constant === "mean" && order[1] === 0;
  const fit = engine.fit(y, { order, mean });
  if (fit.kind === "failed") return failed(fit.reason);
  assert(fit.model.kind === "arima", "npm arima makes ARIMA models");
  const forecast = engine.forecast(fit.model, horizon);
  const { phi, theta, sigma2 } = fit.model;
  return {
    id,
    status: "fitted",
    order,
    coef: {
      ...Object.fromEntries(phi.map((value, i) => [`ar${i + 1}`, value])),
      ...Object.fromEntries(theta.map((value, i) => [`ma${i + 1}`, value])),
      ...mean && { intercept: fit.model.center },
    },
    coef_se: null,
    sigma2,
    loglik: null,
    aic: null,
    aicc: null,
    bic: null,
    mean: forecast.mean,
    se: forecast.se,
    seasonal,
    period,
    constant: mean ? "mean" : "none",
    nobs: fit.residuals.length,
    converged: null,
    stop: null,
    degenerate: sigma2 === 0,
    ljung_box: null,
  };
}
