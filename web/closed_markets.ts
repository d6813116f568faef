import type { ClosedMarket } from "../components/ClosedMarkets.tsx";
import type { FeedState } from "../pipeline/domain/live_event.ts";
import { toMillis } from "../pipeline/domain/time.ts";
import { nextOpen } from "./next_open.ts";
import type { Services } from "./services.ts";

/**
 * The markets that are closed, if all are: each with the time at which it
 * opens. Empty while one is open.
 */
export function closedMarkets(
  { catalog, clock }: Pick<Services, "catalog" | "clock">,
  states: readonly Pick<FeedState, "symbol" | "session">[],
): readonly ClosedMarket[] {
  if (states.some(({ session }) => session === "open")) return [];
  const now = clock.now();
  const markets = new Map<string, ClosedMarket>();
  for (const { symbol } of states) {
    const instrument = catalog.get(symbol);
    if (instrument === undefined) continue;
    const calendar = catalog.calendarOf(instrument);
    const key = `${instrument.exchange} ${calendar.id}`;
    if (markets.has(key)) continue;
    const state = calendar.stateAt(now);
    const next = nextOpen(calendar, now);
    markets.set(key, {
      exchange: instrument.exchange,
      calendar: calendar.id,
      symbol,
      zone: calendar.zone,
      reason: state.kind === "closed" ? state.reason : null,
      opensAt: next === null ? null : toMillis(next.open),
    });
  }
  return [...markets.values()];
}
