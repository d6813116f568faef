import assert from "node:assert/strict";
import { PartitionLayout } from "../../pipeline/domain/partition_layout.ts";
import { onePlace } from "../../pipeline/buffer/open_redis.ts";
import { RedisBuffer } from "../../pipeline/buffer/redis_buffer.ts";
import { BUFFER_CONTRACT } from "../../pipeline/buffer/testing/buffer_contract.ts";
import { redisLiveLink } from "../../pipeline/live/redis_bus.ts";
import { redisPresence } from "../../pipeline/live/redis_presence.ts";
import { systemClock } from "../../pipeline/system_clock.ts";
import { findRedis, startRedis } from "../harness/servers/redis_server.ts";
import { serverTest } from "../harness/servers/installed.ts";
import { silentLog } from "../../pipeline/silent_log.ts";

const SECRET = "secret-of-a-test";
const WAIT_MS_MAX = 60_000;

/** The rules of the user that docs/servers.md gives. */
async function documentedRules(): Promise<readonly string[]> {
  const docs = new URL("../../docs/servers.md", import.meta.url);
  const found = /^user tickhouse (.+)$/m.exec(await Deno.readTextFile(docs));
  assert.ok(found, "docs/servers.md has a line for the user");
  return found[1].replace(/>\S+/, `>${SECRET}`).split(" ");
}

serverTest(
  "the user of docs/servers.md may do all that the program does",
  { "redis-server": findRedis },
  async (t) => {
    const redis = await startRedis();
    const url = redis.url.replace("//", `//tickhouse:${SECRET}@`);
    try {
      await allow(redis.port, await documentedRules());
      for (const [i, { name, check }] of BUFFER_CONTRACT.entries()) {
        if (i >= 16) break; // as many databases as a Redis has by default
        await t.step(`RedisBuffer ${name}`, async () => {
          const warnings: string[] = [];
          const buffer = await RedisBuffer.open({
            url: `${url}/${i}`,
            layout: new PartitionLayout(8),
            memoryMaxBytes: 1e9,
            clock: systemClock,
            log: { ...silentLog, warn: (text) => warnings.push(text) },
          });
          try {
            assert.deepEqual(warnings, [], "its settings may be checked");
            await check(buffer);
          } finally {
            await buffer.close();
          }
        });
      }
      await t.step("live events", async () => {
        const link = redisLiveLink({
          places: onePlace(url),
          partitions: 4,
          log: silentLog,
        });
        try {
          let heard = false;
          link.listen({
            message: () => heard = true,
            listening() {},
            interrupted() {},
          });
          link.want([3]);
          const deadline = Date.now() + WAIT_MS_MAX;
          while (!heard && Date.now() < deadline) {
            await link.send(3, "hello").catch(() => {});
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
          assert.ok(heard, "a message was heard");
        } finally {
          await link.close();
        }
      });
      await t.step("who is there", async () => {
        const warnings: string[] = [];
        const log = {
          ...silentLog,
          warn: (text: string) => warnings.push(text),
        };
        const presence = redisPresence({
          places: onePlace(url),
          owner: "me",
          log,
        });
        try {
          const deadline = Date.now() + WAIT_MS_MAX;
          let missing: readonly string[] = [];
          while (missing.length === 0 && Date.now() < deadline) {
            missing = await presence.missing(["another"]);
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
          assert.deepEqual(missing, ["another"]);
          assert.deepEqual(warnings, []);
        } finally {
          presence.close();
        }
      });
    } finally {
      await redis.close();
    }
  },
);

/** Makes the user, by one command in the server's own protocol. */
async function allow(port: number, rules: readonly string[]): Promise<void> {
  const words = ["ACL", "SETUSER", "tickhouse", ...rules];
  const command = `*${words.length}\r\n` +
    words.map((word) => `$${word.length}\r\n${word}\r\n`).join("");
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(command));
  const into = new Uint8Array(512);
  const n = await connection.read(into);
  assert.equal(new TextDecoder().decode(into.subarray(0, n ?? 0)), "+OK\r\n");
}
