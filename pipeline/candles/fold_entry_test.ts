import assert from "node:assert/strict";
import fc from "fast-check";
import { type CandleFold, mergeFolds } from "../domain/candle.ts";
import { type TickColumns, tickColumns } from "../domain/tick.ts";
import { type EpochMicros, MICROS_PER_MINUTE } from "../domain/time.ts";
import { type FoldContext, foldEntry, tryMerge } from "./fold_entry.ts";

interface Tick {
  readonly symbol: number;
  readonly ts: number;
  readonly price: number;
  readonly size: number;
  readonly seq: number;
}

const SYMBOLS = [
  { symbol: "A", priceScale: 2, sizeScale: 0 },
  { symbol: "B", priceScale: 4, sizeScale: 3 },
];

function columns(ticks: readonly Tick[]): TickColumns {
  const result = tickColumns(ticks.length);
  for (const [i, tick] of ticks.entries()) {
    result.symbol[i] = tick.symbol;
    result.ts[i] = tick.ts;
    result.price[i] = tick.price;
    result.size[i] = tick.size;
    result.seq[i] = tick.seq;
  }
  result.length = ticks.length;
  return result;
}

function context(changes: Partial<FoldContext> = {}): FoldContext {
  return {
    symbols: SYMBOLS,
    feed: 7,
    maxEvent: new Float64Array(SYMBOLS.length).fill(-Infinity),
    tooLateMicros: Infinity,
    appliedSeq: -Infinity,
    readmitted: new Set(),
    ...changes,
  };
}

function fold(ticks: readonly Tick[]): readonly CandleFold[] {
  return foldEntry(columns(ticks), context()).folds.all();
}

/** The candles of some ticks, said as plainly as possible. */
function plainFolds(ticks: readonly Tick[], feed = 7): CandleFold[] {
  const groups = Map.groupBy(
    ticks,
    ({ symbol, ts }) => `${symbol} ${Math.floor(ts / MICROS_PER_MINUTE)}`,
  );
  return [...groups.values()].map((group) => {
    const sorted = group.toSorted((a, b) =>
      a.ts - b.ts || a.seq - b.seq || a.price - b.price
    );
    const [first, last] = [sorted[0], sorted[sorted.length - 1]];
    const minute = Math.floor(first.ts / MICROS_PER_MINUTE);
    return {
      ...SYMBOLS[first.symbol],
      t: minute * MICROS_PER_MINUTE as EpochMicros,
      open: first.price,
      high: Math.max(...group.map(({ price }) => price)),
      low: Math.min(...group.map(({ price }) => price)),
      close: last.price,
      firstTs: first.ts,
      firstFeed: feed,
      firstSeq: first.seq,
      lastTs: last.ts,
      lastFeed: feed,
      lastSeq: last.seq,
      volume: group.reduce((sum, { size }) => sum + size, 0),
      notional: group.reduce(
        (sum, { price, size }) => sum + BigInt(price) * BigInt(size),
        0n,
      ),
      n: group.length,
    };
  });
}

function byBucket(folds: readonly CandleFold[]): CandleFold[] {
  return folds.toSorted((a, b) =>
    a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : a.t - b.t
  );
}

/** Few prices, times and numbers, so that ties are common. */
const someTicks = fc.array(
  fc.record({
    symbol: fc.integer({ min: 0, max: SYMBOLS.length - 1 }),
    ts: fc.oneof(
      fc.integer({ min: 0, max: 5 }).map((n) => n * 30_000_000),
      fc.integer({ min: -200_000_000, max: 400_000_000 }),
    ),
    price: fc.oneof(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 2 ** 50 }),
    ),
    size: fc.oneof(
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 0, max: 2 ** 42 }),
    ),
    seq: fc.integer({ min: 1, max: 40 }),
  }),
  { maxLength: 60 },
);

Deno.test("foldEntry() gives what sorting and grouping the ticks gives", () => {
  fc.assert(fc.property(someTicks, (ticks) => {
    assert.deepEqual(byBucket(fold(ticks)), byBucket(plainFolds(ticks)));
  }));
});

Deno.test("any permutation and any batching of ticks give the same candles", () => {
  const shuffled = someTicks.chain((ticks) =>
    fc.record({
      ticks: fc.constant(ticks),
      order: fc.shuffledSubarray([...ticks.keys()], {
        minLength: ticks.length,
      }),
      cuts: fc.array(fc.nat({ max: ticks.length }), { maxLength: 8 }),
      backwards: fc.boolean(),
    })
  );
  fc.assert(fc.property(shuffled, ({ ticks, order, cuts, backwards }) => {
    const ends = [...cuts, ticks.length].sort((a, b) => a - b);
    const batches = ends.map((end, i) =>
      fold(order.slice(ends[i - 1] ?? 0, end).map((k) => ticks[k]))
    );
    if (backwards) batches.reverse();
    const merged = new Map<string, CandleFold>();
    for (const part of batches.flat()) {
      const key = `${part.symbol} ${part.t}`;
      const known = merged.get(key);
      merged.set(key, known ? mergeFolds(known, part) : part);
    }
    assert.deepEqual(byBucket([...merged.values()]), byBucket(fold(ticks)));
  }));
});

Deno.test("foldEntry() refuses ticks whose candle ended longer ago than the grace", () => {
  const minute = MICROS_PER_MINUTE;
  const tick = (ts: number, seq: number): Tick => ({
    symbol: 0,
    ts,
    price: 100,
    size: 1,
    seq,
  });
  const maxEvent = new Float64Array([10 * minute, -Infinity]);
  const result = foldEntry(
    columns([
      tick(4 * minute - 1, 1),
      tick(4 * minute, 2),
      tick(11 * minute, 3),
      tick(5 * minute - 1, 4),
      tick(5 * minute, 5),
    ]),
    context({ maxEvent, tooLateMicros: 5 * minute }),
  );
  assert.deepEqual(result.refused, [
    { index: 0, reason: "too_late" },
    { index: 3, reason: "too_late" },
  ]);
  assert.deepEqual(result.folds.all().map(({ t }) => t / minute), [4, 11, 5]);
  assert.equal(result.first, 1);
  assert.deepEqual([...maxEvent], [11 * minute, -Infinity]);
});

Deno.test("foldEntry() skips what was applied before, but not what is readmitted", () => {
  const ticks = [3, 7, 8, 9].map((seq) => ({
    symbol: 1,
    ts: 5,
    price: seq,
    size: 0,
    seq,
  }));
  const result = foldEntry(
    columns(ticks),
    context({ appliedSeq: 8, readmitted: new Set([3]) }),
  );
  assert.equal(result.duplicates, 2);
  assert.deepEqual(
    result.folds.all().map(({ open, close, n }) => [open, close, n]),
    [
      [3, 9, 2],
    ],
  );
});

Deno.test("foldEntry() refuses a volume that no longer adds up exactly", () => {
  const size = Number.MAX_SAFE_INTEGER;
  const ticks = [size, 1, 0].map((size, i) => ({
    symbol: 0,
    ts: i,
    price: 2,
    size,
    seq: i,
  }));
  const { folds, refused } = foldEntry(columns(ticks), context());
  assert.deepEqual(refused, [{ index: 1, reason: "volume_too_large" }]);
  assert.deepEqual(
    folds.all().map(({ n, volume, notional }) => ({ n, volume, notional })),
    [{ n: 2, volume: size, notional: 2n * BigInt(size) }],
  );
});

Deno.test("tryMerge() merges exactly or not at all", () => {
  const [a] = fold([{ symbol: 0, ts: 0, price: 2 ** 40, size: 1, seq: 1 }]);
  const [b] = fold([{ symbol: 0, ts: 9, price: 3, size: 2 ** 52, seq: 2 }]);
  assert.deepEqual(tryMerge(a, b), mergeFolds(a, b));
  assert.equal(tryMerge(b, b), null, "the volume does not fit");
  assert.equal(tryMerge(a, { ...a, priceScale: 8 }), null, "nor the price");
  assert.equal(tryMerge({ ...a, sizeScale: 8 }, b), null, "nor the volume");
});
