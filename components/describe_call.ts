import {
  OUTCOME_MINUTES,
  type OutcomeView,
  type SignalView,
} from "../pipeline/domain/signal.ts";
import type { SignalRecord } from "../pipeline/domain/signal_record.ts";
import { formatShare } from "./format_change.ts";
import { formatSigned } from "./format_price.ts";

/**
 * All that is known of one BUY or SELL, a line each: how sure it was, why, what
 * came of it, and how often such signals were right.
 *
 * @param records Of all signals that the page knows.
 */
export function describeCall(
  { confidence, reason, outcomes }: SignalView,
  records: readonly SignalRecord[],
): string {
  return [
    `${formatShare(confidence)} sure`,
    reason,
    `Net of costs: ${outcomeWords(outcomes)}`,
    `Hit-rate of all signals: ${hitRateWords(records)}`,
  ].join("\n");
}

function outcomeWords(outcomes: readonly OutcomeView[]): string {
  if (outcomes.length === 0) return "not known yet";
  return perMinutes(OUTCOME_MINUTES, (minutes) => {
    const outcome = outcomes.find((one) => one.minutes === minutes);
    if (outcome === undefined) return "not known yet";
    return outcome.net_bps === null
      ? "no price"
      : `${formatSigned(outcome.net_bps, 1)} bps`;
  });
}

/** Before costs, as beside the chart. */
function hitRateWords(records: readonly SignalRecord[]): string {
  const known = records.filter(({ n }) => n > 0);
  if (known.length === 0) return "no outcome yet";
  return perMinutes(known.map(({ minutes }) => minutes), (minutes) => {
    const { hits, n } = known.find((one) => one.minutes === minutes)!;
    return `${formatShare(hits / n)} of ${n}`;
  });
}

/** As in "+2.1 bps after 1 min, no price after 5". */
function perMinutes(
  all: readonly number[],
  words: (minutes: number) => string,
): string {
  return all.map((minutes, i) =>
    `${words(minutes)} after ${minutes}${i === 0 ? " min" : ""}`
  ).join(", ");
}
