import type { ArmaFilter } from "./arma_filter.ts";
import type { ArmaShape } from "./arma_shape.ts";
import { dot } from "./dot_product.ts";
import { solvePositive } from "./solve_positive.ts";
import { takeArray } from "./split_array.ts";

/** Least sum of squares, in units of the data's own spread: never log 0. */
const SQUARES_MIN = 1e-28;

/**
 * The exact Gaussian likelihood of regression with ARMA errors, with the
 * coefficients of the regressors and the variance concentrated out (by
 * generalised least squares).
 *
 * As a value to minimise: ½ log(squares / nobs) + ½ mean log F, which is
 * -loglik / nobs less (1 + log 2 pi) / 2.
 *
 * The filter's first column is the data, the others its regressors.
 */
export class ArmaLikelihood {
  /** Coefficients of the regressors at the last value. */
  readonly beta: Float64Array;
  /** Cross products of the errors of all columns (k + 1, squared). */
  readonly products: Float64Array;
  /** Sum of squared errors at the last value. */
  squares = 0;
  /** Values taken so far. */
  evaluations = 0;
  readonly #coefficients: Float64Array;
  readonly #work: Float64Array;

  constructor(readonly filter: ArmaFilter, readonly shape: ArmaShape) {
    const columns = filter.errors.length;
    this.beta = takeArray(columns - 1);
    this.products = takeArray(columns * columns);
    this.#coefficients = takeArray(shape.count);
    this.#work = takeArray(columns * columns);
  }

  /** At free numbers. */
  readonly atFree = (free: Float64Array): number => {
    this.shape.fromFree(free, this.#coefficients);
    return this.at(this.#coefficients);
  };

  /** At R's coefficients; `Infinity` if they are not stationary. */
  at(coefficients: Float64Array): number {
    if (!this.#run(coefficients)) return Infinity;
    const k = this.beta.length;
    if (k > 0 && !solvePositive(this.products, k, this.beta, this.#work)) {
      return Infinity;
    }
    return this.#value();
  }

  /** At R's coefficients, with those of the regressors given. */
  atBoth(coefficients: Float64Array, beta: Float64Array): number {
    if (!this.#run(coefficients)) return Infinity;
    this.beta.set(beta);
    return this.#value();
  }

  #run(coefficients: Float64Array): boolean {
    this.evaluations++;
    const { shape, filter, products } = this;
    shape.expand(coefficients);
    if (!filter.run(shape.phi, shape.theta)) return false;
    const columns = filter.errors.length;
    for (let i = 0; i < columns; i++) {
      for (let j = 0; j <= i; j++) {
        const sum = dot(filter.errors[i], filter.errors[j]);
        products[i * columns + j] = sum;
        products[j * columns + i] = sum;
      }
    }
    return true;
  }

  /** (1, -beta) S (1, -beta)'. */
  #value(): number {
    const { beta, products, filter } = this;
    const columns = beta.length + 1;
    let squares = products[0];
    for (let i = 0; i < beta.length; i++) {
      const row = (i + 1) * columns;
      let sum = -2 * products[row];
      for (let j = 0; j < beta.length; j++) {
        sum += beta[j] * products[row + 1 + j];
      }
      squares += beta[i] * sum;
    }
    this.squares = squares;
    return likelihoodValue(squares, filter.sumLogF, filter.nobs);
  }
}

/** The value to minimise, of these sums over so many errors. */
export function likelihoodValue(
  squares: number,
  sumLogF: number,
  nobs: number,
): number {
  const value = 0.5 * Math.log(Math.max(squares, SQUARES_MIN) / nobs) +
    0.5 * sumLogF / nobs;
  return Number.isFinite(value) ? value : Infinity;
}
