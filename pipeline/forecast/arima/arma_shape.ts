import { multiplyFactors } from "./lag_polynomial.ts";
import {
  coefficientsToFree,
  freeToCoefficients,
  rootsOutside,
} from "./partial_autocorrelations.ts";
import { type ArimaSpec, hasSeason, seasonOf } from "./spec.ts";
import { takeArray } from "./split_array.ts";

/** Partial autocorrelations that a start may have at most. */
const START_PARTIAL_MAX = 0.97;

/** Coefficients in each of ar, ma, sar, sma. */
export type Blocks = readonly [
  ar: number,
  ma: number,
  sar: number,
  sma: number,
];

/**
 * The ARMA part of a spec, and the three ways to write its coefficients: free
 * numbers for an optimiser; R's ar, ma, sar, sma in this order; phi and theta
 * with the seasonal factors multiplied out.
 *
 * Owns its arrays: nothing is allocated after the constructor but by `toFree`.
 */
export class ArmaShape {
  readonly blocks: Blocks;
  /** Steps of a season; 1 without one. */
  readonly season: number;
  readonly count: number;
  readonly phi: Float64Array;
  readonly theta: Float64Array;
  readonly #parts: readonly Float64Array[];

  constructor(spec: ArimaSpec) {
    const [p, , q] = spec.order;
    const [P, , Q] = hasSeason(spec) ? spec.seasonal : [0, 0, 0];
    this.season = seasonOf(spec);
    this.blocks = [p, q, P, Q];
    this.count = p + q + P + Q;
    this.phi = takeArray(p + P * this.season);
    this.theta = takeArray(q + Q * this.season);
    this.#parts = this.season === 1
      ? []
      : this.blocks.map((count) => takeArray(count));
  }

  /** ar1…, ma1…, sar1…, sma1…. */
  get names(): readonly string[] {
    return ["ar", "ma", "sar", "sma"].flatMap((name, b) =>
      Array.from({ length: this.blocks[b] }, (_, i) => `${name}${i + 1}`)
    );
  }

  /** Lags of the autoregressive terms of their own. */
  get arLags(): readonly number[] {
    const [p, , P] = this.blocks;
    return [...multiples(p, 1), ...multiples(P, this.season)];
  }

  /** Lags of the moving-average terms of their own. */
  get maLags(): readonly number[] {
    const [, q, , Q] = this.blocks;
    return [...multiples(q, 1), ...multiples(Q, this.season)];
  }

  /** Writes phi and theta of R's coefficients. */
  expand(coefficients: Float64Array): void {
    if (this.season === 1) {
      const { phi, theta } = this;
      for (let i = 0; i < phi.length; i++) phi[i] = coefficients[i];
      for (let j = 0; j < theta.length; j++) {
        theta[j] = coefficients[phi.length + j];
      }
      return;
    }
    let at = 0;
    for (let b = 0; b < 4; b++) {
      const part = this.#parts[b];
      for (let i = 0; i < part.length; i++) part[i] = coefficients[at++];
    }
    const [ar, ma, sar, sma] = this.#parts;
    multiplyFactors(ar, sar, this.season, -1, this.phi);
    multiplyFactors(ma, sma, this.season, 1, this.theta);
  }

  /** R's coefficients of free numbers: always stationary and invertible. */
  fromFree(free: Float64Array, out: Float64Array): void {
    let at = 0;
    for (let b = 0; b < 4; b++) {
      const count = this.blocks[b];
      freeToCoefficients(free, at, count, out, b % 2 === 0 ? 1 : -1);
      at += count;
    }
  }

  /** The inverse, with what is not inside drawn in. */
  toFree(coefficients: Float64Array): Float64Array {
    const free = takeArray(this.count);
    let at = 0;
    for (let b = 0; b < 4; b++) {
      const count = this.blocks[b];
      const sign = b % 2 === 0 ? 1 : -1;
      coefficientsToFree(
        coefficients,
        at,
        count,
        free,
        sign,
        START_PARTIAL_MAX,
      );
      at += count;
    }
    return free;
  }

  /** R's coefficients of those at `arLags`, then `maLags`. */
  fromLags(values: Float64Array): Float64Array {
    const [p, q, P] = this.blocks;
    const out = takeArray(this.count);
    out.set(values.subarray(0, p));
    out.set(values.subarray(p, p + P), p + q);
    out.set(values.subarray(p + P, p + P + q), p);
    out.set(values.subarray(p + P + q), p + q + P);
    return out;
  }

  /**
   * R's coefficients of the product of these with a pair, whose factors go to
   * the seasonal blocks or to the others.
   */
  times(
    coefficients: Float64Array,
    pair: { readonly ar: readonly number[]; readonly ma: readonly number[] },
    seasonal: boolean,
  ): Float64Array {
    const out = takeArray(
      coefficients.length + pair.ar.length + pair.ma.length,
    );
    let at = 0;
    let to = 0;
    for (let b = 0; b < 4; b++) {
      const count = this.blocks[b];
      const sign = b % 2 === 0 ? -1 : 1;
      const factor = b % 2 === 0 ? pair.ar : pair.ma;
      const added = (b > 1) === seasonal ? factor.length : 0;
      for (let i = 0; i < count; i++) {
        const value = coefficients[at + i];
        out[to + i] += value;
        for (let j = 0; j < added; j++) {
          out[to + i + j + 1] += sign * value * factor[j];
        }
      }
      for (let j = 0; j < added; j++) out[to + j] += factor[j];
      at += count;
      to += count + added;
    }
    return out;
  }

  /** Whether R's coefficients are stationary and invertible. */
  isInside(coefficients: Float64Array): boolean {
    let at = 0;
    for (let b = 0; b < 4; b++) {
      const count = this.blocks[b];
      const sign = b % 2 === 0 ? 1 : -1;
      const part = takeArray(count);
      for (let i = 0; i < count; i++) part[i] = sign * coefficients[at + i];
      if (!rootsOutside(part)) return false;
      at += count;
    }
    return true;
  }

  /** Indices of phi and theta that may differ from 0, ascending. */
  get lags(): readonly number[] {
    const [p, q, P, Q] = this.blocks;
    const lags = new Set<number>();
    const add = (count: number, seasons: number) => {
      for (let j = 0; j <= seasons; j++) {
        for (let i = 0; i <= count; i++) {
          if (i + j > 0) lags.add(i + j * this.season - 1);
        }
      }
    };
    add(p, P);
    add(q, Q);
    return [...lags].sort((a, b) => a - b);
  }
}

function multiples(count: number, step: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => (i + 1) * step);
}
