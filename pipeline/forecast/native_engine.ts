import { type ArimaFit, fitArima } from "./arima/fit_arima.ts";
import { selectOrder } from "./arima/select_order.ts";
import {
  arimaSpec,
  type FitResult,
  type ForecastEngine,
} from "./forecast_engine.ts";
import { forecastModel, updateModel } from "./model_steps.ts";

/** For forecasts: standard errors of coefficients are nobody's concern. */
const PLAIN = { standardErrors: false } as const;

/** Our own exact-likelihood ARIMA; takes missing values (`NaN`). */
export const NATIVE_ENGINE: ForecastEngine = {
  id: "native",
  fit: (series, spec, before) => {
    const options = before?.kind === "arima"
      ? { ...PLAIN, warm: before }
      : PLAIN;
    return resultOf(fitArima(series, arimaSpec(spec), options));
  },
  select: (series) => resultOf(selectOrder(series, PLAIN)),
  forecast: forecastModel,
  update: updateModel,
};

function resultOf(fit: ArimaFit): FitResult {
  if (fit.kind === "failed") return fit;
  return { kind: "fitted", model: fit.model, residuals: fit.residuals };
}
