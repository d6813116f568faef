import type { ArmaLikelihood } from "./arma_likelihood.ts";
import { ChandrasekharFilter } from "./chandrasekhar_filter.ts";
import { dot } from "./dot_product.ts";
import { ShortSlopes } from "./short_slopes.ts";
import { splitArray } from "./split_array.ts";

/** Step of the differences where there are no tangents. */
const DIFFERENCE = 1e-6;

/**
 * How a likelihood and the errors behind it change with the free numbers: by
 * tangents for short models, by differences for others.
 *
 * Owns its arrays: nothing is allocated after the constructor.
 */
export class LikelihoodSlopes {
  /** Standard errors of the data less its regressors (n). */
  readonly errors: Float64Array;
  /** Their derivatives (k) of (n). */
  readonly slopes: readonly Float64Array[];
  /** Of the value to minimise (k). */
  readonly gradient: Float64Array;
  readonly #rest: Float64Array;
  readonly #short: ShortSlopes | null;
  readonly #x: Float64Array;

  constructor(private readonly likelihood: ArmaLikelihood) {
    const { filter, shape, beta } = likelihood;
    const k = shape.count;
    const n = filter.errors[0].length;
    const short = filter instanceof ChandrasekharFilter && filter.short;
    [this.errors, this.#rest, ...this.slopes] = splitArray(k + 2, n);
    [this.gradient, this.#x] = splitArray(2, k);
    this.#short = short ? new ShortSlopes(shape, n) : null;
    if (short && beta.length === 0) this.#rest = filter.columns[0];
  }

  /** Whether the gradient is exact. */
  get exact(): boolean {
    return this.#short !== null;
  }

  /**
   * Writes all three.
   *
   * @param value The likelihood's at `x`, which must be its last.
   * @returns False if there are none there.
   */
  at(x: Float64Array, value: number): boolean {
    return this.#short === null
      ? this.#byDifferences(x, value)
      : this.#byTangents(x, this.#short);
  }

  #byTangents(x: Float64Array, short: ShortSlopes): boolean {
    const { filter, beta, squares } = this.likelihood;
    const rest = this.#rest;
    if (beta.length > 0 && filter instanceof ChandrasekharFilter) {
      rest.set(filter.columns[0]);
      takeRegressors(rest, filter.columns, beta);
    }
    if (!short.compute(x, rest, this.errors, this.slopes)) return false;
    for (let i = 0; i < x.length; i++) {
      this.gradient[i] = dot(this.errors, this.slopes[i]) / squares +
        0.5 * short.logF[i] / filter.nobs;
    }
    return true;
  }

  #byDifferences(x: Float64Array, value: number): boolean {
    const { likelihood, errors } = this;
    const { filter, beta } = likelihood;
    errors.set(filter.errors[0]);
    takeRegressors(errors, filter.errors, beta);
    const moved = this.#x;
    moved.set(x);
    for (let i = 0; i < x.length; i++) {
      moved[i] = x[i] + DIFFERENCE;
      const there = likelihood.atFree(moved);
      if (there === Infinity) return false;
      this.gradient[i] = (there - value) / DIFFERENCE;
      const slope = this.slopes[i];
      slope.set(filter.errors[0]);
      takeRegressors(slope, filter.errors, beta);
      for (let t = 0; t < slope.length; t++) {
        slope[t] = (slope[t] - errors[t]) / DIFFERENCE;
      }
      moved[i] = x[i];
    }
    return true;
  }
}

/** Less the regressors, columns 1 and on. */
function takeRegressors(
  out: Float64Array,
  columns: readonly Float64Array[],
  beta: Float64Array,
): void {
  for (let c = 0; c < beta.length; c++) {
    const weight = beta[c];
    const column = columns[c + 1];
    for (let t = 0; t < out.length; t++) out[t] -= weight * column[t];
  }
}
