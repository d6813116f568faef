/**
 * Errors of an autoregression by the Yule-Walker equations: what stands for
 * the innovations of an ARMA before it is fitted. 0 for the first `order`.
 *
 * Shape: z and result (n), z about 0.
 */
export function longErrors(z: Float64Array, order: number): Float64Array {
  const n = z.length;
  const gamma = new Float64Array(order + 1);
  for (let lag = 0; lag <= order; lag++) {
    let sum = 0;
    for (let t = lag; t < n; t++) sum += z[t] * z[t - lag];
    gamma[lag] = sum;
  }
  const phi = levinsonDurbin(gamma);
  const errors = new Float64Array(n);
  for (let t = order; t < n; t++) {
    let error = z[t];
    for (let i = 0; i < order; i++) error -= phi[i] * z[t - 1 - i];
    errors[t] = error;
  }
  return errors;
}

/** The autoregression of these autocovariances (Durbin 1960). */
function levinsonDurbin(gamma: Float64Array): Float64Array {
  const order = gamma.length - 1;
  const phi = new Float64Array(order);
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
