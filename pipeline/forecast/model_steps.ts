import { assertNever } from "../domain/assert.ts";
import { forecastArma, updateArma } from "./arma_model.ts";
import type { FittedModel, PathForecast } from "./forecast_engine.ts";
import { forecastWalk, updateWalk } from "./random_walk.ts";

/** Forecasts 1 to `h` steps ahead, by whichever kind of model it is. */
export function forecastModel(model: FittedModel, h: number): PathForecast {
  switch (model.kind) {
    case "arma":
      return forecastArma(model, h);
    case "random_walk":
      return forecastWalk(model, h);
    default:
      return assertNever(model);
  }
}

/** The model after one more value; as it was if `y` is not finite. */
export function updateModel(model: FittedModel, y: number): FittedModel {
  if (!Number.isFinite(y)) return model;
  switch (model.kind) {
    case "arma":
      return updateArma(model, y);
    case "random_walk":
      return updateWalk(model, y);
    default:
      return assertNever(model);
  }
}
