/** Tasks of a fleet on a database that has not the tables of this version. */
import assert from "node:assert/strict";
import { connectPg } from "../../db/connect_pg.ts";
import { loadMigrations, migrate } from "../../db/migrate.ts";
import { MigrationError } from "../../db/schema_steps.ts";
import { drain } from "../../tasks/drain.ts";
import type { FleetTask } from "../../tasks/fleet_task.ts";
import { repartition } from "../../tasks/repartition.ts";
import { serverTest } from "../harness/servers/installed.ts";
import {
  findPostgres,
  startPostgres,
} from "../harness/servers/postgres_server.ts";
import { startRelay } from "../harness/servers/websocket_relay.ts";

serverTest(
  "tasks reach the database through the relay of the processes",
  { PostgreSQL: findPostgres },
  async () => {
    const postgres = await startPostgres();
    const url = await postgres.createDatabase();
    const db = connectPg({ url });
    const relay = startRelay({ "db.internal:5432": postgres.port });
    const config = {
      databaseUrl: url.replace(new URL(url).host, "db.internal:5432"),
      databaseWsUrl: relay.url,
    };
    const context = { signal: new AbortController().signal, say: () => {} };
    try {
      await migrate(db, await loadMigrations());
      await db.query("insert into meta values ('partitions', '4')");
      assert.deepEqual(await drain([], config, context), {
        report: { processes: [] },
        ok: true,
      });
      assert.deepEqual(await repartition([], config, context), {
        report: { partitions: 4, pinned: {}, before: [], wanted: null },
        ok: true,
      });
      assert(relay.asked >= 2, `${relay.asked} connections`);
    } finally {
      await db.close();
      await relay.stop();
      await postgres.close();
    }
  },
);

serverTest(
  "tasks say that a database has no tables, or those of an older version",
  { PostgreSQL: findPostgres },
  async () => {
    const postgres = await startPostgres();
    const databaseUrl = await postgres.createDatabase();
    const db = connectPg({ url: databaseUrl });
    const [{ name }] = await db.query("select current_database() as name");
    const refuses = async (task: FleetTask, args: string[], tells: RegExp) => {
      const { signal } = new AbortController();
      await assert.rejects(
        task(args, { databaseUrl }, { signal, say: () => {} }),
        (error) => {
          assert(error instanceof MigrationError, String(error));
          assert.match(error.message, tells);
          assert(error.message.includes(`"${name}"`), error.message);
          return true;
        },
      );
    };
    const ORDERS = [[repartition, "8"], [repartition, "--cancel"], [
      drain,
      "a",
    ]];
    try {
      for (const [task, arg] of ORDERS as [FleetTask, string][]) {
        await refuses(
          task,
          [arg],
          /no tables of a warehouse.*start the program/,
        );
      }
      const all = await loadMigrations();
      const older = all.findIndex(({ name }) => name.startsWith("0018"));
      await migrate(db, all.slice(0, older));
      const context = { signal: new AbortController().signal, say: () => {} };
      await assert.rejects(
        repartition([], { databaseUrl }, context),
        /before a process was started on it/,
      );
      await db.query("insert into meta values ('partitions', '4')");
      await refuses(
        repartition,
        ["8"],
        /older version, without 0018_pins\.sql.*start a process of this version/,
      );
      assert.deepEqual(await drain([], { databaseUrl }, context), {
        report: { processes: [] },
        ok: true,
      });
    } finally {
      await db.close();
      await postgres.close();
    }
  },
);
