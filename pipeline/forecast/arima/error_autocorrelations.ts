import type { ArmaLikelihood } from "./arma_likelihood.ts";

/**
 * Autocorrelations of a model's errors at its last value, at each `step` lags
 * from `step` on: at most `lagsMax`, of lags up to half of the series.
 */
export function errorAutocorrelations(
  { filter, beta }: ArmaLikelihood,
  step: number,
  lagsMax: number,
): Float64Array {
  const e = filter.errors[0].slice();
  beta.forEach((weight, c) => {
    const column = filter.errors[c + 1];
    for (let t = 0; t < e.length; t++) e[t] -= weight * column[t];
  });
  const out = new Float64Array(
    Math.min(lagsMax, Math.floor(e.length / (2 * step))),
  );
  let squares = 0;
  for (let t = 0; t < e.length; t++) squares += e[t] * e[t];
  for (let k = 0; k < out.length; k++) {
    const lag = (k + 1) * step;
    let sum = 0;
    for (let t = lag; t < e.length; t++) sum += e[t] * e[t - lag];
    out[k] = squares > 0 ? sum / squares : 0;
  }
  return out;
}
