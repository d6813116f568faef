/** Pivots below this part of the diagonal count as 0. */
const PIVOT_MIN = 1e-13;

/**
 * Least squares from cross products, by Cholesky: the k coefficients that
 * explain column 0 by columns 1…k.
 *
 * Shapes: products and work (k + 1, k + 1), out (k).
 *
 * @returns False if the columns do not tell the coefficients apart.
 */
export function solvePositive(
  products: Float64Array,
  k: number,
  out: Float64Array,
  work: Float64Array,
): boolean {
  const width = k + 1;
  for (let i = 0; i < k; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = products[(i + 1) * width + j + 1];
      for (let l = 0; l < j; l++) {
        sum -= work[i * width + l] * work[j * width + l];
      }
      if (i > j) {
        work[i * width + j] = sum / work[j * width + j];
      } else {
        if (!(sum > PIVOT_MIN * products[(i + 1) * width + i + 1])) {
          return false;
        }
        work[i * width + i] = Math.sqrt(sum);
      }
    }
  }
  for (let i = 0; i < k; i++) {
    let sum = products[(i + 1) * width];
    for (let l = 0; l < i; l++) sum -= work[i * width + l] * out[l];
    out[i] = sum / work[i * width + i];
  }
  for (let i = k - 1; i >= 0; i--) {
    let sum = out[i];
    for (let l = i + 1; l < k; l++) sum -= work[l * width + i] * out[l];
    out[i] = sum / work[i * width + i];
  }
  return true;
}

/**
 * The inverse of a positive definite matrix, in place, by Gauss & Jordan; `null`
 * if it is none.
 */
export function invertPositive(
  a: Float64Array,
  size: number,
): Float64Array | null {
  for (let i = 0; i < size; i++) {
    const pivot = a[i * size + i];
    if (!(pivot > 0) || pivot === Infinity) return null;
    a[i * size + i] = 1;
    for (let j = 0; j < size; j++) a[i * size + j] /= pivot;
    for (let r = 0; r < size; r++) {
      if (r === i) continue;
      const factor = a[r * size + i];
      a[r * size + i] = 0;
      for (let j = 0; j < size; j++) {
        a[r * size + j] -= factor * a[i * size + j];
      }
    }
  }
  return a.every(Number.isFinite) ? a : null;
}
