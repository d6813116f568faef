import { fitClosedForm } from "./arma_model.ts";
import type { ForecastEngine } from "./forecast_engine.ts";
import { forecastModel, updateModel } from "./model_steps.ts";

/** Leaves out the ARMA part of every order: fast enough for any thread. */
export const BASELINE_ENGINE: ForecastEngine = {
  id: "baseline",
  fit(series, spec) {
    const plain = { order: [0, spec.order[1], 0], mean: spec.mean } as const;
    return fitClosedForm(series, plain) ??
      { kind: "failed", reason: "the series has no closed form" };
  },
  forecast: forecastModel,
  update: updateModel,
};
