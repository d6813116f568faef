import assert from "node:assert/strict";
import fc from "fast-check";
import { AssertionError } from "./assert.ts";
import {
  atScales,
  type CandleFold,
  candleView,
  mergeFolds,
  type StoredCandle,
  vwapText,
} from "./candle.ts";
import { type EpochMicros, epochMicros } from "./time.ts";

/** A fold of one tick. */
function tick(
  ts: number,
  price: number,
  more: Partial<CandleFold> & {
    readonly feed?: number;
    readonly seq?: number;
  } = {},
): CandleFold {
  const { feed = 1, seq = 1, ...fold } = more;
  const volume = fold.volume ?? 2;
  return {
    symbol: "A",
    t: 0 as EpochMicros,
    priceScale: 2,
    sizeScale: 0,
    open: price,
    high: price,
    low: price,
    close: price,
    firstTs: ts,
    firstFeed: feed,
    firstSeq: seq,
    lastTs: ts,
    lastFeed: feed,
    lastSeq: seq,
    volume,
    notional: BigInt(price) * BigInt(volume),
    n: 1,
    ...fold,
  };
}

/** Folds in which ties of time, feed and number are common. */
const someFold = fc.record({
  ts: fc.nat({ max: 3 }),
  price: fc.integer({ min: 1, max: 4 }),
  feed: fc.nat({ max: 1 }),
  seq: fc.nat({ max: 1 }),
  volume: fc.nat({ max: 9 }),
  priceScale: fc.integer({ min: 0, max: 3 }),
  sizeScale: fc.integer({ min: 0, max: 2 }),
}).map(({ ts, price, ...more }) => tick(ts, price, more));

Deno.test("mergeFolds() is commutative and associative, ties and scales included", () => {
  fc.assert(fc.property(someFold, someFold, someFold, (a, b, c) => {
    assert.deepEqual(mergeFolds(a, b), mergeFolds(b, a));
    assert.deepEqual(
      mergeFolds(mergeFolds(a, b), c),
      mergeFolds(a, mergeFolds(b, c)),
    );
  }));
});

Deno.test("mergeFolds() orders ticks by time, then feed, then number", () => {
  const cases: [CandleFold, CandleFold][] = [
    [tick(1, 10, { feed: 9, seq: 9 }), tick(2, 20, { feed: 1, seq: 1 })],
    [tick(1, 10, { feed: 1, seq: 9 }), tick(1, 20, { feed: 2, seq: 1 })],
    [tick(1, 10, { feed: 1, seq: 1 }), tick(1, 20, { feed: 1, seq: 2 })],
  ];
  for (const [first, last] of cases) {
    const merged = mergeFolds(last, first);
    assert.deepEqual([merged.open, merged.close], [10, 20]);
    assert.deepEqual([merged.low, merged.high, merged.n], [10, 20, 2]);
  }
});

Deno.test("mergeFolds() refuses another bucket, and sums that are not exact", () => {
  const a = tick(1, 10);
  assert.throws(() => mergeFolds(a, { ...a, symbol: "B" }), AssertionError);
  assert.throws(
    () => mergeFolds(a, { ...a, t: epochMicros(60_000_000) }),
    AssertionError,
  );
  const large = tick(2, 10, { volume: Number.MAX_SAFE_INTEGER });
  assert.throws(() => mergeFolds(a, large), /volume of a candle/);
});

Deno.test("atScales() keeps the value and only widens", () => {
  const wide = atScales(tick(1, 1_234, { volume: 5 }), 4, 3);
  assert.deepEqual(
    [wide.open, wide.volume, wide.notional],
    [123_400, 5_000, 617_000_000n],
  );
  assert.throws(() => atScales(tick(1, 2 ** 50), 8, 0), AssertionError);
});

Deno.test("vwapText() is the volume-weighted price, rounded to four more decimals", () => {
  const merged = mergeFolds(
    tick(1, 100, { volume: 1 }),
    tick(2, 200, { volume: 2 }),
  );
  assert.equal(vwapText(merged), "1.666667");
  assert.equal(vwapText(tick(1, 100, { volume: 0 })), null);
});

Deno.test("candleView() is the stored candle in milliseconds and numbers", () => {
  const stored: StoredCandle = {
    symbol: "A",
    interval: "1m",
    t: epochMicros(60_000_000),
    end: epochMicros(120_000_000),
    open: "1.10",
    high: "2.20",
    low: "1.00",
    close: "1.50",
    volume: "7",
    vw: null,
    n: 3,
    closed: true,
    closedBy: "idle",
    rev: 2,
    complete: false,
    coverageMs: 59_000,
    origin: "ticks",
    lastTs: epochMicros(119_000_000),
  };
  assert.deepEqual(candleView(stored), {
    t: 60_000,
    o: 1.1,
    h: 2.2,
    l: 1,
    c: 1.5,
    v: 7,
    n: 3,
    vw: null,
    closed: true,
    rev: 2,
    complete: false,
    coverage_ms: 59_000,
    closed_by: "idle",
  });
});
