import assert from "node:assert/strict";
import type { Signal } from "../domain/signal.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MINUTE,
} from "../domain/time.ts";
import type { UnsettledSignal } from "../forecast_ports.ts";
import { settleSignal } from "./settle_signal.ts";

const T = epochMicros(Date.UTC(2025, 5, 16, 9, 30) * 1_000);
const minute = (n: number) => epochMicros(T + n * MICROS_PER_MINUTE);
const OPEN = { stateAt: () => ({ kind: "unknown" as const }) };

function closedFrom(close: EpochMicros) {
  return {
    stateAt: (t: EpochMicros) =>
      t < close
        ? { kind: "unknown" as const }
        : { kind: "closed" as const, reason: "after the session" },
  };
}

function unsettled(
  action: Signal["action"],
  given: Partial<UnsettledSignal> = {},
): UnsettledSignal {
  return {
    signal: {
      symbol: "A",
      t: T,
      version: 1,
      madeAt: epochMicros(T + 300_000),
      model: "m",
      action,
      lean: "up",
      reason: "",
      confidence: 0.6,
      price: 100,
      expectedBps: 5,
      costBps: 2,
    },
    minutes: 5,
    entry: { open: 100, complete: true },
    exit: { open: 100.1, complete: true },
    closedThrough: minute(6),
    ...given,
  };
}

Deno.test("settleSignal() is in at one open and out at a later one, and pays the cost", () => {
  const move = Math.log(100.1 / 100) * 1e4;
  const cases = [["BUY", move - 2, 2], ["SELL", -move - 2, 2], ["HOLD", 0, 0]];
  for (const [action, netBps, costBps] of cases) {
    assert.deepEqual(
      settleSignal(
        unsettled(action as Signal["action"]),
        OPEN,
        minute(7),
      ),
      {
        symbol: "A",
        t: T,
        version: 1,
        minutes: 5,
        settledAt: minute(7),
        costBps,
        came: {
          kind: "priced",
          entry: 100,
          exit: 100.1,
          moveBps: move,
          netBps,
        },
      },
    );
  }
});

Deno.test("settleSignal() guesses no price: a session's end, a minute without a tick, a gap", () => {
  const reason = (
    given: Partial<UnsettledSignal>,
    calendar: Parameters<typeof settleSignal>[1] = OPEN,
    now = minute(7),
  ) => {
    const came = settleSignal(unsettled("BUY", given), calendar, now)?.came;
    return came?.kind === "no_price" ? came.reason : came;
  };
  assert.equal(
    reason({ exit: null }, closedFrom(minute(6))),
    "The market is closed at 2025-06-16T09:36Z",
  );
  assert.equal(
    reason({ entry: null, exit: null }, closedFrom(minute(1))),
    "The market is closed at 2025-06-16T09:31Z",
  );
  assert.equal(
    reason({ entry: null }),
    "No tick came in the minute of 2025-06-16T09:31Z",
  );
  assert.equal(
    reason({ exit: { open: 100, complete: false } }),
    "The feed was away for a part of the minute of 2025-06-16T09:36Z",
  );
  const late = { exit: null, closedThrough: minute(5) };
  assert.equal(
    reason(late, OPEN, minute(6 + 24 * 60 + 1)),
    "No candle of 2025-06-16T09:36Z came within a day",
  );
});

Deno.test("settleSignal() waits while a candle may still come", () => {
  const waits = (given: Partial<UnsettledSignal>) =>
    settleSignal(unsettled("BUY", given), OPEN, minute(8)) === null;
  assert.ok(waits({ exit: null, closedThrough: minute(5) }));
  assert.ok(waits({ exit: null, closedThrough: null }));
  assert.ok(waits({ entry: null, exit: null, closedThrough: minute(1) }));
});
