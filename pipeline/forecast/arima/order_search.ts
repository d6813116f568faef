import type { ArmaFilter } from "./arma_filter.ts";
import { ArmaLikelihood } from "./arma_likelihood.ts";
import { ArmaShape, type Blocks } from "./arma_shape.ts";
import { ChandrasekharFilter } from "./chandrasekhar_filter.ts";
import { ConditionalFit } from "./conditional_fit.ts";
import { complexPairs, realPairs } from "./cancelling_pairs.ts";
import { errorAutocorrelations } from "./error_autocorrelations.ts";
import { Climber } from "./gauss_newton.ts";
import { KalmanFilter } from "./kalman_filter.ts";
import { OrderScreen } from "./order_screen.ts";
import {
  coefficientsToFree,
  freeToCoefficients,
} from "./partial_autocorrelations.ts";
import { rootsAway } from "./roots_away.ts";
import type { ArimaSpec } from "./spec.ts";
import type { TrainingData } from "./training_data.ts";
import { copyArray, takeArray } from "./split_array.ts";

/** Numbers that the likelihoods of one search may touch: some tenths of a second. */
const WORK_MAX = 1e8;
/** How a model's AICc is known, cheapest first. */
type Stage = "regressed" | "conditional" | "exact" | "fitted";

/**
 * AICc above the best so far up to which a candidate is looked at further; more
 * in short series, where it costs less and starts are worse.
 */
const MARGIN: Readonly<Record<Exclude<Stage, "fitted">, number>> = {
  regressed: 10,
  conditional: 5,
  exact: 3,
};
const SHORT = 240;
const MARGIN_FACTOR_MAX = 3;
/** Partial autocorrelations that the start from a regression may have. */
const START_PARTIAL_MAX = 0.85;
/** Terms of models that are fitted in any case. */
const FIRST = new Set(["0,0,0,0", "1,0,0,0", "0,1,0,0", "2,2,0,0"]);
/** Steps of conditional least squares that are taken at once. */
const FIRST_STEPS = 1;
/** Terms of models that take them; larger models wait for the fit of a smaller. */
const REGRESSED_MAX = 5;
/** And steps for those that are near the best. */
const CONDITIONAL_STEPS = 3;
/** Steps towards a maximum, and what they may leave of -2 loglik. */
const CLIMB = { iterationsMax: 8, gainMin: 0.05 };
/** The same where a root is so close to the unit circle that it may reach it. */
const CLOSE_CLIMB = { iterationsMax: 12, gainMin: 0.01 };
const ROOT_CLOSE = 1.1;
/** And for the best, before it is given out. */
const SURE_CLIMB = { iterationsMax: 30, gainMin: 1e-4 };
/** A climb is given up if it promises to end so far above the best. */
const HOPE = 1;
/** Lags of the errors, and pairs of a pole and a zero that they ask for. */
const LAGS_MAX = 30;
const PAIRS = 2;
const PAIR_TERMS_MAX = 2;
/** AICc by which a pair must lower what was promised. */
const PAIR_GAIN_MIN = 0.1;

/** One model of the search, and what is known of it. */
interface Candidate {
  readonly spec: ArimaSpec;
  readonly blocks: Blocks;
  readonly data: TrainingData;
  /** R's coefficients by conditional least squares. */
  readonly start: Float64Array;
  /** Free numbers, from the exact likelihood on. */
  free: Float64Array;
  /** About what AICc is at `start`, or what it is at `free`; at first none. */
  promised: number;
  /** How exact `promised` is. */
  stage: Stage;
  readonly conditional: ConditionalFit;
  likelihood: ArmaLikelihood | null;
  climber: Climber | null;
}

/** A candidate that was fitted, and its AICc then. */
interface Ranked {
  readonly candidate: Candidate;
  readonly aicc: number;
  /** Whether it was climbed to the very top. */
  readonly sure: boolean;
}

/**
 * Searches the models with up to some terms for those with the lowest AICc.
 *
 * All are screened by conditional least squares. The exact likelihood is taken
 * of those, and climbed, that this, or the fit of a model with fewer terms,
 * brings near the best. Fits are as exact as a choice needs: who takes one fits
 * it anew, and says what came of it by `settle`.
 *
 * A model with a root within 1.01 of the unit circle is no choice.
 */
export class OrderSearch {
  readonly #candidates: Candidate[] = [];
  #ranked: Ranked[] = [];
  #budget = WORK_MAX;
  /** The series with the constant that suits it best where it has no terms. */
  #favoured: TrainingData | null = null;
  readonly #margin: typeof MARGIN;

  /** Each variant is the series with one constant, as prepared for that. */
  constructor(
    variants: readonly {
      readonly spec: ArimaSpec;
      readonly data: TrainingData;
    }[],
    limits: Blocks,
  ) {
    const { nobs } = variants[0].data;
    const factor = Math.max(1, Math.min(MARGIN_FACTOR_MAX, SHORT / nobs));
    this.#margin = {
      regressed: factor * MARGIN.regressed,
      conditional: factor * MARGIN.conditional,
      exact: MARGIN.exact,
    };
    for (const { spec, data } of variants) {
      this.#candidates.push(
        ...this.#candidates.length === 0
          ? regressed(spec, data, limits)
          : withConstant(this.#candidates, spec, data, limits),
      );
    }
    this.#startWith();
  }

  /** Fits what a search should never miss, whatever a regression says. */
  #startWith(): void {
    const plain = this.#candidates.filter(({ start }) => start.length === 0);
    // Too few values for any AICc.
    if (plain.length === 0) return;
    for (const one of plain) this.#fit(one);
    const [{ data }] = plain.sort((a, b) => a.promised - b.promised);
    this.#favoured = data;
    const first = this.#candidates.filter((one) =>
      one.data === data && FIRST.has(one.blocks.join())
    );
    for (const one of first) this.#fit(one);
    for (const one of [...plain, ...first]) this.#spread(one);
  }

  /** All steps of a candidate at once. */
  #fit(one: Candidate): void {
    while (one.stage !== "fitted") this.#advance(one, Infinity);
  }

  /** The best model, and what its AICc is by now; `null` if there is none. */
  best(): { readonly spec: ArimaSpec; readonly aicc: number } | null {
    for (;;) {
      const [best] = this.#ranked;
      const aicc = best?.aicc ?? Infinity;
      const next = this.#budget > 0 ? this.#mostPromising(aicc) : null;
      if (next !== null) {
        this.#advance(next, aicc);
        if (next.stage === "fitted") this.#spread(next);
      } else if (best === undefined) return null;
      else if (best.sure || this.#budget <= 0) {
        return { spec: best.candidate.spec, aicc };
      } else this.#confirm(best);
    }
  }

  /** What a model came to when it was fitted anew; `Infinity`: it is none. */
  settle(spec: ArimaSpec, aicc: number): void {
    const { candidate } = this.#ranked.find(({ candidate }) =>
      candidate.spec === spec
    )!;
    this.#rank(candidate, aicc, true);
  }

  #rank(candidate: Candidate, aicc: number, sure: boolean): void {
    this.#ranked = this.#ranked.filter((one) => one.candidate !== candidate);
    if (aicc === Infinity) return;
    this.#ranked.push({ candidate, aicc, sure });
    this.#ranked.sort((a, b) => a.aicc - b.aicc);
  }

  /** Climbs to the very top, which may be too near the unit circle. */
  #confirm({ candidate }: Ranked): void {
    const likelihood = candidate.likelihood ??= likelihoodOf(candidate);
    const before = likelihood.evaluations;
    const { x, value } = climberOf(candidate, likelihood).climb(
      candidate.free,
      SURE_CLIMB,
    );
    candidate.free = x;
    candidate.promised = aiccAt(candidate, value);
    const taken = likelihood.evaluations - before;
    this.#budget -= likelihood.filter.cost * taken;
    const holds = rootsAway(expanded(likelihood, x));
    this.#rank(candidate, holds ? candidate.promised : Infinity, true);
  }

  /** The lowest that may come near the best, or `null`. */
  #mostPromising(best: number): Candidate | null {
    let next: Candidate | null = null;
    for (const one of this.#candidates) {
      if (one.stage === "fitted") continue;
      if (one.promised > best + this.#margin[one.stage]) continue;
      if (one.promised < (next?.promised ?? Infinity)) next = one;
    }
    return next;
  }

  /** Learns more of a candidate, by the next dearer means. */
  #advance(next: Candidate, best: number): void {
    if (next.stage === "regressed") {
      refine(next, CONDITIONAL_STEPS);
      next.stage = "conditional";
      return;
    }
    const likelihood = next.likelihood ??= likelihoodOf(next);
    const before = likelihood.evaluations;
    if (next.stage === "conditional") {
      next.free = likelihood.shape.toFree(next.start);
      next.promised = aiccAt(next, likelihood.atFree(next.free));
      next.stage = "exact";
    } else {
      fitCandidate(next, likelihood, best);
      const holds = rootsAway(expanded(likelihood, next.free));
      this.#rank(next, holds ? next.promised : Infinity, false);
    }
    const taken = likelihood.evaluations - before;
    this.#budget -= likelihood.filter.cost * taken;
  }

  /** Lets other models start where a fitted one came to. */
  #spread(from: Candidate): void {
    const near = from.promised < (this.#ranked[0]?.aicc ?? Infinity) +
        MARGIN.exact;
    for (const one of this.#candidates) {
      inherit(one, from);
      if (near && one.blocks === from.blocks) takeOver(one, from);
    }
    if (
      near && from.data === this.#favoured &&
      from.free.length <= PAIR_TERMS_MAX
    ) {
      pairUp(this.#candidates, from);
    }
  }
}

/** All models with up to these terms, by regressions and one step more. */
function regressed(
  spec: ArimaSpec,
  data: TrainingData,
  limits: Blocks,
): Candidate[] {
  const z = data.w.map((value) => Number.isNaN(value) ? 0 : value);
  const screen = new OrderScreen(z, limits, spec.period);
  const conditional = new ConditionalFit(z, limits, spec.period);
  const { order: [, d], seasonal: [, D] } = spec;
  const all: Candidate[] = [];
  for (const blocks of upTo(limits)) {
    const [p, q, P, Q] = blocks;
    const start = takeArray(p + q + P + Q);
    if (penaltyOf(data, start.length) === Infinity) continue;
    const one: Candidate = {
      spec: { ...spec, order: [p, d, q], seasonal: [P, D, Q] },
      blocks,
      data,
      conditional,
      start,
      free: start,
      promised: Infinity,
      stage: "regressed",
      likelihood: null,
      climber: null,
    };
    if (start.length <= REGRESSED_MAX) {
      screen.estimate(blocks, start);
      drawIn(blocks, start);
      refine(one, FIRST_STEPS);
    }
    all.push(one);
  }
  return all;
}

/** The same models with another constant. */
function withConstant(
  candidates: readonly Candidate[],
  { constant, period }: ArimaSpec,
  data: TrainingData,
  limits: Blocks,
): Candidate[] {
  const z = data.w.map((value) => Number.isNaN(value) ? 0 : value);
  const conditional = new ConditionalFit(z, limits, period);
  return candidates.map((other) => {
    const spec = { ...other.spec, constant };
    const start = copyArray(other.start);
    const one = { ...other, spec, start, data, conditional };
    if (other.promised < Infinity) refine(one, 0);
    return one;
  });
}

/** Improves a start by conditional least squares. */
function refine(one: Candidate, iterations: number): void {
  const square = one.conditional.refine(one.blocks, one.start, iterations);
  one.promised = aiccAt(one, Math.log(square) / 2);
}

/** Makes coefficients stationary and invertible that are not. */
function drawIn(blocks: Blocks, x: Float64Array): void {
  const free = takeArray(x.length);
  let at = 0;
  blocks.forEach((count, b) => {
    if (count === 0) return;
    const sign = b % 2 === 0 ? 1 : -1;
    coefficientsToFree(x, at, count, free, sign, START_PARTIAL_MAX);
    freeToCoefficients(free, at, count, x, sign);
    at += count;
  });
}

function* upTo([p, q, P, Q]: Blocks): Generator<Blocks> {
  for (let i = 0; i <= p; i++) {
    for (let j = 0; j <= q; j++) {
      for (let k = 0; k <= P; k++) {
        for (let l = 0; l <= Q; l++) yield [i, j, k, l];
      }
    }
  }
}

function likelihoodOf({ spec, data }: Candidate): ArmaLikelihood {
  const shape = new ArmaShape(spec);
  const p = shape.phi.length;
  const q = shape.theta.length;
  const filter: ArmaFilter = data.missing
    ? new KalmanFilter(data.columns, p, q, data.delta)
    : new ChandrasekharFilter(data.columns, p, q, shape.lags);
  return new ArmaLikelihood(filter, shape);
}

function climberOf(one: Candidate, likelihood: ArmaLikelihood): Climber {
  return one.climber ??= new Climber(likelihood);
}

/** What AICc adds to -2 loglik; `Infinity` where the values are too few. */
function penaltyOf({ nobs, constants }: TrainingData, terms: number): number {
  const k = terms + constants.names.length + 1;
  const spare = nobs - k - 1;
  return spare > 0 ? 2 * k + 2 * k * (k + 1) / spare : Infinity;
}

/** AICc of a value of the likelihood. */
function aiccAt({ data, start }: Candidate, value: number): number {
  const { nobs, scale } = data;
  const level = 1 + Math.log(2 * Math.PI) + 2 * Math.log(scale);
  return nobs * (2 * value + level) + penaltyOf(data, start.length);
}

/** Moves a candidate towards its likelihood's maximum. */
function fitCandidate(
  one: Candidate,
  likelihood: ArmaLikelihood,
  best: number,
): void {
  const climber = climberOf(one, likelihood);
  let found = climber.climb(one.free, {
    ...CLIMB,
    hopeless: (value, gain) => aiccAt(one, value) - 2 * gain > best + HOPE,
  });
  const shape = expanded(likelihood, found.x);
  if (
    aiccAt(one, found.value) < best + MARGIN.exact &&
    rootsAway(shape) && !rootsAway(shape, ROOT_CLOSE)
  ) {
    found = climber.climb(found.x, CLOSE_CLIMB);
  }
  one.free = found.x;
  one.promised = aiccAt(one, found.value);
  one.stage = "fitted";
}

/** The shape with phi and theta of these free numbers. */
function expanded({ shape }: ArmaLikelihood, free: Float64Array): ArmaShape {
  const coefficients = takeArray(free.length);
  shape.fromFree(free, coefficients);
  shape.expand(coefficients);
  return shape;
}

/** Lets a model with one term more start where this one came to. */
function inherit(one: Candidate, from: Candidate): void {
  if (one.start.length !== from.free.length + 1) return;
  if (one.stage === "fitted" || one.data !== from.data) return;
  const fewer = from.blocks;
  const more = one.blocks.map((count, b) => count - fewer[b]);
  if (more.some((count) => count < 0)) return;
  const promised = from.promised - penaltyOf(from.data, from.free.length) +
    penaltyOf(one.data, one.start.length);
  if (promised >= one.promised) return;
  one.promised = promised;
  one.stage = "exact";
  // A further partial autocorrelation of 0 changes nothing.
  one.free = takeArray(one.start.length);
  let at = 0;
  let taken = 0;
  fewer.forEach((count, b) => {
    one.free.set(from.free.subarray(taken, taken + count), at);
    taken += count;
    at += count + more[b];
  });
}

/** Lets the same model with another constant start there, if that is better. */
function takeOver(one: Candidate, from: Candidate): void {
  if (one.stage === "fitted") return;
  const likelihood = one.likelihood ??= likelihoodOf(one);
  const promised = aiccAt(one, likelihood.atFree(from.free));
  if (promised >= one.promised) return;
  one.promised = promised;
  one.free = from.free;
  one.stage = "exact";
}

/**
 * Lets models with a pole and a zero more, or two of each, start where the
 * errors of this one have correlation left.
 */
function pairUp(candidates: readonly Candidate[], from: Candidate): void {
  const likelihood = from.likelihood ??= likelihoodOf(from);
  const { shape } = likelihood;
  const coefficients = takeArray(from.free.length);
  shape.fromFree(from.free, coefficients);
  likelihood.at(coefficients);
  const r = errorAutocorrelations(likelihood, 1, LAGS_MAX);
  const [p, q, P, Q] = from.blocks;
  for (
    const [more, pairs] of [
      [1, realPairs(r)],
      [2, complexPairs(r)],
    ] as const
  ) {
    const one = candidates.find(({ data, blocks: [a, b, c, d] }) =>
      data === from.data && a === p + more && b === q + more && c === P &&
      d === Q
    );
    if (one === undefined) continue;
    const other = one.likelihood ??= likelihoodOf(one);
    for (const pair of pairs.slice(0, PAIRS)) {
      const free = other.shape.toFree(shape.times(coefficients, pair, false));
      const promised = aiccAt(one, other.atFree(free));
      if (promised > one.promised - PAIR_GAIN_MIN) continue;
      one.promised = promised;
      one.free = free;
      one.stage = "exact";
    }
  }
}
