import type { ArmaLikelihood } from "./arma_likelihood.ts";
import { invertPositive } from "./solve_positive.ts";
import { takeArray } from "./split_array.ts";

/** Step of the differences, in the coefficients. */
const STEP = 1e-3;
/** How often it may be made smaller at the edge of the stationary. */
const HALVINGS = 12;

/**
 * Covariance of the estimates from the observed information: the inverse of
 * the Hessian of -loglik in R's coefficients and those of the regressors, by
 * central differences for the former and exactly for the latter.
 *
 * Shapes: coefficients (c), beta (k), result (c + k, squared).
 *
 * @returns `null` if the information is not positive definite.
 */
export function estimateCovariance(
  likelihood: ArmaLikelihood,
  coefficients: Float64Array,
  beta: Float64Array,
): Float64Array | null {
  const c = coefficients.length;
  const k = beta.length;
  const size = c + k;
  const H = takeArray(size * size);
  const x = coefficients.slice();
  const steps = takeArray(c);
  const value = likelihood.atBoth(x, beta);
  /** Slope of the value in the coefficients of the regressors. */
  const slopes = () => {
    const { products, squares } = likelihood;
    return Float64Array.from({ length: k }, (_, i) => {
      const row = (i + 1) * (k + 1);
      let sum = -products[row];
      for (let j = 0; j < k; j++) sum += products[row + 1 + j] * beta[j];
      return sum / squares;
    });
  };
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) {
      H[(c + i) * size + c + j] =
        likelihood.products[(i + 1) * (k + 1) + 1 + j] / likelihood.squares;
    }
  }
  for (let i = 0; i < c; i++) {
    let h = STEP;
    let up = Infinity;
    let down = Infinity;
    let slopesUp = slopes();
    for (let tries = 0; tries < HALVINGS; tries++) {
      x[i] = coefficients[i] + h;
      up = likelihood.atBoth(x, beta);
      slopesUp = slopes();
      x[i] = coefficients[i] - h;
      down = likelihood.atBoth(x, beta);
      if (up < Infinity && down < Infinity) break;
      h /= 2;
    }
    const slopesDown = slopes();
    x[i] = coefficients[i];
    steps[i] = h;
    H[i * size + i] = (up + down - 2 * value) / (h * h);
    for (let j = 0; j < k; j++) {
      const mixed = (slopesUp[j] - slopesDown[j]) / (2 * h);
      H[i * size + c + j] = H[(c + j) * size + i] = mixed;
    }
  }
  for (let i = 0; i < c; i++) {
    for (let j = 0; j < i; j++) {
      const at = (a: number, b: number) => {
        x[i] = coefficients[i] + a * steps[i];
        x[j] = coefficients[j] + b * steps[j];
        const there = likelihood.atBoth(x, beta);
        x[i] = coefficients[i];
        x[j] = coefficients[j];
        return there;
      };
      const mixed = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) /
        (4 * steps[i] * steps[j]);
      H[i * size + j] = H[j * size + i] = mixed;
    }
  }
  const n = likelihood.filter.nobs;
  return invertPositive(H.map((second) => second * n), size);
}
