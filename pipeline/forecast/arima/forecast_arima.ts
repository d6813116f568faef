import type { ArimaModel } from "./arima_model.ts";

/**
 * Forecasts 1 to `h` steps ahead with their standard errors, the coefficients
 * taken as known.
 *
 * The errors are those of the innovations to come (psi weights), and of what
 * is not known of the state itself.
 *
 * Sources: Box & Jenkins (1976), chapter 5; Durbin & Koopman (2012),
 * section 4.11.
 */
export function forecastArima(
  model: ArimaModel,
  h: number,
): { readonly mean: number[]; readonly se: number[] } {
  const { phi, theta, delta, covariance, sigma2 } = model;
  const m = model.state.length;
  const lost = delta.length;
  const size = m + lost;
  const state = model.state.slice();
  const levels = model.levels.slice();
  let center = model.center;
  // What the state adds to a forecast: (1, 0…, delta) T^(step - 1).
  const reach = new Array<number>(size).fill(0);
  reach[0] = 1;
  for (let k = 0; k < lost; k++) reach[m + k] = delta[k];
  const mean: number[] = [];
  const se: number[] = [];
  let innovations = 1;
  for (let step = 0; step < h; step++) {
    const z = state[0];
    let y = z + center;
    for (let k = 0; k < lost; k++) y += delta[k] * levels[k];
    mean.push(y);
    center += model.slope;
    for (let i = 0; i < m; i++) {
      state[i] = (i + 1 < m ? state[i + 1] : 0) +
        (i < phi.length ? phi[i] * z : 0);
    }
    for (let k = lost - 1; k > 0; k--) levels[k] = levels[k - 1];
    if (lost > 0) levels[0] = y;

    let variance = innovations;
    if (covariance !== null) variance += spread(reach, covariance);
    se.push(Math.sqrt(sigma2 * variance));
    const psi = innovationWeight(reach, phi, theta, m);
    innovations += psi * psi;
    stepBack(reach, phi, delta, m);
  }
  return { mean, se };
}

/** reach g: what the next innovation adds to the value beyond. */
function innovationWeight(
  reach: readonly number[],
  phi: readonly number[],
  theta: readonly number[],
  m: number,
): number {
  let psi = reach.length > m ? reach[m] : 0;
  for (let i = 0; i < phi.length; i++) psi += reach[i] * phi[i];
  for (let i = 0; i < theta.length; i++) psi += reach[i] * theta[i];
  return psi;
}

/** reach = reach T. */
function stepBack(
  reach: number[],
  phi: readonly number[],
  delta: readonly number[],
  m: number,
): void {
  const lost = delta.length;
  const level = lost > 0 ? reach[m] : 0;
  let first = level;
  for (let i = 0; i < phi.length; i++) first += reach[i] * phi[i];
  for (let j = m - 1; j > 0; j--) reach[j] = reach[j - 1];
  reach[0] = first;
  for (let k = 0; k < lost; k++) {
    reach[m + k] = level * delta[k] + (k + 1 < lost ? reach[m + k + 1] : 0);
  }
}

function spread(
  reach: readonly number[],
  covariance: readonly number[],
): number {
  const size = reach.length;
  let sum = 0;
  for (let i = 0; i < size; i++) {
    let row = 0;
    for (let j = 0; j < size; j++) row += covariance[i * size + j] * reach[j];
    sum += reach[i] * row;
  }
  return Math.max(0, sum);
}
