import { assert } from "../../domain/assert.ts";

/** Share of the sum at which a further term changes nothing. */
const EPSILON = 1e-16;
const TERMS_MAX = 100_000;

/**
 * Probability that a chi-square variable exceeds `x`.
 *
 * It is the incomplete gamma function Q(df/2, x/2): by its power series below
 * the mean, by its continued fraction (modified Lentz) above.
 *
 * `df` is a whole number of at least 1. Source: Abramowitz & Stegun (1964),
 * 6.5.29 and 6.5.31.
 */
export function chiSquareSurvival(x: number, df: number): number {
  assert(Number.isInteger(df) && df >= 1, "df is a whole number from 1");
  if (!(x > 0)) return 1;
  if (x === Infinity) return 0;
  const a = df / 2;
  const z = x / 2;
  const front = Math.exp(a * Math.log(z) - z - logGammaOfHalf(df));
  return z < a + 1
    ? Math.max(0, 1 - front * lowerSeries(a, z))
    : front * upperFraction(a, z);
}

function lowerSeries(a: number, z: number): number {
  let term = 1 / a;
  let sum = term;
  for (let k = 1; k < TERMS_MAX && term > EPSILON * sum; k++) {
    term *= z / (a + k);
    sum += term;
  }
  return sum;
}

function upperFraction(a: number, z: number): number {
  let b = z + 1 - a;
  let c = Infinity;
  let d = 1 / b;
  let value = d;
  for (let k = 1; k < TERMS_MAX; k++) {
    const step = k * (a - k);
    b += 2;
    d = 1 / (step * d + b);
    c = b + step / c;
    const factor = c * d;
    value *= factor;
    if (Math.abs(factor - 1) <= EPSILON) break;
  }
  return value;
}

/** log Gamma(df / 2), by the recursion from Gamma(1/2) or Gamma(1). */
function logGammaOfHalf(df: number): number {
  let log = df % 2 === 1 ? Math.log(Math.PI) / 2 : 0;
  for (let k = df % 2 === 1 ? 1 : 2; k < df; k += 2) log += Math.log(k / 2);
  return log;
}
