import { fitArima } from "./arima/fit_arima.ts";
import { selectOrder } from "./arima/select_order.ts";
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
  select(series) {
    const fit = selectOrder(series, { standardErrors: false });
    if (fit.kind === "failed") return fit;
    const { model, residuals } = fit;
    return { kind: "fitted", order: model.spec.order, model, residuals };
  },
  forecast: forecastModel,
  update: updateModel,
};
