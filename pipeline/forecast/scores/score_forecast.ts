import type { StoredCandle } from "../../domain/candle.ts";
import type { Bands, Forecast, ForecastScore } from "../../domain/forecast.ts";
import type { EpochMicros } from "../../domain/time.ts";
import { studentCrps } from "./student_crps.ts";
import { brierScore, upProbability } from "./up_probability.ts";
import { winklerScore } from "./winkler_score.ts";

/** Degrees of freedom of the distribution that the bands are cut from. */
export const BAND_DF = 8;

/** What a forecast close was worth, whoever made it. */
export type CloseScore = Omit<
  ForecastScore,
  "symbol" | "interval" | "t" | "horizon" | "model" | "scoredAt"
>;

/**
 * Measures a forecast close, and "no change", against what came.
 *
 * The CRPS is that of the log close, under Student's t with 8 degrees of
 * freedom as the bands are, times the last close: in price to first order. (In
 * price itself it is infinite, as exp(t) has no mean.)
 */
export function scoreClose(
  forecast: Bands & {
    readonly close: number;
    readonly last: number;
    readonly se: number;
  },
  actual: number,
): CloseScore {
  const { close, last, se, lo95, hi95 } = forecast;
  const expected = Math.sign(close - last);
  const moved = Math.sign(actual - last);
  const inside = (lo: number, hi: number) => lo <= actual && actual <= hi;
  const up = upProbability(forecast);
  return {
    actual,
    absError: Math.abs(actual - close),
    absErrorNaive: Math.abs(actual - last),
    inside50: inside(forecast.lo50, forecast.hi50),
    inside80: inside(forecast.lo80, forecast.hi80),
    inside95: inside(lo95, hi95),
    directionHit: expected === 0 || moved === 0 ? null : expected === moved,
    winkler95: winklerScore({ low: lo95, high: hi95, alpha: 0.05 }, actual),
    crps: last * studentCrps(Math.log(actual / close), se, BAND_DF),
    upProbability: up,
    brier: brierScore(up, { actual, last }),
  };
}

/** The score of a stored forecast, by the closed candle of its minute. */
export function scoreForecast(
  forecast: Forecast,
  candle: StoredCandle,
  scoredAt: EpochMicros,
): ForecastScore {
  return {
    symbol: forecast.symbol,
    interval: forecast.interval,
    t: forecast.t,
    horizon: forecast.horizon,
    model: forecast.model,
    scoredAt,
    ...scoreClose(forecast, Number(candle.close)),
  };
}
