import type { ArmaFilter } from "./arma_filter.ts";
import { StationaryStart } from "./stationary_start.ts";
import { splitArray, takeArray } from "./split_array.ts";

/** Errors of the state below this, in units of sigma2, are none. */
const STEADY = 1e-13;
/** Parts of the unknown start below this are none, as it is made of integers. */
const DIFFUSE = 1e-9;
/** F is at least 1; below this, rounding has eaten the state's errors. */
const F_MIN = 0.5;
/** What a step costs beside its numbers. */
const STEP_COST = 100;

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
  /** Its errors in units of sigma2 (size, size), the upper half at the end. */
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
  readonly #D: Float64Array;
  readonly #K: Float64Array;
  /** The covariance of the state with the value. */
  readonly #Z: Float64Array;
  /** Zeros. */
  readonly #none: Float64Array;
  /** T Z. */
  readonly #level: Float64Array;
  /** The first column of a covariance, of the ARMA state, and a 0. */
  readonly #row: Float64Array;

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
    this.cost = n * (STEP_COST + size * (2 * size + columns.length));
    this.errors = splitArray(columns.length, n);
    this.states = splitArray(columns.length, size);
    this.P = takeArray(size * size);
    [this.#phi, this.#theta] = splitArray(2, m);
    [this.#g, this.#M, this.#K, this.#Z, this.#level, this.#none] = splitArray(
      6,
      size,
    );
    this.#row = takeArray(m + 1);
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
      if (!(F > F_MIN)) return false;
      exact = F - 1 < STEADY ? exact + 1 : 0;
      if (exact >= size && !this.diffuse) {
        this.steady = true;
        P.fill(0);
      }
    }
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < i; j++) P[j * size + i] = P[i * size + j];
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

  /** Z = P z', of the first `active`; returns z P z'. */
  #observe(P: Float64Array, active: number): number {
    const { size, delta } = this;
    const { m } = this.#start;
    const Z = this.#Z;
    for (let j = 0; j < active; j++) Z[j] = P[j * size];
    if (active === m) return Z[0];
    for (let k = 0; k < delta.length; k++) {
      const weight = delta[k];
      if (weight === 0) continue;
      const at = m + k;
      for (let j = 0; j <= at; j++) Z[j] += weight * P[at * size + j];
      for (let j = at + 1; j < size; j++) Z[j] += weight * P[j * size + at];
    }
    let spread = Z[0];
    for (let k = 0; k < delta.length; k++) spread += delta[k] * Z[m + k];
    return spread;
  }

  /** T Z into `out`, of the first `active`; `spread` is z Z. */
  #moveZ(out: Float64Array, spread: number, active: number): void {
    const { m } = this.#start;
    const phi = this.#phi;
    const Z = this.#Z;
    const first = Z[0];
    for (let i = 0; i + 1 < m; i++) out[i] = Z[i + 1] + phi[i] * first;
    out[m - 1] = phi[m - 1] * first;
    if (active === m) return;
    for (let i = active - 1; i > m; i--) out[i] = Z[i - 1];
    out[m] = spread;
  }

  /**
   * P = T P T' + a a' - weight b b', in place and of the first `active`;
   * `level` is T P z', which is the row of the newest level in T P T'.
   */
  #moveP(
    P: Float64Array,
    level: Float64Array,
    active: number,
    a: Float64Array,
    b: Float64Array,
    weight: number,
  ): void {
    const { size } = this;
    const { m } = this.#start;
    const phi = this.#phi;
    const row = this.#row;
    for (let i = 0; i < m; i++) row[i] = P[i * size];
    const variance = row[0];
    // Each entry comes from those right below, so row by row from the top.
    for (let i = 0; i + 1 < m; i++) {
      const f = phi[i];
      const own = row[i + 1] + f * variance;
      const below = (i + 1) * size + 1;
      const here = i * size;
      const ai = a[i];
      const bi = weight * b[i];
      for (let j = 0; j <= i; j++) {
        P[here + j] = P[below + j] + f * row[j + 1] + phi[j] * own +
          ai * a[j] - bi * b[j];
      }
    }
    const f = phi[m - 1];
    for (let j = 0; j < m; j++) {
      P[(m - 1) * size + j] = f * (row[j + 1] + phi[j] * variance) +
        a[m - 1] * a[j] - weight * b[m - 1] * b[j];
    }
    if (active === m) return;
    for (let i = size - 1; i > m; i--) {
      const above = (i - 1) * size;
      const here = i * size;
      const first = P[above];
      const ai = a[i];
      const bi = weight * b[i];
      for (let j = 0; j + 1 < m; j++) {
        P[here + j] = P[above + j + 1] + phi[j] * first + ai * a[j] -
          bi * b[j];
      }
      P[here + m - 1] = f * first + ai * a[m - 1] - bi * b[m - 1];
      P[here + m] = level[i] + ai * a[m] - bi * b[m];
      for (let j = m + 1; j <= i; j++) {
        P[here + j] = P[above + j - 1] + ai * a[j] - bi * b[j];
      }
    }
    for (let j = 0; j <= m; j++) {
      P[m * size + j] = level[j] + a[m] * a[j] - weight * b[m] * b[j];
    }
  }

  /** An ordinary step; returns F. */
  #step(t: number, active: number): number {
    const { size, P } = this;
    const { m } = this.#start;
    const g = this.#g;
    const M = this.#M;
    const level = this.#level;
    const spread = this.#observe(P, active);
    const F = spread + 1;
    this.#moveZ(level, spread, active);
    for (let i = 0; i < active; i++) M[i] = level[i] + g[i];
    this.#moveP(P, level, active, g, M, 1 / F);
    // With its levels all known before, a value moves them alone.
    if (active === m && size > m) M.fill(0, m);
    if (size > m) {
      M[m] = F;
      for (let j = 0; j < m; j++) P[m * size + j] = 0;
      for (let i = m; i < size; i++) P[i * size + m] = 0;
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
    const level = this.#level;
    this.#moveZ(level, this.#observe(P, size), size);
    this.#moveP(P, level, size, g, g, 0);
    if (this.diffuse) this.#moveDiffuse();
    this.steady = false;
    for (let c = 0; c < this.columns.length; c++) {
      const state = this.states[c];
      this.errors[c][t] = 0;
      this.#move(state, this.#known(state), g, 0);
    }
  }

  #moveDiffuse(): void {
    const { size } = this;
    const D = this.#D;
    const level = this.#level;
    const none = this.#none;
    this.#moveZ(level, this.#observe(D, size), size);
    this.#moveP(D, level, size, none, none, 0);
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
    const spread = this.#observe(D, size);
    if (spread < DIFFUSE) return false;
    const level = this.#level;
    this.#moveZ(level, spread, size);
    for (let i = 0; i < size; i++) K[i] = level[i] / spread;
    this.#moveP(D, level, size, this.#none, K, spread);
    let largest = 0;
    for (let i = 0; i < size; i++) {
      for (let j = 0; j <= i; j++) {
        largest = Math.max(largest, Math.abs(D[i * size + j]));
      }
    }
    this.diffuse = largest > DIFFUSE;
    const known = this.#observe(P, size);
    const F = known + 1;
    this.#moveZ(level, known, size);
    for (let i = 0; i < size; i++) M[i] = level[i] + g[i];
    this.#moveP(P, level, size, g, g, 0);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j <= i; j++) {
        P[i * size + j] += F * K[i] * K[j] - M[i] * K[j] - K[i] * M[j];
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
