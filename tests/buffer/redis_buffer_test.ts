import { RedisBuffer } from "../../pipeline/buffer/redis_buffer.ts";
import { BUFFER_CONTRACT } from "../../pipeline/buffer/testing/buffer_contract.ts";
import type { Log } from "../../pipeline/ports.ts";
import { systemClock } from "../../pipeline/system_clock.ts";
import { serverTest } from "../harness/servers/installed.ts";
import {
  findRedis,
  type RedisOptions,
  type RedisServer,
  startRedis,
} from "../harness/servers/redis_server.ts";

const NEEDS = { "redis-server": findRedis };
const SILENT: Log = { info() {}, warn() {}, error() {} };

function open(
  server: RedisServer,
  more: Partial<Parameters<typeof RedisBuffer.open>[0]> = {},
): Promise<RedisBuffer> {
  return RedisBuffer.open({
    url: server.url,
    partitions: 8,
    memoryMaxBytes: 1e9,
    clock: systemClock,
    log: SILENT,
    ...more,
  });
}

async function withServer(
  options: RedisOptions,
  use: (server: RedisServer) => Promise<void>,
): Promise<void> {
  const server = await startRedis(options);
  try {
    await use(server);
  } finally {
    await server.close();
  }
}

await serverTest(
  "RedisBuffer keeps the contract",
  NEEDS,
  (t) =>
    withServer({ config: [["databases", "64"]] }, async (server) => {
      for (const [i, { name, check }] of BUFFER_CONTRACT.entries()) {
        await t.step(`RedisBuffer ${name}`, async () => {
          const buffer = await open(server, { url: `${server.url}/${i}` });
          try {
            await check(buffer);
          } finally {
            await buffer.close();
          }
        });
      }
    }),
);
