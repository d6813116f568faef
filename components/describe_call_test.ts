import assert from "node:assert/strict";
import type { OutcomeView, SignalView } from "../pipeline/domain/signal.ts";
import { marksOf } from "./chart_input.ts";

const outcome = (minutes: number, net: number | null): OutcomeView => ({
  minutes,
  entry: net === null ? null : 100,
  exit: net === null ? null : 101,
  move_bps: net === null ? null : net + 2,
  cost_bps: 2,
  net_bps: net,
  no_price: net === null ? "the market was closed" : null,
});

function signal(
  t: number,
  action: SignalView["action"],
  outcomes: readonly OutcomeView[],
): SignalView {
  return {
    symbol: "A",
    t,
    version: 1,
    supersedes: null,
    superseded: false,
    made_at: t,
    model: "arima(1,1,1)",
    action,
    lean: "up",
    reason: "Expected 5.0 bps exceeds the cost of 2.0 bps",
    confidence: 0.624,
    price: 100.5,
    expected_bps: 5,
    cost_bps: 2,
    outcomes,
  };
}

Deno.test("a mark says how sure, why, what came of it, and the hit-rate", () => {
  const marks = marksOf([
    // Right, but for less than it cost; then wrong; then without a price.
    signal(1, "BUY", [outcome(1, -1), outcome(5, -8.04), outcome(15, null)]),
    signal(2, "BUY", [outcome(1, 2.13)]),
    signal(3, "HOLD", [outcome(1, 0)]),
    signal(4, "SELL", []),
  ]);
  const why = "62 % sure\nExpected 5.0 bps exceeds the cost of 2.0 bps\n";
  const rate = "Hit-rate of all signals: 100 % of 2 after 1 min, " +
    "0 % of 1 after 5";
  assert.deepEqual(marks.map(({ t, side, title }) => [t, side, title]), [
    [
      1,
      "BUY",
      `${why}Net of costs: −1.0 bps after 1 min, −8.0 bps after 5, ` +
      `no price after 15\n${rate}`,
    ],
    [
      2,
      "BUY",
      `${why}Net of costs: +2.1 bps after 1 min, not known yet after 5, ` +
      `not known yet after 15\n${rate}`,
    ],
    [4, "SELL", `${why}Net of costs: not known yet\n${rate}`],
  ]);
});

Deno.test("a mark without any outcome before it says so", () => {
  const [{ title }] = marksOf([signal(1, "BUY", [])]);
  assert.match(title, /\nHit-rate of all signals: no outcome yet$/);
});
