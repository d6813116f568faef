/** Streams of a Redis that are sealed, and those that come after them. */
import assert from "node:assert/strict";
import { PartitionLayout } from "../../pipeline/domain/partition_layout.ts";
import { streamEntry } from "../../pipeline/domain/entry.ts";
import { epochMicros } from "../../pipeline/domain/time.ts";
import { BEFORE_FIRST, type TickBuffer } from "../../pipeline/ports.ts";
import { redisTest, withBuffer } from "./with_redis.ts";

const KEY = { feed: "f", epoch: 1 };

function append(buffer: TickBuffer, p: number, n: number) {
  return buffer.append({
    p,
    key: KEY,
    expectLast: n - 1,
    newLast: n,
    entry: streamEntry({ kind: "ticks", key: KEY, receivedAt: epochMicros(n) }),
    from: { writer: "w", n },
  });
}

async function idsOf(buffer: TickBuffer, p: number) {
  const options = { maxEntries: 9, maxBytes: 1e6, waitMs: 0 };
  const { entries } = await buffer.read(p, BEFORE_FIRST, options);
  return entries.map(({ id }) => id);
}

redisTest(
  "a sealed stream takes no more, until it is opened again",
  [],
  (server) =>
    withBuffer(server, async (buffer) => {
      const first = await append(buffer, 1, 1);
      assert(first.kind === "appended");
      const sealed = await buffer.seal(1, true);
      assert.deepEqual(sealed, {
        newest: first.id,
        incarnation: first.incarnation,
      });
      assert.deepEqual(await append(buffer, 1, 2), { kind: "sealed" });
      // Asked for again, as the answer got lost: it is in, and said so.
      assert.deepEqual(await append(buffer, 1, 1), { ...first, already: true });
      assert.equal((await append(buffer, 2, 1)).kind, "appended");
      assert.deepEqual(await buffer.seal(1, true), sealed);
      await buffer.seal(1, false);
      assert.equal((await append(buffer, 1, 2)).kind, "appended");
    }),
);

redisTest(
  "a stream that was never appended to can be sealed",
  [],
  (server) =>
    withBuffer(server, async (buffer) => {
      const { newest, incarnation } = await buffer.seal(3, true);
      assert.equal(newest, BEFORE_FIRST);
      assert.equal(incarnation, await buffer.incarnation(3));
      assert.deepEqual(await append(buffer, 3, 1), { kind: "sealed" });
    }),
);

redisTest(
  "streams of a division begin anew, and those before stay as they were",
  [],
  (server) => {
    const layout = new PartitionLayout(2);
    return withBuffer(server, async (buffer) => {
      const before = buffer.pinned();
      await append(buffer, 1, 1);
      const old = await buffer.incarnation(1);
      await buffer.seal(1, true);

      layout.become([...[layout.now], { partitions: 4, tag: "k3f9" }]);
      assert.notEqual(await buffer.incarnation(1), old);
      assert.equal(await before.incarnation(1), old);
      assert.equal(await buffer.lastSeq(1, KEY), 0);
      assert.deepEqual(await idsOf(buffer, 1), []);
      assert.equal((await append(buffer, 1, 1)).kind, "appended");
      assert.deepEqual(await append(before, 1, 2), { kind: "sealed" });
      assert.equal((await idsOf(before, 1)).length, 1);
      assert.equal((await idsOf(buffer.ofDivision(""), 1)).length, 1);
      assert.equal((await buffer.stats()).entries, 2, "both are counted");
      await before.trim(1, await before.newest(1));
      assert.equal((await buffer.stats()).entries, 1);
      assert.equal((await idsOf(buffer, 1)).length, 1);
    }, { layout });
  },
);
