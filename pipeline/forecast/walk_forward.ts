import type { Skill } from "../domain/forecast.ts";
import type { EpochMicros } from "../domain/time.ts";
import { BASELINE_ENGINE } from "./baseline_engine.ts";
import type { FitJob } from "./fit_instrument.ts";
import { fitTrack } from "./fit_track.ts";
import type { ForecastEngine } from "./forecast_engine.ts";
import {
  advanceTrack,
  type CandleForecast,
  forecastCandles,
  type OhlcTrack,
} from "./ohlc_model.ts";
import { addScore, NO_SCORES } from "./scores/add_score.ts";
import { naiveScale } from "./scores/naive_scale.ts";
import { scoreClose } from "./scores/score_forecast.ts";
import { summarizeSkill } from "./scores/summarize_skill.ts";
import type { CandleFloats } from "./training_series.ts";

export interface WalkForwardOptions {
  /** Newest candles to forecast, one by one. */
  readonly steps: number;
  /** Candles from one fit to the next. */
  readonly refitEvery: number;
  /** Candles that the first fit needs. */
  readonly trainMin: number;
}

export type WalkForwardJob = Pick<
  FitJob,
  "symbol" | "candles" | "window" | "candidates" | "grid"
>;

/** A forecast of one candle by one model, from those before it. */
export interface WalkForwardStep {
  readonly model: string;
  readonly forecast: CandleForecast;
  /** Close of the candle before. */
  readonly last: number;
  /** What came. */
  readonly candle: CandleFloats;
}

/**
 * Forecasts the newest candles of a job one minute ahead, each from those
 * before it only, as it would have been done live, and sums up the scores.
 */
export function walkForward(
  engine: ForecastEngine,
  job: WalkForwardJob,
  options: WalkForwardOptions,
): readonly Skill[] {
  const sums = new Map(
    job.candidates.map(({ model }) => [model, NO_SCORES]),
  );
  for (const step of walkSteps(engine, job, options)) {
    const { model, forecast, last, candle } = step;
    const score = scoreClose({ ...forecast, last }, candle.close);
    const t = candle.t as EpochMicros;
    sums.set(
      model,
      addScore(sums.get(model) ?? NO_SCORES, { ...score, t }),
    );
  }
  const scale = naiveScale(job.candles.slice(0, firstStep(job, options)));
  return [...sums].map(([model, sum]) =>
    summarizeSkill(
      { symbol: job.symbol, model, source: "walk_forward" },
      sum,
      scale,
    )
  );
}

/**
 * The forecasts of a walk forward, in order.
 *
 * Candles that follow a gap are left out, as no minute's forecast was due.
 */
export function* walkSteps(
  engine: ForecastEngine,
  job: WalkForwardJob,
  options: WalkForwardOptions,
): Generator<WalkForwardStep> {
  const { candles, grid } = job;
  const first = firstStep(job, options);
  let track: OhlcTrack | null = null;
  for (let from = first; from < candles.length; from += options.refitEvery) {
    const { track: fitted } = fitTrack(
      { close: engine, range: BASELINE_ENGINE },
      candles.slice(Math.max(0, from - job.window), from),
      job.candidates,
      track,
    );
    if (fitted === null) continue;
    const to = Math.min(from + options.refitEvery, candles.length);
    track = fitted;
    for (let i = from; i < to; i++) {
      const candle = candles[i];
      const next = advanceTrack(track, candle);
      if (next.joined && next.last === candle) {
        for (const close of track.closes) {
          const [forecast] = forecastCandles(track, close, 1, grid);
          const { model } = close.candidate;
          yield { model, forecast, last: track.last.close, candle };
        }
      }
      track = next;
    }
  }
}

function firstStep(job: WalkForwardJob, options: WalkForwardOptions): number {
  return Math.max(options.trainMin, job.candles.length - options.steps);
}
