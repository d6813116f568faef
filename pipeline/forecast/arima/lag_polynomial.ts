import { takeArray } from "./split_array.ts";

/**
 * Coefficients of the product of an ordinary and a seasonal factor, from lag 1
 * on: 1 + sum out_k x^k = (1 + sum a_i x^i)(1 + sum b_j x^(j s)).
 *
 * For autoregressions, whose factors are 1 - sum, `sign` is -1; 1 otherwise.
 *
 * Shapes: a (p), b (P), out (p + s P).
 */
export function multiplyFactors(
  a: Float64Array,
  b: Float64Array,
  season: number,
  sign: 1 | -1,
  out: Float64Array,
): void {
  out.fill(0);
  out.set(a);
  for (let j = 0; j < b.length; j++) {
    const lag = (j + 1) * season;
    out[lag - 1] += b[j];
    for (let i = 0; i < a.length; i++) out[lag + i] += sign * a[i] * b[j];
  }
}

/**
 * delta of (1 - x)^d (1 - x^s)^D = 1 - sum delta_k x^k, from lag 1 on: the
 * part of a value that the values before it give (d + s D).
 */
export function differencingWeights(
  d: number,
  seasonalD: number,
  season: number,
): number[] {
  let polynomial = [1];
  const times = (lag: number) => {
    const next = [...polynomial, ...new Array<number>(lag).fill(0)];
    polynomial.forEach((weight, i) => next[i + lag] -= weight);
    polynomial = next;
  };
  for (let k = 0; k < d; k++) times(1);
  for (let k = 0; k < seasonalD; k++) times(season);
  return polynomial.slice(1).map((weight) => 0 - weight);
}

/**
 * The series differenced by these weights, oldest first; `delta.length`
 * shorter. `NaN` spreads to what needs it.
 */
export function differenceBy(
  series: Float64Array,
  delta: readonly number[],
): Float64Array {
  const lost = delta.length;
  const out = takeArray(Math.max(0, series.length - lost));
  const lags: number[] = [];
  for (let k = 0; k < lost; k++) if (delta[k] !== 0) lags.push(k);
  for (let t = 0; t < out.length; t++) {
    let w = series[t + lost];
    for (const k of lags) w -= delta[k] * series[t + lost - 1 - k];
    out[t] = w;
  }
  return out;
}
