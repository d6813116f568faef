import type { ArimaModel } from "./arima_model.ts";
import type { ArmaShape } from "./arma_shape.ts";
import { dot } from "./dot_product.ts";
import { ChandrasekharFilter } from "./chandrasekhar_filter.ts";
import { KalmanFilter } from "./kalman_filter.ts";
import type { ArimaSpec } from "./spec.ts";
import type { TrainingData } from "./training_data.ts";
import { takeArray } from "./split_array.ts";

/** Variances of the state below this, in units of sigma2, are none. */
const NEGLIGIBLE = 1e-13;

/** All that is estimated of a model. */
export interface KnownArma {
  /** With phi and theta written. */
  readonly shape: ArmaShape;
  /** Coefficients of the standard regressors. */
  readonly beta: ArrayLike<number>;
  /** In the square of the series' unit; that of the errors if `null`. */
  readonly sigma2: number | null;
}

export interface Filtered {
  readonly model: ArimaModel;
  /** Sum of squared standard errors, and of the logarithms of their F. */
  readonly squares: number;
  readonly sumLogF: number;
  /** As in `ArimaFit`. */
  readonly residuals: readonly number[];
}

/**
 * Runs a series through a model whose coefficients are known: its state at the
 * end, exactly, and the one-step errors on the way.
 *
 * @returns `null` if the model is not stationary, or if gaps leave the start
 * of the differencing unknown.
 */
export function filterSeries(
  y: Float64Array,
  spec: ArimaSpec,
  data: TrainingData,
  known: KnownArma,
): Filtered | null {
  const { exact, columns, missing, delta } = data;
  const { phi, theta } = known.shape;
  const rest = takeArray(exact.length);
  rest.set(exact);
  for (let c = 0; c < known.beta.length; c++) {
    const column = columns[c + 1];
    for (let t = 0; t < rest.length; t++) rest[t] -= known.beta[c] * column[t];
  }
  const end = (missing ? null : steadyEnd(rest, known.shape)) ??
    new KalmanFilter(
      [rest],
      phi.length,
      theta.length,
      missing ? delta : [],
    );
  if (end instanceof KalmanFilter) {
    if (!end.run(phi, theta) || end.diffuse) return null;
  }
  const squares = dot(end.errors[0], end.errors[0]);
  const sigma2 = known.sigma2 ?? squares / data.nobs * data.scale ** 2;
  return {
    model: modelOf(y, spec, data, { ...known, sigma2 }, end),
    squares,
    sumLogF: end.sumLogF,
    residuals: residualsOf(y, data, end.errors[0]),
  };
}

/** The quicker filter, if it knows the last state without an error. */
function steadyEnd(
  rest: Float64Array,
  { phi, theta, lags }: ArmaShape,
): ChandrasekharFilter | null {
  const filter = new ChandrasekharFilter(
    [rest],
    phi.length,
    theta.length,
    lags,
  );
  return filter.run(phi, theta) && filter.steady ? filter : null;
}

/** The model at the end of the series. */
function modelOf(
  y: Float64Array,
  spec: ArimaSpec,
  data: TrainingData,
  { shape, beta, sigma2 }: KnownArma & { readonly sigma2: number },
  end: KalmanFilter | ChandrasekharFilter,
): ArimaModel {
  const { scale, first } = data;
  const n = y.length;
  const lost = data.delta.length;
  const m = Math.max(shape.phi.length, shape.theta.length, 1);
  const { center, slope } = data.constants.outlook(beta);
  const at = end.states[0];
  return {
    kind: "arima",
    spec,
    phi: [...shape.phi],
    theta: [...shape.theta],
    delta: data.delta,
    sigma2,
    center,
    slope,
    state: Array.from({ length: m }, (_, i) => scale * at[i]),
    levels: Array.from({ length: lost }, (_, k) => {
      const value = y[n - 1 - k];
      if (!Number.isNaN(value)) return value;
      return first + center * (n - k) / lost + scale * at[m + k];
    }),
    covariance: end instanceof KalmanFilter
      ? covarianceOf(end, m + lost)
      : null,
  };
}

function covarianceOf(end: KalmanFilter, size: number): number[] | null {
  const { P } = end;
  let largest = 0;
  for (let i = 0; i < end.size; i++) {
    largest = Math.max(largest, P[i * end.size + i]);
  }
  if (largest <= NEGLIGIBLE) return null;
  const out = new Array<number>(size * size).fill(0);
  for (let i = 0; i < end.size; i++) {
    for (let j = 0; j < end.size; j++) {
      out[i * size + j] = P[i * end.size + j];
    }
  }
  return out;
}

/** In the unit of the series, as long as it is once differenced. */
function residualsOf(
  y: Float64Array,
  data: TrainingData,
  errors: Float64Array,
): number[] {
  const { delta, scale, missing } = data;
  const lost = delta.length;
  const before = errors.length - (y.length - lost);
  const out: number[] = [];
  for (let t = lost; t < y.length; t++) {
    const gone = missing && Number.isNaN(y[t]);
    out.push(gone ? NaN : errors[t - lost + before] * scale);
  }
  return out;
}
