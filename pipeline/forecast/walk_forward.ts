import type { Skill } from "../domain/forecast.ts";
import { BASELINE_ENGINE } from "./baseline_engine.ts";
import type { FitJob } from "./fit_instrument.ts";
import { fitTrack } from "./fit_track.ts";
import type { ForecastEngine } from "./forecast_engine.ts";
import { advanceTrack, forecastCandles } from "./ohlc_model.ts";
import { type CloseScore, scoreClose, summarizeSkill } from "./scoring.ts";

export interface WalkForwardOptions {
  /** Newest candles to forecast, one by one. */
  readonly steps: number;
  /** Candles from one fit to the next. */
  readonly refitEvery: number;
  /** Candles that the first fit needs. */
  readonly trainMin: number;
}

/**
 * Forecasts the newest candles of a job one minute ahead, each from those
 * before it only, as it would have been done live, and sums up the scores.
 *
 * Candles that follow a gap are not scored, as no minute's forecast was due.
 */
export function walkForward(
  engine: ForecastEngine,
  job: Pick<
    FitJob,
    "symbol" | "candles" | "window" | "candidates" | "grid"
  >,
  options: WalkForwardOptions,
): readonly Skill[] {
  const { candles, grid } = job;
  const scores = new Map<string, CloseScore[]>(
    job.candidates.map(({ model }) => [model, []]),
  );
  const first = Math.max(options.trainMin, candles.length - options.steps);
  for (let from = first; from < candles.length; from += options.refitEvery) {
    const { track: fitted } = fitTrack(
      { close: engine, range: BASELINE_ENGINE },
      candles.slice(Math.max(0, from - job.window), from),
      job.candidates,
    );
    if (fitted === null) continue;
    const to = Math.min(from + options.refitEvery, candles.length);
    let track = fitted;
    for (let i = from; i < to; i++) {
      const candle = candles[i];
      const next = advanceTrack(track, candle);
      if (next.joined && next.last === candle) {
        for (const close of track.closes) {
          const [forecast] = forecastCandles(track, close, 1, grid);
          scores.get(close.candidate.model)?.push(
            scoreClose({ ...forecast, last: track.last.close }, candle.close),
          );
        }
      }
      track = next;
    }
  }
  return [...scores].map(([model, list]) =>
    summarizeSkill({ symbol: job.symbol, model, source: "walk_forward" }, list)
  );
}
