import type { ModelView } from "./api_views.ts";
import { formatShare } from "./format_change.ts";

/** Fewer scores than this say nothing. */
const ENOUGH = 30;
/** From as many on live scores tell more than a walk forward over the past. */
const LIVE_ENOUGH = 60;
/** A skill that would be shown as 0.0 %. */
const EVEN = 0.0005;
/** The model that says "no change". */
export const BASELINE = "random-walk";

/** The records to tell of the models, the best first: one of each. */
export function recordsOf(models: readonly ModelView[]): readonly ModelView[] {
  const names = [...new Set(models.map(({ model }) => model))];
  return names.flatMap((model) => recordOf(models, model) ?? [])
    .sort((a, b) => (b.skill ?? -Infinity) - (a.skill ?? -Infinity));
}

/** The record to tell of a model: of live forecasts once they are enough. */
export function recordOf(
  models: readonly ModelView[],
  model: string,
): ModelView | undefined {
  const records = models.filter((one) => one.model === model);
  return records.find(({ source, n }) =>
    source === "live" && n >= LIVE_ENOUGH
  ) ??
    records.toSorted((a, b) => b.n - a.n)[0];
}

export interface SkillWords {
  /** `none` is a finding too, and said plainly. */
  readonly verdict: "unknown" | "none" | "some" | "suspicious";
  readonly title: string;
  readonly detail: string;
}

/**
 * What a model's record against "no change" amounts to.
 *
 * @param rivals Records of the other models, measured on the same candles: the
 * best of several looks better than it is.
 */
export function describeSkill(
  record: ModelView | undefined,
  rivals: readonly ModelView[] = [],
): SkillWords {
  if (record === undefined || record.skill === null || record.n === 0) {
    return {
      verdict: "unknown",
      title: "Not scored yet",
      detail: "A forecast is scored when its minute has closed.",
    };
  }
  const live = record.source === "live";
  const n = `${record.n} ${live ? "live " : ""}forecast${
    record.n === 1 ? "" : "s"
  }${live ? "" : " of a walk forward over stored candles"}`;
  const even = Math.abs(record.skill) < EVEN;
  const size = formatShare(Math.abs(record.skill), 1);
  const errors = even
    ? "its errors were as large"
    : `its errors were ${size} ${record.skill > 0 ? "smaller" : "larger"}`;
  switch (record.verdict) {
    case "suspicious":
      return {
        verdict: "suspicious",
        title: "Suspicious",
        detail: `${record.suspicious}. It is not shown as the forecast, and ` +
          `brings no signal.`,
      };
    case "too few":
      return {
        verdict: "unknown",
        title: "Too few to tell",
        detail: `Over only ${n}, ${errors}.`,
      };
    case "worse than naive":
      return {
        verdict: "none",
        title: "No skill",
        detail: `Over the last ${n} the model was worse than “no change”: ` +
          `${errors}, by more than chance (${formatP(record)}).`,
      };
    case "no skill":
      return {
        verdict: "none",
        title: "No skill",
        detail: record.model === BASELINE
          ? `“No change” itself is the forecast${
            rivals.some(isBetter) || rivals.length === 0
              ? "."
              : `: over the last ${n} none of the other models had smaller ` +
                `errors.`
          }`
          : `Over the last ${n} the model was no better than “no change”: ` +
            `${errors}${even ? "" : `, which is chance (${formatP(record)})`}.`,
      };
    case "skill":
      return {
        verdict: "some",
        title: `Skill ${size}`,
        detail: `Over the last ${n} ${errors} than those of “no change”, by ` +
          `more than chance (${formatP(record)}).${
            !live && rivals.length > 0
              ? ` It is the best of ${
                rivals.length + 1
              } models measured on them, ` +
                `so some of that is luck.`
              : ""
          }`,
      };
  }
}

function isBetter({ skill, suspicious }: ModelView): boolean {
  return suspicious === null && skill !== null && skill > 0;
}

/** Of Diebold and Mariano's test, as in `p = 0.31`. */
export function formatP({ diebold_mariano }: ModelView): string {
  const p = diebold_mariano?.p;
  if (p === undefined) return "p unknown";
  return p < 0.001 ? "p < 0.001" : `p = ${p.toFixed(p < 0.1 ? 3 : 2)}`;
}

/** How often the direction was right, with what chance alone would allow. */
export function describeHitRate(record: ModelView | undefined): string | null {
  if (record === undefined || record.direction.rate === null) return null;
  const { rate, n, low, high } = record.direction;
  const range = `${formatShare(low)} to ${formatShare(high)} with 95 %`;
  const coin = low > 0.5 || high < 0.5
    ? ""
    : n < ENOUGH
    ? ", too few to tell"
    : ", no better than a coin";
  return `${formatShare(rate)} of ${n} (${range} confidence${coin})`;
}
