import assert from "node:assert/strict";
import { CandleStore } from "./candle_store.ts";
import { placeLine } from "./place_lines.ts";

function storeOf(closes: readonly number[]): CandleStore {
  const store = new CandleStore((t) => t);
  store.replaceAll(closes.map((c, t) => ({
    t,
    o: c,
    h: c,
    l: c,
    c,
    v: 0,
    closed: true,
  })));
  return store;
}

const store = storeOf([10, 20, 30, 40, 50]);

Deno.test("a line has values where it has points, and none elsewhere", () => {
  const points = [{ t: 1, value: 7 }, { t: 2.5, value: 9 }, { t: 3, value: 8 }];
  const line = { name: "SMA", kind: "indicator", points } as const;
  const placed = placeLine(line, store, -3, 3);
  assert.equal(placed.from, 0);
  assert.deepEqual([...placed.values], [NaN, 7, NaN, 8]);
});

Deno.test("one to compare with begins at the candles' height", () => {
  const points = [1, 2, 3, 4].map((t) => ({ t, value: 1000 * t }));
  const line = { name: "OTHER", kind: "compare", points } as const;
  assert.deepEqual([...placeLine(line, store, 0, 4).values], [
    NaN,
    20,
    40,
    60,
    80,
  ]);
});
