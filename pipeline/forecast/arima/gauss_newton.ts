import type { ArmaLikelihood } from "./arma_likelihood.ts";
import { LikelihoodSlopes } from "./likelihood_slopes.ts";
import { solvePositive } from "./solve_positive.ts";
import { copyArray, splitArray } from "./split_array.ts";

/** A step moves no free number by more. */
const STEP_MAX = 1;
const DAMPING_FIRST = 1e-3;
const DAMPING_MIN = 1e-6;
const DAMPING_MAX = 1e6;
const DAMPING_STEP = 8;
/** Added to the diagonal, for directions that change nothing. */
const RIDGE = 1e-9;
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

export interface Climbed {
  readonly x: Float64Array;
  readonly value: number;
  readonly curvature: Float64Array | null;
}

/**
 * Climbs towards a maximum of the likelihood by Gauss-Newton steps with
 * Levenberg-Marquardt damping: the errors' derivatives give
 * the curvature too, so that few values are needed where a start is good.
 *
 * Sources: Levenberg (1944), Marquardt (1963); Box & Jenkins (1976), 7.2.
 *
 * Owns its arrays, which its climbs share.
 */
export class Climber {
  readonly slopes: LikelihoodSlopes;
  readonly #x: Float64Array;
  readonly #next: Float64Array;
  readonly #step: Float64Array;
  readonly #table: Float64Array;
  readonly #work: Float64Array;

  constructor(readonly likelihood: ArmaLikelihood) {
    const k = likelihood.shape.count;
    [this.#x, this.#next, this.#step] = splitArray(3, k);
    [this.#table, this.#work] = splitArray(2, (k + 1) * (k + 1));
    this.slopes = new LikelihoodSlopes(likelihood);
  }

  /**
   * @returns The free numbers it came to, the value to minimise there, and
   * about its second derivatives (k, k).
   */
  climb(
    start: Float64Array,
    { iterationsMax, gainMin, hopeless }: ClimbOptions,
  ): Climbed {
    const k = start.length;
    const { slopes } = this;
    const { gradient, curvature } = slopes;
    let value = slopes.valueAt(start);
    if (k === 0 || value === Infinity) {
      return { x: copyArray(start), value, curvature: null };
    }
    const x = this.#x;
    const next = this.#next;
    const step = this.#step;
    const table = this.#table;
    const n = this.likelihood.filter.nobs;
    const width = k + 1;
    x.set(start);
    let damping = DAMPING_FIRST;
    let iteration = 0;
    search: while (iteration++ < iterationsMax && slopes.slopesAt(x, value)) {
      for (;;) {
        for (let i = 0; i < k; i++) {
          const row = (i + 1) * width + 1;
          table[row - 1] = -gradient[i];
          for (let j = 0; j < k; j++) table[row + j] = curvature[i * k + j];
          table[row + i] = table[row + i] * (1 + damping) + RIDGE;
        }
        if (!solvePositive(table, k, step, this.#work)) {
          damping *= DAMPING_STEP;
          if (damping > DAMPING_MAX) break search;
          continue;
        }
        let gain = 0;
        let longest = 0;
        for (let i = 0; i < k; i++) {
          gain -= n * gradient[i] * step[i];
          longest = Math.max(longest, Math.abs(step[i]));
        }
        if (gain < gainMin || hopeless?.(value, gain)) break search;
        const scale = Math.min(1, STEP_MAX / longest);
        for (let i = 0; i < k; i++) next[i] = x[i] + scale * step[i];
        const nextValue = slopes.valueAt(next);
        const accepted = nextValue < value;
        const promised = scale * (1 - scale / 2) * gain / n;
        const kept = (value - nextValue) / promised;
        if (kept > GOOD) {
          damping = Math.max(DAMPING_MIN, damping / DAMPING_STEP);
        }
        if (!(kept > POOR)) {
          damping = Math.max(damping * DAMPING_STEP, DAMPING_STEP ** -1);
        }
        if (accepted) {
          x.set(next);
          value = nextValue;
          break;
        }
        if (damping > DAMPING_MAX) break search;
      }
    }
    return { x: copyArray(x), value, curvature: copyArray(curvature) };
  }
}
