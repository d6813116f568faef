import assert from "node:assert/strict";
import { alwaysOpen } from "../calendars/always_open.ts";
import type { Calendar } from "../domain/calendar.ts";
import { type EpochMicros, fromMillis } from "../domain/time.ts";
import type { FeedActivity } from "../ports.ts";
import {
  feedStateOf,
  QUIET_AFTER_MS,
  sameFeedState,
  STALE_AFTER_MS,
} from "./feed_status.ts";

const NOW_MS = 1_764_042_300_000;
const open = alwaysOpen();
const shut: Calendar = {
  ...open,
  id: "shut",
  zone: "UTC",
  stateAt: () => ({ kind: "closed", reason: "holiday" }),
  bucketAt: (interval, t) => open.bucketAt(interval, t),
  sessionsBetween: () => [],
};

function activity(
  silentMs: number,
  lagMs: number,
  connected = true,
): FeedActivity {
  const received = NOW_MS - silentMs;
  return {
    key: { feed: "nse", epoch: 1 },
    symbol: "A",
    maxEvent: fromMillis(received - lagMs),
    lastReceived: fromMillis(received),
    replay: false,
    ended: false,
    delivery: "acked",
    connected,
  };
}

function stateOf(one: FeedActivity | undefined, calendar: Calendar = open) {
  const now: EpochMicros = fromMillis(NOW_MS);
  return feedStateOf({ symbol: "A", activity: one, calendar, now });
}

Deno.test("feedStateOf() follows how long nothing came and how far behind it is", () => {
  const cases = [
    [0, 900, "live"],
    [QUIET_AFTER_MS, 0, "live"],
    [QUIET_AFTER_MS + 1, 0, "quiet"],
    [STALE_AFTER_MS, 0, "quiet"],
    [STALE_AFTER_MS + 1, 0, "stale"],
    [0, STALE_AFTER_MS + 1, "stale"],
  ] as const;
  for (const [silent, lag, status] of cases) {
    assert.equal(stateOf(activity(silent, lag)).status, status);
  }
});

Deno.test("feedStateOf() is down without a connection, whatever came before", () => {
  assert.equal(stateOf(activity(0, 0, false)).status, "down");
  assert.equal(stateOf(activity(0, 0, false), shut).status, "down");
  assert.equal(stateOf(undefined).status, "down");
  assert.equal(stateOf(undefined).last_tick, null);
});

Deno.test("feedStateOf() calls a silent feed of a shut market quiet, not stale", () => {
  const state = stateOf(activity(10 * STALE_AFTER_MS, 0), shut);
  assert.deepEqual([state.status, state.session], ["quiet", "closed"]);
});

Deno.test("feedStateOf() never reports a lag below 0", () => {
  assert.equal(stateOf(activity(0, -1_200)).lag_ms, 0);
  assert.equal(stateOf(activity(0, 850)).lag_ms, 850);
});

Deno.test("sameFeedState() looks at what is told, not at ages", () => {
  assert.ok(sameFeedState(stateOf(activity(0, 0)), stateOf(activity(9, 9))));
  assert.ok(
    !sameFeedState(stateOf(activity(0, 0)), stateOf(activity(0, 0, false))),
  );
});
