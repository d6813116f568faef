/** Programs on a warehouse whose schema is an older or a newer one. */
import assert from "node:assert/strict";
import { connectPg } from "../../db/connect_pg.ts";
import type { Db } from "../../db/db.ts";
import { loadMigrations, migrate } from "../../db/migrate.ts";
import { openStores } from "../../db/open_stores.ts";
import {
  isExpansion,
  MigrationError,
  NEWEST_STEP,
} from "../../db/schema_steps.ts";
import { silentLog } from "../../pipeline/silent_log.ts";
import { serverTest } from "../harness/servers/installed.ts";
import {
  findPostgres,
  startPostgres,
} from "../harness/servers/postgres_server.ts";
import { bucketOf, NOW, StillClock } from "./testing.ts";

/** What a step that only adds must not have, as older programs go on after it. */
const TAKES_AWAY = [
  /\bdrop\b/i,
  /\brename\b/i,
  /\btruncate\b/i,
  /\bdelete\s+from\b/i,
  /\bupdate\s+\S+\s+set\b/i,
  /\balter\s+column\b/i,
  /\badd\s+(constraint|check|unique|primary|foreign|exclude)\b/i,
  /\bcreate\s+unique\s+index\b/i,
  /\badd\s+column\b(?![^,;]*\bdefault\b)[^,;]*\bnot\s+null\b/i,
];

function takesAway(sql: string): boolean {
  const statements = sql.replace(/--.*$/gm, "");
  return TAKES_AWAY.some((pattern) => pattern.test(statements));
}

Deno.test("the newest step is the last one in the folder", async () => {
  assert.equal((await loadMigrations()).at(-1)!.name, NEWEST_STEP);
});

Deno.test("steps that say that they only add take nothing away", async () => {
  const steps = (await Promise.all([
    loadMigrations(),
    loadMigrations("timescaledb"),
    loadMigrations("citus"),
  ])).flat();
  assert.deepEqual(
    steps.filter(({ name, sql }) => isExpansion(name) && takesAway(sql)),
    [],
  );
  for (
    const sql of [
      "alter table a drop column b;",
      "alter table a rename to b;",
      "delete from a where b;",
      "update a set b = 1;",
      "alter table a alter column b set not null;",
      "alter table a add constraint c check (b > 0);",
      "create unique index on a (b);",
      "alter table a add column b int not null;",
    ]
  ) assert(takesAway(sql), sql);
  for (
    const sql of [
      "create table a (b int not null unique); -- drop nothing",
      "alter table a add column b int;",
      "alter table a add column b int not null default 0, add column c text;",
      "create index on a (b);",
    ]
  ) assert(!takesAway(sql), sql);
});

serverTest(
  "a program says what schema it needs, and goes on after what only adds to it",
  { PostgreSQL: findPostgres },
  async () => {
    const postgres = await startPostgres();
    const databaseUrl = await postgres.createDatabase();
    const db = connectPg({ url: databaseUrl });
    const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-steps-" });
    const [{ name: database }] = await db.query<{ name: string }>(
      "select current_database() as name",
    );
    const open = async (schemaIsMade: boolean) => {
      const said: unknown[] = [];
      const log = {
        ...silentLog,
        info: (_: string, fields?: unknown) => said.push(fields),
      };
      const stores = await openStores({
        dataDir,
        schemaIsMade,
        servers: {
          redisUrl: null,
          databaseUrl,
          migrationUrl: null,
          readUrl: null,
          databaseWsUrl: null,
          warehouseExtension: null,
        },
        partitions: 1,
        clock: new StillClock(NOW),
        log,
        bucketOf,
      });
      await stores.close();
      return JSON.stringify(said);
    };
    const refuses = (opening: Promise<unknown>, tells: RegExp) =>
      assert.rejects(opening, (error) => {
        assert(error instanceof MigrationError, String(error));
        assert.match(error.message, tells);
        assert(error.message.includes(`"${database}"`), error.message);
        return true;
      });
    try {
      const all = await loadMigrations();
      await migrate(db, all.slice(0, -1));
      // Whoever must not make tables, such as pages at the edge.
      await refuses(
        open(true),
        new RegExp(`older version, without ${NEWEST_STEP}: start a process`),
      );
      await open(false);
      await open(true);

      await takes(db, "9000_more.expand.sql");
      for (const schemaIsMade of [true, false]) {
        assert.match(await open(schemaIsMade), /9000_more\.expand\.sql/);
      }
      await takes(db, "9001_gone.sql");
      for (const schemaIsMade of [true, false]) {
        await refuses(
          open(schemaIsMade),
          /newer version, with 9001_gone\.sql: start a program that has/,
        );
      }
    } finally {
      await db.close();
      await postgres.close();
      await Deno.remove(dataDir, { recursive: true });
    }
  },
);

/** As a newer program does that has this step. */
async function takes(db: Db, step: string): Promise<void> {
  await db.query("insert into migrations (name) values ($1)", [step]);
}
