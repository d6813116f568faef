import type { StoredCandle } from "../domain/candle.ts";
import type {
  Bands,
  Forecast,
  ForecastScore,
  Skill,
} from "../domain/forecast.ts";
import type { EpochMicros } from "../domain/time.ts";

/** What a forecast close was worth, whoever made it. */
export type CloseScore = Pick<
  ForecastScore,
  | "actual"
  | "absError"
  | "absErrorNaive"
  | "inside50"
  | "inside80"
  | "inside95"
  | "directionHit"
>;

/** Measures a forecast close, and "no change", against what came. */
export function scoreClose(
  forecast: Bands & { readonly close: number; readonly last: number },
  actual: number,
): CloseScore {
  const { close, last } = forecast;
  const expected = Math.sign(close - last);
  const moved = Math.sign(actual - last);
  const inside = (lo: number, hi: number) => lo <= actual && actual <= hi;
  return {
    actual,
    absError: Math.abs(actual - close),
    absErrorNaive: Math.abs(actual - last),
    inside50: inside(forecast.lo50, forecast.hi50),
    inside80: inside(forecast.lo80, forecast.hi80),
    inside95: inside(forecast.lo95, forecast.hi95),
    directionHit: expected === 0 || moved === 0 ? null : expected === moved,
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

/**
 * Scores of one model summed up.
 *
 * The skill is 0 where neither the model nor "no change" was ever wrong, and
 * minus infinity is cut to -1 where only "no change" never was.
 */
export function summarizeSkill(
  of: Pick<Skill, "symbol" | "model" | "source">,
  scores: readonly CloseScore[],
): Skill {
  const n = scores.length;
  const sum = (value: (score: CloseScore) => number) =>
    scores.reduce((total, score) => total + value(score), 0);
  const error = sum((score) => score.absError);
  const naive = sum((score) => score.absErrorNaive);
  return {
    symbol: of.symbol,
    model: of.model,
    n,
    skill: n === 0 ? null : skillOf(error, naive),
    coverage80: n === 0 ? null : sum((score) => Number(score.inside80)) / n,
    coverage95: n === 0 ? null : sum((score) => Number(score.inside95)) / n,
    directionHits: sum((score) => Number(score.directionHit === true)),
    directionN: sum((score) => Number(score.directionHit !== null)),
    source: of.source,
  };
}

function skillOf(error: number, naive: number): number {
  if (naive > 0) return 1 - error / naive;
  return error > 0 ? -1 : 0;
}
