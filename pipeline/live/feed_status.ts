import type { Calendar } from "../domain/calendar.ts";
import type { FeedState, FeedStatus } from "../domain/live_event.ts";
import { type EpochMicros, MICROS_PER_MS, toMillis } from "../domain/time.ts";
import type { FeedActivity } from "../ports.ts";

/** Nothing for this long while the market is open: quiet. */
export const QUIET_AFTER_MS = 15_000;
/** Nothing for this long while the market is open, or this far behind: stale. */
export const STALE_AFTER_MS = 120_000;

/**
 * How fresh an instrument's data is, from what was committed and the time.
 *
 * A connection alone makes nothing live: ticks must come, and be of now. While
 * the market is shut nothing is expected, so a connected feed is quiet.
 */
export function feedStateOf(input: {
  readonly symbol: string;
  readonly activity: FeedActivity | undefined;
  readonly calendar: Calendar;
  readonly now: EpochMicros;
}): FeedState {
  const { symbol, activity, calendar, now } = input;
  const session = calendar.stateAt(now).kind === "closed" ? "closed" : "open";
  if (activity === undefined) {
    return {
      symbol,
      status: "down",
      feed: null,
      delivery: null,
      last_tick: null,
      lag_ms: null,
      session,
    };
  }
  return {
    symbol,
    status: statusOf(activity, session, now),
    feed: activity.key.feed,
    delivery: activity.delivery,
    last_tick: toMillis(activity.maxEvent),
    lag_ms: lagMs(activity),
    session,
  };
}

function statusOf(
  activity: FeedActivity,
  session: FeedState["session"],
  now: EpochMicros,
): FeedStatus {
  if (!activity.connected) return "down";
  if (session === "closed") return "quiet";
  const silentMs = (now - activity.lastReceived) / MICROS_PER_MS;
  const behindMs = lagMs(activity);
  if (silentMs > STALE_AFTER_MS || behindMs > STALE_AFTER_MS) return "stale";
  return silentMs > QUIET_AFTER_MS ? "quiet" : "live";
}

/** Listener's clock less the market's at the last tick; never below 0. */
function lagMs({ lastReceived, maxEvent }: FeedActivity): number {
  return Math.max(0, Math.round((lastReceived - maxEvent) / MICROS_PER_MS));
}

/** Whether a reader would be told something else. */
export function sameFeedState(a: FeedState, b: FeedState): boolean {
  return a.status === b.status && a.feed === b.feed &&
    a.delivery === b.delivery && a.session === b.session;
}
