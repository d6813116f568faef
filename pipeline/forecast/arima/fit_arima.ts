import type { ArimaModel } from "./arima_model.ts";
import type { ArmaFilter } from "./arma_filter.ts";
import { ArmaLikelihood } from "./arma_likelihood.ts";
import { ArmaShape, type Blocks } from "./arma_shape.ts";
import { ChandrasekharFilter } from "./chandrasekhar_filter.ts";
import { filterSeries } from "./filter_series.ts";
import { KalmanFilter } from "./kalman_filter.ts";
import {
  firstCoefficients,
  regressorNames,
  type Regressors,
  regressorsError,
  withoutRegressors,
  withRegressors,
} from "./regressors.ts";
import { searchMaximum } from "./search_maximum.ts";
import { arimaName, type ArimaSpec, hasSeason, specError } from "./spec.ts";
import { copyArray, takeArray, withArena } from "./split_array.ts";
import { estimateCovariance } from "./standard_errors.ts";
import {
  type ConstantData,
  prepareSeries,
  type TrainingData,
} from "./training_data.ts";

/** What a fit says beside the model, in R's names, signs and conventions. */
export interface ArimaEstimates {
  /** ar1…, ma1…, sar1…, sma1…, then intercept, drift, xreg or xreg1…. */
  readonly coef: Readonly<Record<string, number>>;
  /**
   * From the observed information; `null` where it gives none, or is too much
   * to compute.
   */
  readonly coefSe: Readonly<Record<string, number | null>>;
  /** Sum of squares over `nobs`. */
  readonly sigma2: number;
  readonly loglik: number;
  readonly aic: number;
  readonly aicc: number;
  readonly bic: number;
  /** Values that count: neither missing nor lost to differencing. */
  readonly nobs: number;
  /**
   * The series is constant once differenced, or the model leaves no more error
   * than rounding does: no error, no likelihood.
   */
  readonly degenerate: boolean;
  readonly converged: boolean;
  /** Why the optimiser stopped. */
  readonly stop: string;
  readonly iterations: number;
}

export type ArimaFit =
  | {
    readonly kind: "fitted";
    readonly model: ArimaModel;
    readonly estimates: ArimaEstimates;
    /**
     * One-step errors in the unit of the series (n - d - s D), oldest first;
     * `NaN` where the value is missing.
     */
    readonly residuals: readonly number[];
  }
  | { readonly kind: "failed"; readonly reason: string };

export interface FitOptions {
  /** Standard errors cost about as much as the fit; on unless `false`. */
  readonly standardErrors?: boolean;
  /**
   * A model to start from as well, such as the fit before: the search is the
   * same without it, and takes the higher maximum of the two. One of another
   * spec, or with a season, is not used.
   */
  readonly warm?: Pick<ArimaModel, "spec" | "phi" | "theta">;
  /**
   * Outside series, each as long as the series, which it is regressed on with
   * ARIMA errors, as R's `xreg`. The model that is returned is that of the
   * series less what they make of it: `coef` has how much that is.
   */
  readonly xreg?: Regressors;
}

const NONE = new Float64Array(0);
/** Longest state; a longer season is refused. */
export const STATE_MAX = 400;
/** Steps that the search of a fit may take: about half a second of work. */
const WORK_MAX = 6e8;
/** Values of the likelihood that a fit must be able to take. */
const EVALUATIONS_MIN = 40;

/**
 * Fits an ARIMA by exact maximum likelihood, as R's `arima` with method ML
 * does, from several starts.
 *
 * Missing values are `NaN`. A constant and its like is a fit without error,
 * marked degenerate, its loglik `Infinity`. Too few values, values that are
 * infinite, and models too large to fit within a second or so are failures
 * with their reason; data never makes it throw.
 *
 * Deterministic: equal input gives equal output.
 */
export function fitArima(
  y: Float64Array,
  spec: ArimaSpec,
  options: FitOptions = {},
): ArimaFit {
  const wrong = specError(spec);
  if (wrong !== null) return { kind: "failed", reason: wrong };
  const { xreg = [] } = options;
  const bad = regressorsError(y.length, xreg);
  if (bad !== null) return failed(bad);
  return withArena(() => {
    const first = xreg.length > 0 ? firstCoefficients(y, spec, xreg) : NONE;
    const rest = xreg.length > 0 ? withoutRegressors(y, xreg, first) : y;
    if (rest !== y && !staysFinite(y, rest)) {
      return failed("the regressors are out of the range of the series");
    }
    const data = prepareSeries(rest, spec);
    switch (data.kind) {
      case "failed":
        return data;
      case "constant":
        return constantFit(rest, spec, data, {
          names: regressorNames(xreg),
          values: first,
        });
      case "ready": {
        if (xreg.length === 0) {
          return maximumLikelihood(spec, data, options, () => ({ y, data }));
        }
        const regression = withRegressors(data, spec, y, xreg, first);
        return regression === null
          ? failed(
            "the regressors cannot be told apart from each other, or from " +
              "the constant",
          )
          : maximumLikelihood(spec, regression.data, options, (beta) => ({
            y: withoutRegressors(y, xreg, regression.coefficients(beta)),
            data: { ...regression.data, first: regression.firstLevel(beta) },
          }));
      }
    }
  });
}

/** @param restOf The series less its regressors, and the same made ready. */
function maximumLikelihood(
  spec: ArimaSpec,
  data: TrainingData,
  options: FitOptions,
  restOf: (beta: Float64Array) => {
    readonly y: Float64Array;
    readonly data: TrainingData;
  },
): ArimaFit {
  const { columns, constants, nobs, scale, missing } = data;
  const shape = new ArmaShape(spec);
  const p = shape.phi.length;
  const q = shape.theta.length;
  const state = Math.max(p, q, 1) + data.delta.length;
  const name = arimaName(spec);
  if (state > STATE_MAX) {
    return failed(
      `${name} needs a state of ${state}, more than ${STATE_MAX}`,
    );
  }
  const likelihoodOf = ([p, q, P, Q]: Blocks) => {
    const shape = new ArmaShape({
      ...spec,
      order: [p, spec.order[1], q],
      seasonal: [P, spec.seasonal[1], Q],
    });
    const { phi, theta, lags } = shape;
    const filter: ArmaFilter = missing
      ? new KalmanFilter(columns, phi.length, theta.length, data.delta)
      : new ChandrasekharFilter(columns, phi.length, theta.length, lags);
    return new ArmaLikelihood(filter, shape);
  };
  const likelihood = likelihoodOf(shape.blocks);
  const { filter } = likelihood;
  const evaluationsMax = Math.floor(WORK_MAX / filter.cost);
  if (evaluationsMax < EVALUATIONS_MIN && shape.count > 0) {
    return failed(`${name} is too large to fit to ${nobs} values`);
  }
  const found = searchMaximum(
    {
      w: missing ? data.w.map((x) => Number.isNaN(x) ? 0 : x) : data.w,
      plain: constants.names.length - (options.xreg ?? []).length < 2,
      likelihood: likelihoodOf,
      warm: warmStart(spec, options.warm),
      evaluationsMax,
    },
    shape.blocks,
  );
  const coefficients = takeArray(shape.count);
  shape.fromFree(found.x, coefficients);
  if (!Number.isFinite(likelihood.at(coefficients))) {
    return failed(`${name} has no likelihood on this series`);
  }
  const beta = copyArray(likelihood.beta);
  const differences = 2 * shape.count * (shape.count + 1);
  const covariance = options.standardErrors === false ||
      differences * filter.cost > WORK_MAX
    ? null
    : estimateCovariance(likelihood, coefficients, beta);

  shape.expand(coefficients);
  const rest = restOf(beta);
  const end = filterSeries(rest.y, spec, rest.data, {
    shape,
    beta,
    sigma2: null,
  });
  if (end === null) {
    return failed(
      missing
        ? `too few values follow each other to fit ${name}`
        : `${name} comes too near the edge of the stationary on this series`,
    );
  }
  const degenerate = end.model.sigma2 <= data.rounding ** 2;
  const loglik = -0.5 * nobs * (
        Math.log(2 * Math.PI * end.squares / nobs) + 1 + 2 * Math.log(scale)
      ) - 0.5 * end.sumLogF;
  const names = [...shape.names, ...constants.names];
  return {
    kind: "fitted",
    model: degenerate ? { ...end.model, sigma2: 0 } : end.model,
    estimates: {
      coef: record(names, [...coefficients, ...constants.coefficients(beta)]),
      coefSe: record(
        names,
        covariance === null || degenerate
          ? names.map(() => null)
          : errorsOf(covariance, shape.count, constants.weights),
      ),
      sigma2: degenerate ? 0 : end.model.sigma2,
      ...degenerate ? WITHOUT_ERROR : criteria(loglik, names.length + 1, nobs),
      nobs,
      degenerate,
      converged: found.converged,
      stop: found.stop,
      iterations: found.iterations,
    },
    residuals: end.residuals,
  };
}

/** Whether what is left of a series is finite wherever the series is. */
function staysFinite(y: Float64Array, rest: Float64Array): boolean {
  return rest.every((value, t) =>
    Number.isFinite(value) || !Number.isFinite(y[t])
  );
}

/** R's coefficients of a model, if it is of this spec and has no season. */
function warmStart(
  spec: ArimaSpec,
  warm: FitOptions["warm"],
): Float64Array | null {
  const [p, , q] = spec.order;
  if (
    warm === undefined || warm.phi.length !== p || warm.theta.length !== q ||
    arimaName(warm.spec) !== arimaName(spec) || hasSeason(spec)
  ) return null;
  const coefficients = copyArray([...warm.phi, ...warm.theta]);
  return coefficients.every(Number.isFinite) ? coefficients : null;
}

/** The same of a model without error. */
const WITHOUT_ERROR = {
  loglik: Infinity,
  aic: -Infinity,
  aicc: -Infinity,
  bic: -Infinity,
} as const;

/** AIC, AICc and BIC of `k` parameters, the variance among them. */
function criteria(loglik: number, k: number, nobs: number) {
  const aic = -2 * loglik + 2 * k;
  const spare = nobs - k - 1;
  return {
    loglik,
    aic,
    aicc: spare > 0 ? aic + 2 * k * (k + 1) / spare : Infinity,
    bic: aic + k * (Math.log(nobs) - 2),
  };
}

function record<T>(
  names: readonly string[],
  values: readonly T[],
): Record<string, T> {
  return Object.fromEntries(names.map((name, i) => [name, values[i]]));
}

/** Standard errors of R's coefficients from those of the standard series. */
function errorsOf(
  covariance: Float64Array,
  arma: number,
  weights: readonly (readonly number[])[],
): (number | null)[] {
  const size = arma + weights.length;
  const root = (variance: number) =>
    variance >= 0 && Number.isFinite(variance) ? Math.sqrt(variance) : null;
  const out: (number | null)[] = [];
  for (let i = 0; i < arma; i++) out.push(root(covariance[i * size + i]));
  for (const row of weights) {
    let variance = 0;
    row.forEach((a, i) =>
      row.forEach((b, j) => {
        variance += a * b * covariance[(arma + i) * size + arma + j];
      })
    );
    out.push(root(variance));
  }
  return out;
}

function constantFit(
  y: Float64Array,
  spec: ArimaSpec,
  data: ConstantData,
  regressors: {
    readonly names: readonly string[];
    readonly values: ArrayLike<number>;
  },
): ArimaFit {
  const shape = new ArmaShape(spec);
  const names = [...shape.names, ...data.names, ...regressors.names];
  const known = [
    ...shape.names.map(() => 0),
    ...data.coefficients,
    ...Array.from(regressors.values),
  ];
  const lost = data.delta.length;
  return {
    kind: "fitted",
    model: {
      kind: "arima",
      spec,
      phi: [],
      theta: [],
      delta: data.delta,
      sigma2: 0,
      center: data.center,
      slope: data.slope,
      state: [0],
      levels: data.levels,
      covariance: null,
    },
    estimates: {
      coef: record(names, known),
      coefSe: record(names, names.map(() => null)),
      sigma2: 0,
      ...WITHOUT_ERROR,
      nobs: data.nobs,
      degenerate: true,
      converged: true,
      stop: "the series is constant once differenced",
      iterations: 0,
    },
    residuals: Array.from(
      { length: y.length - lost },
      (_, t) => Number.isNaN(y[t + lost]) ? NaN : 0,
    ),
  };
}

function failed(reason: string): ArimaFit {
  return { kind: "failed", reason };
}
