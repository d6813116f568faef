import type { Skill, Verdict } from "../../domain/forecast.ts";

/** Fewer scores than this say nothing. */
export const SCORES_MIN = 30;
/** Chance that a model without skill is told to have some, or to be worse. */
const P_MAX = 0.05;

/**
 * What a record amounts to: `skill` and `worse than naive` only where Diebold
 * and Mariano's test leaves less than 5 % to chance, and `no skill` in
 * between, which is how nearly all models end on liquid minutes.
 */
export function verdictOf(
  { n, skill, dieboldMariano, suspicious }: Pick<
    Skill,
    "n" | "skill" | "dieboldMariano" | "suspicious"
  >,
): Verdict {
  if (suspicious !== null) return "suspicious";
  if (n < SCORES_MIN || skill === null) return "too few";
  if (dieboldMariano === null || dieboldMariano.p >= P_MAX) return "no skill";
  return skill > 0 ? "skill" : "worse than naive";
}
