import { dot } from "./dot_product.ts";
import { differenceBy, differencingWeights } from "./lag_polynomial.ts";
import { solvePositive } from "./solve_positive.ts";
import { type ArimaSpec, hasSeason } from "./spec.ts";
import type { TrainingData } from "./training_data.ts";
import { takeArray } from "./split_array.ts";

/** Values beyond have squares that are no numbers. */
const LARGEST = 1e140;

/** Outside series that a regression with ARIMA errors explains a series by. */
export type Regressors = readonly Float64Array[];

/** What is wrong with regressors of a series this long, or `null`. */
export function regressorsError(n: number, xreg: Regressors): string | null {
  for (const [j, column] of xreg.entries()) {
    if (column.length !== n) {
      return `regressor ${j + 1} has ${column.length} values, the series ${n}`;
    }
    const at = column.findIndex((value) => !(Math.abs(value) < LARGEST));
    if (at >= 0) {
      return `value ${at} of regressor ${j + 1} is ${column[at]}, not a ` +
        `number below ${LARGEST}`;
    }
  }
  return null;
}

/** R's names: `xreg`, or `xreg1`, `xreg2`… where there are several. */
export function regressorNames(xreg: Regressors): readonly string[] {
  return xreg.length === 1 ? ["xreg"] : xreg.map((_, j) => `xreg${j + 1}`);
}

/** A series less what its regressors make of it. */
export function withoutRegressors(
  y: Float64Array,
  xreg: Regressors,
  beta: ArrayLike<number>,
): Float64Array {
  const rest = y.slice();
  for (let j = 0; j < xreg.length; j++) {
    for (let t = 0; t < rest.length; t++) rest[t] -= beta[j] * xreg[j][t];
  }
  return rest;
}

/**
 * Coefficients by ordinary least squares of the differenced series, 0 where
 * they cannot be told apart. What they leave is what a fit starts from, so
 * that it is on the scale of the errors, not of what the regressors explain.
 */
export function firstCoefficients(
  y: Float64Array,
  spec: ArimaSpec,
  xreg: Regressors,
): Float64Array {
  const delta = weightsOf(spec);
  const w = differenceBy(y, delta);
  const columns = xreg.map((column) => differenceBy(column, delta));
  if (spec.constant !== "none") {
    columns.push(takeArray(w.length).fill(1));
  }
  if (spec.constant === "drift" && delta.length === 0) {
    columns.push(Float64Array.from(w, (_, t) => t / w.length));
  }
  const all = [w, ...columns].map((column) => {
    const present = column.filter((_, t) => !Number.isNaN(w[t]));
    const largest = present.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    return { values: present.map((x) => x / (largest || 1)), largest };
  });
  const width = all.length;
  const products = takeArray(width * width);
  all.forEach(({ values }, i) =>
    all.forEach((other, j) => {
      products[i * width + j] = dot(values, other.values);
    })
  );
  const out = takeArray(width - 1);
  const work = takeArray(width * width);
  if (!solvePositive(products, width - 1, out, work)) out.fill(0);
  const beta = takeArray(xreg.length);
  for (let j = 0; j < xreg.length; j++) {
    const { largest } = all[j + 1];
    if (largest > 0) beta[j] = out[j] * all[0].largest / largest;
  }
  return beta;
}

/** What a fit needs to know of its regressors once the series is made ready. */
export interface Regression {
  /** With a column for each, and their names, weights and coefficients. */
  readonly data: TrainingData;
  /** Coefficients in the units of the series at those of the columns. */
  coefficients(beta: ArrayLike<number>): Float64Array;
  /** The first level, from which a series less its regressors is counted. */
  firstLevel(beta: ArrayLike<number>): number;
}

/**
 * Adds regressors to a series that was made ready without what `first`, their
 * first coefficients, make of them.
 *
 * Columns are counted from a middle of their own and in a spread of their own;
 * an intercept takes up what that leaves out.
 *
 * @returns `null` where differencing leaves nothing of one, or they cannot be
 * told apart from each other or the constant.
 */
export function withRegressors(
  data: TrainingData,
  spec: ArimaSpec,
  y: Float64Array,
  xreg: Regressors,
  first: Float64Array,
): Regression | null {
  const { constants, scale } = data;
  const delta = weightsOf(spec);
  const onLevels = data.missing && delta.length > 0;
  const intercept = constants.names.includes("intercept");
  const origins: number[] = [];
  const spreads: number[] = [];
  const added: Float64Array[] = [];
  for (const column of xreg) {
    const origin = delta.length > 0
      ? column[0]
      : intercept
      ? column.reduce((sum, x) => sum + x / column.length, 0)
      : 0;
    const about = column.map((x) => x - origin);
    const moves = differenceBy(about, delta);
    const spread = Math.sqrt(dot(moves, moves) / moves.length);
    if (!(spread > 0)) return null;
    origins.push(origin);
    spreads.push(spread);
    added.push((onLevels ? about : moves).map((x) => x / spread));
  }
  const columns = [...data.columns, ...added];
  if (!areApart(columns.slice(1), onLevels ? delta : [])) return null;
  const fixed = constants.names.length;
  const inUnits = (beta: ArrayLike<number>) =>
    Float64Array.from(spreads, (spread, j) => scale * beta[fixed + j] / spread);
  /** What the columns leave out by where they are counted from. */
  const offset = (beta: ArrayLike<number>) =>
    inUnits(beta).reduce((sum, b, j) => sum + b * origins[j], 0);
  const magnitude = y.reduce(
    (most, x) => Math.abs(x) > most ? Math.abs(x) : most,
    0,
  );
  return {
    data: {
      ...data,
      columns,
      rounding: Math.max(data.rounding, magnitude * Number.EPSILON),
      constants: {
        names: [...constants.names, ...regressorNames(xreg)],
        weights: [
          ...constants.weights.map((row, i) => [
            ...row,
            ...spreads.map((spread, j) =>
              constants.names[i] === "intercept"
                ? -scale * origins[j] / spread
                : 0
            ),
          ]),
          ...spreads.map((spread, j) => [
            ...new Array<number>(fixed).fill(0),
            ...spreads.map((_, i) => i === j ? scale / spread : 0),
          ]),
        ],
        coefficients: (beta) => [
          ...constants.coefficients(beta).map((value, i) =>
            constants.names[i] === "intercept" ? value - offset(beta) : value
          ),
          ...inUnits(beta).map((b, j) => first[j] + b),
        ],
        outlook: (beta) => {
          const { center, slope } = constants.outlook(beta);
          return { center: intercept ? center - offset(beta) : center, slope };
        },
      },
    },
    coefficients: (beta) => inUnits(beta).map((b, j) => first[j] + b),
    firstLevel: (beta) => data.first - offset(beta),
  };
}

function weightsOf(spec: ArimaSpec): readonly number[] {
  const season = hasSeason(spec);
  return differencingWeights(
    spec.order[1],
    season ? spec.seasonal[1] : 0,
    spec.period,
  );
}

/** Whether regressors are no sums of each other, once differenced. */
function areApart(
  columns: readonly Float64Array[],
  delta: readonly number[],
): boolean {
  const moves = columns.map((column) => differenceBy(column, delta));
  const k = moves.length;
  const width = k + 1;
  const products = takeArray(width * width);
  moves.forEach((a, i) =>
    moves.forEach((b, j) => {
      products[(i + 1) * width + j + 1] = dot(a, b);
    })
  );
  const work = takeArray(width * width);
  return solvePositive(products, k, takeArray(k), work);
}
