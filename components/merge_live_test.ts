import assert from "node:assert/strict";
import type { CandleView } from "../pipeline/domain/candle.ts";
import type { ForecastView } from "../pipeline/domain/forecast.ts";
import type { SignalView } from "../pipeline/domain/signal.ts";
import {
  mergeCandle,
  mergeForecasts,
  mergeSignals,
  newerOf,
} from "./merge_live.ts";

const candle = (t: number, changes: Partial<CandleView> = {}) =>
  ({ t, rev: 0, closed: false, n: 1, ...changes }) as CandleView;

Deno.test("mergeCandle() appends, replaces by open time, inserts what came late", () => {
  let candles: readonly CandleView[] = [candle(1), candle(3)];
  candles = mergeCandle(candles, candle(4), 10);
  candles = mergeCandle(candles, candle(4, { n: 5 }), 10);
  candles = mergeCandle(candles, candle(2), 10);
  candles = mergeCandle(candles, candle(0), 10);
  assert.deepEqual(candles.map(({ t }) => t), [0, 1, 2, 3, 4]);
  assert.equal(candles[4].n, 5);
});

Deno.test("mergeCandle() keeps the newer of two versions, whichever comes last", () => {
  const closed = candle(1, { closed: true, n: 9 });
  const revised = candle(1, { closed: true, n: 10, rev: 1 });
  assert.deepEqual(mergeCandle([closed], candle(1, { n: 8 }), 10), [closed]);
  assert.deepEqual(mergeCandle([closed], revised, 10), [revised]);
  assert.deepEqual(mergeCandle([revised], closed, 10), [revised]);
});

Deno.test("mergeCandle() keeps a bound", () => {
  let candles: readonly CandleView[] = [];
  for (let t = 0; t < 9; t++) candles = mergeCandle(candles, candle(t), 3);
  assert.deepEqual(candles.map(({ t }) => t), [6, 7, 8]);
});

Deno.test("newerOf() lets what was told in the stretch stand, if it is newer", () => {
  const stretch = [candle(2, { rev: 1 }), candle(4, { rev: 2 }), candle(6)];
  const told = [
    candle(1),
    candle(2, { rev: 2 }),
    candle(3),
    candle(4),
    candle(7),
  ];
  assert.deepEqual(
    newerOf(stretch, told).map(({ t, rev }) => [t, rev]),
    [[2, 2], [3, 0], [4, 2], [6, 0]],
  );
  assert.deepEqual(newerOf([], told), []);
});

Deno.test("mergeForecasts() replaces by minute and horizon, as scores come", () => {
  const one = (t: number, horizon: number, actual: number | null = null) =>
    ({ t, horizon, actual }) as ForecastView;
  const merged = mergeForecasts(
    [one(1, 1), one(2, 2)],
    [one(2, 1), one(1, 1, 5)],
    10,
  );
  assert.deepEqual(
    merged.map(({ t, horizon, actual }) => [t, horizon, actual]),
    [[1, 1, 5], [2, 1, null], [2, 2, null]],
  );
});

Deno.test("mergeSignals() lets the later version stand for its minute, and keeps outcomes", () => {
  const one = (t: number, version: number, outcomes: number) =>
    ({
      t,
      version,
      outcomes: Array.from({ length: outcomes }),
    }) as unknown as SignalView;
  const merged = mergeSignals(
    [one(1, 2, 0), one(2, 1, 0), one(3, 1, 3), one(4, 1, 0)],
    [one(1, 1, 3), one(2, 2, 0), one(3, 1, 0), one(4, 1, 1)],
    9,
  );
  assert.deepEqual(
    merged.map(({ version, outcomes }) => [version, outcomes.length]),
    [[2, 0], [2, 0], [1, 3], [1, 1]],
  );
});
