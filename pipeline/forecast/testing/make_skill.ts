import type { Skill } from "../../domain/forecast.ts";
import { NO_SCORES } from "../scores/add_score.ts";
import { summarizeSkill } from "../scores/summarize_skill.ts";

/** A record for tests: of nothing, but for what is given. */
export function makeSkill(given: Partial<Skill> = {}): Skill {
  const of = { symbol: "A", model: "m", source: "live" } as const;
  return { ...summarizeSkill(of, NO_SCORES, null), ...given };
}
