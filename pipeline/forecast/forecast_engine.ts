import type { ArimaModel } from "./arima/arima_model.ts";
import { arimaName, type ArimaSpec, type Order } from "./arima/spec.ts";
import type { RandomWalkModel } from "./random_walk.ts";

export type { Order };

/** The engines of ARIMA models that can be chosen. */
export const ENGINE_NAMES = ["native", "wasm"] as const;
export type EngineName = typeof ENGINE_NAMES[number];

/** What to fit. `mean` estimates that of the differenced series: a drift. */
export interface ModelSpec {
  readonly order: Order;
  readonly mean: boolean;
}

/**
 * A fitted model and where it stands: plain data, so that it passes between
 * threads as it is. An engine whose models do not fit in one of these adds its
 * own kind here and in `model_steps.ts`.
 */
export type FittedModel = ArimaModel | RandomWalkModel;

export type FitResult =
  | {
    readonly kind: "fitted";
    readonly model: FittedModel;
    /** One-step errors within the series, oldest first, in its unit. */
    readonly residuals: ArrayLike<number>;
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
 * Data never makes it throw, and nothing it returns is `NaN` or infinite, save
 * the residuals of missing values, where an engine takes them: a series it
 * cannot fit is a `failed` result with the reason.
 */
export interface ForecastEngine {
  readonly id: string;
  /**
   * Slow: runs in a Worker. An engine may start from `before` as well, an
   * earlier fit of the same spec, but not from it alone.
   */
  fit(series: Float64Array, spec: ModelSpec, before?: FittedModel): FitResult;
  /** Chooses an order and fits it; absent where an engine cannot. */
  select?(series: Float64Array): FitResult;
  forecast(model: FittedModel, h: number): PathForecast;
  /**
   * The model after one more value. A missing one (`NaN`) carries an ARIMA
   * over the step; what is not finite otherwise leaves a model as it was.
   */
  update(model: FittedModel, y: number): FittedModel;
}

/** The same as an ARIMA without a season. */
export function arimaSpec({ order, mean }: ModelSpec): ArimaSpec {
  const [, d] = order;
  return {
    order,
    seasonal: [0, 0, 0],
    period: 0,
    constant: !mean ? "none" : d === 0 ? "mean" : "drift",
  };
}

/** Such as `arima(1,1,1)`. */
export function specName({ order }: ModelSpec): string {
  return arimaName(arimaSpec({ order, mean: false }));
}
