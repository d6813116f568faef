import assert from "node:assert/strict";
import { BUFFER_CONTRACT } from "../../pipeline/buffer/testing/buffer_contract.ts";
import { streamEntry } from "../../pipeline/domain/entry.ts";
import { PartitionLayout } from "../../pipeline/domain/partition_layout.ts";
import type { EntryId } from "../../pipeline/ports.ts";
import { systemClock } from "../../pipeline/system_clock.ts";
import { type RedisServer } from "../harness/servers/redis_server.ts";
import { redisTest, tell, withBuffer } from "./with_redis.ts";

redisTest(
  "RedisBuffer keeps the contract",
  [["databases", "64"]],
  async (server, t) => {
    for (const [i, { name, check }] of BUFFER_CONTRACT.entries()) {
      await t.step(
        `RedisBuffer ${name}`,
        () => withBuffer(server, check, { url: `${server.url}/${i}` }),
      );
    }
  },
);

redisTest(
  "RedisBuffer keeps the contract where no command may touch two slots",
  [["cluster-enabled", "yes"]],
  async (server, t) => {
    await tell(server, "CLUSTER ADDSLOTSRANGE 0 16383");
    while (!/cluster_state:ok/.test(await tell(server, "CLUSTER INFO"))) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    for (const { name, check } of BUFFER_CONTRACT) {
      await t.step(`RedisBuffer ${name}`, async () => {
        await tell(server, "FLUSHALL");
        await withBuffer(server, check);
      });
    }
  },
);

redisTest(
  "RedisBuffer counts roughly by one stream of a server, and what it trims itself",
  [],
  (server) =>
    withBuffer(server, async (buffer) => {
      const ids: EntryId[] = [];
      for (let i = 0; i < 3; i++) {
        const result = await buffer.append({
          p: 5,
          key: { feed: "", epoch: 0 },
          expectLast: 0,
          newLast: 0,
          entry: streamEntry({ kind: "mark", receivedAt: systemClock.now() }),
        });
        assert(result.kind === "appended");
        ids.push(result.id);
      }
      const exact = await buffer.stats();
      assert.equal(exact.entries, 3);
      await tell(server, "CONFIG RESETSTAT");
      let asked = 0;
      while (asked === 0) {
        assert.deepEqual(await buffer.stats({ rough: true }), exact);
        asked = (await commands(server)).xlen ?? 0;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.equal(asked, 1, "one stream, once, for all who asked meanwhile");

      await buffer.trim(5, ids[1]);
      const { bytes } = await buffer.stats({ rough: true });
      assert.equal(bytes, (await buffer.stats()).bytes);
      assert(bytes > 0 && bytes < exact.bytes);
    }, { layout: new PartitionLayout(4_096) }),
);

redisTest(
  "RedisBuffer needs few commands for a mark, and for a look that finds nothing",
  [],
  (server) =>
    withBuffer(server, async (buffer) => {
      const mark = async (spacingMs?: number) => {
        const result = await buffer.append({
          p: 5,
          key: { feed: "", epoch: 0 },
          expectLast: 0,
          newLast: 0,
          entry: streamEntry({ kind: "mark", receivedAt: systemClock.now() }),
          spacingMs,
        });
        assert(result.kind === "appended");
        return result;
      };
      const { id, already } = await mark(3_600_000);
      assert(!already);
      const counted = async (work: () => Promise<unknown>) => {
        await tell(server, "CONFIG RESETSTAT");
        await work();
        const { "config|resetstat": _, ...counts } = await commands(server);
        return counts;
      };
      const look = (after: EntryId) => async () => {
        const { entries } = await buffer.read(5, after, {
          maxEntries: 16,
          maxBytes: 1e6,
          waitMs: 0,
        });
        return entries.length;
      };
      assert.deepEqual(await counted(look(id)), { evalsha: 1, hmget: 1 });
      // Another one has marked it.
      const refused = await counted(async () => {
        assert((await mark(3_600_000)).already);
      });
      assert.deepEqual(refused, { evalsha: 1, hmget: 2 });
      // Whether it is told depends on when the one before was.
      const { spublish: _, ...marked } = await counted(mark);
      assert.deepEqual(marked, {
        evalsha: 1,
        hmget: 2,
        time: 1,
        xadd: 1,
        hset: 1,
      });
      const found = await counted(look("0-0" as EntryId));
      assert.deepEqual(found, { evalsha: 1, hmget: 1, xrange: 1 });
    }),
);

/** How often each was done since counts were set to nothing. */
async function commands(
  server: RedisServer,
): Promise<Readonly<Record<string, number>>> {
  const stats = await tell(server, "INFO commandstats");
  return Object.fromEntries(
    [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)]
      .map(([, name, calls]) => [name, Number(calls)]),
  );
}
