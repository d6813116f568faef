/** What Citus adds: an archive on several servers, some of which are away. */
import assert from "node:assert/strict";
import { connectPg } from "../../db/connect_pg.ts";
import type { Db } from "../../db/db.ts";
import { enableExtension } from "../../db/enable_extension.ts";
import { loadMigrations, migrate } from "../../db/migrate.ts";
import {
  epochMicros,
  MICROS_PER_DAY,
  MICROS_PER_SECOND,
} from "../../pipeline/domain/time.ts";
import type { EntryId, TickArchive } from "../../pipeline/ports.ts";
import { findCitus, startCitus } from "../harness/servers/citus_cluster.ts";
import { extensionTest } from "../harness/servers/installed.ts";
import {
  findPostgres,
  startPostgres,
} from "../harness/servers/postgres_server.ts";
import { NOW, openCitusWarehouse } from "./testing.ts";

const citusTest = (name: string, run: (t: Deno.TestContext) => Promise<void>) =>
  extensionTest(name, { Citus: findCitus }, { PostgreSQL: findPostgres }, run);

/** Streams enough for some to be on either worker. */
const STREAMS = 16;

function keep(
  archive: TickArchive,
  p: number,
  n: number,
  receivedAt = NOW,
): Promise<void> {
  const id = `${n}-0` as EntryId;
  return archive.keep(p, "s", {
    through: id,
    entries: [{
      id,
      bytes: Uint8Array.of(p, n),
      receivedAt,
      from: NOW,
      to: NOW,
      symbols: ["A"],
    }],
  });
}

async function kept(
  archive: TickArchive,
  p: number,
): Promise<readonly number[]> {
  const found: number[] = [];
  const range = { from: NOW, to: epochMicros(NOW + MICROS_PER_SECOND) };
  for await (const page of archive.entries({ p, symbol: "A", ...range })) {
    for (const { bytes } of page) {
      assert.equal(bytes[0], p);
      found.push(bytes[1]);
    }
  }
  return found;
}

/** The port of the worker that each stream is on. */
async function placesOf(db: Db): Promise<readonly number[]> {
  const rows = await db.query<{ port: number }>(
    `select nodeport as port from generate_series(0, $1::int - 1) p
      join citus_shards on table_name = 'tick_archive'::regclass and
        shardid = get_shard_id_for_distribution_column('tick_archive', p)
      order by p`,
    [STREAMS],
  );
  return rows.map(({ port }) => port);
}

citusTest("a warehouse on Citus", async (t) => {
  const cluster = await startCitus({ workers: 2 });
  const warehouse = await openCitusWarehouse(cluster);
  const { archive, db } = warehouse;
  try {
    const places = await placesOf(db);
    const [away] = cluster.workers;
    const here = places.findIndex((port) => port !== away.port);
    const there = places.indexOf(away.port);

    await t.step("the archive is on the workers, all else here", async () => {
      const tables = await db.query<{ name: string }>(
        `select table_name::text as name from citus_tables
          where citus_table_type <> 'distributed'
            or distribution_column <> 'p'`,
      );
      assert.deepEqual(tables, []);
      for (let p = 0; p < STREAMS; p++) await keep(archive, p, 1);
      for (let p = 0; p < STREAMS; p++) {
        assert.deepEqual(await kept(archive, p), [1]);
      }
      // Asked on the workers themselves.
      const held = await db.query<{ port: number; n: number }>(
        `select s.nodeport as port, sum(c.result::int)::int as n
          from run_command_on_shards('tick_archive', 'select count(*) from %s') c
          join citus_shards s using (shardid)
          group by 1`,
      );
      for (const { port } of cluster.workers) {
        const own = places.filter((place) => place === port).length;
        assert.ok(own > 0, `no stream is on ${port}`);
        assert.equal(held.find((one) => one.port === port)?.n, own);
      }
    });

    await t.step("rows and progress are of one transaction", async () => {
      // The worker takes the rows, and the progress is refused after.
      await db.script(
        "alter table tick_archive_progress add constraint no check (major < 2)",
      );
      await assert.rejects(keep(archive, there, 2));
      assert.deepEqual(await kept(archive, there), [1]);
      await db.script("alter table tick_archive_progress drop constraint no");
      await keep(archive, there, 2);
      assert.deepEqual(await kept(archive, there), [1, 2]);
    });

    await t.step(
      "a worker that is away keeps its own streams waiting",
      async () => {
        await away.crash();
        const down = /connection to the remote node|failure on connection/;
        await assert.rejects(keep(archive, there, 3), down);
        await assert.rejects(kept(archive, there), down);
        await keep(archive, here, 3);
        assert.deepEqual(await kept(archive, here), [1, 3]);
        assert.equal(await archive.archivedThrough(there, "s"), "2-0");

        // Days are on all workers.
        const tomorrow = epochMicros(NOW + MICROS_PER_DAY);
        await assert.rejects(keep(archive, here, 4, tomorrow), down);
        await assert.rejects(archive.dropBefore(tomorrow), down);

        await away.start();
        for (const p of [here, there]) await keep(archive, p, 3);
        await keep(archive, here, 4, tomorrow);
        assert.deepEqual(await kept(archive, there), [1, 2, 3]);
        assert.deepEqual(await kept(archive, here), [1, 3, 4]);
      },
    );

    await t.step("a worker that stands still is given up", async () => {
      await away.signalAll("SIGSTOP");
      try {
        await assert.rejects(keep(archive, there, 5), /timeout/);
        await keep(archive, here, 5);
      } finally {
        await away.signalAll("SIGCONT");
      }
      await keep(archive, there, 5);
      assert.deepEqual(await kept(archive, there), [1, 2, 3, 5]);
    });

    await t.step("old days are dropped on all of them", async () => {
      const tomorrow = epochMicros(NOW + MICROS_PER_DAY);
      assert.equal(await archive.dropBefore(tomorrow), 1);
      assert.deepEqual(await kept(archive, here), [4]);
      assert.deepEqual(await kept(archive, there), []);
    });

    await t.step("its tables are used in no other way", async () => {
      await migrate(db, await loadMigrations("citus"));
      for (const other of [null, "timescaledb"] as const) {
        await assert.rejects(
          async () => migrate(db, await loadMigrations(other)),
          {
            name: "LayoutMismatchError",
            message:
              /^Cannot use a warehouse of citus tables .*; set it to citus or use another database$/,
          },
        );
      }
    });
  } finally {
    await warehouse.close();
    await cluster.close();
  }
});

citusTest(
  "a coordinator alone is enough, and a worker alone is refused",
  async () => {
    const cluster = await startCitus({ workers: 1 });
    const [worker] = cluster.workers;
    try {
      const url = new URL(await cluster.createDatabase());
      const lone = await cluster.coordinator.createDatabase();
      const db = connectPg({ url: lone });
      url.port = String(worker.port);
      const wrong = connectPg({ url: String(url) });
      try {
        await enableExtension(db, "citus");
        await migrate(db, await loadMigrations("citus"));
        await assert.rejects(enableExtension(wrong, "citus"), {
          name: "PostgresUnusableError",
          message:
            "Cannot use WAREHOUSE_EXTENSION=citus as the database must " +
            "be that of the coordinator, not of a worker",
        });
      } finally {
        await wrong.close();
        await db.close();
      }
    } finally {
      await cluster.close();
    }
  },
);

citusTest("a server that has not loaded Citus is refused", async () => {
  const server = await startPostgres();
  const db = connectPg({ url: await server.createDatabase() });
  try {
    await assert.rejects(enableExtension(db, "citus"), {
      name: "PostgresUnusableError",
      message:
        /^Cannot use WAREHOUSE_EXTENSION=citus as "create extension citus" must work in the database, .*shared_preload_libraries/,
    });
    assert.deepEqual(
      await db.query("select to_regclass('migrations') is null as untouched"),
      [{ untouched: true }],
    );
  } finally {
    await db.close();
    await server.close();
  }
});
