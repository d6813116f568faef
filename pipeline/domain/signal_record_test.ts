import assert from "node:assert/strict";
import { signalRecords } from "./signal_record.ts";
import {
  type Signal,
  type SignalOutcome,
  type SignalView,
  signalView,
} from "./signal.ts";
import { epochMicros } from "./time.ts";

function view(
  n: number,
  action: Signal["action"],
  moves: readonly (number | null)[],
  superseded = false,
): SignalView {
  const signal: Signal = {
    symbol: "A",
    t: epochMicros(60e6 * n),
    version: 1,
    madeAt: epochMicros(60e6 * n),
    model: "m",
    action,
    lean: "up",
    reason: "",
    confidence: 0.6,
    price: 100,
    expectedBps: 5,
    costBps: 2,
  };
  const way = action === "SELL" ? -1 : 1;
  return signalView(signal, {
    superseded,
    outcomes: moves.map((moveBps, i): SignalOutcome => ({
      symbol: "A",
      t: signal.t,
      version: 1,
      minutes: [1, 5, 15][i],
      settledAt: signal.t,
      costBps: 2,
      came: moveBps === null ? { kind: "no_price", reason: "closed" } : {
        kind: "priced",
        entry: 100,
        exit: 101,
        moveBps,
        netBps: way * moveBps - 2,
      },
    })),
  });
}

Deno.test("signalRecords() counts calls with a price, beside always long and no change", () => {
  const [one, five, fifteen] = signalRecords([
    view(1, "BUY", [5, 1, null]),
    view(2, "SELL", [3, -9]),
    view(3, "BUY", []),
    view(4, "BUY", [1_000], true),
    view(5, "HOLD", [7, 7, 7]),
  ]);
  assert.deepEqual(one, {
    minutes: 1,
    n: 2,
    hits: 1,
    mean_net_bps: (3 - 5) / 2,
    always_long_bps: (3 + 1) / 2,
    no_change_bps: 0,
    no_price: 0,
  });
  assert.deepEqual([five.n, five.hits, five.mean_net_bps], [2, 2, 3]);
  assert.deepEqual(
    [fifteen.n, fifteen.mean_net_bps, fifteen.no_price],
    [0, null, 1],
  );
});
