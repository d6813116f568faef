import { dot, laggedSquares } from "./dot_product.ts";
import { takeArray } from "./split_array.ts";

/**
 * Errors of an autoregression by the Yule-Walker equations: what stands for
 * the innovations of an ARMA before it is fitted. 0 for the first `order`.
 *
 * Shape: z and result (n), z about 0.
 */
export function longErrors(z: Float64Array, order: number): Float64Array {
  const n = z.length;
  const gamma = takeArray(order + 1);
  gamma[0] = dot(z, z);
  laggedSquares(z, 1, gamma.subarray(1));
  const phi = levinsonDurbin(gamma);
  const errors = takeArray(n);
  for (let t = order; t < n; t++) {
    let known = 0;
    let other = 0;
    let i = 0;
    for (; i + 1 < order; i += 2) {
      known += phi[i] * z[t - 1 - i];
      other += phi[i + 1] * z[t - 2 - i];
    }
    if (i < order) known += phi[i] * z[t - 1 - i];
    errors[t] = z[t] - known - other;
  }
  return errors;
}

/** The autoregression of these autocovariances (Durbin 1960). */
function levinsonDurbin(gamma: Float64Array): Float64Array {
  const order = gamma.length - 1;
  const phi = takeArray(order);
  let variance = gamma[0];
  for (let k = 0; k < order && variance > 0; k++) {
    let r = gamma[k + 1];
    for (let i = 0; i < k; i++) r -= phi[i] * gamma[k - i];
    r /= variance;
    for (let i = 0, j = k - 1; i <= j; i++, j--) {
      const low = phi[i];
      const high = phi[j];
      phi[i] = low - r * high;
      if (i !== j) phi[j] = high - r * low;
    }
    phi[k] = r;
    variance *= (1 - r) * (1 + r);
  }
  return phi;
}
