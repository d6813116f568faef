/** What TimescaleDB adds: chunks, aggregates by the clock, and refusals. */
import assert from "node:assert/strict";
import { connectPglite } from "../../db/connect_pglite.ts";
import type { Row } from "../../db/db.ts";
import { enableExtension } from "../../db/enable_extension.ts";
import {
  LayoutMismatchError,
  loadMigrations,
  migrate,
} from "../../db/migrate.ts";
import {
  MICROS_PER_DAY,
  MICROS_PER_MINUTE,
} from "../../pipeline/domain/time.ts";
import { deltaOf, NOW, openTimescaleWarehouse, Writer } from "./testing.ts";

const read = (path: string) =>
  Deno.readTextFile(new URL(`../../${path}`, import.meta.url));

/** The hours of a symbol from its minutes, as the view of the aggregate. */
const HOURS = `
  select date_bin('1 hour', t, 'epoch') as t,
    (min(array[extract(epoch from t), open]))[2]::float8 as open,
    max(high)::float8 as high, min(low)::float8 as low,
    (max(array[extract(epoch from t), close]))[2]::float8 as close,
    sum(volume)::float8 as volume, sum(ticks)::float8 as ticks,
    count(*)::float8 as minutes, bool_and(closed) as closed
  from v_candles_1m where symbol = $1
  group by 1 order by 1`;
const AGGREGATED = `
  select t, open::float8 as open, high::float8 as high, low::float8 as low,
    close::float8 as close, volume::float8 as volume, ticks::float8 as ticks,
    minutes::float8 as minutes, closed
  from v_clock_hours where symbol = $1 order by t`;

Deno.test("a warehouse on TimescaleDB", async (t) => {
  const warehouse = await openTimescaleWarehouse();
  const { db } = warehouse;
  try {
    const symbol = warehouse.symbol();
    const writer = await Writer.claim(warehouse, 0);
    const ticks = Array.from({ length: 90 }, (_, i) => ({
      ts: NOW + (i % 2 === 0 ? 0 : -40 * MICROS_PER_DAY) +
        i * 2 * MICROS_PER_MINUTE,
      price: 10_000 + (i * 37) % 101,
      size: 1 + i % 5,
      seq: i + 1,
    }));
    const hours = (): Promise<readonly Row[]> => db.query(HOURS, [symbol]);
    const aggregated = (): Promise<readonly Row[]> =>
      db.query(AGGREGATED, [symbol]);
    const refresh = async () => {
      const jobs = await db.query<{ id: number }>(
        `select job_id as id from timescaledb_information.jobs
          where proc_name = 'policy_refresh_continuous_aggregate'`,
      );
      assert.equal(jobs.length, 2);
      for (const { id } of jobs) await db.script(`call run_job(${id})`);
    };

    await t.step("candles and ticks are in chunks", async () => {
      await writer.commit({
        deltas: ticks.map((tick) => deltaOf(symbol, tick)),
      });
      const tables = await db.query<{ name: string }>(
        `select hypertable_name as name
          from timescaledb_information.hypertables
          where hypertable_schema = 'public' order by 1`,
      );
      assert.deepEqual(tables.map(({ name }) => name), [
        "candles",
        "tick_archive",
      ]);
      const chunks = await db.query<{ n: number; options: string[] }>(
        `select count(c.tableoid)::int as n, k.reloptions as options
          from candles c join pg_class k on k.oid = c.tableoid
          group by c.tableoid, k.reloptions`,
      );
      assert.ok(chunks.length >= 2, `${chunks.length} chunks have candles`);
      for (const { options } of chunks) {
        assert.deepEqual(options, ["fillfactor=80"]);
      }
      const months = await db.query(
        "select start from candle_month_starts() start",
      );
      assert.equal(months.length, 2);
    });

    await t.step("hours by the clock are those of the minutes", async () => {
      const fresh = await aggregated();
      assert.equal(fresh.length, 6);
      assert.deepEqual(fresh, await hours());
      await refresh();
      assert.deepEqual(await aggregated(), await hours());
    });

    await t.step(
      "a late tick of a stored hour is in it after a run",
      async () => {
        const before = await aggregated();
        await writer.commit({
          deltas: [deltaOf(symbol, { ...ticks[1], price: 99_999, seq: 1_000 })],
        });
        await refresh();
        const after = await aggregated();
        assert.deepEqual(after, await hours());
        assert.equal(after[0].high, 999.99);
        assert.deepEqual(after.slice(1), before.slice(1));
      },
    );

    await t.step("every view of the documentation exists", async () => {
      const named = new Set((await read("docs/extensions.md"))
        .match(/\bv_\w+/g));
      assert.ok(named.size >= 2);
      for (const name of named) await db.query(`select * from ${name} limit 1`);
    });

    await t.step("its tables are used in no other way", async () => {
      await migrate(db, await loadMigrations("timescaledb"));
      await assert.rejects(
        async () => migrate(db, await loadMigrations()),
        (error) => {
          assert(error instanceof LayoutMismatchError);
          assert.equal(
            error.message,
            "Cannot use a warehouse of timescaledb tables without " +
              "WAREHOUSE_EXTENSION; set it to timescaledb or use another " +
              "database",
          );
          return true;
        },
      );
    });
  } finally {
    await warehouse.close();
  }
});

Deno.test("a warehouse of plain tables, and a server without TimescaleDB, are refused", async () => {
  const dir = await Deno.makeTempDir({ prefix: "tickhouse-db-" });
  const db = await connectPglite(`${dir}/warehouse`);
  try {
    await assert.rejects(enableExtension(db, "timescaledb"), {
      name: "PostgresUnusableError",
      message: "Cannot use WAREHOUSE_EXTENSION=timescaledb as the server " +
        "must have the extension installed",
    });
    await migrate(db, await loadMigrations());
    await assert.rejects(
      async () => migrate(db, await loadMigrations("timescaledb")),
      {
        name: "LayoutMismatchError",
        message: "Cannot use a warehouse of plain PostgreSQL tables as " +
          "WAREHOUSE_EXTENSION=timescaledb; leave it out or use another " +
          "database",
      },
    );
  } finally {
    await db.close();
    await Deno.remove(dir, { recursive: true });
  }
});
