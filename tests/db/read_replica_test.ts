/** Reads by way of a real replica, which stops, lags and is promoted. */
import assert from "node:assert/strict";
import { connectPg } from "../../db/connect_pg.ts";
import type { Db } from "../../db/db.ts";
import { ReadReplica } from "../../db/read_replica.ts";
import { systemClock } from "../../pipeline/system_clock.ts";
import { until } from "../harness/program.ts";
import { serverTest } from "../harness/servers/installed.ts";
import {
  findPostgres,
  type PostgresServer,
  startPostgres,
} from "../harness/servers/postgres_server.ts";

interface Copy {
  readonly server: PostgresServer;
  readonly replica: ReadReplica;
  /** Of the newest row that the primary has. */
  write(): Promise<number>;
  /** From where a read comes: the copy is in recovery. */
  source(db: Db): Promise<"primary" | "replica">;
  newest(db: Db): Promise<number>;
}

serverTest(
  "reads go to a replica while it is a good one",
  { PostgreSQL: findPostgres },
  async (t) => {
    const primary = await startPostgres();
    const url = await primary.createDatabase();
    const name = url.split("/").at(-1)!;
    const db = connectPg({ url });
    await db.script(
      "create table rows (n int primary key); create role reader login",
    );
    const server = await startPostgres({ follows: primary });
    const at = `postgres://postgres@127.0.0.1:${server.port}/${name}`;
    const copy = connectPg({ url: at });
    const replica = new ReadReplica(db, copy, systemClock);
    const running = new AbortController();
    const runs = replica.run(running.signal);
    let n = 0;
    const one: Copy = {
      server,
      replica,
      async write() {
        await db.query("insert into rows values ($1)", [++n]);
        return n;
      },
      async source(from) {
        const [{ replays }] = await from.query<{ replays: boolean }>(
          "select pg_is_in_recovery() as replays",
        );
        return replays ? "replica" : "primary";
      },
      async newest(from) {
        const [{ n }] = await from.query<{ n: number }>(
          "select coalesce(max(n), 0) as n from rows",
        );
        return n;
      },
    };
    const fault = (wanted: string | null) =>
      until(
        `the fault ${wanted}`,
        () => Promise.resolve(replica.state().fault),
        (found) => found === wanted,
      );
    /** On a machine that stood still it is behind for a moment. */
    const readFrom = (wanted: string) =>
      until(
        `reads from the ${wanted}`,
        () => one.source(replica.lagging),
        (found) => found === wanted,
      );
    try {
      await t.step("what was committed is there, read by read", async () => {
        await fault(null);
        let fromReplica = 0;
        for (let i = 0; i < 200; i++) {
          const written = await one.write();
          assert.equal(await one.newest(replica.fresh), written);
          if (await one.source(replica.fresh) === "replica") fromReplica++;
        }
        assert.ok(fromReplica > 0, "the replica was read");
        await readFrom("replica");
      });
      await t.step(
        "one that stands still is asked for old things",
        async () => {
          const before = await one.newest(replica.lagging);
          await server.psql("select pg_wal_replay_pause()", name);
          await until(
            "the pause",
            () => server.psql("select pg_get_wal_replay_pause_state()", name),
            (state) => state.trim() === "paused",
          );
          const written = await one.write();
          assert.equal(await one.newest(replica.fresh), written);
          assert.equal(await one.source(replica.fresh), "primary");
          if (replica.state().fault === null) {
            assert.equal(await one.newest(copy), before);
          }
          await fault("behind");
          assert.equal(await one.newest(replica.lagging), written);
          await server.psql("select pg_wal_replay_resume()", name);
          await fault(null);
          await readFrom("replica");
        },
      );
      await t.step("one that is away is not missed", async () => {
        await server.crash();
        const written = await one.write();
        assert.equal(await one.newest(replica.lagging), written);
        assert.equal(await one.newest(replica.fresh), written);
        await fault("away");
        await server.start();
        await fault(null);
      });
      await t.step("what it refuses, the primary is asked", async () => {
        await db.script("revoke select on rows from public");
        const reader = connectPg({
          url: at.replace("postgres@", "reader@"),
        });
        try {
          const refusing = new ReadReplica(db, reader, systemClock);
          // One look knows of no earlier one, and the replica may be behind it.
          await until(
            "a look that finds nothing wrong",
            async () => {
              await refusing.look();
              return refusing.state().fault;
            },
            (found) => found === null,
          );
          assert.equal(await one.newest(refusing.lagging), n);
          assert.equal(refusing.state().fault, "refuses");
        } finally {
          await reader.close();
        }
        await assert.rejects(
          replica.lagging.query("select * from nothing"),
          /nothing/,
        );
        assert.equal(replica.state().fault, null, "it was not its fault");
      });
      await t.step("another role of the same server has no lag", async () => {
        const same = new ReadReplica(db, db, systemClock);
        await same.look();
        assert.deepEqual(same.state(), { fault: null, lagMs: null });
        assert.equal(await one.newest(same.fresh), n);
      });
      await t.step("another database is no copy", async () => {
        const other = connectPg({ url: primary.url });
        try {
          const foreign = new ReadReplica(db, other, systemClock);
          await foreign.look();
          assert.equal(foreign.state().fault, "foreign");
        } finally {
          await other.close();
        }
      });
      await t.step("one that was promoted goes its own way", async () => {
        await server.psql("select pg_promote()", name);
        await server.psql("insert into rows values (1000000)", name);
        await fault("promoted");
        assert.equal(await one.newest(replica.lagging), n);
        assert.equal(await one.newest(replica.fresh), n);
      });
    } finally {
      running.abort();
      await runs;
      await Promise.all([db.close(), copy.close()]);
      await server.close();
      await primary.close();
    }
  },
);
