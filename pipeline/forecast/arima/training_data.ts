import { dot } from "./dot_product.ts";
import { KalmanFilter } from "./kalman_filter.ts";
import { differenceBy, differencingWeights } from "./lag_polynomial.ts";
import {
  arimaName,
  type ArimaSpec,
  hasSeason,
  lostToDifferencing,
} from "./spec.ts";
import { solvePositive } from "./solve_positive.ts";
import { takeArray } from "./split_array.ts";

/** Rounding of a difference, in parts of the largest value. */
const ROUNDING = 4 * Number.EPSILON;
/** Next to it doubles are 2^-30 apart, which is the quantum of `rounded`. */
const COARSE = 1.5 * 2 ** 22;
/** Values and spreads beyond have squares that are no numbers. */
const LARGEST = 1e140;
const SMALLEST = 1e-140;
/** Values beyond p + q + P + Q that an estimate needs. */
const SPARE_MIN = 5;

/** A series made ready: differenced, about 0, with a spread of about 1. */
export interface TrainingData {
  readonly kind: "ready";
  readonly delta: readonly number[];
  /** The standard series, differenced, `NaN` where unknown (n - lost). */
  readonly w: Float64Array;
  /** The standard series as a filter takes it: levels if one is missing. */
  readonly exact: Float64Array;
  /**
   * The same a little rounded, for estimates that do not hang on how the data
   * were rounded when they were scaled, and its regressors.
   */
  readonly columns: readonly Float64Array[];
  readonly missing: boolean;
  /** Values that count. */
  readonly nobs: number;
  readonly scale: number;
  /** What was taken off w before it was scaled. */
  readonly shift: number;
  /** The first value, from which levels are counted. */
  readonly first: number;
  /** How far the largest value may be rounded. */
  readonly rounding: number;
  readonly constants: Constants;
}

/** The regressors that stand for the mean or the drift. */
export interface Constants {
  /** In R's names and order. */
  readonly names: readonly string[];
  /** What a coefficient of the standard regressors adds to each of R's. */
  readonly weights: readonly (readonly number[])[];
  /** R's coefficients. */
  coefficients(beta: ArrayLike<number>): number[];
  /** Mean of w after the last value, and what it gains a step. */
  outlook(beta: ArrayLike<number>): { center: number; slope: number };
}

/** Constant once differenced, so that no model but the exact one is left. */
export interface ConstantData {
  readonly kind: "constant";
  readonly delta: readonly number[];
  readonly nobs: number;
  readonly names: readonly string[];
  readonly coefficients: readonly number[];
  readonly center: number;
  readonly slope: number;
  /** The last values, the latest first, also where they are missing. */
  readonly levels: readonly number[];
}

export type Prepared =
  | TrainingData
  | ConstantData
  | { readonly kind: "failed"; readonly reason: string };

/** Differences and standardises a series, or says why it cannot be fitted. */
export function prepareSeries(y: Float64Array, spec: ArimaSpec): Prepared {
  const n = y.length;
  let observed = 0;
  let first = NaN;
  let last = NaN;
  let firstAt = 0;
  let lastAt = 0;
  let magnitude = 0;
  let changes = 0;
  for (let t = 0; t < n; t++) {
    const value = y[t];
    if (Number.isNaN(value)) continue;
    if (!(Math.abs(value) < LARGEST)) {
      return failed(
        `value ${t} of ${n} is ${value}, not a number below ${LARGEST}`,
      );
    }
    if (observed === 0) {
      first = last = value;
      firstAt = t;
    }
    lastAt = t;
    observed++;
    changes = Math.max(changes, Math.abs(value - last));
    last = value;
    magnitude = Math.max(magnitude, Math.abs(value));
  }
  const lost = lostToDifferencing(spec);
  const nobs = observed - lost;
  if (nobs < 1) {
    return failed(
      `${observed} values are too few for ${arimaName(spec)}, which loses ` +
        `${lost} to differencing`,
    );
  }
  const season = hasSeason(spec);
  const terms = spec.order[0] + spec.order[2] +
    (season ? spec.seasonal[0] + spec.seasonal[2] : 0);
  const differences = spec.order[1] + (season ? spec.seasonal[1] : 0);
  const delta = differencingWeights(
    spec.order[1],
    season ? spec.seasonal[1] : 0,
    spec.period,
  );
  const missing = observed < n;
  const w = differenceBy(y, delta);
  const kind = spec.constant === "none" || differences > 1
    ? "none"
    : spec.constant === "mean"
    ? (differences === 0 ? "mean" : "none")
    : (differences === 0 ? "line" : "drift");

  const rounding = ROUNDING * 2 ** differences * magnitude;
  const least = terms === 0 ? 1 : terms + SPARE_MIN;
  // Between gaps the differences that are known may be alike by chance.
  const sure = !missing || lost === 0 || changes <= rounding;
  const line = leastSquares(w, kind === "line");
  if (sure) {
    const still = line.spread <= rounding;
    const centred = kind !== "none" || Math.abs(line.level) <= rounding ||
      (spec.order[0] > 0 && nobs >= least);
    if (still && centred) {
      const { level, slope } = line;
      const next = n - lost + 1;
      return {
        kind: "constant",
        delta,
        nobs,
        names: constantNames(kind),
        coefficients: kind === "none"
          ? []
          : kind === "mean"
          ? [level]
          : kind === "drift"
          ? [level / lost]
          : [level, slope],
        center: Math.abs(level) <= rounding && kind !== "line" &&
            kind !== "mean"
          ? 0
          : level + slope * next,
        slope,
        levels: delta.map((_, k) => {
          const value = y[n - 1 - k];
          return Number.isNaN(value) ? last : value;
        }),
      };
    }
  }
  const needed = Math.max(least, kind === "line" ? 3 : 1);
  if (nobs < needed) {
    return failed(
      `${observed} values are too few for ${arimaName(spec)}, which needs ` +
        `${lost + needed}`,
    );
  }

  const { count, mean, sd } = spreadOf(w, kind !== "none");
  const scale = sd > rounding ? sd : changes;
  if (!(scale > SMALLEST) || !(scale < LARGEST)) {
    return failed(`a spread of ${scale} is out of range`);
  }
  const shift = kind === "none"
    ? 0
    : count > 0
    ? mean
    : (last - first) / (lastAt - firstAt) * lost;
  const standard = takeArray(w.length);
  for (let t = 0; t < w.length; t++) standard[t] = (w[t] - shift) / scale;
  const exact = !missing || lost === 0
    ? standard
    : y.map((value, i) =>
      (value - first - shift * (i + 1) / Math.max(1, lost)) / scale
    );
  const length = exact.length;
  const onLevels = missing && lost > 0;
  if (onLevels) {
    const levels = exactLevels(exact, delta, rounding / scale);
    if (levels !== null) {
      return {
        kind: "constant",
        delta,
        nobs,
        names: constantNames(kind),
        coefficients: kind === "none" ? [] : [shift / lost],
        center: shift,
        slope: 0,
        levels: levels.map((level, k) => {
          const value = y[n - 1 - k];
          return Number.isNaN(value)
            ? first + shift * (n - k) / lost + scale * level
            : value;
        }),
      };
    }
  }
  const columns = [rounded(exact)];
  if (kind === "drift" && onLevels) {
    columns.push(Float64Array.from({ length }, (_, i) => (i + 1) / lost));
  } else if (kind !== "none") {
    columns.push(takeArray(length).fill(1));
  }
  const middle = (n + 1) / 2;
  if (kind === "line") {
    columns.push(
      Float64Array.from({ length }, (_, i) => (i + 1 - middle) / n),
    );
  }
  return {
    kind: "ready",
    delta,
    w: exact === standard ? columns[0] : rounded(standard),
    exact,
    columns,
    missing,
    nobs,
    scale,
    shift,
    first,
    rounding: magnitude * Number.EPSILON / 2,
    constants: {
      names: constantNames(kind),
      ...constantsOf(kind, { shift, scale, lost, n, middle }),
    },
  };
}

type Kind = "none" | "mean" | "drift" | "line";

function constantNames(kind: Kind): readonly string[] {
  switch (kind) {
    case "none":
      return [];
    case "mean":
      return ["intercept"];
    case "drift":
      return ["drift"];
    case "line":
      return ["intercept", "drift"];
  }
}

function constantsOf(
  kind: Kind,
  { shift, scale, lost, n, middle }: {
    readonly shift: number;
    readonly scale: number;
    readonly lost: number;
    readonly n: number;
    readonly middle: number;
  },
): Omit<Constants, "names"> {
  switch (kind) {
    case "none":
      return {
        weights: [],
        coefficients: () => [],
        outlook: () => ({ center: 0, slope: 0 }),
      };
    case "mean":
    case "drift": {
      const unit = kind === "mean" ? 1 : lost;
      const center = (beta: ArrayLike<number>) => shift + scale * beta[0];
      return {
        weights: [[scale / unit]],
        coefficients: (beta) => [center(beta) / unit],
        outlook: (beta) => ({ center: center(beta), slope: 0 }),
      };
    }
    case "line": {
      const slope = (beta: ArrayLike<number>) => scale * beta[1] / n;
      const level = (beta: ArrayLike<number>, t: number) =>
        shift + scale * beta[0] + slope(beta) * (t - middle);
      return {
        weights: [[scale, -scale * middle / n], [0, scale / n]],
        coefficients: (beta) => [level(beta, 0), slope(beta)],
        outlook: (beta) => ({
          center: level(beta, n + 1),
          slope: slope(beta),
        }),
      };
    }
  }
}

/**
 * The constant (or the line) through the values that are there, with time from
 * 1, and the largest distance from it; all 0 if none is there.
 */
function leastSquares(
  w: Float64Array,
  withSlope: boolean,
): { level: number; slope: number; spread: number } {
  const { mean } = spreadOf(w, true);
  let level = mean;
  let slope = 0;
  if (withSlope) {
    const middle = (w.length + 1) / 2;
    const products = takeArray(9);
    for (let t = 0; t < w.length; t++) {
      if (Number.isNaN(w[t])) continue;
      const x = t + 1 - middle;
      const y = w[t] - mean;
      products[3] += y;
      products[4]++;
      products[5] += x;
      products[6] += x * y;
      products[8] += x * x;
    }
    products[7] = products[5];
    const out = takeArray(2);
    if (solvePositive(products, 2, out, takeArray(9))) {
      slope = out[1];
      level = mean + out[0] - slope * middle;
    }
  }
  let spread = 0;
  for (let t = 0; t < w.length; t++) {
    const distance = Math.abs(w[t] - level - slope * (t + 1));
    if (distance > spread) spread = distance;
  }
  return { level, slope, spread };
}

/**
 * The last levels, latest first, of a series whose differences are 0 as far as
 * its gaps tell; `null` if they are not, or leave its start unknown.
 */
function exactLevels(
  levels: Float64Array,
  delta: readonly number[],
  rounding: number,
): readonly number[] | null {
  const none = takeArray(0);
  const filter = new KalmanFilter([levels], 0, 0, delta);
  filter.run(none, none);
  const [errors] = filter.errors;
  return filter.diffuse || dot(errors, errors) > filter.nobs * rounding ** 2
    ? null
    : delta.map((_, k) => filter.states[0][filter.size - delta.length + k]);
}

/** Mean of what is there, and the root mean square about it, or about 0. */
function spreadOf(
  w: Float64Array,
  aboutMean: boolean,
): { count: number; mean: number; sd: number } {
  let count = 0;
  let origin = 0;
  let sum = 0;
  for (let t = 0; t < w.length; t++) {
    const value = w[t];
    if (Number.isNaN(value)) continue;
    // Counted from the first, so that a constant is its own mean exactly.
    if (count === 0) origin = value;
    sum += value - origin;
    count++;
  }
  const mean = count > 0 ? origin + sum / count : 0;
  const about = aboutMean ? mean : 0;
  let squares = 0;
  for (let t = 0; t < w.length; t++) {
    const distance = w[t] - about;
    if (!Number.isNaN(distance)) squares += distance * distance;
  }
  return { count, mean, sd: Math.sqrt(squares / Math.max(1, count)) };
}

/** To a whole number of quanta, the even one of two as near. */
function rounded(values: Float64Array): Float64Array {
  const out = takeArray(values.length);
  for (let t = 0; t < out.length; t++) out[t] = values[t] + COARSE - COARSE;
  return out;
}

function failed(reason: string): Prepared {
  return { kind: "failed", reason };
}
