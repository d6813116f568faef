import assert from "node:assert/strict";
import { type FeedKey, streamEntry } from "../../domain/entry.ts";
import { epochMicros } from "../../domain/time.ts";
import {
  BEFORE_FIRST,
  compareEntryIds,
  type EntryId,
  type TickBuffer,
} from "../../ports.ts";
import { encodeEntry } from "../tick_codec.ts";
import { columnsOf } from "./arbitrary_entry.ts";

/** A promise of every `TickBuffer`; `check` is given a fresh one. */
export interface ContractCase {
  readonly name: string;
  readonly check: (buffer: TickBuffer) => Promise<void>;
}

const NSE: FeedKey = { feed: "nse", epoch: 1 };
const ALL = { maxEntries: 1_000, maxBytes: 1e9, waitMs: 0 };

/** An append of ticks `from` to `to`, after `from` - 1. */
function ticks(p: number, key: FeedKey, from: number, to: number, at = 1) {
  return {
    p,
    key,
    expectLast: from - 1,
    newLast: to,
    entry: streamEntry({
      kind: "ticks",
      key,
      receivedAt: epochMicros(at),
      received: to - from + 1,
      symbols: [{ symbol: "NIFTY50", priceScale: 2, sizeScale: 0 }],
      ticks: columnsOf(
        Array.from({ length: to - from + 1 }, (_, i) => ({
          symbol: 0,
          ts: 1e15 + i,
          price: 100 + i,
          size: i,
          seq: from + i,
        })),
      ),
    }),
  };
}

function mark(p: number, at: number) {
  const entry = streamEntry({ kind: "mark", receivedAt: epochMicros(at) });
  return { p, key: entry.key, expectLast: 0, newLast: 0, entry };
}

async function appended(
  buffer: TickBuffer,
  request: Parameters<TickBuffer["append"]>[0],
): Promise<EntryId> {
  const result = await buffer.append(request);
  assert.equal(result.kind, "appended");
  return (result as { id: EntryId }).id;
}

async function seqs(buffer: TickBuffer, p: number, after = BEFORE_FIRST) {
  const { entries } = await buffer.read(p, after, ALL);
  return entries.flatMap(({ entry }) => [...entry.ticks.seq]);
}

/** What the stages rely on, whichever store is behind it. */
export const BUFFER_CONTRACT: readonly ContractCase[] = [
  {
    name: "gives back what was appended, in order, as it was",
    async check(buffer) {
      const first = ticks(0, NSE, 1, 3);
      const second = ticks(0, NSE, 4, 4);
      const a = await appended(buffer, first);
      const b = await appended(buffer, second);
      assert(compareEntryIds(BEFORE_FIRST, a) < 0);
      assert(compareEntryIds(a, b) < 0);
      const read = await buffer.read(0, BEFORE_FIRST, ALL);
      assert.equal(read.incarnation, await buffer.incarnation(0));
      assert.deepEqual(read.entries, [
        { id: a, entry: first.entry },
        { id: b, entry: second.entry },
      ]);
      assert.deepEqual(await seqs(buffer, 0, a), [4]);
      assert.deepEqual(await seqs(buffer, 0, b), []);
    },
  },
  {
    name: "keeps partitions and their positions apart",
    async check(buffer) {
      await appended(buffer, ticks(0, NSE, 1, 2));
      const other = await appended(buffer, ticks(7, NSE, 1, 1));
      assert.deepEqual(await seqs(buffer, 0), [1, 2]);
      assert.deepEqual(await seqs(buffer, 7), [1]);
      assert.deepEqual(await buffer.newest(7), other);
      assert.deepEqual(await buffer.newest(3), BEFORE_FIRST);
      assert.equal(await buffer.lastSeq(0, NSE), 2);
      assert.equal(await buffer.lastSeq(7, NSE), 1);
    },
  },
  {
    name: "refuses an append that does not follow the chain of its feed",
    async check(buffer) {
      await appended(buffer, ticks(0, NSE, 1, 2));
      assert.deepEqual(await buffer.append(ticks(0, NSE, 4, 4)), {
        kind: "conflict",
        last: 2,
      });
      assert.deepEqual(await buffer.append(ticks(0, NSE, 1, 2)), {
        kind: "conflict",
        last: 2,
      });
      assert.deepEqual(await seqs(buffer, 0), [1, 2]);
      await appended(buffer, ticks(0, NSE, 3, 3));
    },
  },
  {
    name: "starts a chain at 0 for each feed and epoch",
    async check(buffer) {
      await appended(buffer, ticks(0, NSE, 1, 2));
      const next = { feed: "nse", epoch: 2 };
      assert.equal(await buffer.lastSeq(0, next), 0);
      await appended(buffer, ticks(0, next, 1, 1));
      await appended(buffer, ticks(0, { feed: "mcx", epoch: 1 }, 1, 1));
      assert.equal(await buffer.lastSeq(0, NSE), 2);
    },
  },
  {
    name: "refuses everything behind a refused append, however many at once",
    async check(buffer) {
      const results = await Promise.all([
        buffer.append(ticks(0, NSE, 1, 2)),
        buffer.append(ticks(0, NSE, 9, 9)),
        buffer.append(ticks(0, NSE, 10, 10)),
        buffer.append(ticks(0, NSE, 3, 4)),
      ]);
      assert.deepEqual(results.map(({ kind }) => kind), [
        "appended",
        "conflict",
        "conflict",
        "appended",
      ]);
      assert.deepEqual(await seqs(buffer, 0), [1, 2, 3, 4]);
    },
  },
  {
    name: "does an append once, however often the same writer asks for it",
    async check(buffer) {
      const first = { ...ticks(0, NSE, 1, 2), from: { writer: "a b", n: 1 } };
      const second = { ...ticks(0, NSE, 3, 3), from: { writer: "a b", n: 2 } };
      const id = await appended(buffer, first);
      assert.equal(await appended(buffer, first), id);
      const later = await appended(buffer, second);
      assert.equal(await appended(buffer, second), later);
      const again = await appended(buffer, first);
      assert(compareEntryIds(id, again) <= 0);
      assert(compareEntryIds(again, later) <= 0);
      assert.deepEqual(await seqs(buffer, 0), [1, 2, 3]);
      assert.equal(await buffer.lastSeq(0, NSE), 3);

      const count = { ...mark(0, 5), from: { writer: "a b", n: 1 } };
      const marked = await appended(buffer, count);
      assert.equal(await appended(buffer, count), marked);
      assert.equal((await buffer.stats()).entries, 3);
      await buffer.trim(0, marked);
      assert.equal(await appended(buffer, second), later);
      assert.equal((await buffer.stats()).entries, 0);
    },
  },
  {
    name: "takes another writer's append for what it is",
    async check(buffer) {
      const at = (seq: number, writer: string, n: number) => ({
        ...ticks(0, NSE, seq, seq),
        from: { writer, n },
      });
      await appended(buffer, at(1, "a", 1));
      assert.deepEqual(await buffer.append(at(1, "b", 1)), {
        kind: "conflict",
        last: 1,
      });
      await appended(buffer, at(2, "b", 1));
      await appended(buffer, at(3, "b", 2));
      assert.deepEqual(await buffer.append(at(3, "a", 2)), {
        kind: "conflict",
        last: 3,
      });
      const other = { feed: "nse", epoch: 2 };
      await appended(buffer, {
        ...ticks(0, other, 1, 1),
        from: { writer: "b", n: 1 },
      });
      assert.deepEqual(await seqs(buffer, 0), [1, 2, 3, 1]);
    },
  },
  {
    name: "gives positions above the floor, and goes on from there",
    async check(buffer) {
      const first = await appended(buffer, ticks(0, NSE, 1, 1, 10));
      const floor = "99999999999-4" as EntryId;
      buffer.raiseFloor(0, floor);
      buffer.raiseFloor(0, first);
      const second = await appended(buffer, ticks(0, NSE, 2, 2, 20));
      assert(compareEntryIds(floor, second) < 0);
      const third = await appended(buffer, ticks(0, NSE, 3, 3, 30));
      assert(compareEntryIds(second, third) < 0);
      assert.deepEqual(await seqs(buffer, 0, first), [2, 3]);
      assert.equal(await buffer.newest(0), third);
      const before = (time: number) =>
        buffer.newestBefore(0, epochMicros(time));
      assert.equal(await before(10), BEFORE_FIRST);
      assert.equal(await before(20), first);
      assert.equal(await before(30), second);
      assert.equal(await before(31), third);
    },
  },
  {
    name: "takes marks and counts that leave the chain where it is",
    async check(buffer) {
      await appended(buffer, mark(0, 5));
      await appended(buffer, mark(0, 6));
      const { entries } = await buffer.read(0, BEFORE_FIRST, ALL);
      const [first, second] = entries;
      assert.equal(first.entry.kind, "mark");
      assert.equal(second.entry.receivedAt, 6);
    },
  },
  {
    name: "reads no more than was asked for, but never nothing",
    async check(buffer) {
      for (let n = 1; n <= 5; n++) await appended(buffer, ticks(0, NSE, n, n));
      const two = await buffer.read(0, BEFORE_FIRST, { ...ALL, maxEntries: 2 });
      assert.equal(two.entries.length, 2);
      const one = await buffer.read(0, BEFORE_FIRST, { ...ALL, maxBytes: 1 });
      assert.equal(one.entries.length, 1);
    },
  },
  {
    name: "gives entries as they are kept, up to a position",
    async check(buffer) {
      const requests = [1, 2, 3].map((n) => ticks(0, NSE, n, n));
      const ids: EntryId[] = [];
      for (const request of requests) ids.push(await appended(buffer, request));
      const raw = (after: EntryId, through: EntryId, maxEntries = 9) =>
        buffer.readRaw(0, after, { through, maxEntries, maxBytes: 1e9 });
      const kept = requests.map(({ entry }, i) => ({
        id: ids[i],
        bytes: encodeEntry(entry),
      }));
      assert.deepEqual(await raw(BEFORE_FIRST, ids[1]), kept.slice(0, 2));
      assert.deepEqual(await raw(ids[0], ids[2]), kept.slice(1));
      assert.deepEqual(await raw(ids[0], ids[2], 1), kept.slice(1, 2));
      assert.deepEqual(await raw(ids[1], ids[1]), []);
      assert.deepEqual(await raw(BEFORE_FIRST, BEFORE_FIRST), []);
    },
  },
  {
    name: "wakes a reader that waits for an append to its partition",
    async check(buffer) {
      const waiting = buffer.read(0, BEFORE_FIRST, { ...ALL, waitMs: 60_000 });
      await appended(buffer, ticks(1, NSE, 1, 1));
      await appended(buffer, ticks(0, NSE, 1, 1));
      assert.equal((await waiting).entries.length, 1);
    },
  },
  {
    name: "lets a reader go when its time is over or its signal aborts",
    async check(buffer) {
      const late = await buffer.read(0, BEFORE_FIRST, { ...ALL, waitMs: 5 });
      assert.deepEqual(late.entries, []);
      const abort = new AbortController();
      const waiting = buffer.read(0, BEFORE_FIRST, {
        ...ALL,
        waitMs: 60_000,
        signal: abort.signal,
      });
      abort.abort();
      assert.deepEqual((await waiting).entries, []);
    },
  },
  {
    name: "forgets what was trimmed, and never gives a position twice",
    async check(buffer) {
      await appended(buffer, ticks(0, NSE, 1, 1));
      const second = await appended(buffer, ticks(0, NSE, 2, 2));
      const third = await appended(buffer, ticks(0, NSE, 3, 3));
      await appended(buffer, ticks(1, NSE, 1, 1));
      await buffer.trim(0, second);
      await buffer.trim(0, second);
      assert.deepEqual(await seqs(buffer, 0), [3]);
      await buffer.trim(0, third);
      assert.deepEqual(await seqs(buffer, 0), []);
      assert.deepEqual(await buffer.newest(0), third);
      const fourth = await appended(buffer, ticks(0, NSE, 4, 4));
      assert(compareEntryIds(third, fourth) < 0);
      assert.deepEqual(await seqs(buffer, 1), [1]);
    },
  },
  {
    name: "trims more entries than one slice of a trim holds",
    async check(buffer) {
      const ids = await Promise.all(
        Array.from({ length: 700 }, (_, i) => appended(buffer, mark(0, i + 1))),
      );
      await buffer.trim(0, ids[698]);
      assert.equal((await buffer.stats()).entries, 1);
      assert.equal(await buffer.newest(0), ids[699]);
    },
  },
  {
    name: "knows the newest position before a time",
    async check(buffer) {
      assert.equal(await buffer.newestBefore(0, epochMicros(9)), BEFORE_FIRST);
      const ids: EntryId[] = [];
      for (const at of [10, 20, 20, 30]) {
        ids.push(await appended(buffer, mark(0, at)));
      }
      const before = (time: number) =>
        buffer.newestBefore(0, epochMicros(time));
      assert.equal(await before(10), BEFORE_FIRST);
      assert.equal(await before(11), ids[0]);
      assert.equal(await before(20), ids[0]);
      assert.equal(await before(21), ids[2]);
      assert.equal(await before(99), ids[3]);
      await buffer.trim(0, ids[1]);
      assert.equal(await before(20), BEFORE_FIRST);
      assert.equal(await before(21), ids[2]);
    },
  },
  {
    name: "says how much it holds",
    async check(buffer) {
      assert.deepEqual(await buffer.stats(), { bytes: 0, entries: 0 });
      const id = await appended(buffer, ticks(0, NSE, 1, 9));
      const held = await buffer.stats();
      assert.equal(held.entries, 1);
      assert(held.bytes > 0);
      await buffer.trim(0, id);
      assert.deepEqual(await buffer.stats(), { bytes: 0, entries: 0 });
    },
  },
  {
    name: "lets go of a reader that waits when it is closed",
    async check(buffer) {
      const waiting = buffer.read(0, BEFORE_FIRST, { ...ALL, waitMs: 60_000 });
      await appended(buffer, ticks(1, NSE, 1, 1));
      await buffer.close();
      assert.deepEqual((await waiting).entries, []);
      await buffer.close();
    },
  },
];
