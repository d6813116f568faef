import type { ScoreSums } from "../../domain/score_sums.ts";
import type { DieboldMariano } from "../../domain/forecast.ts";
import { twoSidedP } from "./student_t.ts";

/** Spread of the differences that is rounding, as a share of their squares. */
const ROUNDING = 1e-12;

/**
 * Diebold and Mariano's test that a model's absolute errors are, on average,
 * as large as those of "no change", one step ahead, in the small-sample form
 * of Harvey, Leybourne and Newbold: below 0 the model is better. One step
 * ahead the differences are taken as uncorrelated, so that it is Student's t
 * of their mean, with n - 1 degrees of freedom.
 *
 * Sources: Diebold & Mariano (1995); Harvey, Leybourne & Newbold (1997).
 *
 * @returns `null` with fewer than two scores, or if all differences are one
 * number other than 0.
 */
export function dieboldMariano(
  sums: Pick<
    ScoreSums,
    | "n"
    | "absError"
    | "absErrorNaive"
    | "squares"
    | "squaresNaive"
    | "products"
  >,
): DieboldMariano | null {
  const { n } = sums;
  if (n < 2) return null;
  const mean = (sums.absError - sums.absErrorNaive) / n;
  const squares = sums.squares - 2 * sums.products + sums.squaresNaive;
  const size = sums.squares + sums.squaresNaive;
  // Autocovariance of lag 0.
  const gamma = squares / n - mean * mean;
  if (gamma * n <= ROUNDING * size) {
    return mean * mean * n <= ROUNDING * size ? { statistic: 0, p: 1 } : null;
  }
  const horizon = 1;
  const corrected = Math.sqrt(
    (n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n,
  );
  const statistic = corrected * mean / Math.sqrt(gamma / n);
  return { statistic, p: twoSidedP(statistic, n - 1) };
}
