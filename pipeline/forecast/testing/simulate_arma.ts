import { seededNormal } from "./make_candles.ts";

/** What an ARMA is simulated from; the sign of theta is R's. */
export interface SimulatedArma {
  readonly n: number;
  readonly seed: number;
  readonly phi?: readonly number[];
  readonly theta?: readonly number[];
}

/** Steps that are thrown away, so that the start is forgotten. */
const BURN_IN = 300;

/** An ARMA around 0 with innovations of variance 1. */
export function simulateArma(
  { n, seed, phi = [], theta = [] }: SimulatedArma,
): Float64Array {
  const normal = seededNormal(seed);
  const x = new Float64Array(BURN_IN + n);
  const e = x.map(() => normal());
  for (let t = 0; t < x.length; t++) {
    x[t] = e[t];
    phi.forEach((f, i) => x[t] += t > i ? f * x[t - 1 - i] : 0);
    theta.forEach((f, i) => x[t] += t > i ? f * e[t - 1 - i] : 0);
  }
  return x.slice(BURN_IN);
}
