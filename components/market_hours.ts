import type { MarketHours, MarketPeriod } from "./api_views.ts";

/** What the market does at a moment, and what comes next. */
export interface MarketNow {
  readonly state: MarketPeriod["state"];
  readonly reason: string | null;
  readonly holiday: string | null;
  /** When it opens next, or `null` if it is open or nobody knows. */
  readonly opensAt: number | null;
  /** When it closes, if it is open and does. */
  readonly closesAt: number | null;
}

/** What is known of a moment; beyond what was asked nothing is. */
export function marketAt({ periods, to }: MarketHours, now: number): MarketNow {
  const at = periods.findIndex((one) => one.from <= now && now < one.to);
  if (at < 0) return NOTHING_KNOWN;
  const { state, reason, holiday, to: until } = periods[at];
  const next = periods.slice(at + 1).find((one) =>
    one.state === "open" || one.state === "unknown"
  );
  const shut = state === "closed" || state === "pre_open";
  return {
    state,
    reason,
    holiday,
    opensAt: shut && next?.state === "open" ? next.from : null,
    closesAt: state === "open" && until < to ? until : null,
  };
}

const NOTHING_KNOWN: MarketNow = {
  state: "unknown",
  reason: null,
  holiday: null,
  opensAt: null,
  closesAt: null,
};

/** When a candle ends: by its length, or with its session. */
export function closeTimeOf(
  { periods }: MarketHours,
  t: number,
  intervalMs: number,
): number {
  const end = t + intervalMs;
  const session = periods.find((one) =>
    one.state === "open" && one.from <= t && t < one.to
  );
  return session === undefined ? end : Math.min(end, session.to);
}

/** When the candle after one opens: with the next session, if that ends it. */
export function nextTimeOf(
  hours: MarketHours,
  t: number,
  intervalMs: number,
): number {
  const end = closeTimeOf(hours, t, intervalMs);
  const { periods } = hours;
  const at = periods.findIndex((one) => one.from <= end && end < one.to);
  if (at < 0 || periods[at].state === "open") return end;
  const next = periods.slice(at).find(({ state }) =>
    state === "open" || state === "unknown"
  );
  return next === undefined ? end : Math.max(end, next.from);
}
