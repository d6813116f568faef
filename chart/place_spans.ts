import type { CandleStore } from "./candle_store.ts";
import { DAY_MS } from "./local_time.ts";
import type { ChartOutage, ChartSession } from "./types.ts";

/** A stretch of slots, from the left edge of `from` to the left edge of `to`. */
export interface SlotSpan {
  readonly from: number;
  readonly to: number;
}

export interface PlacedOutage extends SlotSpan {
  readonly outage: ChartOutage;
}

export interface PlacedSession extends SlotSpan {
  readonly session: ChartSession;
}

interface Window {
  readonly store: CandleStore;
  readonly intervalMs: number;
  /** Slots in sight, both included. */
  readonly first: number;
  readonly last: number;
}

/**
 * The slots that a stretch of time touches. Where no candle is inside, `from`
 * equals `to`: the seam between two candles that hides it.
 */
export function slotsOf(
  { store, intervalMs }: Pick<Window, "store" | "intervalMs">,
  fromT: number,
  toT: number,
): SlotSpan {
  let from = store.lowerBound(fromT);
  // The candle before may reach into it.
  if (from > 0 && store.t[from - 1] + intervalMs > fromT) from--;
  return { from, to: Math.max(from, store.lowerBound(toT)) };
}

/** Outages in sight; one that goes on reaches over the newest candle. */
export function placeOutages(
  outages: readonly ChartOutage[],
  window: Window,
): readonly PlacedOutage[] {
  const { store, first, last } = window;
  if (store.length === 0) return [];
  const placed: PlacedOutage[] = [];
  for (const outage of outages) {
    const { from, to } = slotsOf(window, outage.from, outage.to ?? Infinity);
    // Before all that is loaded there is nothing to hatch.
    if (to === 0 || from > last || to < first) continue;
    placed.push({ from, to: outage.to === null ? to + 1 : to, outage });
  }
  return placed;
}

/** Sessions in sight that are not the regular one. */
export function placeSessions(
  sessions: readonly ChartSession[],
  window: Window,
): readonly PlacedSession[] {
  const { first, last } = window;
  const placed: PlacedSession[] = [];
  for (const session of sessions) {
    const { from, to } = slotsOf(window, session.from, session.to);
    if (to > from && from <= last && to >= first) {
      placed.push({ from, to, session });
    }
  }
  return placed;
}

/** Every other day of trading, so that a day is seen as one; by the calendar's day, so that a pan changes none. */
export function placeDays(
  days: readonly number[],
  wallAt: (slot: number) => number,
  { first, last }: Pick<Window, "first" | "last">,
): readonly SlotSpan[] {
  if (days.length === 0) return [];
  const edges = [Math.max(0, first), ...days, last + 1];
  const spans: SlotSpan[] = [];
  for (let i = 0; i + 1 < edges.length; i++) {
    const from = edges[i];
    const to = edges[i + 1];
    if (to > from && Math.floor(wallAt(from) / DAY_MS) % 2 !== 0) {
      spans.push({ from, to });
    }
  }
  return spans;
}

/**
 * Slots before which minutes have no candle although the feed was up: nobody
 * traded. A new day, or an outage, is another thing.
 */
export function quietSeams(
  { store, intervalMs, first, last }: Window,
  nextTimeOf: (t: number) => number,
  outages: readonly PlacedOutage[],
): readonly number[] {
  const seams: number[] = [];
  if (intervalMs >= DAY_MS) return seams;
  for (
    let slot = Math.max(1, first);
    slot <= Math.min(last, store.length - 1);
    slot++
  ) {
    const t = store.t[slot - 1];
    if (store.t[slot] - t <= intervalMs || nextTimeOf(t) >= store.t[slot]) {
      continue;
    }
    const day = Math.floor(store.wall[slot] / DAY_MS);
    if (Math.floor(store.wall[slot - 1] / DAY_MS) !== day) continue;
    if (outages.some(({ from, to }) => from <= slot && slot <= to)) continue;
    seams.push(slot);
  }
  return seams;
}
