import assert from "node:assert/strict";
import { BufferError } from "../../pipeline/buffer/buffer_error.ts";
import type { RedisBuffer } from "../../pipeline/buffer/redis_buffer.ts";
import { columnsOf } from "../../pipeline/buffer/testing/arbitrary_entry.ts";
import { streamEntry } from "../../pipeline/domain/entry.ts";
import { epochMicros } from "../../pipeline/domain/time.ts";
import {
  type AppendResult,
  BEFORE_FIRST,
  compareEntryIds,
  type EntryId,
} from "../../pipeline/ports.ts";
import { startProxy } from "../chaos/proxy.ts";
import { redisTest, tell, withBuffer } from "./with_redis.ts";

const KEY = { feed: "nse", epoch: 1 };
const ALL = { maxEntries: 1e6, maxBytes: 1e9, waitMs: 0 };
/** A call takes 3 s; twenty times that, for a machine that stands still. */
const SETTLED_MS_MAX = 60_000;

/** Appends a tick after the number before it. */
function append(buffer: RedisBuffer, seq: number, raw = "") {
  return buffer.append({
    p: 1,
    key: KEY,
    expectLast: seq - 1,
    newLast: seq,
    entry: streamEntry({
      kind: "ticks",
      key: KEY,
      receivedAt: epochMicros(seq),
      symbols: [{ symbol: `X${raw}`, priceScale: 2, sizeScale: 0 }],
      ticks: columnsOf([{ symbol: 0, ts: 1e15, price: 1, size: 1, seq }]),
    }),
  });
}

function idOf(result: AppendResult): EntryId {
  assert(result.kind === "appended");
  return result.id;
}

/** Asks until the server answers. */
async function untilUp<T>(ask: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      assert(error instanceof BufferError);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

async function rejectsSoon(call: Promise<unknown>): Promise<void> {
  const from = performance.now();
  await assert.rejects(call, BufferError);
  assert(performance.now() - from < SETTLED_MS_MAX);
}

async function heldSeqs(buffer: RedisBuffer): Promise<number[]> {
  const { entries } = await buffer.read(1, BEFORE_FIRST, ALL);
  return entries.flatMap(({ entry }) => [...entry.ticks.seq]);
}

redisTest(
  "RedisBuffer holds all that it said it had, whenever Redis is killed",
  [],
  (server) =>
    withBuffer(server, async (buffer) => {
      let said = 0;
      for (let kill = 1; kill <= 3; kill++) {
        const last = await untilUp(() => buffer.lastSeq(1, KEY));
        assert(last >= said, `${said} was appended, ${last} is there`);
        const pending = Array.from(
          { length: 400 },
          (_, i) => append(buffer, last + 1 + i),
        );
        const settled = Promise.allSettled(pending);
        await pending[50];
        await server.kill();
        let refused = false;
        for (const [i, result] of (await settled).entries()) {
          if (result.status === "rejected") {
            assert(result.reason instanceof BufferError);
            refused = true;
          } else if (result.value.kind === "appended") {
            assert(!refused, "nothing is appended behind what was refused");
            said = last + 1 + i;
          }
        }
        assert(said >= last + 51);
        await assert.rejects(append(buffer, said + 1), BufferError);
        await server.start();
      }
      const last = await untilUp(() => buffer.lastSeq(1, KEY));
      assert.deepEqual(
        await heldSeqs(buffer),
        Array.from({ length: last }, (_, i) => i + 1),
      );
      assert(last >= said);
      assert.equal((await append(buffer, last + 1)).kind, "appended");
    }),
);

redisTest(
  "RedisBuffer rejects while Redis is frozen, and goes on when it is not",
  [],
  (server) =>
    withBuffer(server, async (buffer) => {
      await append(buffer, 1);
      server.signal("SIGSTOP");
      try {
        const waiting = buffer.read(1, BEFORE_FIRST, ALL);
        const aborted = new AbortController();
        const letGo = buffer.read(1, BEFORE_FIRST, {
          ...ALL,
          waitMs: 300_000,
          signal: aborted.signal,
        });
        const second = append(buffer, 2);
        const third = append(buffer, 3);
        aborted.abort();
        assert.deepEqual((await letGo).entries, []);
        await Promise.all([
          rejectsSoon(waiting),
          rejectsSoon(second),
          rejectsSoon(third),
        ]);
        await rejectsSoon(buffer.lastSeq(1, KEY));
        await rejectsSoon(buffer.stats());
      } finally {
        server.signal("SIGCONT");
      }
      let last = await untilUp(() => buffer.lastSeq(1, KEY));
      for (;;) {
        const result = await append(buffer, last + 1);
        if (result.kind === "appended") break;
        if (result.kind === "conflict") last = result.last; // what was rejected came to be appended
      }
      assert.equal((await heldSeqs(buffer)).length, last + 1);
    }),
);

redisTest(
  "RedisBuffer keeps a slow connection as long as answers come",
  [],
  async (server) => {
    const proxy = startProxy(() => server.port);
    const url = server.url.replace(/:\d+/, `:${proxy.port}`);
    try {
      await withBuffer(server, async (buffer) => {
        // What is sent at once takes longer than any one answer may.
        proxy.toxics.latencyMs = 100;
        const raw = "x".repeat(50_000);
        const seqs = Array.from({ length: 16 }, (_, i) => i + 1);
        await Promise.all(seqs.map((seq) => append(buffer, seq, raw)));
        proxy.toxics.latencyMs = 0;
        assert.deepEqual(await heldSeqs(buffer), seqs);
      }, { url });
    } finally {
      await proxy.close();
    }
  },
);

redisTest(
  "RedisBuffer waits for a Redis that is still loading its file",
  [["key-load-delay", "1000"]],
  async (server) => {
    const seqs = Array.from({ length: 300 }, (_, i) => i + 1);
    await withBuffer(server, async (buffer) => {
      await Promise.all(seqs.map((seq) => append(buffer, seq)));
      await server.kill();
      const started = server.start();
      while (
        !/^(-LOADING|\+PONG)/.test(await tell(server, "PING").catch(() => ""))
      ) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await withBuffer(server, async (other) => {
        assert.deepEqual(await heldSeqs(other), seqs);
      });
      assert.deepEqual(await untilUp(() => heldSeqs(buffer)), seqs);
      await started;
    });
  },
);

redisTest(
  "RedisBuffer tells who waits that Redis is back",
  [],
  (server) =>
    withBuffer(server, async (buffer) => {
      for (let outage = 1; outage <= 2; outage++) {
        const back = buffer.back();
        await server.kill();
        await rejectsSoon(append(buffer, outage));
        assert.equal(back.aborted, false);
        const told = new Promise<void>((resolve) =>
          back.addEventListener("abort", () => resolve())
        );
        await server.start();
        await told;
        assert.equal((await append(buffer, outage)).kind, "appended");
      }
    }),
);

redisTest(
  "RedisBuffer closes in bounded time while Redis is frozen",
  [],
  async (server) => {
    const from = performance.now();
    await withBuffer(server, async (buffer) => {
      await append(buffer, 1);
      server.signal("SIGSTOP");
      const waiting = rejectsSoon(append(buffer, 2));
      await buffer.close();
      await waiting;
    });
    assert(performance.now() - from < SETTLED_MS_MAX);
    server.signal("SIGCONT");
  },
);

redisTest(
  "RedisBuffer tells of a Redis that lost everything, and stays above the floor",
  [],
  (server) =>
    withBuffer(server, async (buffer) => {
      const first = await append(buffer, 1);
      assert(first.kind === "appended");
      await server.kill();
      await server.wipe();
      await server.start();
      const read = await untilUp(() => buffer.read(1, BEFORE_FIRST, ALL));
      assert.deepEqual(read.entries, []);
      assert.notEqual(read.incarnation, first.incarnation);
      assert.equal(await buffer.incarnation(1), read.incarnation);
      assert.deepEqual(await append(buffer, 2), { kind: "conflict", last: 0 });
      // as if the machine's clock had gone back
      const floor = "9999999999999-7" as EntryId;
      buffer.raiseFloor(1, floor);
      const second = await append(buffer, 1);
      assert(second.kind === "appended");
      assert.equal(second.incarnation, read.incarnation);
      assert(compareEntryIds(floor, second.id) < 0);
      const third = idOf(await append(buffer, 2));
      assert(compareEntryIds(second.id, third) < 0);
      assert.deepEqual(await heldSeqs(buffer), [1, 2]);
      assert.equal(await buffer.newestBefore(1, epochMicros(2)), second.id);
    }),
);

const LARGE = "x".repeat(100_000);

redisTest(
  "RedisBuffer says that it is full when Redis is, and goes on after a trim",
  [["maxmemory", "8mb"]],
  (server) =>
    withBuffer(server, async (buffer) => {
      const ids: EntryId[] = [];
      await assert.rejects(async () => {
        for (let seq = 1; seq <= 200; seq++) {
          ids.push(idOf(await append(buffer, seq, LARGE)));
        }
      }, /The buffer is full/);
      assert(ids.length > 10);
      assert.equal((await heldSeqs(buffer)).length, ids.length);
      await withBuffer(server, async (other) => {
        assert.equal((await heldSeqs(other)).length, ids.length);
        assert.equal((await other.stats()).entries, ids.length);
      });
      await buffer.trim(1, ids.at(-2)!);
      await append(buffer, ids.length + 1, LARGE);
      assert.deepEqual(await heldSeqs(buffer), [ids.length, ids.length + 1]);
    }),
);

redisTest(
  "RedisBuffer takes no more than its budget, whoever trims",
  [],
  (server) =>
    withBuffer(
      server,
      (buffer) =>
        withBuffer(server, async (other) => {
          const ids: EntryId[] = [];
          await assert.rejects(async () => {
            for (;;) {
              ids.push(idOf(await append(buffer, ids.length + 1, LARGE)));
            }
          }, /The buffer is full/);
          assert.equal(ids.length, 10);
          await other.trim(1, ids[5]);
          await untilUp(() => append(buffer, 11, LARGE));
        }),
      { memoryMaxBytes: 1e6 },
    ),
);

redisTest(
  "RedisBuffer wakes a reader for what another process appended",
  [],
  (server) =>
    withBuffer(server, (reader) =>
      withBuffer(server, async (writer) => {
        assert.equal(await reader.incarnation(1), await writer.incarnation(1));
        const waiting = reader.read(1, BEFORE_FIRST, {
          ...ALL,
          waitMs: 60_000,
        });
        const id = idOf(await append(writer, 1));
        assert.deepEqual((await waiting).entries.map((e) => e.id), [id]);
      })),
);

redisTest(
  "RedisBuffer goes on when the server forgot its scripts",
  [],
  (server) =>
    withBuffer(server, async (buffer) => {
      await append(buffer, 1);
      await tell(server, "SCRIPT FLUSH");
      await assert.rejects(append(buffer, 2), BufferError);
      await untilUp(() => append(buffer, 2));
      assert.deepEqual(await heldSeqs(buffer), [1, 2]);
    }),
);
