import type { SkillView } from "./api_views.ts";
import { formatShare } from "./format_change.ts";

/** Fewer scores than this say nothing. */
const ENOUGH = 30;
/** From as many on live scores tell more than a walk forward over the past. */
const LIVE_ENOUGH = 60;
/** A skill that would be shown as 0.0 %. */
const EVEN = 0.0005;

/** The records to tell of the models, the best first: one of each. */
export function recordsOf(skill: readonly SkillView[]): readonly SkillView[] {
  const models = [...new Set(skill.map(({ model }) => model))];
  return models.flatMap((model) => recordOf(skill, model) ?? [])
    .sort((a, b) => (b.skill ?? -Infinity) - (a.skill ?? -Infinity));
}

/** The record to tell of a model: of live forecasts once they are enough. */
export function recordOf(
  skill: readonly SkillView[],
  model: string,
): SkillView | undefined {
  const records = skill.filter((one) => one.model === model);
  return records.find(({ source, n }) =>
    source === "live" && n >= LIVE_ENOUGH
  ) ??
    records.toSorted((a, b) => b.n - a.n)[0];
}

export interface SkillWords {
  /** `none` is a finding too, and said plainly. */
  readonly verdict: "unknown" | "none" | "some";
  readonly title: string;
  readonly detail: string;
}

/**
 * What a model's record against "no change" amounts to.
 *
 * @param rivals Models that were measured on the same candles: the best of
 * several looks better than it is.
 */
export function describeSkill(
  skill: SkillView | undefined,
  rivals = 0,
): SkillWords {
  if (skill === undefined || skill.skill === null || skill.n === 0) {
    return {
      verdict: "unknown",
      title: "Not scored yet",
      detail: "A forecast is scored when its minute has closed.",
    };
  }
  const n = `${skill.n} ${skill.source === "live" ? "live " : ""}forecast${
    skill.n === 1 ? "" : "s"
  }${skill.source === "live" ? "" : " of a walk forward over stored candles"}`;
  const size = formatShare(Math.abs(skill.skill), 1);
  const even = Math.abs(skill.skill) < EVEN;
  if (skill.n < ENOUGH) {
    return {
      verdict: "unknown",
      title: "Too few to tell",
      detail: even
        ? `It does as well as "no change", over only ${n}.`
        : `Errors are ${size} ${
          skill.skill > 0 ? "smaller" : "larger"
        } than those of "no change", over only ${n}.`,
    };
  }
  if (skill.skill < 0 || even) {
    return {
      verdict: "none",
      title: "No skill",
      detail: even
        ? `It does as well as "no change", over ${n}.`
        : `Its errors are ${size} larger than those of "no change", over ${n}.`,
    };
  }
  return {
    verdict: "some",
    title: `Skill ${formatShare(skill.skill, 1)}`,
    detail: `Its errors are ${size} smaller than those of "no change", over ` +
      `${n}.${
        skill.source === "walk_forward" && rivals > 0
          ? ` It is shown as the best of ${
            rivals + 1
          } models on them, so some of ` +
            `that is luck.`
          : ""
      }`,
  };
}

/** How often the direction was right, with what chance alone would allow. */
export function describeHitRate(skill: SkillView | undefined): string | null {
  if (skill === undefined || skill.direction_n === 0) return null;
  const { direction_hits: hits, direction_n: n } = skill;
  const { low, high } = wilson(hits, n);
  const range = `${formatShare(low)} to ${formatShare(high)} with 95 %`;
  const coin = low > 0.5 || high < 0.5
    ? ""
    : n < ENOUGH
    ? ", too few to tell"
    : ", no better than a coin";
  return `${formatShare(hits / n)} of ${n} (${range} confidence${coin})`;
}

/** Wilson's 95 % interval of a proportion. Source: Wilson (1927). */
export function wilson(
  hits: number,
  n: number,
): { readonly low: number; readonly high: number } {
  const z = 1.959964;
  const p = hits / n;
  const centre = p + z * z / (2 * n);
  const spread = z * Math.sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  const scale = 1 + z * z / n;
  return {
    low: Math.max(0, (centre - spread) / scale),
    high: Math.min(1, (centre + spread) / scale),
  };
}
