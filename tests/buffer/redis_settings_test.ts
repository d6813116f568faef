import assert from "node:assert/strict";
import { BufferUnusableError } from "../../pipeline/buffer/buffer_error.ts";
import { streamEntry } from "../../pipeline/domain/entry.ts";
import { epochMicros } from "../../pipeline/domain/time.ts";
import { BEFORE_FIRST } from "../../pipeline/ports.ts";
import type { RedisServer } from "../harness/servers/redis_server.ts";
import { redisTest, tell, withBuffer } from "./with_redis.ts";
import { silentLog } from "../../pipeline/silent_log.ts";

/** What the buffer needs, and no more. */
const COMMANDS = [
  "ping",
  "script|load",
  "evalsha",
  "hget",
  "hmget",
  "hset",
  "time",
  "xadd",
  "xlen",
  "xrange",
  "xrevrange",
  "xtrim",
];

/** Opens and closes a buffer; returns its warnings. */
async function warningsOf(server: RedisServer): Promise<string[]> {
  const warnings: string[] = [];
  await withBuffer(server, async () => {}, {
    log: { ...silentLog, warn: (text) => warnings.push(text) },
  });
  return warnings;
}

function refuses(server: RedisServer, url: string, why: RegExp) {
  return assert.rejects(
    withBuffer(server, async () => {}, { url }),
    (error: Error) =>
      error instanceof BufferUnusableError && why.test(error.message) &&
      !error.message.includes("secret"),
  );
}

redisTest(
  "RedisBuffer.open() refuses a Redis that evicts",
  [["maxmemory", "100mb"], ["maxmemory-policy", "allkeys-lru"]],
  (server) => refuses(server, server.url, /allkeys-lru.*noeviction/),
);

redisTest(
  "RedisBuffer.open() warns of a Redis that syncs later or not at all",
  [],
  async (server) => {
    assert.deepEqual(await warningsOf(server), []);
    await tell(server, "CONFIG SET appendfsync everysec");
    assert.match((await warningsOf(server)).join(), /everysec/);
    await tell(server, "CONFIG SET appendonly no");
    assert.match((await warningsOf(server)).join(), /appendonly is off/);
  },
);

redisTest(
  "RedisBuffer.open() says what is wrong with the user, password or database",
  [],
  async (server) => {
    await tell(server, "CONFIG SET requirepass right");
    const at = `127.0.0.1:${server.port}`;
    await refuses(server, `redis://:secret@${at}`, /WRONGPASS/);
    await refuses(server, `redis://${at}`, /NOAUTH/);
    await refuses(server, `redis://:right@${at}/99`, /DB index/);
    await withBuffer(server, async (buffer) => {
      assert.equal(await buffer.newest(0), BEFORE_FIRST);
    }, { url: `redis://:right@${at}/1` });
  },
);

redisTest(
  "RedisBuffer needs few commands, on its own keys",
  [],
  async (server) => {
    const allowed = COMMANDS.map((command) => `+${command}`).join(" ");
    const answer = await tell(
      server,
      `ACL SETUSER ticks on >right ~{*}:* -@all ${allowed}`,
    );
    assert.equal(answer, "+OK\r\n");
    const warnings: string[] = [];
    await withBuffer(server, async (buffer) => {
      const entry = streamEntry({ kind: "mark", receivedAt: epochMicros(5) });
      const result = await buffer.append({
        p: 0,
        key: entry.key,
        expectLast: 0,
        newLast: 0,
        entry,
      });
      assert(result.kind === "appended");
      const options = { maxEntries: 9, maxBytes: 9e9, waitMs: 0 };
      const { entries } = await buffer.read(0, BEFORE_FIRST, options);
      assert.equal(entries.length, 1);
      assert.equal(await buffer.newestBefore(0, epochMicros(6)), result.id);
      assert.equal(await buffer.newest(0), result.id);
      assert.equal(await buffer.lastSeq(0, entry.key), 0);
      await buffer.trim(0, result.id);
      assert.equal((await buffer.stats()).entries, 0);
    }, {
      url: `redis://ticks:right@127.0.0.1:${server.port}`,
      log: { ...silentLog, warn: (text) => warnings.push(text) },
    });
    assert.equal(warnings.length, 2);
  },
);

redisTest(
  "RedisBuffer refuses streams of another format",
  [],
  (server) =>
    withBuffer(server, async (buffer) => {
      await tell(server, "HSET {3}:meta format 2 incarnation x");
      const options = { maxEntries: 9, maxBytes: 9e9, waitMs: 0 };
      await assert.rejects(
        buffer.read(3, BEFORE_FIRST, options),
        BufferUnusableError,
      );
      await assert.rejects(buffer.incarnation(3), /format 2/);
      await assert.rejects(
        withBuffer(server, async () => {}),
        BufferUnusableError,
      );
    }),
);
