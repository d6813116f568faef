import { takeArray } from "./split_array.ts";

/**
 * Free numbers to the coefficients of a stationary autoregression: by tanh to
 * partial autocorrelations, which the Levinson-Durbin recursion turns into
 * coefficients. With the sign changed they are those of an invertible moving
 * average.
 *
 * Sources: Jones (1980), Monahan (1984).
 *
 * Shapes: free, out (p); writes `out` from `at` on.
 */
export function freeToCoefficients(
  free: Float64Array,
  at: number,
  count: number,
  out: Float64Array,
  sign: 1 | -1,
): void {
  for (let k = 0; k < count; k++) {
    const r = Math.tanh(free[at + k]);
    // out_j - r out_(k-1-j), both ends at once.
    for (let i = 0, j = k - 1; i <= j; i++, j--) {
      const low = out[at + i];
      const high = out[at + j];
      out[at + i] = low - r * high;
      if (i !== j) out[at + j] = high - r * low;
    }
    out[at + k] = r;
  }
  if (sign < 0) { for (let k = 0; k < count; k++) out[at + k] *= -1; }
}

/**
 * Partial autocorrelations of a stationary autoregression, by the step-down
 * recursion; `null` if it is not stationary.
 */
export function partialAutocorrelations(
  coefficients: ArrayLike<number>,
): Float64Array | null {
  const a = takeArray(coefficients.length);
  for (let i = 0; i < a.length; i++) a[i] = coefficients[i];
  return stepDown(a, 0, a.length) ? a : null;
}

/** The same in place, of a part; false, with the part spoilt, if there are none. */
function stepDown(a: Float64Array, at: number, count: number): boolean {
  for (let k = count - 1; k >= 0; k--) {
    const r = a[at + k];
    if (!(Math.abs(r) < 1)) return false;
    const rest = 1 - r * r;
    for (let i = at, j = at + k - 1; i <= j; i++, j--) {
      const low = a[i];
      const high = a[j];
      a[i] = (low + r * high) / rest;
      a[j] = (high + r * low) / rest;
    }
  }
  return true;
}

/**
 * The inverse of `freeToCoefficients`. What is not stationary is drawn in
 * towards 0 until it is, and partials beyond `largest` are cut.
 */
export function coefficientsToFree(
  coefficients: Float64Array,
  at: number,
  count: number,
  out: Float64Array,
  sign: 1 | -1,
  largest: number,
): void {
  let shrink = 1;
  for (let tries = 0; tries <= SHRINKS; tries++, shrink *= SHRINK) {
    let part: number = sign;
    for (let i = 0; i < count; i++) {
      part *= shrink;
      out[at + i] = part * coefficients[at + i];
    }
    if (stepDown(out, at, count)) break;
    if (tries === SHRINKS) out.fill(0, at, at + count);
  }
  for (let i = at; i < at + count; i++) {
    out[i] = Math.atanh(Math.max(-largest, Math.min(largest, out[i])));
  }
}

const SHRINK = 0.9;
const SHRINKS = 60;

/**
 * Whether 1 - a_1 x - … - a_p x^p has all its roots outside the unit circle:
 * an autoregression that is stationary, or (with -theta) an invertible MA.
 */
export function rootsOutside(coefficients: ArrayLike<number>): boolean {
  return partialAutocorrelations(coefficients) !== null;
}
