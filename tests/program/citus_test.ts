/** The whole program on a Citus cluster, of which a worker goes and comes. */
import assert from "node:assert/strict";
import { compareEntryIds, type EntryId } from "../../pipeline/ports.ts";
import { freePort } from "../harness/free_port.ts";
import {
  getJson,
  type Program,
  startProgram,
  until,
} from "../harness/program.ts";
import { sendThrough } from "../harness/send_through.ts";
import { findCitus, startCitus } from "../harness/servers/citus_cluster.ts";
import { extensionTest } from "../harness/servers/installed.ts";
import { findPostgres } from "../harness/servers/postgres_server.ts";
import { findRedis, startRedis } from "../harness/servers/redis_server.ts";

const START_MS = Date.parse("2024-05-06T09:00:00Z");
/** Some of their streams are on either worker. */
const SYMBOLS = 16;
const ROUND = 200 * SYMBOLS;

/** A tick a second of each symbol. */
function lineOf(seq: number): string {
  return JSON.stringify({
    symbol: `CITUS.${seq % SYMBOLS}`,
    ts: START_MS + Math.floor(seq / SYMBOLS) * 1_000,
    price: 100 + seq % 7,
    volume: 1,
    seq,
  }) + "\n";
}

async function inCandles(program: Program): Promise<number> {
  const audit = await getJson(program, "/api/audit?full=1");
  assert.equal(audit.balanced, true, JSON.stringify(audit));
  return audit.partitions.reduce(
    (sum: number, row: { in_candles: number }) => sum + row.in_candles,
    0,
  );
}

const secondsOf = (i: number) =>
  `/api/candles?symbol=CITUS.${i}&interval=1s&from=${START_MS}&limit=1000`;

/** Ticks in candles of a second, which are folded from the ticks themselves. */
async function inSeconds(program: Program): Promise<number> {
  let ticks = 0;
  for (let i = 0; i < SYMBOLS; i++) {
    const { candles } = await getJson(program, secondsOf(i));
    for (const { n } of candles) ticks += n;
  }
  return ticks;
}

extensionTest(
  "a worker that is away keeps ticks from the archive, and no candle waits",
  { Citus: findCitus },
  { "redis-server": findRedis, PostgreSQL: findPostgres },
  async (t) => {
    const [redis, cluster] = await Promise.all([
      startRedis(),
      startCitus({ workers: 2 }),
    ]);
    const { coordinator, workers: [, away] } = cluster;
    const DATABASE_URL = await cluster.createDatabase();
    const name = new URL(DATABASE_URL).pathname.slice(1);
    const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-citus-" });
    const port = freePort();
    const start = () =>
      startProgram({
        REDIS_URL: redis.url,
        DATABASE_URL,
        WAREHOUSE_EXTENSION: "citus",
        DATA_DIR: dataDir,
        HTTP_PORT: "0",
        FEEDS: `listen://127.0.0.1:${port}`,
        ROLES: "feed,aggregate,web",
        PARTITIONS: "16",
      });
    const positions = async (sql: string) =>
      new Map(
        (await coordinator.psql(sql, name)).trim().split("\n").map((row) =>
          row.split("|") as [string, EntryId]
        ),
      );
    /** Waits until the archive has what is in candles now. */
    const archived = async () => {
      const committed = await positions("select p, position from offsets");
      await until(
        "an archive of all ticks",
        () =>
          positions(
            `select p, coalesce(major || '-' || minor, '0-0') from offsets
              left join tick_archive_progress using (p, incarnation)`,
          ),
        (reached) =>
          [...committed].every(([p, position]) =>
            compareEntryIds(reached.get(p)!, position) >= 0
          ),
      );
    };
    let program = await start();
    const allInCandles = (ticks: number) =>
      until("all ticks", () => inCandles(program), (n) => n === ticks);
    try {
      await t.step("ticks are archived on both workers", async () => {
        await sendThrough(port, { feed: "citus", lineOf, last: ROUND });
        await archived();
        const places = await coordinator.psql(
          `select s.nodeport from
            run_command_on_shards('tick_archive', 'select count(*) from %s') c
            join citus_shards s using (shardid)
            where c.result::int > 0 group by 1`,
          name,
        );
        assert.equal(places.trim().split("\n").length, 2, places);
      });

      await t.step(
        "a worker is away: candles go on, and it is told",
        async () => {
          await away.crash();
          await sendThrough(port, { feed: "citus", lineOf, last: 2 * ROUND });
          await allInCandles(2 * ROUND);
          const { ready, warnings } = await until(
            "words of it",
            () => getJson(program, "/api/system"),
            ({ warnings }) => /are not archived since/.test(warnings.join()),
          );
          assert.equal(ready, true);
          assert.match(
            warnings.join(),
            /Ticks of partitions? [\d, ]+ are not archived since .*: they stay in Redis/,
          );
        },
      );

      await t.step("the program is killed meanwhile", async () => {
        await program.kill();
        program = await start();
        await sendThrough(port, { feed: "citus", lineOf, last: 3 * ROUND });
        assert.equal(await inCandles(program), 3 * ROUND);
      });

      await t.step(
        "it is back: every tick is in the archive, once",
        async () => {
          await away.start();
          await archived();
          await until(
            "no more words of it",
            () => getJson(program, "/api/system"),
            ({ warnings }) => !/are not archived/.test(warnings.join()),
          );
          // What is read of ticks from here on, the archive had.
          await program.kill();
          await redis.kill();
          await redis.wipe();
          await redis.start();
          program = await start();
          assert.equal(await inSeconds(program), 3 * ROUND);
          assert.equal(await inCandles(program), 3 * ROUND);
        },
      );
    } finally {
      await program.kill();
      await cluster.close();
      await redis.close();
      await Deno.remove(dataDir, { recursive: true });
    }
  },
);
