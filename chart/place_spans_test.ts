import assert from "node:assert/strict";
import { CandleStore } from "./candle_store.ts";
import { placeDays, placeOutages, quietSeams, slotsOf } from "./place_spans.ts";

const MINUTE = 60_000;
const START = Date.UTC(2026, 10, 18, 3, 45);
const at = (minute: number) => START + minute * MINUTE;

/** Candles of these minutes, seen all at once. */
function windowOf(minutes: readonly number[]) {
  const store = new CandleStore((t) => t);
  store.replaceAll(minutes.map((minute) => ({
    t: at(minute),
    o: 1,
    h: 1,
    l: 1,
    c: 1,
    v: 1,
    closed: true,
  })));
  return { store, intervalMs: MINUTE, first: 0, last: minutes.length + 5 };
}

const next = (t: number) => t + MINUTE;

Deno.test("slotsOf() takes every candle that the stretch touches", () => {
  const window = windowOf([0, 1, 2, 3, 4]);
  assert.deepEqual(slotsOf(window, at(1) + 30_000, at(3) + 1), {
    from: 1,
    to: 4,
  });
  assert.deepEqual(slotsOf(window, at(1), at(2)), { from: 1, to: 2 });
});

Deno.test("an outage that swallowed its candles is a seam between two", () => {
  const window = windowOf([0, 1, 2, 10, 11]);
  const [placed] = placeOutages([{ from: at(3), to: at(10) }], window);
  assert.deepEqual([placed.from, placed.to], [3, 3]);
});

Deno.test("an outage that goes on reaches over the newest candle", () => {
  const window = windowOf([0, 1, 2]);
  const [placed] = placeOutages([{ from: at(2) + 1, to: null }], window);
  assert.deepEqual([placed.from, placed.to], [2, 4]);
  const before = { from: at(-90), to: at(-50) };
  assert.deepEqual(placeOutages([before], window), []);
});

Deno.test("minutes without a candle are quiet when the feed was up, and only then", () => {
  const window = windowOf([0, 1, 5, 6, 20, 21, 1440]);
  assert.deepEqual(quietSeams(window, next, []), [2, 4]);
  const outages = placeOutages([{ from: at(7), to: at(20) }], window);
  assert.deepEqual(quietSeams(window, next, outages), [2]);
  // A break of the session, as the calendar says, is not quiet.
  const lunch = (t: number) => t === at(1) ? at(5) : t + MINUTE;
  assert.deepEqual(quietSeams(window, lunch, []), [4]);
  const daily = { ...window, intervalMs: 864e5 };
  assert.deepEqual(quietSeams(daily, next, []), []);
});

Deno.test("every other day is shaded, the same ones wherever the view begins", () => {
  const walls = [0, 1, 2].flatMap((day) => [day * 864e5, day * 864e5 + 1]);
  const wallAt = (slot: number) => walls[slot];
  assert.deepEqual(placeDays([2, 4], wallAt, { first: 0, last: 5 }), [
    { from: 2, to: 4 },
  ]);
  assert.deepEqual(placeDays([4], wallAt, { first: 3, last: 5 }), [
    { from: 3, to: 4 },
  ]);
});
