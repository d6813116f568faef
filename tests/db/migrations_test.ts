import assert from "node:assert/strict";
import { connectPg } from "../../db/connect_pg.ts";
import { connectPglite } from "../../db/connect_pglite.ts";
import type { Db } from "../../db/db.ts";
import { loadMigrations, migrate } from "../../db/migrate.ts";
import { serverTest } from "../harness/servers/installed.ts";
import {
  findPostgres,
  startPostgres,
} from "../harness/servers/postgres_server.ts";

/** A warehouse before 0008 may hold signals of two models for one minute. */
async function migratesSignals(db: Db): Promise<void> {
  const all = await loadMigrations();
  const before = all.filter(({ name }) => name < "0008");
  assert.equal(before.length, 7);
  await migrate(db, before);
  await db.script(
    `insert into signals
      select 1, t::timestamptz, model, made_at::timestamptz, 'HOLD', 'up', '',
        0.5, 100, 0, 2
      from (values
        ('2025-06-16 12:00Z', 'b', '2025-06-16 12:00:00.3Z'),
        ('2025-06-16 12:00Z', 'c', '2025-06-16 12:00:00.2Z'),
        ('2025-06-16 12:00Z', 'a', '2025-06-16 12:00:00.9Z'),
        ('2025-06-16 12:01Z', 'a', '2025-06-16 12:01:00.2Z')
      ) v(t, model, made_at);
    insert into forecast_scores
      values (1, '1m', '2025-06-16 12:00Z', 1, 'a', now(), 1, 1, 1, true, true,
        true, null)`,
  );
  await migrate(db, all);
  assert.deepEqual(
    await db.query("select model, version from signals order by t, version"),
    [["c", 1], ["b", 2], ["a", 3], ["a", 1]].map(([model, version]) => ({
      model,
      version,
    })),
  );
  assert.deepEqual(
    await db.query("select abs_error, crps, brier from forecast_scores"),
    [{ abs_error: 1, crps: null, brier: null }],
  );
}

Deno.test("a warehouse with signals takes their versions", async () => {
  const dir = await Deno.makeTempDir({ prefix: "tickhouse-db-" });
  const db = await connectPglite(`${dir}/warehouse`);
  try {
    await migratesSignals(db);
  } finally {
    await db.close();
    await Deno.remove(dir, { recursive: true });
  }
});

serverTest(
  "a warehouse with signals takes their versions, on PostgreSQL",
  { PostgreSQL: findPostgres },
  async () => {
    const postgres = await startPostgres();
    try {
      const db = connectPg({ url: await postgres.createDatabase() });
      try {
        await migratesSignals(db);
      } finally {
        await db.close();
      }
    } finally {
      await postgres.close();
    }
  },
);
