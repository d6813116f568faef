import type { Skill } from "../../domain/forecast.ts";
import type { ModelSums, ScoreSums } from "../../domain/score_sums.ts";
import { calibrationOf } from "./calibration.ts";
import { dieboldMariano } from "./diebold_mariano.ts";
import { suspiciousEdge } from "./suspicious_edge.ts";

/**
 * The record of one model, of its scores added up.
 *
 * The skill is 0 where neither the model nor "no change" was ever wrong, and
 * minus infinity is cut to -1 where only "no change" never was.
 *
 * @param scale As `naiveScale()` gives it.
 */
export function summarizeSkill(
  of: Pick<Skill, "symbol" | "model" | "source">,
  sums: ScoreSums,
  scale: number | null,
): Skill {
  const { n, spreads, chances } = sums;
  const mean = (sum: number, of = n) => of === 0 ? null : sum / of;
  const mae = mean(sums.absError);
  return {
    symbol: of.symbol,
    model: of.model,
    source: of.source,
    n,
    from: sums.from,
    through: sums.through,
    mae,
    maeNaive: mean(sums.absErrorNaive),
    mase: mae === null || scale === null || scale === 0 ? null : mae / scale,
    skill: n === 0 ? null : skillOf(sums.absError, sums.absErrorNaive),
    coverage50: mean(sums.inside50),
    coverage80: mean(sums.inside80),
    coverage95: mean(sums.inside95),
    winkler95: mean(sums.winkler95, spreads),
    crps: mean(sums.crps, spreads),
    brier: mean(sums.brier, chances),
    directionHits: sums.hits,
    directionN: sums.directions,
    dieboldMariano: dieboldMariano(sums),
    calibration: calibrationOf(sums),
    suspicious: suspiciousEdge(sums),
  };
}

/** The records of an instrument's live forecasts. */
export function liveSkills(
  symbol: string,
  models: readonly ModelSums[],
): readonly Skill[] {
  return models.map(({ model, sums, scale }) =>
    summarizeSkill({ symbol, model, source: "live" }, sums, scale)
  );
}

function skillOf(error: number, naive: number): number {
  if (naive > 0) return 1 - error / naive;
  return error > 0 ? -1 : 0;
}
