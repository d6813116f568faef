import assert from "node:assert/strict";
import { BUFFER_CONTRACT } from "../../pipeline/buffer/testing/buffer_contract.ts";
import { streamEntry } from "../../pipeline/domain/entry.ts";
import { PartitionLayout } from "../../pipeline/domain/partition_layout.ts";
import type { EntryId } from "../../pipeline/ports.ts";
import { systemClock } from "../../pipeline/system_clock.ts";
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
      assert.deepEqual(await buffer.stats({ rough: true }), exact);
      const counts = await tell(server, "INFO commandstats");
      assert.match(counts, /cmdstat_xlen:calls=1,/);

      await buffer.trim(5, ids[1]);
      const { bytes } = await buffer.stats({ rough: true });
      assert.equal(bytes, (await buffer.stats()).bytes);
      assert(bytes > 0 && bytes < exact.bytes);
    }, { layout: new PartitionLayout(4_096) }),
);
