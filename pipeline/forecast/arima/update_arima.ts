import type { ArimaModel } from "./arima_model.ts";

/** Variances of the state below this, in units of sigma2, are none. */
const NEGLIGIBLE = 1e-13;

/**
 * The model after one more value, exactly as if the whole series had been
 * filtered; `NaN` is a missing one, over which the state is carried.
 *
 * O(p + q) while the past is as good as known; O of the state squared before
 * that, and for some steps after a missing value.
 */
export function updateArima(model: ArimaModel, y: number): ArimaModel {
  const { phi, theta, delta, levels, state } = model;
  const lost = delta.length;
  let before = model.center;
  for (let k = 0; k < lost; k++) before += delta[k] * levels[k];
  const expected = before + state[0];
  const missing = Number.isNaN(y);
  if (model.covariance !== null || missing) {
    return updateUncertain(model, missing ? null : y - expected, expected);
  }
  const z = y - before;
  const error = y - expected;
  const next = state.slice();
  const m = next.length;
  for (let i = 0; i + 1 < m; i++) next[i] = state[i + 1];
  next[m - 1] = 0;
  for (let i = 0; i < phi.length; i++) next[i] += phi[i] * z;
  for (let i = 0; i < theta.length; i++) next[i] += theta[i] * error;
  return moved(model, next, pushed(levels, y), null);
}

function moved(
  model: ArimaModel,
  state: readonly number[],
  levels: readonly number[],
  covariance: readonly number[] | null,
): ArimaModel {
  return {
    kind: "arima",
    spec: model.spec,
    phi: model.phi,
    theta: model.theta,
    delta: model.delta,
    sigma2: model.sigma2,
    center: model.center + model.slope,
    slope: model.slope,
    state,
    levels,
    covariance,
  };
}

function pushed(levels: readonly number[], y: number): readonly number[] {
  if (levels.length === 0) return levels;
  const out = levels.slice();
  for (let k = out.length - 1; k > 0; k--) out[k] = out[k - 1];
  out[0] = y;
  return out;
}

/**
 * A step of the Kalman filter on (state, levels), as in `KalmanFilter`;
 * `error` is `null` if the value is missing.
 */
function updateUncertain(
  model: ArimaModel,
  error: number | null,
  expected: number,
): ArimaModel {
  const { phi, theta, delta } = model;
  const m = model.state.length;
  const lost = delta.length;
  const size = m + lost;
  const P = model.covariance ?? new Array<number>(size * size).fill(0);
  /** T applied to column j of a (size, size) matrix, into `out`. */
  const left = (from: readonly number[], out: number[]) => {
    for (let j = 0; j < size; j++) {
      const first = from[j];
      for (let i = 0; i < m; i++) {
        out[i * size + j] = (i + 1 < m ? from[(i + 1) * size + j] : 0) +
          (i < phi.length ? phi[i] * first : 0);
      }
      for (let k = lost - 1; k > 0; k--) {
        out[(m + k) * size + j] = from[(m + k - 1) * size + j];
      }
      if (lost > 0) {
        let level = first;
        for (let k = 0; k < lost; k++) {
          level += delta[k] * from[(m + k) * size + j];
        }
        out[m * size + j] = level;
      }
    }
  };
  const observed = (row: readonly number[], at: number) => {
    let sum = row[at];
    for (let k = 0; k < lost; k++) sum += delta[k] * row[at + m + k];
    return sum;
  };
  const g = Array.from(
    { length: size },
    (_, i) =>
      i < m
        ? (i < phi.length ? phi[i] : 0) + (i < theta.length ? theta[i] : 0)
        : i === m
        ? 1
        : 0,
  );
  const B = new Array<number>(size * size).fill(0);
  left(P, B);
  const M = g.map((gain, i) => gain + observed(B, i * size));
  let F = 1 + observed(P, 0);
  for (let k = 0; k < lost; k++) F += delta[k] * observed(P, (m + k) * size);
  const next = new Array<number>(size * size).fill(0);
  left(transposed(B, size), next);
  let largest = 0;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      next[i * size + j] += g[i] * g[j] -
        (error === null ? 0 : M[i] * M[j] / F);
    }
  }
  if (error !== null && lost > 0) {
    for (let j = 0; j < size; j++) next[m * size + j] = next[j * size + m] = 0;
  }
  for (let i = 0; i < size; i++) {
    largest = Math.max(largest, next[i * size + i]);
  }
  const scaled = error === null ? 0 : error / F;
  const first = model.state[0];
  const state = Array.from(
    { length: m },
    (_, i) =>
      (i + 1 < m ? model.state[i + 1] : 0) +
      (i < phi.length ? phi[i] * first : 0) + M[i] * scaled,
  );
  const levels = pushed(model.levels, expected).map((level, k) =>
    level + M[m + k] * scaled
  );
  if (error !== null && lost > 0) levels[0] = expected + error;
  return moved(model, state, levels, largest > NEGLIGIBLE ? next : null);
}

function transposed(matrix: readonly number[], size: number): number[] {
  return matrix.map((_, at) =>
    matrix[(at % size) * size + Math.floor(at / size)]
  );
}
