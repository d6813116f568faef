/** One store on a server and the other one embedded, over a SIGKILL. */
import assert from "node:assert/strict";
import { runFeedClient } from "../../pipeline/feeds/feed_client.ts";
import { connectTcp } from "../../pipeline/feeds/tcp_connection.ts";
import { systemClock } from "../../pipeline/system_clock.ts";
import { freePort } from "../harness/free_port.ts";
import {
  getJson,
  type Program,
  startProgram,
  until,
} from "../harness/program.ts";
import { serverTest } from "../harness/servers/installed.ts";
import {
  findPostgres,
  startPostgres,
} from "../harness/servers/postgres_server.ts";
import { findRedis, startRedis } from "../harness/servers/redis_server.ts";

const TICKS = 20_000;
const START_MS = Date.parse("2024-05-06T09:00:00Z");

function lineOf(seq: number): string {
  return JSON.stringify({
    symbol: `MIX.${seq % 3}`,
    ts: START_MS + seq * 20,
    price: 100 + seq % 7,
    volume: 1,
    seq,
  }) + "\n";
}

/** Sends with a kill in between; every tick must be in a candle once. */
async function sendAndKill(
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-mixed-" });
  const port = freePort();
  const env = {
    ...settings,
    DATA_DIR: dataDir,
    HTTP_PORT: "0",
    FEEDS: `listen://127.0.0.1:${port}`,
    ROLES: "feed,aggregate,web",
    PARTITIONS: "2",
  };
  const over = new AbortController();
  let acked = 0;
  let program: Program = await startProgram(env);
  const feeding = runFeedClient({
    hello: { feed: "mixed", epoch: 1 },
    connect: (signal) => connectTcp({ hostname: "127.0.0.1", port }, signal),
    source: () => ({
      async *from(seq, { max }) {
        while (seq <= TICKS) {
          // The second half waits for the kill.
          const end = acked < TICKS / 4 ? TICKS / 2 : TICKS;
          const count = Math.min(max, end - seq + 1);
          if (count > 0) {
            const lines = Array.from(
              { length: count },
              (_, i) => lineOf(seq + i),
            );
            yield { bytes: new TextEncoder().encode(lines.join("")), count };
            seq += count;
          } else await new Promise((resolve) => setTimeout(resolve, 10));
        }
      },
    }),
    clock: systemClock,
    signal: over.signal,
    onProgress: (progress) => acked = progress.acked,
  });
  try {
    await until("acks", () => Promise.resolve(acked), (n) => n >= TICKS / 4);
    await program.kill();
    program = await startProgram(env);
    const summary = await feeding;
    assert.equal(summary.acked, TICKS);
    const audit = await getJson(program, "/api/audit?full=1");
    assert.equal(audit.balanced, true, JSON.stringify(audit));
    const inCandles = audit.partitions.reduce(
      (sum: number, row: { in_candles: number }) => sum + row.in_candles,
      0,
    );
    assert.equal(inCandles, TICKS);
    assert.equal((await program.stop()).code, 0);
  } finally {
    over.abort();
    await feeding.catch(() => {});
    await program.kill().catch(() => {});
    await Deno.remove(dataDir, { recursive: true });
  }
}

serverTest(
  "Redis with the embedded warehouse loses and doubles nothing",
  { "redis-server": findRedis },
  async () => {
    const redis = await startRedis();
    try {
      await sendAndKill({ REDIS_URL: redis.url });
    } finally {
      await redis.close();
    }
  },
);

serverTest(
  "PostgreSQL with the embedded buffer loses and doubles nothing",
  { PostgreSQL: findPostgres },
  async () => {
    const postgres = await startPostgres();
    try {
      await sendAndKill({ DATABASE_URL: await postgres.createDatabase() });
    } finally {
      await postgres.close();
    }
  },
);
