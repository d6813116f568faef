import assert from "node:assert/strict";
import type { FeedState } from "../../pipeline/domain/live_event.ts";
import { type Alert, priceAlert } from "../alerts.ts";
import { AlertListener } from "./alert_listener.ts";

const NOW = 1_764_043_230_000;
const base = { id: "a", symbol: "A", setAt: NOW };
const candle = (c: number) => ({ t: NOW - 30_000, h: c, l: c, c });
const feed = (changes: Partial<FeedState> = {}): FeedState => ({
  symbol: "A",
  status: "live",
  feed: "f",
  delivery: "acked",
  last_tick: NOW,
  lag_ms: 0,
  session: "open",
  ...changes,
});

function setUp(alerts: readonly Alert[]) {
  const fired: string[] = [];
  const listener = new AlertListener((_, { text }) => fired.push(text));
  listener.setAlerts(alerts);
  return { listener, fired };
}

Deno.test("a listener holds candles to the alerts of their instrument only", () => {
  const above = priceAlert({ ...base, level: 101, decimals: 0 }, 100);
  const { listener, fired } = setUp([above]);
  listener.receive("candle", { symbol: "B", candle: candle(500) }, NOW);
  listener.receive("candle", { symbol: "A", candle: candle(100) }, NOW);
  assert.deepEqual(fired, []);
  listener.receive("candle", { symbol: "A", candle: candle(102) }, NOW);
  assert.deepEqual(fired, ["A rose to 101"]);
  assert.deepEqual(listener.symbols, ["A"]);
});

Deno.test("a snapshot tells what was missed", () => {
  const above = priceAlert({ ...base, level: 101, decimals: 0 }, 100);
  const { listener, fired } = setUp([above]);
  const part = (symbol: string, c: number) => ({
    symbol,
    candles: [{ interval: "1m", closed: [], forming: candle(c) }],
    forecasts: [],
    signals: [],
    feed: feed({ symbol }),
  });
  const snapshot = { at: NOW, symbols: [part("B", 500), part("A", 103)] };
  listener.receive("snapshot", snapshot, 0);
  assert.deepEqual(fired, ["A rose to 101"]);
});

Deno.test("a feed that tells nothing more grows stale, unless a tick comes", () => {
  const { listener, fired } = setUp([{ ...base, kind: "stale" }]);
  listener.receive("feed", feed(), NOW);
  listener.tick(NOW + 100_000);
  assert.deepEqual(fired, []);
  const forming = { ...candle(1), t: NOW + 60_000, closed: false };
  listener.receive("candle", { symbol: "A", candle: forming }, NOW + 110_000);
  listener.tick(NOW + 200_000);
  assert.deepEqual(fired, []);
  listener.tick(NOW + 300_000);
  assert.match(fired.join(), /A: stale/);
});

Deno.test("without a stream the answers of the server are held to the alerts", () => {
  const { listener, fired } = setUp([{ ...base, kind: "signal" }]);
  const signal = {
    t: NOW,
    version: 1,
    made_at: NOW + 1,
    action: "SELL",
    reason: "r",
  };
  const answer = { symbol: "A", last: candle(1), signal, feed: feed() };
  listener.receiveAnswer([answer as never], NOW + 2);
  assert.deepEqual(fired, ["SELL A: r"]);
  listener.setAlerts([]);
  listener.receiveAnswer([answer as never], NOW + 2);
  assert.equal(fired.length, 1);
});
