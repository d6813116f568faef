import { assert } from "../domain/assert.ts";
import { BASELINE_ENGINE } from "./baseline_engine.ts";
import { BASELINE, type Candidate, RANGE_SPEC } from "./candidates.ts";
import { ewmaVariance } from "./ewma.ts";
import type {
  FitResult,
  FittedModel,
  ForecastEngine,
  ModelSpec,
  Order,
} from "./forecast_engine.ts";
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
 * fitted is its mean. Fits may start from those `before` as well.
 */
export function fitTrack(
  engines: TrackEngines,
  candles: readonly CandleFloats[],
  candidates: readonly Candidate[],
  before: OhlcTrack | null = null,
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
    const fit = fitClose(
      engines.close,
      series.level,
      candidate,
      before?.closes.find((close) => close.candidate.model === candidate.model)
        ?.model,
    );
    if (fit.kind === "failed") {
      failures.push({ model: candidate.model, reason: fit.reason });
    } else {
      closes.push({
        candidate,
        order: orderOf(fit.model),
        model: fit.model,
        variance: ewmaVariance(fit.residuals),
      });
    }
  }
  const previous = series.candles.at(-2);
  return {
    track: {
      closes,
      upper: fitRange(engines.range, series.upper, before?.upper),
      lower: fitRange(engines.range, series.lower, before?.lower),
      body: fitRange(engines.range, series.body, before?.body),
      level: series.level[series.level.length - 1],
      last,
      joined: previous !== undefined && previous.end === last.t &&
        previous.whole && last.whole,
      n: series.candles.length,
    },
    failures,
  };
}

function fitClose(
  engine: ForecastEngine,
  level: Float64Array,
  { model, spec }: Candidate,
  before: FittedModel | undefined,
): FitResult {
  if (spec === "auto") {
    return engine.select?.(level) ??
      { kind: "failed", reason: `the engine ${engine.id} selects no order` };
  }
  return model === BASELINE.model
    ? fitWalk(level)
    // Without terms to estimate, a drift at most, it is the same for any.
    : (isClosed(spec) ? BASELINE_ENGINE : engine).fit(level, spec, before);
}

function orderOf(model: FittedModel): Order {
  return model.kind === "arima" ? model.spec.order : [0, 1, 0];
}

function isClosed({ order: [p, , q] }: ModelSpec): boolean {
  return p + q === 0;
}

function fitRange(
  engine: ForecastEngine,
  series: Float64Array,
  before: FittedModel | undefined,
): FittedModel {
  const fit = engine.fit(series, RANGE_SPEC, before);
  if (fit.kind === "fitted") return fit.model;
  const mean = BASELINE_ENGINE.fit(series, RANGE_SPEC);
  assert(mean.kind === "fitted", "a range that is finite has a mean");
  return mean.model;
}
