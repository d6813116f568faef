/** A warehouse from a backup, of a dump or of WAL, that is a little behind. */
import assert from "node:assert/strict";
import { freePort } from "../harness/free_port.ts";
import {
  getJson,
  type Program,
  startProgram,
  until,
} from "../harness/program.ts";
import { sendThrough } from "../harness/send_through.ts";
import { serverTest } from "../harness/servers/installed.ts";
import {
  findPostgres,
  type PostgresServer,
  startPostgres,
} from "../harness/servers/postgres_server.ts";
import { findRedis, startRedis } from "../harness/servers/redis_server.ts";

const TICKS = 20_000;
const START_MS = Date.parse("2024-05-06T09:00:00Z");
const SYMBOLS = 3;

function lineOf(seq: number): string {
  return JSON.stringify({
    symbol: `BACK.${seq % SYMBOLS}`,
    ts: START_MS + seq * 50,
    price: 100 + seq % 7,
    volume: 1,
    seq,
  }) + "\n";
}

async function inCandles(program: Program): Promise<number> {
  const audit = await getJson(program, "/api/audit?full=1");
  return audit.partitions.reduce(
    (sum: number, row: { in_candles: number }) => sum + row.in_candles,
    0,
  );
}

/** Ticks in candles, read past the program. */
async function ticksOf(
  postgres: PostgresServer,
  database: string,
): Promise<number> {
  const [n] = (await postgres.psql(
    "select sum(n) from candles where interval = '1m'",
    database,
  )).split("\n");
  return Number(n);
}

async function allCandles(program: Program): Promise<string> {
  const answers = await Promise.all(
    Array.from(
      { length: SYMBOLS },
      (_, i) => getJson(program, `/api/candles?symbol=BACK.${i}&limit=1000`),
    ),
  );
  return JSON.stringify(answers.map(({ candles }) => candles));
}

serverTest(
  "a warehouse restored from a dump that is behind has every tick again",
  { "redis-server": findRedis, PostgreSQL: findPostgres },
  async () => {
    const [redis, postgres] = await Promise.all([
      startRedis(),
      startPostgres(),
    ]);
    const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-backup-" });
    const port = freePort();
    const start = (DATABASE_URL: string) =>
      startProgram({
        REDIS_URL: redis.url,
        DATABASE_URL,
        DATA_DIR: dataDir,
        HTTP_PORT: "0",
        FEEDS: `listen://127.0.0.1:${port}`,
        ROLES: "feed,aggregate,web",
        PARTITIONS: "2",
      });
    const original = await postgres.createDatabase();
    const name = new URL(original).pathname.slice(1);
    let program: Program = await start(original);
    try {
      await sendThrough(port, { feed: "backup", lineOf, last: TICKS / 2 });
      const dump = await postgres.dump(name);
      await sendThrough(port, { feed: "backup", lineOf, last: TICKS });
      // The end closes the feed's last candles, before and after alike.
      await until("all ticks", () => inCandles(program), (n) => n === TICKS);
      await program.kill();
      await postgres.psql(`drop database ${name} with (force)`);

      const restored = await postgres.restore(dump);
      assert.equal(
        await ticksOf(postgres, new URL(restored).pathname.slice(1)),
        TICKS / 2,
        "the dump is behind",
      );
      program = await start(restored);
      await until(
        "all ticks again",
        () => inCandles(program),
        (n) => n === TICKS,
      );
      const audit = await getJson(program, "/api/audit?full=1");
      assert.equal(audit.balanced, true, JSON.stringify(audit));

      // What comes next is taken as if nothing had been.
      await sendThrough(port, { feed: "backup", lineOf, last: TICKS + 100 });
      await until(
        "those that follow",
        () => inCandles(program),
        (n) => n === TICKS + 100,
      );
      const candles = JSON.parse(await allCandles(program)) as {
        n: number;
      }[][];
      const sums = candles.map((of) => of.reduce((sum, { n }) => sum + n, 0));
      const expected = Array.from(
        { length: SYMBOLS },
        (_, i) =>
          Array.from({ length: TICKS + 100 }, (_, j) => j + 1)
            .filter((seq) => seq % SYMBOLS === i).length,
      );
      assert.deepEqual(sums, expected);
      assert.equal((await program.stop()).code, 0);
    } finally {
      await program.kill().catch(() => {});
      await Promise.all([redis.close(), postgres.close()]);
      await Deno.remove(dataDir, { recursive: true });
    }
  },
);

serverTest(
  "a warehouse restored from a base backup and WAL has every tick again",
  { "redis-server": findRedis, PostgreSQL: findPostgres },
  async () => {
    const redis = await startRedis();
    const postgres = await startPostgres({ archives: true });
    let second: PostgresServer | null = null;
    const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-wal-" });
    const port = freePort();
    const start = (DATABASE_URL: string) =>
      startProgram({
        REDIS_URL: redis.url,
        DATABASE_URL,
        DATA_DIR: dataDir,
        HTTP_PORT: "0",
        FEEDS: `listen://127.0.0.1:${port}`,
        ROLES: "feed,aggregate,web",
        PARTITIONS: "2",
      });
    const original = await postgres.createDatabase();
    const name = new URL(original).pathname.slice(1);
    let program: Program = await start(original);
    try {
      await sendThrough(port, { feed: "backup", lineOf, last: TICKS / 4 });
      const backup = await postgres.baseBackup();
      await sendThrough(port, { feed: "backup", lineOf, last: TICKS / 2 });
      const archived = (await postgres.psql(
        "select pg_walfile_name(pg_switch_wal())",
      )).trim();
      await until(
        "the archive has it",
        () => postgres.psql("select last_archived_wal from pg_stat_archiver"),
        (last) => last.trim() >= archived,
      );
      await sendThrough(port, { feed: "backup", lineOf, last: TICKS });
      await until("all ticks", () => inCandles(program), (n) => n === TICKS);
      await program.kill();
      await postgres.crash();

      second = await startPostgres({ restores: backup });
      const behind = await ticksOf(second, name);
      assert(behind >= TICKS / 2 && behind < TICKS, `${behind} ticks`);
      program = await start(`${second.url.replace(/[^/]+$/, name)}`);
      await until(
        "all ticks again",
        () => inCandles(program),
        (n) => n === TICKS,
      );
      const audit = await getJson(program, "/api/audit?full=1");
      assert.equal(audit.balanced, true, JSON.stringify(audit));
      await sendThrough(port, { feed: "backup", lineOf, last: TICKS + 100 });
      await until(
        "those that follow",
        () => inCandles(program),
        (n) => n === TICKS + 100,
      );
      assert.equal((await program.stop()).code, 0);
    } finally {
      await program.kill().catch(() => {});
      await Promise.all([redis.close(), postgres.close(), second?.close()]);
      await Deno.remove(dataDir, { recursive: true });
    }
  },
);
