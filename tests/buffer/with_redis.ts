import { PartitionLayout } from "../../pipeline/domain/partition_layout.ts";
import { RedisBuffer } from "../../pipeline/buffer/redis_buffer.ts";
import { systemClock } from "../../pipeline/system_clock.ts";
import { serverTest } from "../harness/servers/installed.ts";
import {
  findRedis,
  type RedisOptions,
  type RedisServer,
  startRedis,
} from "../harness/servers/redis_server.ts";
import { silentLog } from "../../pipeline/silent_log.ts";

/** A test with a Redis of its own. */
export function redisTest(
  name: string,
  config: RedisOptions["config"],
  run: (server: RedisServer, t: Deno.TestContext) => Promise<void>,
): void {
  serverTest(name, { "redis-server": findRedis }, async (t) => {
    const server = await startRedis({ config });
    try {
      await run(server, t);
    } finally {
      await server.close();
    }
  });
}

export async function withBuffer(
  server: RedisServer,
  use: (buffer: RedisBuffer) => Promise<void>,
  more: Partial<Parameters<typeof RedisBuffer.open>[0]> = {},
): Promise<void> {
  const buffer = await RedisBuffer.open({
    url: server.url,
    layout: new PartitionLayout(8),
    memoryMaxBytes: 1e9,
    clock: systemClock,
    log: silentLog,
    ...more,
  });
  try {
    await use(buffer);
  } finally {
    await buffer.close();
  }
}

/** Sends one command besides the buffer; returns the start of the answer. */
export async function tell(
  server: RedisServer,
  command: string,
): Promise<string> {
  using connection = await Deno.connect({
    hostname: "127.0.0.1",
    port: server.port,
  });
  await connection.write(new TextEncoder().encode(`${command}\r\n`));
  const into = new Uint8Array(4096);
  const n = await connection.read(into) ?? 0;
  return new TextDecoder().decode(into.subarray(0, n));
}
