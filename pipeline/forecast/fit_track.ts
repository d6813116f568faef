import { assert } from "../domain/assert.ts";
import { BASELINE_ENGINE } from "./baseline_engine.ts";
import { BASELINE, type Candidate, RANGE_SPEC } from "./candidates.ts";
import { ewmaVariance } from "./ewma.ts";
import type {
  FittedModel,
  ForecastEngine,
  ModelSpec,
  OrderedFit,
} from "./forecast_engine.ts";
import { NATIVE_ENGINE } from "./native_engine.ts";
import type { CloseTrack, OhlcTrack } from "./ohlc_model.ts";
import { fitWalk } from "./random_walk.ts";
import { type CandleFloats, trainingSeries } from "./training_series.ts";

export interface FitFailure {
  readonly model: string;
  readonly reason: string;
}

/** What fits the close, and what fits the range (U, V, W). */
export interface TrackEngines {
  readonly close: ForecastEngine;
  readonly range: ForecastEngine;
}

/**
 * The models of one instrument, fitted on these candles.
 *
 * A model of the close that cannot be fitted is left out and its reason
 * given; the random walk is always there. A model of the range that cannot be
 * fitted is its mean.
 */
export function fitTrack(
  engines: TrackEngines,
  candles: readonly CandleFloats[],
  candidates: readonly Candidate[],
): {
  readonly track: OhlcTrack | null;
  readonly failures: readonly FitFailure[];
} {
  const series = trainingSeries(candles);
  const last = series.candles.at(-1);
  if (last === undefined) return { track: null, failures: [] };
  const closes: CloseTrack[] = [];
  const failures: FitFailure[] = [];
  for (const candidate of candidates) {
    const fit = fitClose(engines.close, series.level, candidate);
    if (fit.kind === "failed") {
      failures.push({ model: candidate.model, reason: fit.reason });
    } else {
      closes.push({
        candidate,
        order: fit.order,
        model: fit.model,
        variance: ewmaVariance(fit.residuals),
      });
    }
  }
  const before = series.candles.at(-2);
  return {
    track: {
      closes,
      upper: fitRange(engines.range, series.upper),
      lower: fitRange(engines.range, series.lower),
      body: fitRange(engines.range, series.body),
      level: series.level[series.level.length - 1],
      last,
      joined: before !== undefined && before.end === last.t &&
        before.whole && last.whole,
      n: series.candles.length,
    },
    failures,
  };
}

function fitClose(
  engine: ForecastEngine,
  level: Float64Array,
  { model, spec }: Candidate,
): OrderedFit {
  if (spec === "auto") {
    return engine.select?.(level) ??
      { kind: "failed", reason: `the engine ${engine.id} selects no order` };
  }
  const fit = model === BASELINE.model
    ? fitWalk(level)
    // Without terms to estimate, a drift at most, it is the same for any.
    : (isClosed(spec) ? NATIVE_ENGINE : engine).fit(level, spec);
  return fit.kind === "fitted" ? { ...fit, order: spec.order } : fit;
}

function isClosed({ order: [p, , q] }: ModelSpec): boolean {
  return p + q === 0;
}

function fitRange(engine: ForecastEngine, series: Float64Array): FittedModel {
  const fit = engine.fit(series, RANGE_SPEC);
  if (fit.kind === "fitted") return fit.model;
  const mean = BASELINE_ENGINE.fit(series, RANGE_SPEC);
  assert(mean.kind === "fitted", "a range that is finite has a mean");
  return mean.model;
}
