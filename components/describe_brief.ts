import type { SkillBrief } from "./api_views.ts";
import { formatShare } from "./format_change.ts";
import { formatSigned } from "./format_price.ts";

/** A record in a word or two: "no skill" is said as plainly as a figure. */
export function skillWord(brief: SkillBrief | null): string {
  if (brief === null || brief.skill === null || brief.n === 0) {
    return "not scored";
  }
  switch (brief.verdict) {
    case "skill":
      return `${formatSigned(brief.skill * 100, 1)} %`;
    case "no skill":
    case "worse than naive":
      return "no skill";
    case "suspicious":
      return "suspicious";
    case "too few":
      return "too few";
  }
}

/** What the word means, for a tooltip. */
export function describeBrief(brief: SkillBrief | null): string {
  if (brief === null || brief.skill === null || brief.n === 0) {
    return "A forecast is scored when its minute has closed";
  }
  const { model, skill, n, source } = brief;
  const over = source === "live"
    ? `the last ${n} live forecasts`
    : `${n} forecasts of a walk forward over stored candles`;
  return `${model}: over ${over} its errors were ` +
    `${formatShare(Math.abs(skill), 1)} ${skill < 0 ? "larger" : "smaller"} ` +
    `than those of “no change”`;
}
