import { normalCdf } from "./normal_cdf.ts";

/**
 * Probability that the close will be above the last one, as a forecast states
 * it: the normal's, at the forecast log return in standard errors. One half if
 * it expects no change or has no spread.
 */
export function upProbability(
  forecast: {
    readonly close: number;
    readonly last: number;
    /** In log price. */
    readonly se: number;
  },
): number {
  const { close, last, se } = forecast;
  return se > 0 ? normalCdf(Math.log(close / last) / se) : 0.5;
}

/**
 * Brier's score of that probability: its squared distance from what came, 0.25
 * for a coin, 0 for a prophet; `null` if the price did not move, as then
 * neither way was right.
 *
 * Source: Brier (1950).
 */
export function brierScore(
  up: number,
  came: { readonly actual: number; readonly last: number },
): number | null {
  if (came.actual === came.last) return null;
  return (up - (came.actual > came.last ? 1 : 0)) ** 2;
}
