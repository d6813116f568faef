import type { FitResult, ModelSpec, PathForecast } from "./forecast_engine.ts";
import { difference, firstNotFinite, moments } from "./series_check.ts";

/**
 * An ARIMA model and its state, enough to forecast and to go on.
 *
 * With w the series differenced d times and z = w - mean:
 * z_t = sum phi_i z_(t-i) + e_t + sum theta_j e_(t-j), var e = sigma2.
 * The sign of theta is R's.
 *
 * Shapes: phi, deviations (p), theta, innovations (q), levels (d).
 */
export interface ArmaModel {
  readonly kind: "arma";
  readonly spec: ModelSpec;
  readonly phi: readonly number[];
  readonly theta: readonly number[];
  readonly mean: number;
  /** Variance of the innovations, in the square of the series' unit. */
  readonly sigma2: number;
  /** Last values of z, newest first. */
  readonly deviations: readonly number[];
  /** Last innovations, newest first. */
  readonly innovations: readonly number[];
  /** Last value of the series, of its difference, and so on, d of them. */
  readonly levels: readonly number[];
}

/** Coefficients alone, before a series was filtered with them. */
export type ArmaCoefficients = Pick<
  ArmaModel,
  "spec" | "phi" | "theta" | "mean" | "sigma2"
>;

/**
 * Runs a series through the model: its state at the end, and the one-step
 * errors on the way.
 *
 * Conditional: what was before the series counts as 0, which is forgotten at
 * the rate of the largest root of theta.
 *
 * Shapes: series (n, at least d + 1), residuals (n - d).
 */
export function filterSeries(
  coefficients: ArmaCoefficients,
  series: Float64Array,
): { readonly model: ArmaModel; readonly residuals: Float64Array } {
  const { spec, phi, theta, mean, sigma2 } = coefficients;
  const [p, d, q] = spec.order;
  const w = difference(series, d);
  const n = w.length;
  const residuals = new Float64Array(n);
  for (let t = 0; t < n; t++) {
    let error = w[t] - mean;
    for (let i = 0; i < p && i < t; i++) {
      error -= phi[i] * (w[t - 1 - i] - mean);
    }
    for (let j = 0; j < q && j < t; j++) {
      error -= theta[j] * residuals[t - 1 - j];
    }
    residuals[t] = error;
  }
  const newest = (values: Float64Array, count: number, less: number) =>
    Array.from(
      { length: count },
      (_, i) => i < values.length ? values[values.length - 1 - i] - less : 0,
    );
  const levels = Array.from({ length: d }, (_, k) => {
    const differenced = difference(series, k);
    return differenced[differenced.length - 1];
  });
  return {
    model: {
      kind: "arma",
      spec,
      phi,
      theta,
      mean,
      sigma2,
      deviations: newest(w, p, mean),
      innovations: newest(residuals, q, 0),
      levels,
    },
    residuals,
  };
}

/** The model after one more value; `y` is finite. */
export function updateArma(model: ArmaModel, y: number): ArmaModel {
  const { phi, theta, deviations, innovations } = model;
  const levels = model.levels.slice();
  let w = y;
  for (let k = 0; k < levels.length; k++) {
    const before = levels[k];
    levels[k] = w;
    w -= before;
  }
  const z = w - model.mean;
  let error = z;
  for (let i = 0; i < phi.length; i++) error -= phi[i] * deviations[i];
  for (let j = 0; j < theta.length; j++) error -= theta[j] * innovations[j];
  return {
    ...model,
    deviations: shifted(deviations, z),
    innovations: shifted(innovations, error),
    levels,
  };
}

function shifted(values: readonly number[], first: number): readonly number[] {
  if (values.length === 0) return values;
  const out = values.slice();
  for (let i = out.length - 1; i > 0; i--) out[i] = out[i - 1];
  out[0] = first;
  return out;
}

/**
 * Forecasts 1 to `h` steps ahead; standard errors by the psi weights of the
 * whole ARIMA, parameters taken as known.
 *
 * Source: Box & Jenkins (1976), chapter 5.
 */
export function forecastArma(model: ArmaModel, h: number): PathForecast {
  const { phi, theta } = model;
  const z = model.deviations.slice();
  const e = model.innovations.slice();
  const levels = model.levels.slice();
  const mean: number[] = [];
  for (let step = 0; step < h; step++) {
    let next = 0;
    for (let i = 0; i < phi.length; i++) next += phi[i] * z[i];
    for (let j = 0; j < theta.length; j++) next += theta[j] * e[j];
    z.unshift(next);
    e.unshift(0);
    let value = next + model.mean;
    for (let k = levels.length - 1; k >= 0; k--) {
      levels[k] += value;
      value = levels[k];
    }
    mean.push(value);
  }
  const se: number[] = [];
  let sum = 0;
  for (const psi of psiWeights(model, h)) {
    sum += psi * psi;
    se.push(Math.sqrt(model.sigma2 * sum));
  }
  return { mean, se };
}

/** psi_0 to psi_(h-1): what one innovation adds to the next h values. */
function psiWeights(model: ArmaModel, h: number): Float64Array {
  const { phi, theta } = model;
  const psi = new Float64Array(h);
  for (let j = 0; j < h; j++) {
    let weight = j === 0 ? 1 : theta[j - 1] ?? 0;
    for (let i = 0; i < phi.length && i < j; i++) {
      weight += phi[i] * psi[j - 1 - i];
    }
    psi[j] = weight;
  }
  for (let k = 0; k < model.spec.order[1]; k++) {
    for (let j = 1; j < h; j++) psi[j] += psi[j - 1];
  }
  return psi;
}

/**
 * Fits what needs no optimiser: orders (0,d,0), and series that are constant
 * once differenced, which are degenerate with a spread of 0.
 *
 * @returns `null` if the spec and the series need an optimiser.
 */
export function fitClosedForm(
  series: Float64Array,
  spec: ModelSpec,
): FitResult | null {
  const [p, d, q] = spec.order;
  const bad = firstNotFinite(series);
  if (bad !== null) return { kind: "failed", reason: bad };
  if (series.length < d + 1) {
    return {
      kind: "failed",
      reason: `${series.length} values are too few for d = ${d}`,
    };
  }
  const w = difference(series, d);
  const { mean: average, sd } = moments(w);
  const scale = moments(series).sd + Math.abs(series[series.length - 1]);
  const constant = sd <= 1e-14 * scale;
  if (!constant && p + q > 0) return null;
  const mean = spec.mean || constant ? average : 0;
  const plain: ModelSpec = { order: [0, d, 0], mean: spec.mean };
  const first = filterSeries(
    { spec: plain, phi: [], theta: [], mean, sigma2: 0 },
    series,
  );
  let sigma2 = 0;
  if (!constant) {
    for (const error of first.residuals) {
      sigma2 += error * error / first.residuals.length;
    }
  }
  return {
    kind: "fitted",
    model: { ...first.model, sigma2 },
    residuals: first.residuals,
  };
}

/**
 * Whether 1 - a_1 x - … - a_p x^p has all its roots outside the unit circle:
 * an autoregression that is stationary, or (with -theta) an invertible MA.
 *
 * Step-down recursion to the partial autocorrelations, each below 1.
 */
export function rootsOutside(coefficients: readonly number[]): boolean {
  let a = coefficients.slice();
  while (a.length > 0) {
    const k = a.length - 1;
    const r = a[k];
    if (!(Math.abs(r) < 1)) return false;
    const down: number[] = [];
    for (let i = 0; i < k; i++) {
      down.push((a[i] + r * a[k - 1 - i]) / (1 - r * r));
    }
    a = down;
  }
  return true;
}
