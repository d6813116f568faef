/** Pages that read a replica, beside the program that writes the primary. */
import assert from "node:assert/strict";
import { EventReader } from "../harness/event_reader.ts";
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

const SYMBOL = "REPLICA.A";
const START_MS = Date.parse("2024-05-06T09:00:00Z");
const MINUTE_MS = 60_000;
const CANDLES = `/api/candles?symbol=${SYMBOL}&from=${START_MS}&limit=1000`;

serverTest(
  "pages on a replica show what is committed, however far it is behind",
  { "redis-server": findRedis, PostgreSQL: findPostgres },
  async (t) => {
    const [redis, primary] = await Promise.all([startRedis(), startPostgres()]);
    const DATABASE_URL = await primary.createDatabase();
    const name = DATABASE_URL.split("/").at(-1)!;
    const port = freePort();
    const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-replica-" });
    const shared = {
      REDIS_URL: redis.url,
      DATABASE_URL,
      HTTP_PORT: "0",
      PARTITIONS: "2",
    };
    const programs: Program[] = [];
    let replica: Awaited<ReturnType<typeof startPostgres>> | null = null;
    let source: Deno.TcpConn | null = null;
    let minutes = 0;
    const send = async (more: number) => {
      for (const end = minutes + more; minutes < end; minutes++) {
        // The minute before is closed then, lateness and all.
        const ts = START_MS + minutes * MINUTE_MS + 30_000;
        const line = { symbol: SYMBOL, ts, price: "100.25", volume: 1 };
        await source!.write(
          new TextEncoder().encode(JSON.stringify(line) + "\n"),
        );
      }
    };
    try {
      const stages = await startProgram({
        ...shared,
        DATA_DIR: `${dataDir}/stages`,
        NODE_NAME: "stages",
        FEEDS: `listen://127.0.0.1:${port}`,
      });
      programs.push(stages);
      const copy = replica = await startPostgres({ follows: primary });
      const pages = await startProgram({
        ...shared,
        DATA_DIR: `${dataDir}/pages`,
        NODE_NAME: "pages",
        ROLES: "web",
        READ_URL: `postgres://postgres@127.0.0.1:${copy.port}/${name}`,
      });
      programs.push(pages);
      source = await Deno.connect({ hostname: "127.0.0.1", port });
      const committed = () =>
        until(
          `${minutes} candles`,
          () => getJson(stages, CANDLES),
          ({ candles }) => candles.length === minutes,
        );
      const replicaIs = (fault: string | null) =>
        until(
          `a replica with the fault ${fault}`,
          () => getJson(pages, "/api/system"),
          ({ replica }) => replica.fault === fault,
        );
      const snapshot = async () => {
        const reader = new EventReader(
          await fetch(`${pages.http}/api/stream?symbols=${SYMBOL}`),
        );
        const { event, data } = (await reader.next())!;
        assert.equal(event, "snapshot");
        await reader.leave();
        const [{ closed, forming }] = data.symbols[0].candles;
        return [...closed, ...forming ? [forming] : []];
      };
      await t.step("what the replica has", async () => {
        await send(5);
        await committed();
        await replicaIs(null);
        const { candles } = await until(
          "the same candles",
          () => getJson(pages, CANDLES),
          ({ candles }) => candles.length === minutes,
        );
        assert.deepEqual(candles, (await getJson(stages, CANDLES)).candles);
        const { replica } = await until(
          "nothing to tell",
          () => getJson(pages, "/api/system"),
          ({ warnings }) => warnings.length === 0,
        );
        assert.match(replica.place, /^PostgreSQL at 127/);
      });
      await t.step("what it does not have yet", async () => {
        await copy.psql("select pg_wal_replay_pause()", name);
        await send(3);
        await committed();
        const shown = await snapshot();
        assert.equal(shown.length, minutes, "live events go on from all");
        await replicaIs("behind");
        assert.equal((await getJson(pages, CANDLES)).candles.length, minutes);
        const { warnings } = await until(
          "it is ready",
          () => getJson(pages, "/api/system"),
          ({ ready }) => ready,
        );
        assert.match(
          warnings.join(),
          /READ_URL names is more than 5 s behind since .*: pages and the API read PostgreSQL itself/,
        );
        await copy.psql("select pg_wal_replay_resume()", name);
        await replicaIs(null);
      });
      await t.step("while it is away", async () => {
        await copy.crash();
        await send(2);
        await committed();
        assert.equal((await getJson(pages, CANDLES)).candles.length, minutes);
        assert.equal((await snapshot()).length, minutes);
        await replicaIs("away");
        await copy.start();
        await replicaIs(null);
      });
      await t.step("once it was promoted", async () => {
        await copy.psql("select pg_promote()", name);
        await copy.psql(
          "update candles set n = n + 1000 where true",
          name,
        );
        await send(1);
        await committed();
        await replicaIs("promoted");
        const [shown, wanted] = await Promise.all(
          [pages, stages].map((one) => getJson(one, CANDLES)),
        );
        assert.deepEqual(shown.candles, wanted.candles);
      });
    } finally {
      source?.close();
      for (const program of programs) await program.kill();
      await replica?.close();
      await Promise.all([primary.close(), redis.close()]);
      await Deno.remove(dataDir, { recursive: true });
    }
  },
);
