import { fitArima } from "./arima/fit_arima.ts";
import { arimaSpec, type ForecastEngine } from "./forecast_engine.ts";
import { forecastModel, updateModel } from "./model_steps.ts";

/** Our own exact-likelihood ARIMA; takes missing values (`NaN`). */
export const NATIVE_ENGINE: ForecastEngine = {
  id: "native",
  fit(series, spec) {
    const fit = fitArima(series, arimaSpec(spec), { standardErrors: false });
    if (fit.kind === "failed") return fit;
    return { kind: "fitted", model: fit.model, residuals: fit.residuals };
  },
  forecast: forecastModel,
  update: updateModel,
};
