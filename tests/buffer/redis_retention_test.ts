import assert from "node:assert/strict";
import { PartitionLayout } from "../../pipeline/domain/partition_layout.ts";
import { RedisBuffer } from "../../pipeline/buffer/redis_buffer.ts";
import { streamEntry } from "../../pipeline/domain/entry.ts";
import { epochMicros } from "../../pipeline/domain/time.ts";
import { BEFORE_FIRST } from "../../pipeline/ports.ts";
import { systemClock } from "../../pipeline/system_clock.ts";
import { serverTest } from "../harness/servers/installed.ts";
import { findRedis, startRedis } from "../harness/servers/redis_server.ts";
import { silentLog } from "../../pipeline/silent_log.ts";

const ENTRIES = 12_000;

serverTest(
  `RedisBuffer keeps ${ENTRIES} entries that nobody has trimmed`,
  { "redis-server": findRedis },
  async () => {
    const server = await startRedis();
    const buffer = await RedisBuffer.open({
      url: server.url,
      layout: new PartitionLayout(1),
      memoryMaxBytes: 1e9,
      clock: systemClock,
      log: silentLog,
    });
    try {
      const receivedAt = epochMicros(1);
      const entry = streamEntry({ kind: "mark", receivedAt });
      const { key } = entry;
      for (let i = 0; i < ENTRIES; i += 1_000) {
        await Promise.all(
          Array.from(
            { length: 1_000 },
            () =>
              buffer.append({ p: 0, key, expectLast: 0, newLast: 0, entry }),
          ),
        );
      }
      const read = await buffer.read(0, BEFORE_FIRST, {
        maxEntries: 2 * ENTRIES,
        maxBytes: 1e9,
        waitMs: 0,
      });
      assert.equal(read.entries.length, ENTRIES);
      assert.equal((await buffer.stats()).entries, ENTRIES);
    } finally {
      await buffer.close();
      await server.close();
    }
  },
);
