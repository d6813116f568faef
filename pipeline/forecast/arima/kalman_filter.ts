import type { ArmaFilter } from "./arma_filter.ts";
import { StationaryStart } from "./stationary_start.ts";
import { splitArray, takeArray } from "./split_array.ts";

/** Errors of the state below this, in units of sigma2, are none. */
const STEADY = 1e-13;
/** Parts of the unknown start below this are none, as it is made of integers. */
const DIFFUSE = 1e-9;

/**
 * The exact filter of an ARIMA with missing values (`NaN`), by the plain
 * Kalman filter, on the levels: the state of the ARMA and the last d + s D
 * values, whose start is diffuse and adds nothing to the likelihood. O of the
 * state squared a step; O of the state once the past is as good as known.
 *
 * State space of a single source of error, s = (ARMA state, levels):
 * y = z s + e, s' = T s + g e, z = (1, 0…, delta), g = (phi + theta, 1, 0…).
 * A missing y leaves s' = T s, P' = T P T' + g g'.
 *
 * Sources: Gardner, Harvey & Phillips (1980), AS 154; Pearlman (1980); Durbin
 * & Koopman (2012), sections 4.10 and 5.2.
 *
 * Owns its arrays: nothing is allocated after the constructor.
 *
 * Shapes: each column (n), missing where the first one is; delta (d + s D).
 */
export class KalmanFilter implements ArmaFilter {
  readonly errors: readonly Float64Array[];
  readonly cost: number;
  sumLogF = 0;
  nobs = 0;
  /** Length of (ARMA state, levels). */
  readonly size: number;
  /** The state of each column after the last value (size). */
  readonly states: readonly Float64Array[];
  /** Its errors in units of sigma2 (size, size). */
  readonly P: Float64Array;
  /** Whether P is 0. */
  steady = false;
  /** Whether something of the start is still unknown. */
  diffuse = false;
  readonly #start: StationaryStart;
  readonly #phi: Float64Array;
  readonly #theta: Float64Array;
  readonly #g: Float64Array;
  readonly #M: Float64Array;
  readonly #B: Float64Array;
  readonly #D: Float64Array;
  readonly #K: Float64Array;

  constructor(
    private readonly columns: readonly Float64Array[],
    p: number,
    q: number,
    private readonly delta: readonly number[],
  ) {
    const n = columns[0].length;
    this.#start = new StationaryStart(p, q);
    const { m } = this.#start;
    const size = m + delta.length;
    this.size = size;
    this.cost = n * (2 * size * (3 * size + columns.length) + 200);
    this.errors = splitArray(columns.length, n);
    this.states = splitArray(columns.length, size);
    this.P = takeArray(size * size);
    [this.#phi, this.#theta] = splitArray(2, m);
    [this.#g, this.#M, this.#K] = splitArray(3, size);
    this.#B = takeArray(size * size);
    this.#D = takeArray(delta.length > 0 ? size * size : 0);
  }

  run(phi: Float64Array, theta: Float64Array): boolean {
    if (!this.#begin(phi, theta)) return false;
    const n = this.columns[0].length;
    const m = this.#start.m;
    const { size, P, delta } = this;
    /** Values in a row that were there, and with nothing left to learn. */
    let whole = 0;
    let exact = 0;
    for (let t = 0; t < n; t++) {
      if (Number.isNaN(this.columns[0][t])) {
        this.#skip(t);
        whole = 0;
        exact = 0;
        continue;
      }
      // Once the levels are all known, their rows are 0 and stay so.
      const active = whole >= delta.length ? m : size;
      if (active === m) this.diffuse = false;
      whole++;
      if (this.steady) {
        this.#plainStep(t);
        continue;
      }
      if (this.diffuse && this.#diffuseStep(t)) continue;
      const F = this.#step(t, active);
      exact = F - 1 < STEADY ? exact + 1 : 0;
      if (exact >= size && !this.diffuse) {
        this.steady = true;
        P.fill(0);
      }
    }
    return true;
  }

  #begin(phi: Float64Array, theta: Float64Array): boolean {
    const start = this.#start;
    if (!start.compute(phi, theta)) return false;
    const { m } = start;
    const { size, P, delta } = this;
    this.#phi.set(phi);
    this.#theta.set(theta);
    for (let i = 0; i < m; i++) this.#g[i] = this.#phi[i] + this.#theta[i];
    if (delta.length > 0) this.#g[m] = 1;
    P.fill(0);
    start.covariance(phi, theta, P, size);
    this.#D.fill(0);
    for (let k = m; k < size; k++) this.#D[k * size + k] = 1;
    this.diffuse = delta.length > 0;
    this.steady = false;
    this.sumLogF = 0;
    this.nobs = 0;
    for (const state of this.states) state.fill(0);
    return true;
  }

  /** What the state says of the next value. */
  #known(state: Float64Array): number {
    const { m } = this.#start;
    let known = state[0];
    for (let k = 0; k < this.delta.length; k++) {
      if (this.delta[k] !== 0) known += this.delta[k] * state[m + k];
    }
    return known;
  }

  /** state' = T state + K error. */
  #move(state: Float64Array, known: number, K: Float64Array, error: number) {
    const { m } = this.#start;
    const phi = this.#phi;
    const now = state[0];
    for (let i = 0; i + 1 < m; i++) {
      state[i] = state[i + 1] + phi[i] * now + K[i] * error;
    }
    state[m - 1] = phi[m - 1] * now + K[m - 1] * error;
    for (let k = this.size - 1; k > m; k--) {
      state[k] = state[k - 1] + K[k] * error;
    }
    if (this.size > m) state[m] = known + K[m] * error;
  }

  /** B = T P, of the first `active` rows and columns. */
  #left(P: Float64Array, active: number): Float64Array {
    const { size, delta } = this;
    const { m } = this.#start;
    const phi = this.#phi;
    const B = this.#B;
    for (let i = 0; i < m; i++) {
      const f = phi[i];
      const row = i * size;
      const last = i + 1 >= m;
      for (let j = 0; j < active; j++) {
        B[row + j] = f * P[j] + (last ? 0 : P[row + size + j]);
      }
    }
    if (active === m) return B;
    B.copyWithin((m + 1) * size, 0, 0);
    for (let i = size - 1; i > m; i--) {
      for (let j = 0; j < size; j++) B[i * size + j] = P[(i - 1) * size + j];
    }
    for (let j = 0; j < size; j++) {
      let sum = P[j];
      for (let k = 0; k < delta.length; k++) {
        if (delta[k] !== 0) sum += delta[k] * P[(m + k) * size + j];
      }
      B[m * size + j] = sum;
    }
    return B;
  }

  /** B z'. */
  #timesZ(B: Float64Array, row: number, active: number): number {
    const { m } = this.#start;
    let sum = B[row * this.size];
    if (active === m) return sum;
    for (let k = 0; k < this.delta.length; k++) {
      if (this.delta[k] !== 0) {
        sum += this.delta[k] * B[row * this.size + m + k];
      }
    }
    return sum;
  }

  /** P = B T'. */
  #right(B: Float64Array, P: Float64Array, active: number): void {
    const { size } = this;
    const { m } = this.#start;
    const phi = this.#phi;
    for (let i = 0; i < active; i++) {
      const row = i * size;
      const first = B[row];
      if (active > m) {
        const level = this.#timesZ(B, i, active);
        for (let j = size - 1; j > m; j--) P[row + j] = B[row + j - 1];
        P[row + m] = level;
      }
      for (let j = 0; j + 1 < m; j++) {
        P[row + j] = B[row + j + 1] + phi[j] * first;
      }
      P[row + m - 1] = phi[m - 1] * first;
    }
  }

  /** z P z'. */
  #spread(P: Float64Array, active: number): number {
    const { m } = this.#start;
    const { delta } = this;
    let sum = this.#timesZ(P, 0, active);
    if (active === m) return sum;
    for (let k = 0; k < delta.length; k++) {
      if (delta[k] !== 0) sum += delta[k] * this.#timesZ(P, m + k, active);
    }
    return sum;
  }

  /** An ordinary step; returns F. */
  #step(t: number, active: number): number {
    const { size, P } = this;
    const g = this.#g;
    const M = this.#M;
    const F = this.#spread(P, active) + 1;
    const B = this.#left(P, active);
    for (let i = 0; i < active; i++) M[i] = this.#timesZ(B, i, active) + g[i];
    this.#right(B, P, active);
    for (let i = 0; i < active; i++) {
      for (let j = 0; j < active; j++) {
        P[i * size + j] += g[i] * g[j] - M[i] * M[j] / F;
      }
    }
    const m = this.#start.m;
    // With its levels all known before, a value moves them alone.
    if (active === m && size > m) M.fill(0, m);
    if (size > m) {
      M[m] = F;
      for (let j = 0; j < size; j++) P[m * size + j] = P[j * size + m] = 0;
    }
    if (this.diffuse) this.#moveDiffuse();
    const overRoot = 1 / Math.sqrt(F);
    for (let c = 0; c < this.columns.length; c++) {
      const state = this.states[c];
      const known = this.#known(state);
      const error = this.columns[c][t] - known;
      this.errors[c][t] = error * overRoot;
      this.#move(state, known, M, error / F);
    }
    this.sumLogF += Math.log(F);
    this.nobs++;
    return F;
  }

  /** With P = 0: F is 1 and the gain g. */
  #plainStep(t: number): void {
    for (let c = 0; c < this.columns.length; c++) {
      const state = this.states[c];
      const known = this.#known(state);
      const error = this.columns[c][t] - known;
      this.errors[c][t] = error;
      this.#move(state, known, this.#g, error);
    }
    this.nobs++;
  }

  /** The step over a missing value. */
  #skip(t: number): void {
    const { size, P } = this;
    const g = this.#g;
    if (!this.steady) {
      this.#right(this.#left(P, size), P, size);
      if (this.diffuse) this.#moveDiffuse();
    }
    this.steady = false;
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) P[i * size + j] += g[i] * g[j];
    }
    for (let c = 0; c < this.columns.length; c++) {
      const state = this.states[c];
      this.errors[c][t] = 0;
      this.#move(state, this.#known(state), g, 0);
    }
  }

  #moveDiffuse(): void {
    this.#right(this.#left(this.#D, this.size), this.#D, this.size);
  }

  /**
   * A value that tells of the unknown start; false if it tells nothing.
   *
   * The gain is K = T D z' / (z D z'), whatever P, so that
   * P' = T P T' + g g' - M K' - K M' + F K K' and D' = T D T' - K K' (z D z').
   */
  #diffuseStep(t: number): boolean {
    const { size, P } = this;
    const D = this.#D;
    const g = this.#g;
    const M = this.#M;
    const K = this.#K;
    const spread = this.#spread(D, size);
    if (spread < DIFFUSE) return false;
    let B = this.#left(D, size);
    for (let i = 0; i < size; i++) K[i] = this.#timesZ(B, i, size) / spread;
    this.#right(B, D, size);
    let largest = 0;
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        const left = D[i * size + j] -= K[i] * K[j] * spread;
        if (Math.abs(left) > largest) largest = Math.abs(left);
      }
    }
    this.diffuse = largest > DIFFUSE;
    const F = this.#spread(P, size) + 1;
    B = this.#left(P, size);
    for (let i = 0; i < size; i++) M[i] = this.#timesZ(B, i, size) + g[i];
    this.#right(B, P, size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        P[i * size + j] += g[i] * g[j] - M[i] * K[j] - K[i] * M[j] +
          F * K[i] * K[j];
      }
    }
    for (let c = 0; c < this.columns.length; c++) {
      const state = this.states[c];
      const known = this.#known(state);
      this.errors[c][t] = 0;
      this.#move(state, known, K, this.columns[c][t] - known);
    }
    return true;
  }
}
