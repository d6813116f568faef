import type { ArmaLikelihood } from "./arma_likelihood.ts";
import { dot, laggedSquares } from "./dot_product.ts";
import { takeArray } from "./split_array.ts";

/**
 * Autocorrelations of a model's errors at its last value, at each `step` lags
 * from `step` on: at most `lagsMax`, of lags up to half of the series.
 */
export function errorAutocorrelations(
  { filter, beta }: ArmaLikelihood,
  step: number,
  lagsMax: number,
): Float64Array {
  const e = takeArray(filter.errors[0].length);
  e.set(filter.errors[0]);
  beta.forEach((weight, c) => {
    const column = filter.errors[c + 1];
    for (let t = 0; t < e.length; t++) e[t] -= weight * column[t];
  });
  return autocorrelations(e, step, lagsMax);
}

/** The same of a series whose mean is 0; 0 throughout if the series is. */
export function autocorrelations(
  e: Float64Array,
  step: number,
  lagsMax: number,
): Float64Array {
  const out = takeArray(
    Math.min(lagsMax, Math.floor(e.length / (2 * step))),
  );
  laggedSquares(e, step, out);
  const squares = dot(e, e);
  for (let k = 0; k < out.length; k++) {
    out[k] = squares > 0 ? out[k] / squares : 0;
  }
  return out;
}
