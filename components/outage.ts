/** What does not work and what becomes of the data, in sentences. */
export interface Outage {
  /** These keep the program from its work. */
  readonly reasons: readonly string[];
  /** The work goes on all the same. */
  readonly warnings: readonly string[];
}

/** The same as this page knows it, which may not reach the program. */
export interface OutageHere extends Outage {
  /** Since when, Unix ms; `null` while it does. */
  readonly unreachedSince: number | null;
}

/** How things are, in a word and a shape that needs no colour. */
export function describeOutage(
  { reasons, warnings, unreachedSince }: OutageHere,
): { readonly level: "up" | "warn" | "down"; readonly word: string } {
  if (unreachedSince !== null) return { level: "down", word: "not reached" };
  const down = reasons.length;
  if (down > 0) {
    return {
      level: "down",
      word: `${down} ${down === 1 ? "outage" : "outages"}`,
    };
  }
  const warn = warnings.length;
  if (warn > 0) {
    return {
      level: "warn",
      word: `${warn} ${warn === 1 ? "warning" : "warnings"}`,
    };
  }
  return { level: "up", word: "all works" };
}

/** Shapes of levels, so that colour is not the only cue. */
export const LEVEL_SHAPES = { up: "●", warn: "▲", down: "✕" } as const;
export type Level = keyof typeof LEVEL_SHAPES;
