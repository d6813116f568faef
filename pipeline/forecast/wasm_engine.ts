import {
  type ArmaModel,
  filterSeries,
  fitClosedForm,
  forecastArma,
  rootsOutside,
} from "./arma_model.ts";
import {
  type FitResult,
  type ForecastEngine,
  type ModelSpec,
  specName,
} from "./forecast_engine.ts";
import { forecastModel, updateModel } from "./model_steps.ts";
import type { NpmArima, NpmArimaOptions } from "./npm_arima.ts";
import { difference, moments } from "./series_check.ts";

/** Newest values used: over about 8,100 the library overflows its stack. */
export const SERIES_MAX = 4_000;
/** Values beyond p + d + q that a fit needs. */
const SPARE_MIN = 10;
/** Steps at which the library's forecast is looked at. */
const CHECK_STEPS = 5;
/** Standard deviations of the differenced series that a step may move. */
const PLAUSIBLE_SD = 10;
/**
 * Share of a standard error that our recursion may differ by: nothing, save
 * where theta is next to the unit circle and its start is never forgotten.
 */
const REPRODUCE_SHARE = 0.02;
/** CSS-ML, then ML. */
const METHODS = [0, 1] as const;

/**
 * npm `arima` behind guards, as its faults must not reach a user.
 *
 * It never sees orders (0,d,0), constants, values that are not finite, short
 * or long series, or `auto`. Series are standardised before. What it returns
 * counts only if it is finite, plausible, stationary and invertible, and if
 * the coefficients read from its memory reproduce its own forecast; else the
 * other method is tried, and then the fit has failed.
 *
 * After a `RuntimeError`, a `RangeError` or an `exit()` of the library its
 * memory is suspect: `poisoned` is set, every later fit fails, and the Worker
 * must be replaced.
 */
export class WasmEngine implements ForecastEngine {
  readonly id = "wasm";
  #poisoned: string | null = null;

  constructor(private readonly library: NpmArima) {}

  /** Why this engine must not be used any more, or `null`. */
  get poisoned(): string | null {
    return this.#poisoned;
  }

  readonly forecast = forecastModel;
  readonly update = updateModel;

  fit(series: Float64Array, spec: ModelSpec): FitResult {
    const [p, d, q] = spec.order;
    if (spec.mean !== (d === 0)) {
      return failed(`${specName(spec)} must have a mean if and only if d is 0`);
    }
    const recent = series.length > SERIES_MAX
      ? series.slice(series.length - SERIES_MAX)
      : series;
    const closed = fitClosedForm(recent, spec);
    if (closed) return closed;
    const least = p + d + q + SPARE_MIN;
    if (recent.length < least) {
      return failed(
        `${recent.length} values are too few for ${specName(spec)}, which ` +
          `needs ${least}`,
      );
    }
    const { shift, scale } = standard(recent, d);
    const x = recent.map((value) => (value - shift) / scale);
    let reason = "";
    for (const method of METHODS) {
      const result = this.#fitOnce(x, spec, { p, d, q, method });
      if (result.kind === "fitted") return rescaled(result, shift, scale);
      reason = result.reason;
      if (this.#poisoned !== null) break;
    }
    return failed(reason);
  }

  #fitOnce(
    x: Float64Array,
    spec: ModelSpec,
    options: NpmArimaOptions,
  ): FitResult {
    if (this.#poisoned !== null) return failed(this.#poisoned);
    const model = this.library.create(options);
    try {
      model.train([...x]);
      const [means, variances] = model.predict(CHECK_STEPS);
      return judge(x, spec, means, variances, model.coefficients());
    } catch (cause) {
      const reason = `npm arima ended with ${String(cause)}`;
      if (spoilsMemory(cause)) this.#poisoned = reason;
      return failed(reason);
    } finally {
      this.#destroy(model);
    }
  }

  #destroy(model: { destroy(): void }): void {
    try {
      model.destroy();
    } catch (cause) {
      this.#poisoned ??= `npm arima could not free a model: ${String(cause)}`;
    }
  }
}

/** A trap, an overflow, or its `exit()`, which throws what is no `Error`. */
function spoilsMemory(cause: unknown): boolean {
  return !(cause instanceof Error) || cause instanceof RangeError ||
    cause instanceof WebAssembly.RuntimeError;
}

function failed(reason: string): FitResult {
  return { kind: "failed", reason };
}

/** Puts the differenced series on a scale of 1. */
function standard(
  series: Float64Array,
  d: number,
): { readonly shift: number; readonly scale: number } {
  const { mean, sd } = moments(difference(series, d));
  return d === 0 ? { shift: mean, scale: sd } : { shift: series[0], scale: sd };
}

/** Takes what the library says of a standardised series, or says why not. */
function judge(
  x: Float64Array,
  spec: ModelSpec,
  means: readonly number[],
  variances: readonly number[],
  found: ReturnType<ReturnType<NpmArima["create"]>["coefficients"]>,
): FitResult {
  const name = specName(spec);
  const last = x[x.length - 1];
  const centre = spec.order[1] === 0 ? 0 : last;
  for (let i = 0; i < CHECK_STEPS; i++) {
    if (!Number.isFinite(means[i]) || !Number.isFinite(variances[i])) {
      return failed(`${name} gave a forecast that is not finite`);
    }
    if (!(variances[i] > 0)) {
      return failed(`${name} gave a variance of ${variances[i]}, not above 0`);
    }
    const far = PLAUSIBLE_SD * (i + 1);
    if (Math.abs(means[i] - centre) > far || Math.sqrt(variances[i]) > far) {
      return failed(
        `${name} gave an implausible forecast, more than ${far} standard ` +
          `deviations away`,
      );
    }
  }
  if (!rootsOutside(found.phi)) {
    return failed(`${name} is not stationary`);
  }
  if (!rootsOutside(found.theta.map((value) => -value))) {
    return failed(`${name} is not invertible`);
  }
  const n = found.residuals.length;
  if (
    n !== x.length - spec.order[1] ||
    !found.residuals.every(Number.isFinite) || !Number.isFinite(found.mean)
  ) {
    return failed(`${name} gave residuals that are not finite`);
  }
  const filtered = filterSeries({
    spec,
    phi: found.phi,
    theta: found.theta,
    mean: found.mean,
    sigma2: variances[0],
  }, x);
  const model: ArmaModel = {
    ...filtered.model,
    innovations: Array.from(
      { length: spec.order[2] },
      (_, j) => found.residuals[n - 1 - j],
    ),
  };
  const ours = forecastArma(model, CHECK_STEPS);
  for (let i = 0; i < CHECK_STEPS; i++) {
    const se = Math.sqrt(variances[i]);
    if (
      !(Math.abs(ours.mean[i] - means[i]) <= REPRODUCE_SHARE * se) ||
      !(Math.abs(ours.se[i] - se) <= REPRODUCE_SHARE * se)
    ) {
      return failed(`${name}: the coefficients do not give its own forecast`);
    }
  }
  return { kind: "fitted", model, residuals: found.residuals };
}

/** The model and its errors in the unit of the series again. */
function rescaled(
  result: FitResult & { readonly kind: "fitted" },
  shift: number,
  scale: number,
): FitResult {
  const model = result.model;
  if (model.kind !== "arma") return result;
  const times = (value: number) => value * scale;
  return {
    kind: "fitted",
    model: {
      ...model,
      mean: model.spec.order[1] === 0 ? model.mean * scale + shift : 0,
      sigma2: model.sigma2 * scale * scale,
      deviations: model.deviations.map(times),
      innovations: model.innovations.map(times),
      levels: model.levels.map((value, k) =>
        k === 0 ? value * scale + shift : value * scale
      ),
    },
    residuals: result.residuals.map(times),
  };
}
