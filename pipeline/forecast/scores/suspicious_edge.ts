import type { ScoreSums } from "../../domain/score_sums.ts";
import { wilsonInterval } from "./wilson_interval.ts";

/** Share of a minute's variance that no honest model foretells. */
const SHARE_MAX = 0.5;
/** What comes with that share when returns are normal. */
const HIT_RATE_MAX = 0.5 + Math.asin(Math.sqrt(SHARE_MAX)) / Math.PI;
const SKILL_MAX = 1 - Math.sqrt(1 - SHARE_MAX);
const ENOUGH = 30;
/** Standard errors beyond the bound, so that luck is no ground. */
const SIGMAS = 3;
/**
 * Share of minutes that move a price from which on it is liquid: a last trade
 * that jumps between bid and ask is rightly foretold to jump back.
 */
const LIQUID = 0.8;

/**
 * Why a record is too good to be true, or `null`.
 *
 * On real one-minute data no model foretells even one percent of the variance,
 * and the simulated symbol that is predictable on purpose has 36 %. A model
 * that would have to foretell half of it sees what it forecasts, or a bug
 * makes it look so: its skill is above 29 %, or on a price that moves in most
 * minutes its direction is right more than 75 % of the time, each by three
 * standard errors over at least 30 forecasts.
 */
export function suspiciousEdge(sums: ScoreSums): string | null {
  const { n } = sums;
  if (n >= ENOUGH && beyondSkill(sums)) {
    const skill = 1 - sums.absError / sums.absErrorNaive;
    return `Its errors are ${percent(skill)} smaller than those of no change ` +
      `over ${n} forecasts: more than ${percent(SKILL_MAX)} looks like a leak`;
  }
  const { directions, hits, moved } = sums;
  const { low } = wilsonInterval(hits, directions, SIGMAS);
  if (directions >= ENOUGH && moved >= LIQUID * n && low > HIT_RATE_MAX) {
    return `Its direction was right ${percent(hits / directions)} of ` +
      `${directions} times: more than ${percent(HIT_RATE_MAX)} looks like a ` +
      `leak`;
  }
  return null;
}

/** The mean of |error| - (1 - bound) |error of no change| is below 0. */
function beyondSkill(sums: ScoreSums): boolean {
  const { n } = sums;
  const share = 1 - SKILL_MAX;
  const mean = (sums.absError - share * sums.absErrorNaive) / n;
  const squares = sums.squares - 2 * share * sums.products +
    share * share * sums.squaresNaive;
  const variance = Math.max(0, squares - n * mean * mean) / (n - 1);
  return mean < -SIGMAS * Math.sqrt(variance / n);
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
