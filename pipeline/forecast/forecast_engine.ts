import type { ArmaModel } from "./arma_model.ts";
import type { RandomWalkModel } from "./random_walk.ts";

/** (p, d, q): autoregressive terms, differences, moving-average terms. */
export type Order = readonly [p: number, d: number, q: number];

/** What to fit. `mean` estimates a mean and is for d = 0 only. */
export interface ModelSpec {
  readonly order: Order;
  readonly mean: boolean;
}

/**
 * A fitted model and where it stands: plain data, so that it passes between
 * threads as it is. An engine whose models do not fit in one of these adds its
 * own kind here and in `model_steps.ts`.
 */
export type FittedModel = ArmaModel | RandomWalkModel;

export type FitResult =
  | {
    readonly kind: "fitted";
    readonly model: FittedModel;
    /** One-step errors within the series, oldest first, in its unit. */
    readonly residuals: Float64Array;
  }
  | { readonly kind: "failed"; readonly reason: string };

/** Forecasts 1 to h steps ahead, in the unit of the series. */
export interface PathForecast {
  readonly mean: readonly number[];
  /** Standard errors, parameters taken as known; 0 if the model is exact. */
  readonly se: readonly number[];
}

/**
 * Fits a model to a series, and goes on with it value by value.
 *
 * Data never makes it throw, and nothing it returns is `NaN` or infinite: a
 * series it cannot fit is a `failed` result with the reason. An engine without
 * a cheap update keeps its series in the model and fits anew when it is asked
 * to forecast.
 */
export interface ForecastEngine {
  readonly id: string;
  /** Slow: runs in a Worker. */
  fit(series: Float64Array, spec: ModelSpec): FitResult;
  forecast(model: FittedModel, h: number): PathForecast;
  /** The model after one more value; as it was if `y` is not finite. */
  update(model: FittedModel, y: number): FittedModel;
}

/** Such as `arima(1,1,1)`. */
export function specName(spec: ModelSpec): string {
  return `arima(${spec.order.join(",")})`;
}
