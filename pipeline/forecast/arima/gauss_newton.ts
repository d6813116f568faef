import type { ArmaLikelihood } from "./arma_likelihood.ts";
import { solvePositive } from "./solve_positive.ts";

/** Step of the differences. */
const DIFFERENCE = 1e-6;
/** A step moves no free number by more. */
const STEP_MAX = 1;
const DAMPING_FIRST = 1e-3;
const DAMPING_MIN = 1e-6;
const DAMPING_MAX = 1e6;
const DAMPING_STEP = 8;
/** Parts of the promised fall from which damping falls, and below which it rises. */
const GOOD = 0.7;
const POOR = 0.4;

export interface ClimbOptions {
  readonly iterationsMax: number;
  /** It is done once -2 loglik can fall by no more than about this. */
  readonly gainMin: number;
  /** Whether it is no use to go on from here, with this much to gain. */
  readonly hopeless?: (value: number, gain: number) => boolean;
}

/**
 * Climbs towards a maximum of the likelihood by Gauss-Newton steps with
 * Levenberg-Marquardt damping: the errors' derivatives, by differences, give
 * the curvature too, so that few values are needed where a start is good.
 *
 * Sources: Levenberg (1944), Marquardt (1963); Box & Jenkins (1976), 7.2.
 *
 * @returns The free numbers it came to and the value to minimise there.
 */
export function climb(
  likelihood: ArmaLikelihood,
  start: Float64Array,
  { iterationsMax, gainMin, hopeless }: ClimbOptions,
): { readonly x: Float64Array; readonly value: number } {
  const k = start.length;
  let x = start.slice();
  let value = likelihood.atFree(x);
  if (k === 0 || value === Infinity) return { x, value };
  const n = likelihood.filter.nobs;
  const length = likelihood.filter.errors[0].length;
  let errors = new Float64Array(length);
  let nextErrors = new Float64Array(length);
  const slopes = Array.from({ length: k }, () => new Float64Array(length));
  const gradient = new Float64Array(k);
  const curvature = new Float64Array(k * k);
  const table = new Float64Array((k + 1) * (k + 1));
  const work = new Float64Array((k + 1) * (k + 1));
  const step = new Float64Array(k);
  let next = new Float64Array(k);
  let damping = DAMPING_FIRST;
  takeErrors(likelihood, errors);
  for (let iteration = 0; iteration < iterationsMax; iteration++) {
    const { squares } = likelihood;
    for (let i = 0; i < k; i++) {
      const here = x[i];
      x[i] = here + DIFFERENCE;
      gradient[i] = (likelihood.atFree(x) - value) / DIFFERENCE;
      takeErrors(likelihood, slopes[i]);
      const slope = slopes[i];
      for (let t = 0; t < length; t++) {
        slope[t] = (slope[t] - errors[t]) / DIFFERENCE;
      }
      x[i] = here;
    }
    for (let i = 0; i < k; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = 0;
        const a = slopes[i];
        const b = slopes[j];
        for (let t = 0; t < length; t++) sum += a[t] * b[t];
        curvature[i * k + j] = curvature[j * k + i] = sum / squares;
      }
    }
    let accepted = false;
    while (!accepted) {
      table.fill(0);
      for (let i = 0; i < k; i++) {
        table[(i + 1) * (k + 1)] = -gradient[i];
        for (let j = 0; j < k; j++) {
          table[(i + 1) * (k + 1) + j + 1] = curvature[i * k + j];
        }
        table[(i + 1) * (k + 1) + i + 1] *= 1 + damping;
        table[(i + 1) * (k + 1) + i + 1] += 1e-9;
      }
      if (!solvePositive(table, k, step, work)) {
        damping *= DAMPING_STEP;
        if (damping > DAMPING_MAX) return { x, value };
        continue;
      }
      let gain = 0;
      let longest = 0;
      for (let i = 0; i < k; i++) {
        gain -= n * gradient[i] * step[i];
        longest = Math.max(longest, Math.abs(step[i]));
      }
      if (gain < gainMin || hopeless?.(value, gain)) return { x, value };
      const scale = Math.min(1, STEP_MAX / longest);
      for (let i = 0; i < k; i++) next[i] = x[i] + scale * step[i];
      const nextValue = likelihood.atFree(next);
      accepted = nextValue < value;
      const promised = scale * (1 - scale / 2) * gain / n;
      const kept = (value - nextValue) / promised;
      if (kept > GOOD) damping = Math.max(DAMPING_MIN, damping / DAMPING_STEP);
      if (!(kept > POOR)) {
        damping = Math.max(damping * DAMPING_STEP, DAMPING_STEP ** -1);
      }
      if (accepted) {
        takeErrors(likelihood, nextErrors);
        [x, next] = [next, x];
        [errors, nextErrors] = [nextErrors, errors];
        value = nextValue;
      } else if (damping > DAMPING_MAX) {
        return { x, value };
      }
    }
  }
  return { x, value };
}

/** The errors of the data less its regressors', at the last value. */
function takeErrors({ filter, beta }: ArmaLikelihood, out: Float64Array): void {
  out.set(filter.errors[0]);
  for (let c = 0; c < beta.length; c++) {
    const weight = beta[c];
    const errors = filter.errors[c + 1];
    for (let t = 0; t < out.length; t++) out[t] -= weight * errors[t];
  }
}
