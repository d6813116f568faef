import type { ArmaLikelihood } from "./arma_likelihood.ts";
import type { ArmaShape, Blocks } from "./arma_shape.ts";
import {
  complexPairs,
  type Pair,
  REAL_NOTCHES,
  realPairs,
} from "./cancelling_pairs.ts";
import {
  autocorrelations,
  errorAutocorrelations,
} from "./error_autocorrelations.ts";
import { type Climbed, Climber } from "./gauss_newton.ts";
import { hannanRissanen } from "./hannan_rissanen.ts";
import { minimizeBfgs, type Minimum } from "./minimize_bfgs.ts";
import { polynomialRoots } from "./polynomial_roots.ts";
import { copyArray, takeArray } from "./split_array.ts";

/** What a search works on. */
export interface SearchProblem {
  /** The standard series, differenced, 0 where it is missing. */
  readonly w: Float64Array;
  /** Whether w is what is left of the series without any ARMA term. */
  readonly plain: boolean;
  /** The likelihood of the series with these terms. */
  likelihood(blocks: Blocks): ArmaLikelihood;
  /**
   * R's coefficients that are climbed from as well, such as those of the fit
   * before, or `null`.
   */
  readonly warm: Float64Array | null;
  /** Values of the likelihood that may be taken, about. */
  readonly evaluationsMax: number;
}

const GRADIENT_MAX = 1e-7;
const ITERATIONS_MAX = 200;
/** From these values on there is time for more than one start. */
const SEVERAL_FROM = 3_000;
/** Models within models that starts are looked for in. */
const DEPTH_MAX = 2;
/** Best starts that are climbed: of a pole and a zero alone, of others. */
const KEPT_OF_TWO = 2;
const KEPT = 4;
/** The same where slopes are exact, and climbs cheap. */
const KEPT_OF_SHORT = 8;
const STEPS_MAX = 12;
/** Pairs tried on the errors of a smaller model. */
const PAIRS = 4;
const COMPLEX_PAIRS = 8;
/** What -2 loglik may still gain where a climb ends. */
const GAIN_MIN = 0.003;
/** A climb is given up that needs so many times what it promises to gain. */
const HOPE = 8;
/** Lags of the errors looked at. */
const LAGS_MAX = 60;
/** Two points are one if neither their values nor their numbers differ more. */
const SAME_LOGLIK = 0.05;
const SAME_PARTIAL = 0.05;

/** A pole and a zero this near to each other, the pole beyond, are a line. */
const LINE_NEAR = 0.015;
const LINE_MODULUS = 0.9;
/** Values up to which lines are not told from wider peaks. */
const LONG = 1_000;

interface Point extends Climbed {
  readonly line: boolean;
}

/**
 * The maximum of a likelihood, in free numbers.
 *
 * A mixed ARMA has many local maxima, most with a pole next to a zero. Starts
 * are the Hannan-Rissanen estimate, and the maxima of models with one or two
 * poles and zeros less, with a pair added where their errors ask for it. They
 * are valued, and the best of them climbed from.
 *
 * A warm start is one more, climbed from in any case and after all others, so
 * that none of them is given up for it.
 *
 * Among its many frequencies a long series always shows a line that lasts as
 * long as it does: a maximum of that kind is taken only if there is no other.
 */
export function searchMaximum(
  problem: SearchProblem,
  blocks: Blocks,
): Minimum {
  const climber = new Climber(problem.likelihood(blocks));
  const depth = problem.evaluationsMax < SEVERAL_FROM ? 0 : DEPTH_MAX;
  const [best] = bestPoints(problem, climber, depth, problem.warm);
  const { slopes } = climber;
  return minimizeBfgs(slopes.valueAt, best.x, {
    gradient: slopes.exact
      ? (x, out) => {
        slopes.slopesAt(x, NaN);
        out.set(slopes.gradient);
      }
      : null,
    curvature: best.curvature,
    gradientMax: GRADIENT_MAX,
    iterationsMax: ITERATIONS_MAX,
    evaluationsMax: problem.evaluationsMax / (depth > 0 ? 2 : 1),
  });
}

/** Where to go on from, best first. */
function bestPoints(
  problem: SearchProblem,
  climber: Climber,
  depth: number,
  warm: Float64Array | null,
): readonly Point[] {
  const { likelihood } = climber;
  if (likelihood.shape.count === 0) {
    const x = takeArray(0);
    return [{ x, value: likelihood.atFree(x), curvature: null, line: false }];
  }
  const starts = [
    hannanRissanenStart(problem, likelihood.shape),
    ...(depth > 0 ? largerStarts(problem, likelihood.shape, depth) : []),
  ];
  const { shape } = likelihood;
  const pointAt = (x: Float64Array): Point => ({
    x,
    value: likelihood.atFree(x),
    curvature: null,
    line: false,
  });
  const tried = starts.map(pointAt);
  const kept = shape.count <= 2
    ? KEPT_OF_TWO
    : climber.slopes.exact
    ? KEPT_OF_SHORT
    : KEPT;
  const { nobs } = likelihood.filter;
  const chosen = [...distinct(tried, kept, nobs)];
  // Among lines only, the plain maximum would be missed.
  if (nobs > LONG && !chosen.includes(tried[0])) chosen.push(tried[0]);
  if (warm !== null) chosen.push(pointAt(shape.toFree(warm)));
  let lowest = Infinity;
  const points = chosen.map((point) => {
    const climbed = climber.climb(point.x, {
      iterationsMax: STEPS_MAX,
      gainMin: GAIN_MIN,
      hopeless: (value, gain) => 2 * nobs * (value - lowest) > HOPE * gain,
    });
    const line = nobs > LONG && isLine(shape, climbed.x);
    if (!line) lowest = Math.min(lowest, climbed.value);
    return { ...climbed, line };
  });
  return points.sort(byRank);
}

/** Whether a pole stands beside a zero next to the unit circle. */
function isLine(shape: ArmaShape, x: Float64Array): boolean {
  const [p, q] = shape.blocks;
  if (p === 0 || q === 0) return false;
  const c = takeArray(shape.count);
  shape.fromFree(x, c);
  if (p === 1 && q === 1) {
    return Math.abs(c[0]) > LINE_MODULUS && Math.abs(c[0] + c[1]) < LINE_NEAR;
  }
  const poles = polynomialRoots(c.subarray(0, p).map((value) => -value));
  const zeros = polynomialRoots(c.subarray(p, p + q));
  return poles.some((pole) =>
    Math.hypot(pole.re, pole.im) > LINE_MODULUS &&
    zeros.some((zero) =>
      Math.hypot(zero.re - pole.re, zero.im - pole.im) < LINE_NEAR
    )
  );
}

function hannanRissanenStart(
  { w }: SearchProblem,
  shape: ArmaShape,
): Float64Array {
  const found = shape.count === 0
    ? null
    : hannanRissanen(w, shape.arLags, shape.maLags);
  return found === null
    ? takeArray(shape.count)
    : shape.toFree(shape.fromLags(found));
}

/** Smaller models with a pair of a pole and a zero, or two, added. */
function largerStarts(
  problem: SearchProblem,
  shape: ArmaShape,
  depth: number,
): readonly Float64Array[] {
  const [p, q, P, Q] = shape.blocks;
  const out: Float64Array[] = [];
  const from = (
    blocks: Blocks,
    bases: number,
    step: number,
    pairs: (r: Float64Array) => readonly Pair[],
  ) => {
    if (step === 1 && problem.plain && blocks.every((count) => count === 0)) {
      for (const pair of pairs(autocorrelations(problem.w, 1, LAGS_MAX))) {
        out.push(shape.toFree(copyArray([...pair.ar, ...pair.ma])));
      }
      return;
    }
    const climber = new Climber(problem.likelihood(blocks));
    const smaller = climber.likelihood;
    const c = takeArray(smaller.shape.count);
    for (
      const { x } of bestPoints(problem, climber, depth - 1, null)
        .slice(0, bases)
    ) {
      smaller.atFree(x);
      smaller.shape.fromFree(x, c);
      const r = errorAutocorrelations(smaller, step, LAGS_MAX);
      for (const pair of pairs(r)) {
        out.push(shape.toFree(smaller.shape.times(c, pair, step > 1)));
      }
    }
  };
  if (p > 0 && q > 0) {
    from([p - 1, q - 1, P, Q], 2, 1, (r) => [
      ...realPairs(r).slice(0, PAIRS),
      ...REAL_NOTCHES,
    ]);
  }
  if (p > 1 && q > 1) {
    from(
      [p - 2, q - 2, P, Q],
      1,
      1,
      (r) => complexPairs(r).slice(0, COMPLEX_PAIRS),
    );
  }
  if (P > 0 && Q > 0) {
    from([p, q, P - 1, Q - 1], 1, shape.season, (r) => [
      ...realPairs(r).slice(0, PAIRS),
      ...REAL_NOTCHES,
    ]);
  }
  return out;
}

/** Lines last, the best first. */
function byRank(a: Point, b: Point): number {
  return Number(a.line) - Number(b.line) || a.value - b.value;
}

/** The best so many, without those that are the same. */
function distinct(
  points: readonly Point[],
  count: number,
  nobs: number,
): readonly Point[] {
  const out: Point[] = [];
  for (const point of points.toSorted(byRank)) {
    if (out.length === count) break;
    const known = out.some((other) =>
      Math.abs(other.value - point.value) * nobs < SAME_LOGLIK &&
      other.x.every((x, i) =>
        Math.abs(Math.tanh(x) - Math.tanh(point.x[i])) < SAME_PARTIAL
      )
    );
    if (!known) out.push(point);
  }
  return out;
}
