import assert from "node:assert/strict";
import { onePlace } from "../../pipeline/buffer/open_redis.ts";
import { RedisWakes } from "../../pipeline/buffer/redis_wakes.ts";
import { streamEntry } from "../../pipeline/domain/entry.ts";
import { epochMicros } from "../../pipeline/domain/time.ts";
import { BEFORE_FIRST } from "../../pipeline/ports.ts";
import { until } from "../harness/program.ts";
import { redisTest, tell, withBuffer } from "./with_redis.ts";
import { silentLog } from "../../pipeline/silent_log.ts";

const ALL = { maxEntries: 100, maxBytes: 1e6, waitMs: 0 };

function mark(p: number, at: number, spacingMs?: number) {
  const entry = streamEntry({ kind: "mark", receivedAt: epochMicros(at) });
  return { p, key: entry.key, expectLast: 0, newLast: 0, entry, spacingMs };
}

redisTest(
  "RedisWakes tells of appends by others, and again once Redis is back",
  [],
  async (server) => {
    const stirred: number[] = [];
    const wakes = new RedisWakes({
      places: onePlace(server.url),
      self: "me",
      onStir: (p) => stirred.push(p),
      log: silentLog,
    });
    const hears = () =>
      until(
        "a channel that is heard",
        () => Promise.resolve(wakes.hears(3)),
        Boolean,
      );
    const told = (p: number) =>
      until("a word", () => Promise.resolve(stirred.includes(p)), Boolean);
    try {
      assert.equal(wakes.hears(3), false, "it has to ask first");
      await hears();
      await withBuffer(server, async (other) => {
        stirred.length = 0;
        await other.append(mark(3, 1e15));
        await told(3);
        // What it says itself it knows, and nobody asked of partition 4.
        stirred.length = 0;
        await tell(server, "SPUBLISH tickhouse:appended:{3} me");
        await other.append(mark(4, 1e15));
        await tell(server, "SPUBLISH tickhouse:appended:{3} somebody");
        await told(3);
        assert.deepEqual(stirred, [3]);
      });
      stirred.length = 0;
      await server.kill();
      await told(3); // to look by itself
      await until(
        "the loss",
        () => Promise.resolve(wakes.hears(3)),
        (hears) => !hears,
      );
      await server.start();
      await hears();
      stirred.length = 0;
      await withBuffer(server, async (other) => {
        await other.append(mark(3, 1e15));
        await told(3);
      });
    } finally {
      wakes.close();
    }
    assert.equal(wakes.hears(3), false);
  },
);

redisTest(
  "a reader that waits for others looks seldom",
  [],
  async (server) => {
    const looks = async () =>
      Number(
        /cmdstat_evalsha:calls=(\d+)/.exec(
          await tell(server, "INFO commandstats"),
        )?.[1] ?? 0,
      );
    await withBuffer(server, (reader) =>
      withBuffer(server, async (other) => {
        const waits = (waitMs: number) =>
          reader.read(0, BEFORE_FIRST, { ...ALL, waitMs });
        // It has to listen first, and looks every 20 ms until it does.
        await until("a wait in which it looks seldom", async () => {
          const before = await looks();
          assert.equal((await waits(2_000)).entries.length, 0);
          return await looks() - before;
        }, (count) => count < 20);
        const found = waits(60_000);
        await other.append(mark(0, 1e15));
        assert.equal((await found).entries.length, 1);
      }));
  },
);

redisTest(
  "one of several processes that mark a partition at a time is enough",
  [],
  async (server) => {
    const SECOND = 1_000_000;
    const at = 1_700_000_000 * SECOND;
    await withBuffer(server, (one) =>
      withBuffer(server, async (other) => {
        const count = async (p: number) =>
          (await one.read(p, BEFORE_FIRST, ALL)).entries.length;
        assert.equal((await one.append(mark(0, at, 900))).kind, "appended");
        assert.equal((await other.append(mark(0, at, 900))).kind, "appended");
        await other.append(mark(0, at - SECOND / 2, 900));
        assert.equal(await count(0), 1);
        await other.append(mark(0, at + SECOND, 900));
        assert.equal(await count(0), 2);
        await one.append(mark(0, at + SECOND, 900));
        assert.equal(await count(0), 2);
        // Clocks that are far from each other mark each for itself.
        await one.append(mark(0, at + 3_600 * SECOND, 900));
        await other.append(mark(0, at + 2 * SECOND, 900));
        assert.equal(await count(0), 4);
        // What names no distance keeps none, and sets none.
        await other.append(mark(1, at));
        await other.append(mark(1, at));
        await other.append(mark(1, at, 900));
        assert.equal(await count(1), 3);
      }));
  },
);
