import assert from "node:assert/strict";
import type { FeedState } from "../pipeline/domain/live_event.ts";
import { firedByCandle, firedByFeed, firedBySignal } from "./alert_rules.ts";
import { type Alert, priceAlert } from "./alerts.ts";

const SET_AT = 1_764_043_230_000;
const NOW = SET_AT + 5_000;
const MINUTE = 60_000;
const base = { id: "a1", symbol: "NIFTY50", setAt: SET_AT };
const atLevel = (level: number, price: number) =>
  priceAlert({ ...base, level, decimals: 2 }, price);
const ON_SIGNAL: Alert = { ...base, kind: "signal" };
const ON_STALE: Alert = { ...base, kind: "stale" };

function candle(t: number, changes: { h?: number; l?: number; c?: number }) {
  return { t, h: 100, l: 100, c: 100, ...changes };
}

Deno.test("a level fires when the price comes to it from where it was", () => {
  const above = atLevel(101, 100);
  const forming = SET_AT - SET_AT % MINUTE;
  assert.equal(firedByCandle(above, candle(forming, { c: 100.99 }), NOW), null);
  for (const c of [101, 105]) {
    const fired = firedByCandle(above, candle(forming, { c }), NOW);
    assert.equal(fired?.text, "NIFTY50 rose to 101.00");
    assert.equal(fired?.at, NOW);
  }
  const below = atLevel(99, 100);
  assert.equal(firedByCandle(below, candle(forming, { c: 105 }), NOW), null);
  assert.equal(
    firedByCandle(below, candle(forming, { c: 99 }), NOW)?.text,
    "NIFTY50 fell to 99.00",
  );
});

Deno.test("what a candle reached before the alert was set does not fire it", () => {
  const above = atLevel(101, 100);
  const before = candle(SET_AT - 30_000, { h: 102 });
  assert.equal(firedByCandle(above, before, NOW), null);
  const after = candle(SET_AT + 30_000, { h: 102 });
  assert.ok(firedByCandle(above, after, NOW));
});

Deno.test("a signal fires once each, and HOLD is none", () => {
  const signal = {
    t: SET_AT,
    version: 1,
    made_at: SET_AT + 200,
    action: "BUY" as const,
    reason: "Expected 9.0 bps",
  };
  const first = firedBySignal(ON_SIGNAL, signal, NOW);
  assert.equal(first?.text, "BUY NIFTY50: Expected 9.0 bps");
  const again = firedBySignal(ON_SIGNAL, signal, NOW + 9);
  assert.equal(again?.key, first?.key);
  const next = firedBySignal(ON_SIGNAL, { ...signal, version: 2 }, NOW);
  assert.notEqual(next?.key, first?.key);
  for (
    const none of [
      { ...signal, action: "HOLD" as const },
      { ...signal, made_at: SET_AT - 1 },
    ]
  ) assert.equal(firedBySignal(ON_SIGNAL, none, NOW), null);
  assert.equal(firedBySignal(ON_STALE, signal, NOW), null);
});

Deno.test("a feed fires once an outage, while the market is open", () => {
  const stale: FeedState = {
    symbol: "NIFTY50",
    status: "stale",
    feed: "nse",
    delivery: "acked",
    last_tick: SET_AT - 1_000,
    lag_ms: 0,
    session: "open",
  };
  const first = firedByFeed(ON_STALE, stale, NOW);
  assert.ok(first);
  const down = firedByFeed(ON_STALE, { ...stale, status: "down" }, NOW);
  assert.equal(down?.key, first.key);
  const next = firedByFeed(ON_STALE, { ...stale, last_tick: NOW }, NOW);
  assert.notEqual(next?.key, first.key);
  for (
    const none of [
      { ...stale, status: "quiet" as const },
      { ...stale, session: "closed" as const },
    ]
  ) assert.equal(firedByFeed(ON_STALE, none, NOW), null);
});
