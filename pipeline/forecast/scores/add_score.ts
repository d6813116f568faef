import type { ForecastScore } from "../../domain/forecast.ts";
import type { ScoreSums } from "../../domain/score_sums.ts";
import type { EpochMicros } from "../../domain/time.ts";

export const NO_SCORES: ScoreSums = {
  n: 0,
  from: null,
  through: null,
  absError: 0,
  absErrorNaive: 0,
  squares: 0,
  squaresNaive: 0,
  products: 0,
  inside50: 0,
  inside80: 0,
  inside95: 0,
  spreads: 0,
  winkler95: 0,
  crps: 0,
  chances: 0,
  brier: 0,
  moved: 0,
  directions: 0,
  hits: 0,
  stated: 0,
};

/** The sums with one more score; the warehouse adds up alike. */
export function addScore(
  sums: ScoreSums,
  score: Omit<
    ForecastScore,
    "symbol" | "interval" | "horizon" | "model" | "scoredAt"
  >,
): ScoreSums {
  const { t, absError, absErrorNaive, directionHit, upProbability } = score;
  const spread = score.crps !== null && score.winkler95 !== null;
  const directed = directionHit !== null && upProbability !== null;
  return {
    n: sums.n + 1,
    from: Math.min(sums.from ?? t, t) as EpochMicros,
    through: Math.max(sums.through ?? t, t) as EpochMicros,
    absError: sums.absError + absError,
    absErrorNaive: sums.absErrorNaive + absErrorNaive,
    squares: sums.squares + absError * absError,
    squaresNaive: sums.squaresNaive + absErrorNaive * absErrorNaive,
    products: sums.products + absError * absErrorNaive,
    inside50: sums.inside50 + Number(score.inside50),
    inside80: sums.inside80 + Number(score.inside80),
    inside95: sums.inside95 + Number(score.inside95),
    spreads: sums.spreads + Number(spread),
    winkler95: sums.winkler95 + (spread ? score.winkler95 : 0),
    crps: sums.crps + (spread ? score.crps : 0),
    chances: sums.chances + Number(score.brier !== null),
    brier: sums.brier + (score.brier ?? 0),
    moved: sums.moved + Number(absErrorNaive > 0),
    directions: sums.directions + Number(directionHit !== null),
    hits: sums.hits + Number(directionHit === true),
    stated: sums.stated + (directed ? Math.abs(upProbability - 0.5) : 0),
  };
}
