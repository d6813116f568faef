import { splitArray, takeArray } from "./split_array.ts";

/** Rounding of a larger variance would hide the error, whose variance is 1. */
const VARIANCE_MAX = 1e12;

/**
 * What a stationary ARMA is before its first value, in units of sigma2: the
 * variance of the value, and the covariance of the state with it.
 *
 * The autocovariances of the autoregressive part come from its partial
 * autocorrelations (the Levinson-Durbin recursion backwards), those of the
 * whole from the moving average over them.
 *
 * Owns its arrays: nothing is allocated after the constructor.
 */
export class StationaryStart {
  /** Length of the state: max(p, q), at least 1. */
  readonly m: number;
  /** cov(value_t, value_(t+k)), k = 0…m. */
  readonly gamma: Float64Array;
  /** Covariance of the state after a value with that value (m + 1, last 0). */
  readonly first: Float64Array;
  readonly #psi: Float64Array;
  readonly #gammaAr: Float64Array;
  /** Autoregressions of order 1…p, row by row, and their variances. */
  readonly #steps: Float64Array;
  readonly #variances: Float64Array;
  readonly #movingAverage: Float64Array;

  constructor(readonly p: number, readonly q: number) {
    this.m = Math.max(p, q, 1);
    [this.gamma, this.first, this.#psi] = splitArray(3, this.m + 1);
    this.#gammaAr = takeArray(this.m + q + 1);
    this.#steps = takeArray(p * p);
    this.#variances = takeArray(p + 1);
    this.#movingAverage = takeArray(q + 1);
  }

  /**
   * @returns False if the autoregression is not stationary, or so near the edge
   * that its variance drowns the error.
   */
  compute(phi: Float64Array, theta: Float64Array): boolean {
    if (!this.#autoregression(phi)) return false;
    const { p, q, m, gamma, first } = this;
    const psi = this.#psi;
    const ar = this.#gammaAr;
    const c = this.#movingAverage;
    for (let lag = 0; lag <= q; lag++) {
      let sum = lag === 0 ? 1 : theta[lag - 1];
      for (let i = 1; i + lag <= q; i++) {
        sum += theta[i - 1] * theta[i + lag - 1];
      }
      c[lag] = sum;
    }
    for (let k = 0; k <= m; k++) {
      let sum = c[0] * ar[k];
      for (let lag = 1; lag <= q; lag++) {
        sum += c[lag] * (ar[k + lag] + ar[k < lag ? lag - k : k - lag]);
      }
      gamma[k] = sum;
    }
    // What the moving average takes away again has been rounded too.
    if (!(c[0] * ar[0] < VARIANCE_MAX)) return false;
    for (let k = 0; k <= m; k++) {
      let sum = k === 0 ? 1 : k <= q ? theta[k - 1] : 0;
      for (let i = 1; i <= p && i <= k; i++) sum += phi[i - 1] * psi[k - i];
      psi[k] = sum;
    }
    for (let i = 0; i < m; i++) {
      let sum = 0;
      for (let k = i; k < p; k++) sum += phi[k] * gamma[k - i];
      for (let k = i; k < q; k++) sum += theta[k] * psi[k - i];
      first[i] = sum;
    }
    return true;
  }

  /**
   * Covariance of the state before a value, (size, size) with the state's
   * block first. To be called after `compute` with the same coefficients.
   *
   * It solves P = T P T' + g g', which gives every entry from its neighbour
   * down the diagonal once the first column is known.
   */
  covariance(
    phi: Float64Array,
    theta: Float64Array,
    out: Float64Array,
    size: number,
  ): void {
    const { p, q, m, gamma } = this;
    for (let i = 0; i < m; i++) {
      let sum = 0;
      for (let k = i; k < p; k++) sum += phi[k] * gamma[k - i + 1];
      for (let k = i; k < q; k++) sum += theta[k] * this.#psi[k - i + 1];
      out[i * size] = sum;
      out[i] = sum;
    }
    const variance = out[0];
    const at = (i: number, j: number) => i < m && j < m ? out[i * size + j] : 0;
    for (let i = m - 1; i > 0; i--) {
      const f = i < p ? phi[i] : 0;
      const g = f + (i < q ? theta[i] : 0);
      for (let j = i; j > 0; j--) {
        const fj = j < p ? phi[j] : 0;
        const gj = fj + (j < q ? theta[j] : 0);
        const value = at(i + 1, j + 1) + f * at(0, j + 1) + fj * at(i + 1, 0) +
          f * fj * variance + g * gj;
        out[i * size + j] = value;
        out[j * size + i] = value;
      }
    }
  }

  #autoregression(phi: Float64Array): boolean {
    const { p } = this;
    const gamma = this.#gammaAr;
    const steps = this.#steps;
    const variances = this.#variances;
    variances[p] = 1;
    for (let i = 0; i < p; i++) steps[(p - 1) * p + i] = phi[i];
    for (let k = p; k > 0; k--) {
      const row = (k - 1) * p;
      const r = steps[row + k - 1];
      const rest = (1 - r) * (1 + r);
      if (!(rest > 0)) return false;
      variances[k - 1] = variances[k] / rest;
      for (let i = 0; i < k - 1; i++) {
        steps[row - p + i] = (steps[row + i] + r * steps[row + k - 2 - i]) /
          rest;
      }
    }
    gamma[0] = variances[0];
    for (let k = 1; k <= p; k++) {
      let sum = steps[(k - 1) * p + k - 1] * variances[k - 1];
      for (let j = 1; j < k; j++) {
        sum += steps[(k - 2) * p + j - 1] * gamma[k - j];
      }
      gamma[k] = sum;
    }
    for (let k = p + 1; k < gamma.length; k++) {
      let sum = 0;
      for (let i = 0; i < p; i++) sum += phi[i] * gamma[k - 1 - i];
      gamma[k] = sum;
    }
    return true;
  }
}
