import type { Skill } from "../domain/forecast.ts";
import { BASELINE } from "./candidates.ts";

/**
 * The skill that counts for a model: of its live forecasts once there are
 * enough, of the walk forward before that.
 */
export function countingSkill(
  model: string,
  live: readonly Skill[],
  walkForward: readonly Skill[],
  liveMin: number,
): Skill | null {
  const ofModel = (skill: Skill) => skill.model === model;
  const lived = live.find(ofModel) ?? null;
  if (lived !== null && lived.n >= liveMin) return lived;
  return walkForward.find(ofModel) ?? lived;
}

/**
 * The model to show: the one with the highest skill above 0, else the random
 * walk. Models scored fewer than `scoredMin` times do not compete, nor those
 * whose record is too good to be true.
 */
export function chooseChampion(
  models: readonly string[],
  skillOf: (model: string) => Skill | null,
  scoredMin: number,
): string {
  let champion = BASELINE.model;
  let best = 0;
  for (const model of models) {
    const skill = skillOf(model);
    if (skill === null || skill.skill === null || skill.n < scoredMin) continue;
    if (skill.suspicious === null && skill.skill > best) {
      champion = model;
      best = skill.skill;
    }
  }
  return champion;
}
