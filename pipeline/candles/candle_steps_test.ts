import assert from "node:assert/strict";
import fc from "fast-check";
import { type CandleFold, mergeFolds } from "../domain/candle.ts";
import { tickColumns } from "../domain/tick.ts";
import { type EpochMicros, MICROS_PER_MINUTE } from "../domain/time.ts";
import { CandleSteps } from "./candle_steps.ts";
import { foldEntry } from "./fold_entry.ts";

interface Tick {
  readonly ts: number;
  readonly price: number;
  readonly size: number;
  readonly seq: number;
}
interface Batch {
  readonly feed: number;
  /** Decimals of prices, and two more of sizes. */
  readonly scale: number;
  readonly ticks: readonly Tick[];
}

const START = 0 as EpochMicros;
const END = MICROS_PER_MINUTE as EpochMicros;

const someBatches: fc.Arbitrary<readonly Batch[]> = fc.array(
  fc.record({
    feed: fc.integer({ min: 1, max: 2 }),
    scale: fc.integer({ min: 0, max: 2 }),
    ticks: fc.array(
      fc.record({
        ts: fc.integer({ min: 0, max: 20 }),
        price: fc.oneof(
          fc.integer({ min: 1, max: 9 }),
          fc.integer({ min: 1, max: 2 ** 40 }),
        ),
        size: fc.oneof(
          fc.integer({ min: 0, max: 3 }),
          fc.integer({ min: 0, max: 2 ** 50 }),
        ),
        seq: fc.integer({ min: 1, max: 9 }),
      }),
      { minLength: 1, maxLength: 6 },
    ),
  }),
  { minLength: 1, maxLength: 12 },
);

/** A batch as one candle. */
function foldsOf(
  { feed, scale, ticks }: Batch,
): ReturnType<typeof foldEntry>["folds"] {
  const columns = tickColumns(ticks.length);
  for (const [i, { ts, price, size, seq }] of ticks.entries()) {
    columns.ts[i] = ts;
    columns.price[i] = price;
    columns.size[i] = size;
    columns.seq[i] = seq;
  }
  columns.length = ticks.length;
  return foldEntry(columns, {
    symbols: [{ symbol: "A", priceScale: scale, sizeScale: scale + 2 }],
    feed,
    maxEvent: new Float64Array([-Infinity]),
    tooLateMicros: Infinity,
    appliedSeq: -Infinity,
    readmitted: new Set(),
  }).folds;
}

/** As text: what is past 2^53 in all is not exact as a number. */
function sumsOf(folds: readonly CandleFold[]) {
  const sum = (values: readonly bigint[]) =>
    String(values.reduce((a, b) => a + b, 0n));
  const scaled = (value: bigint, scale: number) =>
    value * 10n ** BigInt(6 - scale);
  return {
    n: folds.reduce((n, fold) => n + fold.n, 0),
    volume: sum(
      folds.map(({ volume, sizeScale }) => scaled(BigInt(volume), sizeScale)),
    ),
    notional: sum(
      folds.map(({ notional, priceScale, sizeScale }) =>
        scaled(notional, priceScale + sizeScale)
      ),
    ),
  };
}

Deno.test("entries that come to a candle give what their folds merge to", () => {
  fc.assert(fc.property(someBatches, (batches) => {
    const steps = new CandleSteps();
    const place = steps.placeOf({ symbol: "A", t: START });
    const parts: CandleFold[] = [];
    for (const batch of batches) {
      const folds = foldsOf(batch);
      parts.push(...folds.all());
      if (folds.length > 0) steps.merge(place, folds, 0, END);
    }
    const merged = steps.list().flatMap(({ deltas }) =>
      deltas.map(({ fold }) => fold)
    );
    assert.deepEqual(sumsOf(merged), sumsOf(parts));
    if (merged.length !== 1) return;
    assert.deepEqual(merged[0], parts.reduce(mergeFolds));
  }));
});

Deno.test("what comes to a candle that is sealed is a step of its own", () => {
  const steps = new CandleSteps();
  const place = steps.placeOf({ symbol: "A", t: START });
  const folds = foldsOf({
    feed: 1,
    scale: 0,
    ticks: [{ ts: 1, price: 2, size: 3, seq: 1 }],
  });
  steps.merge(place, folds, 0, END);
  steps.merge(place, folds, 0, END);
  steps.seal(place);
  steps.merge(place, folds, 0, END);
  const listed = steps.list().map(({ deltas }) =>
    deltas.map(({ fold: { n, notional } }) => ({ n, notional }))
  );
  assert.deepEqual(listed, [[{ n: 2, notional: 12n }], [{
    n: 1,
    notional: 6n,
  }]]);
  assert.equal(steps.candles, 1);
});
