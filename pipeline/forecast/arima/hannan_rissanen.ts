import { dot } from "./dot_product.ts";
import { longErrors } from "./long_autoregression.ts";
import { solvePositive } from "./solve_positive.ts";
import { takeArray } from "./split_array.ts";

/**
 * First coefficients of an ARMA: errors by a long autoregression (by the
 * Yule-Walker equations), then least squares on lagged values and errors.
 * Seasonal terms stand beside the others, their products are left out.
 *
 * Source: Hannan & Rissanen (1982).
 *
 * Shapes: w (n, about 0, without `NaN`), result (arLags, then maLags).
 *
 * @returns `null` if the series is too short or the lags cannot be told apart.
 */
export function hannanRissanen(
  w: Float64Array,
  arLags: readonly number[],
  maLags: readonly number[],
): Float64Array | null {
  const longest = Math.max(0, ...arLags, ...maLags);
  const n = w.length;
  const order = maLags.length === 0 ? 0 : Math.min(
    Math.max(Math.ceil(2 * Math.log10(n) ** 1.5), longest + 2),
    Math.floor(n / 4),
  );
  const from = order + longest;
  const k = arLags.length + maLags.length;
  if (n - from < k + 5) return null;
  const errors = maLags.length === 0 ? w : longErrors(w, order);
  const width = k + 1;
  const columns = [
    w.subarray(from),
    ...arLags.map((lag) => w.subarray(from - lag, n - lag)),
    ...maLags.map((lag) => errors.subarray(from - lag, n - lag)),
  ];
  const products = takeArray(width * width);
  for (let i = 0; i < width; i++) {
    for (let j = 0; j <= i; j++) {
      const sum = dot(columns[i], columns[j]);
      products[i * width + j] = products[j * width + i] = sum;
    }
  }
  const out = takeArray(k);
  const work = takeArray(width * width);
  return solvePositive(products, k, out, work) ? out : null;
}
