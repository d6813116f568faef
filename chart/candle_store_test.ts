import assert from "node:assert/strict";
import fc from "fast-check";
import { CandleStore } from "./candle_store.ts";
import type { ChartCandle } from "./types.ts";

const HOUR = 3_600_000;

function candle(t: number, c = 100, v = 0): ChartCandle {
  return {
    t,
    o: 100,
    h: Math.max(100, c),
    l: Math.min(100, c),
    c,
    v,
    closed: true,
  };
}

function forecast(t: number, c: number) {
  return { t, c, lo95: c - 2, hi95: c + 2, lo80: c - 1, hi80: c + 1 };
}

function storeOf(times: readonly number[]): CandleStore {
  const store = new CandleStore((t) => t);
  store.replaceAll(times.map((t) => candle(t)));
  return store;
}

Deno.test("upsert() in any order holds what a map sorted by time holds", () => {
  const calls = fc.array(
    fc.record({
      t: fc.integer({ min: 0, max: 60 }).map((n) => n * HOUR),
      c: fc.integer({ min: 90, max: 110 }),
    }),
    { maxLength: 120 },
  );
  fc.assert(fc.property(calls, (given) => {
    const store = new CandleStore((t) => t);
    const plain = new Map<number, ChartCandle>();
    for (const { t, c } of given) {
      store.upsert(candle(t, c));
      plain.set(t, candle(t, c));
    }
    const wanted = [...plain.values()].sort((a, b) => a.t - b.t);
    const held = wanted.map((_, i) => store.candleAt(i));
    assert.equal(store.length, wanted.length);
    assert.deepEqual(
      held,
      wanted.map((one) => ({
        ...one,
        complete: true,
        synthetic: false,
        rev: 0,
      })),
    );
    const days = new Set(wanted.map(({ t }) => Math.floor(t / 864e5)));
    assert.equal(store.dayCount, days.size);
  }));
});

Deno.test("upsert() says whether a candle is new, old or in between", () => {
  const store = storeOf([10, 30]);
  assert.deepEqual(store.upsert(candle(30)), { kind: "updated", index: 1 });
  assert.deepEqual(store.upsert(candle(20)), { kind: "inserted", index: 1 });
  assert.deepEqual(store.upsert(candle(40)), { kind: "appended", index: 3 });
});

Deno.test("columns grow past their first capacity without loss", () => {
  const store = storeOf(Array.from({ length: 5000 }, (_, i) => i * HOUR));
  assert.equal(store.length, 5000);
  assert.equal(store.t[4999], 4999 * HOUR);
  assert.equal(store.indexOf(1234 * HOUR), 1234);
});

Deno.test("a forecast given before its candle is found when the candle comes", () => {
  const store = storeOf([10]);
  store.upsertForecast(forecast(20, 101));
  assert.equal(store.forecastAt(1), null);
  store.upsert(candle(20));
  assert.equal(store.forecastAt(1)?.c, 101);
});

Deno.test("forecasts stay with their candles through merge() and upsert() in between", () => {
  const store = storeOf([10, 30]);
  store.setForecasts([forecast(10, 1), forecast(30, 3)]);
  store.upsert(candle(20));
  store.merge([candle(0), candle(5)]);
  const held = Array.from({ length: 5 }, (_, i) => store.forecastAt(i)?.c);
  assert.deepEqual(held, [undefined, undefined, 1, undefined, 3]);
});

Deno.test("setForecasts() leaves none of the earlier forecasts", () => {
  const store = storeOf([10, 20]);
  store.setForecasts([forecast(10, 1), forecast(99, 9)]);
  store.setForecasts([forecast(20, 2)]);
  store.upsert(candle(99));
  assert.deepEqual(
    [0, 1, 2].map((i) => store.forecastAt(i)?.c),
    [undefined, 2, undefined],
  );
});

Deno.test("an index without volume is told from a share with some", () => {
  const store = storeOf([10]);
  assert.equal(store.hasVolume, false);
  store.upsert(candle(20, 100, 5));
  assert.equal(store.hasVolume, true);
});

Deno.test("indexAtOrBefore() finds the candle a time falls in", () => {
  const store = storeOf([10, 20, 40]);
  assert.deepEqual(
    [9, 10, 39, 40, 99].map((t) => store.indexAtOrBefore(t)),
    [-1, 0, 1, 2, 2],
  );
});

Deno.test("merge() of pages in any order holds what a map sorted by time holds", () => {
  const page = fc.uniqueArray(fc.integer({ min: 0, max: 200 }), {
    maxLength: 40,
  });
  fc.assert(fc.property(fc.array(page, { maxLength: 6 }), (pages) => {
    const store = new CandleStore((t) => t);
    const plain = new Map<number, ChartCandle>();
    pages.forEach((times, n) => {
      const candles = times.map((n) => n * HOUR).map((t) =>
        candle(t, 100 + n % 3)
      );
      store.merge(candles);
      for (const one of candles) plain.set(one.t, one);
      for (const t of times) store.upsertForecast(forecast(t * HOUR, t));
    });
    const wanted = [...plain.values()].sort((a, b) => a.t - b.t);
    assert.deepEqual(
      wanted.map((_, i) => [store.t[i], store.c[i], store.fc[i]]),
      wanted.map(({ t, c }) => [t, c, t / HOUR]),
    );
    const days = new Set(wanted.map(({ t }) => Math.floor(t / 864e5)));
    assert.equal(store.dayCount, days.size);
    assert.equal(store.length, wanted.length);
  }));
});

Deno.test("candles let go at an end leave the others as they are", () => {
  const store = storeOf([10, 20, 30, 40, 50].map((n) => n * HOUR));
  store.upsertForecast(forecast(30 * HOUR, 99));
  store.dropOldest(2);
  store.dropNewest(1);
  assert.deepEqual([...store.t.subarray(0, store.length)], [
    30 * HOUR,
    40 * HOUR,
  ]);
  assert.equal(store.forecastAt(0)?.c, 99);
  assert.equal(store.forecastAt(1), null);
  assert.equal(store.dayCount, 1);
});
