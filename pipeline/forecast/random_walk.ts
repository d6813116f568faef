import type {
  FitResult,
  ForecastEngine,
  PathForecast,
} from "./forecast_engine.ts";
import { EWMA_LAMBDA, ewmaVariance } from "./ewma.ts";
import { firstNotFinite } from "./series_check.ts";

/** "No change": the last value, with a spread that follows recent changes. */
export interface RandomWalkModel {
  readonly kind: "random_walk";
  readonly last: number;
  /** Exponentially weighted mean of squared changes. */
  readonly variance: number;
}

/**
 * The baseline that every other model is measured against, and the fallback
 * when one fails. Needs one value; with a single one the spread is 0.
 */
export const randomWalkEngine: ForecastEngine = {
  id: "random-walk",
  fit: fitWalk,
  forecast(model, h) {
    return forecastWalk(asWalk(model), h);
  },
  update(model, y) {
    return Number.isFinite(y) ? updateWalk(asWalk(model), y) : model;
  },
};

export function fitWalk(series: Float64Array): FitResult {
  if (series.length === 0) {
    return { kind: "failed", reason: "the series is empty" };
  }
  const bad = firstNotFinite(series);
  if (bad !== null) return { kind: "failed", reason: bad };
  const residuals = new Float64Array(series.length - 1);
  for (let i = 1; i < series.length; i++) {
    residuals[i - 1] = series[i] - series[i - 1];
  }
  return {
    kind: "fitted",
    model: {
      kind: "random_walk",
      last: series[series.length - 1],
      variance: ewmaVariance(residuals),
    },
    residuals,
  };
}

export function forecastWalk(model: RandomWalkModel, h: number): PathForecast {
  const mean: number[] = [];
  const se: number[] = [];
  for (let i = 1; i <= h; i++) {
    mean.push(model.last);
    se.push(Math.sqrt(i * model.variance));
  }
  return { mean, se };
}

export function updateWalk(
  model: RandomWalkModel,
  y: number,
): RandomWalkModel {
  const change = y - model.last;
  return {
    kind: "random_walk",
    last: y,
    variance: EWMA_LAMBDA * model.variance +
      (1 - EWMA_LAMBDA) * change * change,
  };
}

function asWalk(model: { readonly kind: string }): RandomWalkModel {
  if (model.kind !== "random_walk") {
    throw new TypeError(
      `Cannot step a model of kind ${model.kind} as a random walk`,
    );
  }
  return model as RandomWalkModel;
}
