import { assertNever } from "../domain/assert.ts";
import { forecastArima } from "./arima/forecast_arima.ts";
import { updateArima } from "./arima/update_arima.ts";
import type { FittedModel, PathForecast } from "./forecast_engine.ts";
import { forecastWalk, updateWalk } from "./random_walk.ts";

/** Forecasts 1 to `h` steps ahead, by whichever kind of model it is. */
export function forecastModel(model: FittedModel, h: number): PathForecast {
  switch (model.kind) {
    case "arima":
      return forecastArima(model, h);
    case "random_walk":
      return forecastWalk(model, h);
    default:
      return assertNever(model);
  }
}

/** The model after one more value, as `ForecastEngine.update` has it. */
export function updateModel(model: FittedModel, y: number): FittedModel {
  if (Math.abs(y) === Infinity) return model;
  switch (model.kind) {
    case "arima":
      return updateArima(model, y);
    case "random_walk":
      return Number.isNaN(y) ? model : updateWalk(model, y);
    default:
      return assertNever(model);
  }
}
