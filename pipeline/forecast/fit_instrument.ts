import type { Skill } from "../domain/forecast.ts";
import type { Candidate } from "./candidates.ts";
import { type FitFailure, fitTrack } from "./fit_track.ts";
import type { ForecastEngine } from "./forecast_engine.ts";
import type { OhlcTrack, PriceGrid } from "./ohlc_model.ts";
import type { CandleFloats } from "./training_series.ts";
import { walkForward, type WalkForwardOptions } from "./walk_forward.ts";

/** Everything that fitting one instrument needs: plain data. */
export interface FitJob {
  readonly symbol: string;
  readonly grid: PriceGrid;
  /** Closed candles, ascending. */
  readonly candles: readonly CandleFloats[];
  /** Newest candles that the fit uses. */
  readonly window: number;
  readonly candidates: readonly Candidate[];
  /** The models before these, which fits may start from as well. */
  readonly before?: OhlcTrack | null;
  /** How to measure the models on the past, or `null` not to. */
  readonly walkForward: WalkForwardOptions | null;
}

/** What came of a job; `track` is `null` if no candle could be used. */
export interface FitOutcome {
  readonly symbol: string;
  readonly track: OhlcTrack | null;
  readonly failures: readonly FitFailure[];
  /** Of the walk forward; empty if there was none. */
  readonly skills: readonly Skill[];
}

/**
 * Fits all models of one instrument, and measures them on the past. `auto` is
 * left out if the engine selects no orders.
 */
export function fitInstrument(
  engine: ForecastEngine,
  job: FitJob,
): FitOutcome {
  const candidates = job.candidates.filter(({ spec }) =>
    spec !== "auto" || engine.select !== undefined
  );
  const { track, failures } = fitTrack(
    { close: engine, range: engine },
    job.candles.slice(-job.window),
    candidates,
    job.before,
  );
  const skills = job.walkForward === null
    ? []
    : walkForward(engine, { ...job, candidates }, job.walkForward);
  return { symbol: job.symbol, track, failures, skills };
}
