import type { ArmaFilter } from "./arma_filter.ts";
import { SHORT } from "./short_slopes.ts";
import { splitArray } from "./split_array.ts";
import { StationaryStart } from "./stationary_start.ts";

/** F is 1 plus what the past still leaves open; below this it is 1. */
const STEADY = 1e-13;
/** Rounding of F in parts of the first F, which it is counted down from. */
const ROUNDING = 1e-15;
/** Products of F are kept under this, to take few logarithms. */
const PRODUCT_MAX = 1e100;

/**
 * The exact filter of a stationary ARMA without missing values, by the
 * Chandrasekhar recursions: the covariance of the state is never formed, only
 * its change from step to step, which has rank one. O(m) a step, and once the
 * variance of the errors has come down to 1, the plain ARMA recursion.
 *
 * State space of a single source of error: value = state_0 + e, state' =
 * T state + (phi + theta) e. With K the covariance of the next state with the
 * value, and W, S the change of the state's covariance S W W':
 * W' = T W - K W_0 / F and S' = S F / F', both with the old K and F;
 * F' = F + S W_0^2, K' = K + S W_0 T W, with the old S and W.
 *
 * Sources: Morf, Sidhu & Kailath (1974); Pearlman (1980); Herbst (2015).
 *
 * Owns its arrays: nothing is allocated after the constructor.
 *
 * Shapes: each column (n); `lags` the indices of phi and theta that may differ
 * from 0.
 */
export class ChandrasekharFilter implements ArmaFilter {
  readonly errors: readonly Float64Array[];
  readonly nobs: number;
  readonly cost: number;
  sumLogF = 0;
  /** The state of each column after the last value (m). */
  readonly states: readonly Float64Array[];
  /** Whether nothing of the start is left in the last state. */
  steady = false;
  readonly #start: StationaryStart;
  readonly #phi: Float64Array;
  readonly #theta: Float64Array;
  readonly #K: Float64Array;
  readonly #W: Float64Array;
  /** Per column: at t + i what is known of value t + i (n + m). */
  readonly #known: readonly Float64Array[];
  readonly #rootF: Float64Array;
  readonly #gain0: Float64Array;
  readonly #gain1: Float64Array;
  readonly #lags: readonly number[];

  constructor(
    readonly columns: readonly Float64Array[],
    p: number,
    q: number,
    lags: readonly number[],
  ) {
    const n = columns[0].length;
    this.#start = new StationaryStart(p, q);
    const { m } = this.#start;
    this.nobs = n;
    this.cost = 2 * n * m * (columns.length + 3) + p * p + q * m;
    this.states = splitArray(columns.length, m);
    [this.#phi, this.#theta] = splitArray(2, Math.max(m, SHORT));
    [this.#K, this.#W] = splitArray(2, m + 1);
    this.#known = m > SHORT ? splitArray(columns.length, n + m) : [];
    const series = splitArray(columns.length + (m > SHORT ? 0 : 3), n);
    this.errors = series.slice(0, columns.length);
    const none = this.#W;
    [this.#rootF = none, this.#gain0 = none, this.#gain1 = none] = series
      .slice(columns.length);
    this.#lags = lags;
  }

  /** Whether the state is kept out of arrays. */
  get short(): boolean {
    return this.#start.m <= SHORT;
  }

  run(phi: Float64Array, theta: Float64Array): boolean {
    const start = this.#start;
    if (!start.compute(phi, theta)) return false;
    this.#phi.set(phi);
    this.#theta.set(theta);
    if (this.short) this.#runShort();
    else this.#runVector();
    return true;
  }

  /** For a state of one or two numbers, which stay in registers. */
  #runShort(): void {
    const n = this.nobs;
    const { gamma, first } = this.#start;
    const phi0 = this.#phi[0];
    const phi1 = this.#phi[1];
    const theta0 = this.#theta[0];
    const theta1 = this.#theta[1];
    const rootF = this.#rootF;
    const gain0 = this.#gain0;
    const gain1 = this.#gain1;
    const steady = STEADY + ROUNDING * gamma[0];
    let F = gamma[0];
    let overF = 1 / F;
    let K0 = first[0];
    let K1 = first[1];
    let W0 = K0;
    let W1 = K1;
    let S = -overF;
    let product = 1;
    let sumLog = 0;
    let unsteady = 0;
    while (unsteady < n && F - 1 > steady) {
      const g0 = K0 * overF;
      const g1 = K1 * overF;
      rootF[unsteady] = Math.sqrt(overF);
      gain0[unsteady] = g0;
      gain1[unsteady] = g1;
      product *= F;
      if (product > PRODUCT_MAX) {
        sumLog += Math.log(product);
        product = 1;
      }
      const SW0 = S * W0;
      const next = F + SW0 * W0;
      const TW0 = W1 + phi0 * W0;
      const TW1 = phi1 * W0;
      W1 = TW1 - g1 * W0;
      W0 = TW0 - g0 * W0;
      K0 += SW0 * TW0;
      K1 += SW0 * TW1;
      overF = 1 / next;
      S *= F * overF;
      F = next;
      unsteady++;
    }
    this.sumLogF = sumLog + Math.log(product);
    this.steady = unsteady < n;
    for (let c = 0; c < this.columns.length; c++) {
      const column = this.columns[c];
      const errors = this.errors[c];
      const state = this.states[c];
      let now = 0;
      let after = 0;
      for (let t = 0; t < unsteady; t++) {
        const error = column[t] - now;
        errors[t] = error * rootF[t];
        const before = now;
        now = after + phi0 * before + gain0[t] * error;
        after = phi1 * before + gain1[t] * error;
      }
      for (let t = unsteady; t < n; t++) {
        const value = column[t];
        const error = value - now;
        errors[t] = error;
        now = after + phi0 * value + theta0 * error;
        after = phi1 * value + theta1 * error;
      }
      state[0] = now;
      if (state.length > 1) state[1] = after;
    }
  }

  #runVector(): void {
    const n = this.nobs;
    const { m, gamma, first } = this.#start;
    const phi = this.#phi;
    const theta = this.#theta;
    const K = this.#K;
    const W = this.#W;
    const count = this.columns.length;
    const steady = STEADY + ROUNDING * gamma[0];
    K.set(first);
    W.set(first);
    for (let c = 0; c < count; c++) this.#known[c].fill(0);
    let F = gamma[0];
    let S = -1 / F;
    let product = 1;
    let sumLog = 0;
    let t = 0;
    for (; t < n && F - 1 > steady; t++) {
      const overRoot = 1 / Math.sqrt(F);
      for (let c = 0; c < count; c++) {
        const known = this.#known[c];
        const now = known[t];
        const error = this.columns[c][t] - now;
        this.errors[c][t] = error * overRoot;
        const scaled = error / F;
        for (let i = 0; i < m; i++) {
          known[t + 1 + i] += phi[i] * now + K[i] * scaled;
        }
      }
      product *= F;
      if (product > PRODUCT_MAX) {
        sumLog += Math.log(product);
        product = 1;
      }
      const W0 = W[0];
      const SW0 = S * W0;
      const next = F + SW0 * W0;
      const down = W0 / F;
      for (let i = 0; i < m; i++) {
        const TW = W[i + 1] + phi[i] * W0;
        W[i] = TW - K[i] * down;
        K[i] += SW0 * TW;
      }
      S *= F / next;
      F = next;
    }
    this.sumLogF = sumLog + Math.log(product);
    this.steady = t < n;
    const lags = this.#lags;
    for (let c = 0; c < count; c++) {
      const column = this.columns[c];
      const errors = this.errors[c];
      const known = this.#known[c];
      for (let s = t; s < n; s++) {
        const value = column[s];
        const error = value - known[s];
        errors[s] = error;
        for (let k = 0; k < lags.length; k++) {
          const i = lags[k];
          known[s + 1 + i] += phi[i] * value + theta[i] * error;
        }
      }
      const state = this.states[c];
      for (let i = 0; i < m; i++) state[i] = known[n + i];
    }
  }
}
