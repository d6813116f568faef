import assert from "node:assert/strict";
import { columnsOf } from "../../pipeline/buffer/testing/arbitrary_entry.ts";
import { streamEntry } from "../../pipeline/domain/entry.ts";
import { epochMicros } from "../../pipeline/domain/time.ts";
import {
  BEFORE_FIRST,
  type EntryId,
  type ReadBatch,
  type TickBuffer,
} from "../../pipeline/ports.ts";
import { redisTest, tell, withBuffer } from "./with_redis.ts";

const KEY = { feed: "nse", epoch: 1 };
const P = 1;

async function append(buffer: TickBuffer, seq: number, from = seq) {
  const result = await buffer.append({
    p: P,
    key: KEY,
    expectLast: from - 1,
    newLast: seq,
    entry: streamEntry({
      kind: "ticks",
      key: KEY,
      receivedAt: epochMicros(seq),
      received: 1,
      symbols: [{ symbol: "NIFTY50", priceScale: 2, sizeScale: 0 }],
      ticks: columnsOf([{ symbol: 0, ts: 1e15 + seq, price: 5, size: 1, seq }]),
      rejects: [{
        seq: null,
        line: seq,
        reason: "not_json",
        detail: "line must be JSON, got \ud800",
        symbol: null,
        ts: null,
        raw: "\ufffd}",
      }],
    }),
  });
  assert(result.kind === "appended");
  return result.id;
}

function read(buffer: TickBuffer, after: EntryId): Promise<ReadBatch> {
  return buffer.read(P, after, { maxEntries: 99, maxBytes: 1e9, waitMs: 0 });
}

function seqs({ entries }: ReadBatch): number[] {
  return entries.flatMap(({ entry }) => [...entry.ticks.seq]);
}

/** How often the server has looked entries up. */
async function lookUps(server: Parameters<typeof tell>[0]): Promise<number> {
  const stats = await tell(server, "INFO commandstats");
  return Number(/cmdstat_xrange:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

redisTest(
  "RedisBuffer gives a reader what it has appended itself as anybody reads it",
  [],
  (server) =>
    withBuffer(server, (buffer) =>
      withBuffer(server, async (other) => {
        // Of a stream that nobody has read for a while nothing is kept.
        for (let seq = 1;; seq += 2) {
          const { entries } = await read(buffer, BEFORE_FIRST);
          const last = entries.at(-1)?.id ?? BEFORE_FIRST;
          const before = await lookUps(server);
          await append(buffer, seq);
          await append(buffer, seq + 1);
          const own = await read(buffer, last);
          const cameBack = await lookUps(server) > before;
          assert.deepEqual(seqs(own), [seq, seq + 1]);
          assert.deepEqual(own, await read(other, last));
          assert.deepEqual(seqs(await read(buffer, own.entries[1].id)), []);
          if (!cameBack) break;
        }
      })),
);

redisTest(
  "RedisBuffer gives a reader what others have appended in between, in its place",
  [],
  (server) =>
    withBuffer(server, (buffer) =>
      withBuffer(server, async (other) => {
        await read(buffer, BEFORE_FIRST);
        let after = BEFORE_FIRST;
        const found: number[] = [];
        for (let seq = 1; seq <= 40; seq++) {
          await append(seq % 7 === 0 || seq % 5 === 0 ? other : buffer, seq);
          if (seq % 3 !== 0 && seq < 40) continue;
          for (;;) {
            const batch = await read(buffer, after);
            if (batch.entries.length === 0) break;
            found.push(...seqs(batch));
            after = batch.entries.at(-1)!.id;
          }
        }
        assert.deepEqual(found, Array.from({ length: 40 }, (_, i) => i + 1));
      })),
);

redisTest(
  "RedisBuffer gives a reader nothing of its own that a server has lost",
  [["appendonly", "no"]],
  (server) =>
    withBuffer(server, async (buffer) => {
      await read(buffer, BEFORE_FIRST);
      const first = await append(buffer, 1);
      await tell(server, "SAVE");
      await append(buffer, 2);
      await append(buffer, 3);
      await server.kill();
      await server.start();
      for (;;) {
        try {
          assert.equal(await buffer.lastSeq(P, KEY), 1, "the tail is lost");
          break;
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
      assert.deepEqual(seqs(await read(buffer, BEFORE_FIRST)), [1]);
      assert.deepEqual(seqs(await read(buffer, first)), []);
      await append(buffer, 9, 2);
      assert.deepEqual(seqs(await read(buffer, first)), [9]);
    }),
);

redisTest(
  "RedisBuffer gives a reader nothing of its own of a stream that was begun anew",
  [],
  (server) =>
    withBuffer(server, async (buffer) => {
      const { incarnation } = await read(buffer, BEFORE_FIRST);
      await append(buffer, 1);
      await tell(server, "FLUSHALL");
      const anew = await read(buffer, BEFORE_FIRST);
      assert.deepEqual(anew.entries, []);
      assert.notEqual(anew.incarnation, incarnation);
      await append(buffer, 1);
      assert.deepEqual(seqs(await read(buffer, BEFORE_FIRST)), [1]);
    }),
);
