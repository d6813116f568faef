import { chiSquareSurvival } from "./chi_square.ts";

export interface LjungBox {
  readonly statistic: number;
  readonly lags: number;
  /** Degrees of freedom: lags less the coefficients that were fitted. */
  readonly df: number;
  /** Small where the errors are still correlated. */
  readonly p: number;
}

/**
 * Tests whether errors are uncorrelated at lags 1 to `lags` together.
 *
 * Missing errors are `NaN`: a pair counts if both are there, as in R's
 * `Box.test`. `null` if there is nothing to test: errors that are all equal,
 * or no more of them than lags, or no degree of freedom.
 *
 * Source: Ljung & Box (1978).
 */
export function ljungBox(
  errors: ArrayLike<number>,
  { lags, fitted }: { readonly lags: number; readonly fitted: number },
): LjungBox | null {
  const df = lags - fitted;
  const all = Array.from(errors);
  const present = all.filter((error) => !Number.isNaN(error));
  const n = present.length;
  if (df < 1 || n <= lags) return null;
  let scale = 0;
  for (const error of present) scale = Math.max(scale, Math.abs(error));
  if (!(scale > 0)) return null;
  let mean = 0;
  for (const error of present) mean += error / scale / n;
  const z = all.map((error) => error / scale - mean);
  const variance = autocovariance(z, 0);
  // A spread that rounding alone can make is none.
  if (!(variance > 1e-28)) return null;
  let sum = 0;
  for (let lag = 1; lag <= lags; lag++) {
    const correlation = autocovariance(z, lag) / variance;
    sum += correlation * correlation / (n - lag);
  }
  const statistic = n * (n + 2) * sum;
  return { statistic, lags, df, p: chiSquareSurvival(statistic, df) };
}

/** Sum over the pairs that are there, by their number and the lag. */
function autocovariance(z: readonly number[], lag: number): number {
  let sum = 0;
  let pairs = 0;
  for (let t = lag; t < z.length; t++) {
    const product = z[t] * z[t - lag];
    if (Number.isNaN(product)) continue;
    sum += product;
    pairs++;
  }
  return pairs > 0 ? sum / (pairs + lag) : 0;
}

/**
 * How many lags to test: 10, or two periods; at most a fifth of the series;
 * at least 3 more than the coefficients that were fitted.
 *
 * Source: Hyndman & Athanasopoulos (2021), section 5.4.
 */
export function lagsToTest(
  n: number,
  { period, fitted }: { readonly period: number; readonly fitted: number },
): number {
  const wanted = period > 1 ? 2 * period : 10;
  return Math.max(fitted + 3, Math.min(wanted, Math.round(n / 5)));
}
