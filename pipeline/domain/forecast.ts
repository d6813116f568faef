import type { EpochMicros } from "./time.ts";

/** Central intervals of the close, in price. */
export interface Bands {
  readonly lo50: number;
  readonly hi50: number;
  readonly lo80: number;
  readonly hi80: number;
  readonly lo95: number;
  readonly hi95: number;
}

/**
 * A forecast of one candle: made before its minute, stored by one second after
 * that minute began, never changed.
 *
 * Prices are floats snapped to the instrument's tick.
 */
export interface Forecast extends Bands {
  readonly symbol: string;
  readonly interval: "1m";
  /** Open time of the candle that is forecast. */
  readonly t: EpochMicros;
  /** 1 is the minute that begins as the forecast is made. */
  readonly horizon: number;
  /** Such as `arima(1,1,1)` or `random-walk`. */
  readonly model: string;
  /** (p,d,q) of the close. */
  readonly order: readonly [number, number, number];
  /** Chosen to be shown: the model with the best recent score. */
  readonly champion: boolean;
  readonly madeAt: EpochMicros;
  /** End of the last closed candle that the fit has seen. */
  readonly trainedThrough: EpochMicros;
  /** Position in the buffer that the ticks used were committed at. */
  readonly position: string;
  /** Revision of the newest candle used. */
  readonly rev: number;
  /** Close of the newest candle used: what "no change" forecasts. */
  readonly last: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** Standard error of the close, in log price. */
  readonly se: number;
}

/** What came of a forecast, once its candle closed. */
export interface ForecastScore {
  readonly symbol: string;
  readonly interval: "1m";
  readonly t: EpochMicros;
  readonly horizon: number;
  readonly model: string;
  readonly scoredAt: EpochMicros;
  readonly actual: number;
  /** |actual - forecast|, in price. */
  readonly absError: number;
  /** |actual - last|: the error of "no change". */
  readonly absErrorNaive: number;
  readonly inside50: boolean;
  readonly inside80: boolean;
  readonly inside95: boolean;
  /** Forecast and price moved the same way; `null` if either did not move. */
  readonly directionHit: boolean | null;
  /**
   * Interval score of the 95 % band, in price; it and the next two are `null`
   * where a version that did not know them scored.
   */
  readonly winkler95: number | null;
  /** Continuous ranked probability score, in price to first order. */
  readonly crps: number | null;
  /** Probability that the forecast gave to a rise. */
  readonly upProbability: number | null;
  /** Its squared distance from what came; `null` if the price stood still. */
  readonly brier: number | null;
}

/** Newest scored forecasts that a record looks back on. */
export const SKILL_WINDOW = 240;

/** A test of equal errors; below 0 the model's are smaller than "no change". */
export interface DieboldMariano {
  readonly statistic: number;
  /** Two-sided. */
  readonly p: number;
}

/** What a record amounts to. */
export type Verdict =
  | "too few"
  | "no skill"
  | "skill"
  | "worse than naive"
  | "suspicious";

/**
 * The record of one model and instrument, one minute ahead.
 *
 * Units: `mae`, `maeNaive`, `winkler95` and `crps` in price. What cannot be
 * said, as nothing was scored, is `null`.
 */
export interface Skill {
  readonly symbol: string;
  readonly model: string;
  readonly n: number;
  /** First and last minute scored. */
  readonly from: EpochMicros | null;
  readonly through: EpochMicros | null;
  readonly mae: number | null;
  readonly maeNaive: number | null;
  /** MAE / MAE of "no change" in the sample before. */
  readonly mase: number | null;
  /** 1 - MAE / MAE of "no change": above 0 is better; `null` if n is 0. */
  readonly skill: number | null;
  readonly coverage50: number | null;
  readonly coverage80: number | null;
  readonly coverage95: number | null;
  readonly winkler95: number | null;
  readonly crps: number | null;
  readonly brier: number | null;
  readonly directionHits: number;
  readonly directionN: number;
  readonly dieboldMariano: DieboldMariano | null;
  /** How much of its stated certainty the model has earned, 0 to 1. */
  readonly calibration: number;
  /** Why the record is too good to be true, or `null`. */
  readonly suspicious: string | null;
  /** Live forecasts, or a walk forward over stored candles at the start. */
  readonly source: "live" | "walk_forward";
}

/** A forecast as clients see it, with its score once there is one. */
export interface ForecastView extends Bands {
  readonly symbol: string;
  readonly t: number;
  readonly horizon: number;
  readonly model: string;
  readonly order: readonly [number, number, number];
  readonly made_at: number;
  readonly trained_through: number;
  readonly last: number;
  readonly o: number;
  readonly h: number;
  readonly l: number;
  readonly c: number;
  readonly se: number;
  readonly actual: number | null;
  readonly error: number | null;
  readonly naive_error: number | null;
  readonly inside50: boolean | null;
  readonly inside80: boolean | null;
  readonly inside95: boolean | null;
  readonly direction_hit: boolean | null;
  readonly winkler95: number | null;
  readonly crps: number | null;
  readonly up_probability: number | null;
  readonly brier: number | null;
}

export function forecastView(
  forecast: Forecast,
  score: ForecastScore | null = null,
): ForecastView {
  return {
    symbol: forecast.symbol,
    t: forecast.t / 1_000,
    horizon: forecast.horizon,
    model: forecast.model,
    order: forecast.order,
    made_at: forecast.madeAt / 1_000,
    trained_through: forecast.trainedThrough / 1_000,
    last: forecast.last,
    o: forecast.open,
    h: forecast.high,
    l: forecast.low,
    c: forecast.close,
    se: forecast.se,
    lo50: forecast.lo50,
    hi50: forecast.hi50,
    lo80: forecast.lo80,
    hi80: forecast.hi80,
    lo95: forecast.lo95,
    hi95: forecast.hi95,
    actual: score?.actual ?? null,
    error: score?.absError ?? null,
    naive_error: score?.absErrorNaive ?? null,
    inside50: score?.inside50 ?? null,
    inside80: score?.inside80 ?? null,
    inside95: score?.inside95 ?? null,
    direction_hit: score?.directionHit ?? null,
    winkler95: score?.winkler95 ?? null,
    crps: score?.crps ?? null,
    up_probability: score?.upProbability ?? null,
    brier: score?.brier ?? null,
  };
}
