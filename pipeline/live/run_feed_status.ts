import type { Catalog } from "../catalog.ts";
import type { FeedState } from "../domain/live_event.ts";
import type { Clock, FeedActivity, FeedActivityStore, Log } from "../ports.ts";
import { feedStateOf, sameFeedState } from "./feed_status.ts";
import type { LiveBus } from "./live_bus.ts";

const EVERY_MS = 1_000;
/** Of many instruments a look takes long: it rests so many times as long. */
const REST = 10;
const EVERY_MS_MAX = 3_000;
/** A state that stays the same is told again, as its age still changes. */
const REPEAT_EVERY = 15;

/**
 * Watches the feeds and publishes each state that changed, until aborted.
 *
 * While the warehouse does not answer, what was last known grows old: the
 * states turn quiet and stale by themselves.
 */
export async function runFeedStatus(options: {
  readonly catalog: Catalog;
  readonly store: FeedActivityStore;
  readonly bus: LiveBus;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Called with all states, whenever they were looked at. */
  readonly onStates?: (states: readonly FeedState[]) => void;
}): Promise<void> {
  const { catalog, store, bus, clock, log, signal } = options;
  const known = new Map<string, FeedState>();
  let activity: readonly FeedActivity[] = [];
  let failed = false;
  for (let round = 0; !signal.aborted; round++) {
    const startedAtMs = clock.steadyMs();
    try {
      activity = await store.activity();
      failed = false;
    } catch (error) {
      if (!failed) {
        log.warn("Cannot read the feeds' activity", { error: String(error) });
      }
      failed = true;
    }
    const states = statesOf(catalog, activity, clock);
    options.onStates?.(states);
    const repeat = round % REPEAT_EVERY === 0;
    const changed = states.filter((state) => {
      const before = known.get(state.symbol);
      return repeat || before === undefined || !sameFeedState(before, state);
    });
    for (const state of changed) known.set(state.symbol, state);
    bus.publish(
      changed.map((state) => ({ kind: "feed", symbol: state.symbol, state })),
    );
    const tookMs = clock.steadyMs() - startedAtMs;
    const restMs = Math.min(EVERY_MS_MAX, REST * tookMs);
    await clock.sleep(Math.max(EVERY_MS, restMs), signal);
  }
}

/** The state of every instrument's feed, now. */
export function statesOf(
  catalog: Catalog,
  activity: readonly FeedActivity[],
  clock: Pick<Clock, "now">,
): readonly FeedState[] {
  const bySymbol = new Map(activity.map((one) => [one.symbol, one]));
  const now = clock.now();
  return catalog.all().map((instrument) =>
    feedStateOf({
      symbol: instrument.symbol,
      activity: bySymbol.get(instrument.symbol),
      calendar: catalog.calendarOf(instrument),
      now,
    })
  );
}
