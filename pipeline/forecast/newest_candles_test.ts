import assert from "node:assert/strict";
import { PartitionLayout } from "../domain/partition_layout.ts";
import fc from "fast-check";
import type { StoredCandle } from "../domain/candle.ts";
import { partitionOf } from "../domain/hash.ts";
import { MICROS_PER_MINUTE } from "../domain/time.ts";
import { BEFORE_FIRST, type EntryId } from "../ports.ts";
import { NewestCandles } from "./newest_candles.ts";
import { makeCandles, storedCandle } from "./testing/make_candles.ts";
import { MemoryCandles } from "./testing/memory_stores.ts";

const PARTITIONS = 2;
const SYMBOLS = ["A", "B", "C"];
const partition = (symbol: string) => partitionOf(symbol, PARTITIONS);
const [MARKET] = [makeCandles({ n: 40, start: 0 })];

/** A store that counts its readings, and who commits to it. */
function harness() {
  const stored = new MemoryCandles();
  const committed: EntryId[] = Array(PARTITIONS).fill(BEFORE_FIRST);
  let n = 0;
  let readings = 0;
  const store = {
    latest: (...args: Parameters<MemoryCandles["latest"]>) => {
      readings++;
      return stored.latest(...args);
    },
  };
  const newest = new NewestCandles({
    store,
    layout: new PartitionLayout(PARTITIONS),
    committed: (p) => committed[p],
  });
  const candle = (symbol: string, i: number, state = {}) =>
    storedCandle(symbol, MARKET[i], {
      closed: false,
      complete: false,
      ...state,
    });
  const commit = (...candles: StoredCandle[]) => {
    for (const one of candles) stored.put(one);
    const p = partition(candles[0].symbol);
    committed[p] = `${++n}-0` as EntryId;
    return p;
  };
  return {
    newest,
    stored,
    store,
    candle,
    get readings() {
      return readings;
    },
    claim(p: number) {
      newest.begin(p);
      newest.note(p, committed[p], []);
    },
    ours(...candles: StoredCandle[]) {
      const p = commit(...candles);
      newest.note(
        p,
        committed[p],
        candles.map((one) => ({ candle: one, change: "updated" })),
      );
    },
    others: commit,
    async closes(symbol: string, limit = 4) {
      const found = await newest.latest([symbol], "1m", limit);
      return found.get(symbol)?.map(({ close, n }) => [close, n]);
    },
    async storedCloses(symbol: string, limit = 4) {
      const found = await stored.latest([symbol], "1m", limit);
      return found.get(symbol)?.map(({ close, n }) => [close, n]);
    },
  };
}

Deno.test("NewestCandles reads a symbol once, and knows the commits after it", async () => {
  const h = harness();
  for (let i = 0; i < 9; i++) h.stored.put(h.candle("A", i, { closed: true }));
  h.claim(partition("A"));
  h.ours(h.candle("A", 9));
  assert.deepEqual(await h.closes("A"), await h.storedCloses("A"));
  assert.equal(h.readings, 1);
  h.ours(h.candle("A", 9, { n: 20 }));
  h.ours(h.candle("A", 9, { n: 30, closed: true }), h.candle("A", 10));
  h.ours(h.candle("A", 8, { closed: true, rev: 1, n: 11 }));
  assert.deepEqual(await h.closes("A"), await h.storedCloses("A"));
  assert.deepEqual(await h.closes("A", 2), await h.storedCloses("A", 2));
  assert.equal(h.readings, 1);
  assert.deepEqual(await h.closes("A", 9), await h.storedCloses("A", 9));
  assert.equal(h.readings, 2, "more than it keeps is read");
});

Deno.test("NewestCandles reads what another process commits", async () => {
  const h = harness();
  h.claim(partition("A"));
  h.ours(h.candle("A", 0));
  await h.closes("A");
  h.others(h.candle("A", 0, { n: 99 }));
  assert.deepEqual(await h.closes("A"), await h.storedCloses("A"));
  assert.deepEqual(await h.closes("A"), await h.storedCloses("A"));
  assert.equal(h.readings, 3);
  h.claim(partition("A"));
  h.ours(h.candle("A", 1));
  assert.deepEqual(await h.closes("A"), await h.storedCloses("A"));
  assert.deepEqual(await h.closes("A"), await h.storedCloses("A"));
  assert.equal(h.readings, 4);
});

Deno.test("NewestCandles keeps nothing of a reading that a claim overtook", async () => {
  const h = harness();
  h.claim(partition("A"));
  h.ours(h.candle("A", 0));
  const before = await h.stored.latest(["A"], "1m", 4);
  const latest = h.store.latest;
  h.store.latest = async () => {
    h.store.latest = latest;
    h.others(h.candle("A", 1), h.candle("A", 2));
    h.claim(partition("A"));
    h.ours(h.candle("A", 3));
    await Promise.resolve();
    return before;
  };
  await h.closes("A");
  assert.deepEqual(await h.closes("A"), await h.storedCloses("A"));
});

Deno.test("NewestCandles always says what the store says, whoever commits", async () => {
  const op = fc.record({
    what: fc.constantFrom("ours", "ours", "ours", "others", "claim", "read"),
    symbol: fc.constantFrom(...SYMBOLS),
    back: fc.integer({ min: 0, max: 6 }),
    closed: fc.boolean(),
  });
  await fc.assert(fc.asyncProperty(
    fc.array(op, { maxLength: 60 }),
    async (ops) => {
      const h = harness();
      const owned = new Set<number>();
      let now = 8;
      let n = 10;
      for (const { what, symbol, back, closed } of ops) {
        const p = partition(symbol);
        // As in the warehouse: a candle that has closed is revised after.
        const t = (now - back) * MICROS_PER_MINUTE;
        const before = h.stored.of(symbol).find((one) => one.t === t);
        const candle = h.candle(symbol, now - back, {
          n: ++n,
          closed: closed || before?.closed,
          rev: before ? before.rev + Number(before.closed) : 0,
        });
        if (back === 0 && now < 39) now++;
        if (what === "claim") {
          h.claim(p);
          owned.add(p);
        } else if (what === "ours" && owned.has(p)) h.ours(candle);
        else if (what === "others") {
          h.others(candle);
          owned.delete(p);
        }
        assert.deepEqual(await h.closes(symbol), await h.storedCloses(symbol));
      }
    },
  ));
});
