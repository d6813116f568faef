import { ArmaShape } from "./arima/arma_shape.ts";
import { filterSeries } from "./arima/filter_series.ts";
import { rootsOutside } from "./arima/partial_autocorrelations.ts";
import { prepareSeries, type TrainingData } from "./arima/training_data.ts";
import {
  arimaSpec,
  type FitResult,
  type ForecastEngine,
  type ModelSpec,
  specName,
} from "./forecast_engine.ts";
import { forecastModel, updateModel } from "./model_steps.ts";
import type {
  NpmArima,
  NpmArimaCoefficients,
  NpmArimaOptions,
} from "./npm_arima.ts";
import { NATIVE_ENGINE } from "./native_engine.ts";
import { firstNotFinite } from "./series_check.ts";

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
    const bad = firstNotFinite(recent);
    if (bad !== null) return failed(bad);
    const data = prepareSeries(recent, arimaSpec(spec));
    if (data.kind === "failed") return data;
    if (data.kind === "constant" || p + q === 0) {
      return NATIVE_ENGINE.fit(recent, spec);
    }
    const least = p + d + q + SPARE_MIN;
    if (recent.length < least) {
      return failed(
        `${recent.length} values are too few for ${specName(spec)}, which ` +
          `needs ${least}`,
      );
    }
    let reason = "";
    for (const method of METHODS) {
      const result = this.#fitOnce(recent, spec, data, { p, d, q, method });
      if (result.kind === "fitted") return result;
      reason = result.reason;
      if (this.#poisoned !== null) break;
    }
    return failed(reason);
  }

  #fitOnce(
    series: Float64Array,
    spec: ModelSpec,
    data: TrainingData,
    options: NpmArimaOptions,
  ): FitResult {
    if (this.#poisoned !== null) return failed(this.#poisoned);
    const model = this.library.create(options);
    try {
      const { shift, scale } = unitOf(data);
      model.train(Array.from(series, (value) => (value - shift) / scale));
      const [means, variances] = model.predict(CHECK_STEPS);
      const says = { means, variances, found: model.coefficients() };
      return judge(series, spec, data, says);
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

/** What the library's series is counted in: the differenced one has scale 1. */
function unitOf(
  data: TrainingData,
): { readonly shift: number; readonly scale: number } {
  const { delta, shift, first, scale } = data;
  return { shift: delta.length === 0 ? shift : first, scale };
}

/**
 * Takes what the library says of a standardised series, back in the unit of
 * the series, or says why not.
 */
function judge(
  series: Float64Array,
  spec: ModelSpec,
  data: TrainingData,
  { means, variances, found }: {
    readonly means: readonly number[];
    readonly variances: readonly number[];
    readonly found: NpmArimaCoefficients;
  },
): FitResult {
  const name = specName(spec);
  const unit = unitOf(data);
  const last = (series[series.length - 1] - unit.shift) / unit.scale;
  const centre = data.delta.length === 0 ? 0 : last;
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
  const shape = new ArmaShape(arimaSpec(spec));
  shape.expand(Float64Array.from([...found.phi, ...found.theta]));
  const filtered = filterSeries(series, arimaSpec(spec), data, {
    shape,
    beta: spec.mean ? [found.mean] : [],
    sigma2: variances[0] * unit.scale * unit.scale,
  });
  if (filtered === null || !Number.isFinite(filtered.model.center)) {
    return failed(`${name} gave coefficients that are not finite`);
  }
  const ours = forecastModel(filtered.model, CHECK_STEPS);
  for (let i = 0; i < CHECK_STEPS; i++) {
    const mean = (ours.mean[i] - unit.shift) / unit.scale;
    const se = Math.sqrt(variances[i]);
    if (
      !(Math.abs(mean - means[i]) <= REPRODUCE_SHARE * se) ||
      !(Math.abs(ours.se[i] / unit.scale - se) <= REPRODUCE_SHARE * se)
    ) {
      return failed(`${name}: the coefficients do not give its own forecast`);
    }
  }
  const { model, residuals } = filtered;
  return { kind: "fitted", model, residuals };
}
