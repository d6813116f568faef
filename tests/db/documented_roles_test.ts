import assert from "node:assert/strict";
import { CandleMonths } from "../../db/candle_months.ts";
import { connectPg } from "../../db/connect_pg.ts";
import { loadMigrations, migrate } from "../../db/migrate.ts";
import { ReadReplica } from "../../db/read_replica.ts";
import { epochMicros } from "../../pipeline/domain/time.ts";
import { systemClock } from "../../pipeline/system_clock.ts";
import { serverTest } from "../harness/servers/installed.ts";
import {
  findPostgres,
  startPostgres,
} from "../harness/servers/postgres_server.ts";

/** SQL of docs/servers.md, before and after it connects to the database. */
async function documentedSql(): Promise<readonly string[]> {
  const docs = new URL("../../docs/servers.md", import.meta.url);
  const found = /```sql\n([\s\S]+?)```/.exec(await Deno.readTextFile(docs));
  assert.ok(found, "docs/servers.md has SQL for the roles");
  return found[1].split("\\connect tickhouse\n");
}

serverTest(
  "the roles of docs/servers.md: one makes tables, one rows, one only reads",
  { PostgreSQL: findPostgres },
  async () => {
    const postgres = await startPostgres();
    const as = (role: string, readOnly = false) =>
      connectPg({
        url:
          `postgres://${role}:CHANGE-ME@127.0.0.1:${postgres.port}/tickhouse`,
        readOnly,
      });
    const owner = as("tickhouse_owner");
    const app = as("tickhouse_app");
    const web = as("tickhouse_web", true);
    try {
      const [server, database] = await documentedSql();
      for (const statement of server.split(";").slice(0, -1)) {
        await postgres.psql(statement); // a database is made outside of others
      }
      await postgres.psql(database, "tickhouse");
      await migrate(owner, await loadMigrations());

      await new CandleMonths(app).ensure([epochMicros(1_764_043_220_000_000)]);
      await app.query("select make_archive_day('2031-05-06')");
      const [{ dropped }] = await app.query<{ dropped: number }>(
        "select drop_archive_days('2031-05-07') as dropped",
      );
      assert.equal(dropped, 1);
      const rows = await app.query<{ writes: number; all: number }>(
        `select count(*)::int as all, count(*) filter (where
            has_table_privilege(c.oid, 'select') and
            has_table_privilege(c.oid, 'insert') and
            has_table_privilege(c.oid, 'update') and
            has_table_privilege(c.oid, 'delete'))::int as writes
          from pg_class c where relnamespace = 'public'::regnamespace
            and relkind in ('r', 'p')`,
      );
      assert.ok(rows[0].all > 10, "the schema is there");
      assert.equal(rows[0].writes, rows[0].all);
      const refused = /permission denied|must be owner/;
      await assert.rejects(app.query("create table mine (a int)"), refused);
      await assert.rejects(app.query("drop table candles"), refused);
      await assert.rejects(
        app.query("alter table candles add column mine int"),
        refused,
      );

      const read = await web.query<{ reads: number; writes: number }>(
        `select count(*) filter (where
            has_table_privilege(c.oid, 'select'))::int as reads,
          count(*) filter (where
            has_table_privilege(c.oid, 'insert, update, delete, truncate'))::int
            as writes
          from pg_class c where relnamespace = 'public'::regnamespace
            and relkind in ('r', 'p')`,
      );
      assert.deepEqual(read, [{ reads: rows[0].all, writes: 0 }]);
      const only = /permission denied|read-only transaction|must be superuser/;
      for (
        const sql of [
          "delete from candles",
          "insert into meta values ('mine', '1')",
          "create temp table mine (a int)",
          "select nextval(oid::regclass) from pg_class where relkind = 'S'",
          "set transaction read write; delete from candles",
          "copy (select 1) to program 'true'",
          "set transaction read write; select drop_archive_days('2100-01-01')",
          "set transaction read write; select make_archive_day('2100-01-01')",
          "set transaction read write; select make_candle_month(now())",
          "set transaction read write; " +
          "select owner_drops_archive_days('2100-01-01')",
        ]
      ) {
        await assert.rejects(web.script(sql), only, sql);
      }

      // As READ_URL, it is what pages read by.
      const replica = new ReadReplica(app, web, systemClock);
      await replica.look();
      assert.deepEqual(replica.state(), { fault: null, lagMs: null });
      const [{ role }] = await replica.lagging.query<{ role: string }>(
        "select current_user as role, count(*) from candles",
      );
      assert.equal(role, "tickhouse_web");
      assert.equal(replica.state().fault, null);
    } finally {
      await owner.close();
      await app.close();
      await web.close();
      await postgres.close();
    }
  },
);
