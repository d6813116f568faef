import { type ArmaLikelihood, likelihoodValue } from "./arma_likelihood.ts";
import { ChandrasekharFilter } from "./chandrasekhar_filter.ts";
import { dot } from "./dot_product.ts";
import { ShortSlopes } from "./short_slopes.ts";
import { splitArray, takeArray } from "./split_array.ts";

/** Step of the differences where there are no tangents. */
const DIFFERENCE = 1e-6;

/**
 * A likelihood with its slopes in the free numbers, and about its second
 * derivatives, from how the errors behind it change: exact for short models,
 * by differences for others.
 *
 * Owns its arrays: nothing is allocated after the constructor.
 */
export class LikelihoodSlopes {
  /** Of the value to minimise (k). */
  readonly gradient: Float64Array;
  /** Cross products of the errors' derivatives over their squares (k, k). */
  readonly curvature: Float64Array;
  readonly #short: ShortSlopes | null;
  /** The data less its regressors. */
  readonly #rest: Float64Array;
  /** Where there are no exact ones: errors (n), their derivatives (k) of (n). */
  readonly #errors: Float64Array;
  readonly #slopes: readonly Float64Array[];
  readonly #moved: Float64Array;

  constructor(private readonly likelihood: ArmaLikelihood) {
    const { filter, shape, beta } = likelihood;
    const k = shape.count;
    const n = filter.errors[0].length;
    const exact = filter instanceof ChandrasekharFilter && filter.short &&
      shape.season === 1;
    this.gradient = takeArray(k);
    this.curvature = takeArray(k * k);
    this.#short = exact ? new ShortSlopes(shape, n) : null;
    this.#rest = exact && beta.length === 0
      ? filter.columns[0]
      : takeArray(exact ? n : 0);
    [this.#errors, ...this.#slopes] = splitArray(
      exact ? 1 : k + 1,
      exact ? 0 : n,
    );
    this.#moved = takeArray(exact ? 0 : k);
  }

  /** Whether the gradient is exact. */
  get exact(): boolean {
    return this.#short !== null;
  }

  /** The likelihood's value. */
  readonly valueAt = (x: Float64Array): number => {
    const { filter, beta } = this.likelihood;
    const short = this.#short;
    const regressed = short === null || beta.length > 0
      ? this.likelihood.atFree(x)
      : 0;
    if (short === null || regressed === Infinity) return regressed;
    if (beta.length > 0 && filter instanceof ChandrasekharFilter) {
      this.#rest.set(filter.columns[0]);
      takeRegressors(this.#rest, filter.columns, beta);
    }
    if (!short.run(x, this.#rest)) return Infinity;
    return likelihoodValue(short.squares, short.sumLogF, filter.nobs);
  };

  /**
   * Writes gradient and curvature at `x`, where the last value was taken.
   *
   * @returns False if there are none there.
   */
  slopesAt(x: Float64Array, value: number): boolean {
    if (this.#short === null) return this.#byDifferences(x, value);
    this.#short.finish(this.gradient, this.curvature);
    return true;
  }

  #byDifferences(x: Float64Array, value: number): boolean {
    const { likelihood, curvature } = this;
    const { filter, beta, squares } = likelihood;
    const errors = this.#errors;
    const slopes = this.#slopes;
    errors.set(filter.errors[0]);
    takeRegressors(errors, filter.errors, beta);
    const k = x.length;
    const moved = this.#moved;
    moved.set(x);
    for (let i = 0; i < k; i++) {
      moved[i] = x[i] + DIFFERENCE;
      const there = likelihood.atFree(moved);
      if (there === Infinity) return false;
      this.gradient[i] = (there - value) / DIFFERENCE;
      const slope = slopes[i];
      slope.set(filter.errors[0]);
      takeRegressors(slope, filter.errors, beta);
      for (let t = 0; t < slope.length; t++) {
        slope[t] = (slope[t] - errors[t]) / DIFFERENCE;
      }
      moved[i] = x[i];
      for (let j = 0; j <= i; j++) {
        const sum = dot(slope, slopes[j]) / squares;
        curvature[i * k + j] = curvature[j * k + i] = sum;
      }
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
