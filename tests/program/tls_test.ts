/**
 * A Redis Cluster and a PostgreSQL that take TLS alone, with certificates of an
 * authority of this test.
 */
import assert from "node:assert/strict";
import { freePort } from "../harness/free_port.ts";
import {
  getJson,
  type Program,
  ProgramEndedError,
  startProgram,
  until,
} from "../harness/program.ts";
import { findProgram, serverTest } from "../harness/servers/installed.ts";
import {
  findPostgres,
  startPostgres,
} from "../harness/servers/postgres_server.ts";
import { startRedisCluster } from "../harness/servers/redis_cluster.ts";
import { findRedis } from "../harness/servers/redis_server.ts";
import { certificatesIn } from "../harness/certificates.ts";

const TICKS = 500;
/** Of ticks without acks some may be lost in one. */
const NO_FAILOVER_MS = 30_000;

serverTest(
  "ticks become candles over TLS, checked against an authority",
  {
    "redis-server": findRedis,
    PostgreSQL: findPostgres,
    openssl: () => findProgram("openssl"),
  },
  async () => {
    const dir = await Deno.makeTempDir({ prefix: "tickhouse-tls-" });
    const { ca, cert, key, otherCa } = await certificatesIn(dir);
    const [postgres, cluster] = await Promise.all([
      startPostgres({
        settings: { ssl: "on", ssl_cert_file: cert, ssl_key_file: key },
      }),
      startRedisCluster({
        tls: { ca, cert, key },
        nodeTimeoutMs: NO_FAILOVER_MS,
      }),
    ]);
    const port = freePort();
    const database = await postgres.createDatabase();
    const env = {
      REDIS_URL: cluster.url,
      DATABASE_URL: database.replace("127.0.0.1", "localhost") +
        "?sslmode=verify-full",
      DATA_DIR: `${dir}/data`,
      HTTP_PORT: "0",
      FEEDS: `listen://127.0.0.1:${port}`,
      ROLES: "feed,aggregate,web",
      PARTITIONS: "4",
    };
    let program: Program | null = null;
    try {
      program = await startProgram({ ...env, DENO_CERT: ca });
      using feed = await Deno.connect({ hostname: "127.0.0.1", port });
      const lines = Array.from({ length: TICKS }, (_, i) =>
        JSON.stringify({
          symbol: `TLS.${i % 8}`,
          ts: Date.now(),
          price: 100,
          volume: 1,
        }) + "\n").join("");
      const bytes = new TextEncoder().encode(lines);
      for (let at = 0; at < bytes.length;) {
        at += await feed.write(bytes.subarray(at));
      }
      const running = program;
      await until(
        "all ticks in candles",
        () => getJson(running, "/api/audit?full=1"),
        ({ partitions }) =>
          partitions.reduce(
            (sum: number, one: { in_candles: number }) => sum + one.in_candles,
            0,
          ) === TICKS,
      );
      const [encrypted] = (await postgres.psql(
        `select bool_and(s.ssl) from pg_stat_ssl s
          join pg_stat_activity a using (pid)
          where a.datname = '${new URL(database).pathname.slice(1)}'`,
      )).split("\n");
      assert.equal(encrypted, "t");
      assert.equal((await program.stop()).code, 0);
      program = null;
      assert.match(
        await refusal({ ...env, DENO_CERT: otherCa }),
        /certificate|UnknownIssuer/i,
      );
    } finally {
      await program?.kill().catch(() => {});
      await Promise.all([cluster.close(), postgres.close()]);
      await Deno.remove(dir, { recursive: true });
    }
  },
);

/** What a program says that does not start. */
async function refusal(env: Readonly<Record<string, string>>): Promise<string> {
  try {
    const program = await startProgram(env, {
      endsAt: /Waiting for a server/,
    });
    await program.kill();
  } catch (error) {
    if (error instanceof ProgramEndedError) return error.written;
    throw error;
  }
  throw new Error("It started");
}
