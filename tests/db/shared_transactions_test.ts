import assert from "node:assert/strict";
import { Client } from "pg";
import { connectPg } from "../../db/connect_pg.ts";
import { type Db, DbError, type Statement } from "../../db/db.ts";
import { PgLeaseStore } from "../../db/lease_store.ts";
import { LeaseTerm } from "../../db/lease_term.ts";
import { loadMigrations, migrate } from "../../db/migrate.ts";
import { PgNodeStore } from "../../db/node_store.ts";
import { sharedTransactions } from "../../db/shared_transactions.ts";
import { PartitionLayout } from "../../pipeline/domain/partition_layout.ts";
import { ManualClock, turns } from "../../pipeline/testing/manual_clock.ts";
import { serverTest } from "../harness/servers/installed.ts";
import {
  findPgbouncer,
  startPgbouncer,
} from "../harness/servers/pgbouncer_server.ts";
import {
  findPostgres,
  startPostgres,
} from "../harness/servers/postgres_server.ts";
import { openTestWarehouse } from "./testing.ts";

const never = new AbortController().signal;
/** Longer than any test: it goes with a round, or never. */
const LONG = { ms: 3_600_000, signal: never };
const SET = "set local lock_timeout";

/**
 * A database that answers each statement with its own text; `[` stands for the
 * beginning of what must not wait for long, and `]` for its end.
 */
class World {
  readonly clock = new ManualClock();
  /** Texts of each transaction. */
  readonly transactions: string[][] = [];
  /** What becomes of a transaction that has this text. */
  readonly failures = new Map<string, Error>();
  /** How long a transaction takes. */
  tookMs = 0;
  readonly #db: Db = {
    query: (sql) => this.#db.batch([{ sql }]).then((all) => all![0] as never),
    batch: async (statements) => {
      const texts = statements.map(({ sql }) =>
        sql.startsWith(SET) ? sql.endsWith("default") ? "]" : "[" : sql
      );
      if (this.tookMs > 0) await this.clock.sleep(this.tookMs);
      this.transactions.push(texts);
      for (const text of texts) {
        const failure = this.failures.get(text);
        if (failure) throw failure;
      }
      return texts.map((sql) => [{ sql }]);
    },
    script: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  readonly db = sharedTransactions(this.#db, this.clock);

  /** Rows of what was asked, as text, or why there are none. */
  ask(texts: string, ms?: number, signal = never): Promise<string> {
    const statements: Statement[] = [...texts].map((sql) => ({ sql }));
    return this.db.batch(
      statements,
      ms === undefined ? {} : {
        shares: { ms, signal },
      },
    ).then(
      (results) => results!.map(([{ sql }]) => sql).join(""),
      (error) => error.message,
    );
  }

  get texts(): readonly string[] {
    return this.transactions.map((one) => one.join(""));
  }
}

Deno.test("what may wait goes with what cannot, before it, and each has its own rows", async () => {
  const world = new World();
  const waiting = [world.ask("ab", 500), world.ask("c", 900)];
  await world.clock.advance(100);
  assert.deepEqual(world.texts, []);
  const alone = world.ask("x");
  const first = world.ask("de", 0);
  await turns();
  assert.deepEqual(world.texts, ["x", "[abc]de"]);
  assert.deepEqual(await Promise.all([...waiting, alone, first]), [
    ...["ab", "c", "x", "de"],
  ]);
  await world.clock.advance(5_000);
  assert.equal(world.texts.length, 2, "nothing goes twice");
});

Deno.test("nothing waits longer than it may, or for who is to stop", async () => {
  const world = new World();
  const stop = new AbortController();
  const early = [world.ask("a", 900), world.ask("b", 300)];
  await world.clock.advance(299);
  assert.deepEqual(world.texts, []);
  await world.clock.advance(1);
  assert.deepEqual(world.texts, ["[ab]"]);
  const stopped = world.ask("c", 900, stop.signal);
  await world.clock.advance(1);
  stop.abort();
  await turns();
  assert.deepEqual(world.texts, ["[ab]", "c"]);
  assert.deepEqual(await Promise.all([...early, stopped]), ["a", "b", "c"]);
});

Deno.test("what the server refuses is refused to nobody else", async () => {
  const world = new World();
  world.failures.set("b", new DbError("no such table", "42P01"));
  const asked = ["a", "b"].map((text) => world.ask(text, 500));
  assert.equal(await world.ask("c", 0), "c");
  assert.deepEqual(await Promise.all(asked), ["a", "no such table"]);
  assert.deepEqual(world.texts, ["[ab]c", "a", "b", "c"]);
});

Deno.test("where the server is away all hear of it, and nothing is asked again", async () => {
  const world = new World();
  world.failures.set("b", new DbError("no answer", null));
  const asked = ["a", "b"].map((text) => world.ask(text, 500));
  assert.equal(await world.ask("c", 0), "no answer");
  assert.deepEqual(await Promise.all(asked), ["no answer", "no answer"]);
  assert.deepEqual(world.texts, ["[ab]c"]);
});

Deno.test("after one was refused all go alone for a while, and as late as before", async () => {
  const world = new World();
  world.failures.set("b", new DbError("lock timeout", "55P03"));
  const refused = world.ask("b", 500);
  assert.equal(await world.ask("c", 0), "c");
  assert.equal(await refused, "lock timeout");
  assert.deepEqual(world.texts, ["[b]c", "b", "c"]);
  world.transactions.length = 0;
  const asked = [world.ask("a", 500), world.ask("b", 500)];
  await world.clock.advance(499);
  assert.deepEqual(world.texts, []);
  assert.equal(await world.ask("c", 0), "c");
  assert.deepEqual(await Promise.all(asked), ["a", "lock timeout"]);
  assert.deepEqual(world.texts, ["a", "b", "c"]);
  world.transactions.length = 0;
  await world.clock.advance(10_000);
  const again = world.ask("a", 500);
  assert.equal(await world.ask("c", 0), "c");
  assert.equal(await again, "a");
  assert.deepEqual(world.texts, ["[a]c"]);
});

Deno.test("after one took long all go alone for a while", async () => {
  const world = new World();
  const pair = async () => {
    world.transactions.length = 0;
    const asked = [world.ask("a", 5_000), world.ask("c", 0)];
    await world.clock.advance(world.tookMs);
    assert.deepEqual(await Promise.all(asked), ["a", "c"]);
    return world.texts;
  };
  world.tookMs = 500;
  assert.deepEqual(await pair(), ["[a]c"]);
  assert.deepEqual(await pair(), ["[a]c"]);
  world.tookMs = 501;
  assert.deepEqual(await pair(), ["[a]c"]);
  assert.deepEqual(await pair(), ["a", "c"]);
  await world.clock.advance(10_000);
  assert.deepEqual(await pair(), ["[a]c"]);
});

const SETTING = {
  sql: "select current_setting('lock_timeout') as lock_timeout",
};

/** How long a look and a round would wait for a lock when they share. */
async function lockTimeouts(db: Db): Promise<readonly unknown[]> {
  const shared = sharedTransactions(db, new ManualClock());
  const both = await Promise.all([
    shared.batch([SETTING], { shares: LONG }),
    shared.batch([SETTING], { shares: { ms: 0 } }),
  ]);
  const after = await db.batch([SETTING]);
  return [...both, after].map((results) => results![0][0].lock_timeout);
}

/** Rounds of leases while somebody has locked what a look writes. */
async function roundsBesideLock(db: Db, url: string): Promise<void> {
  const clock = new ManualClock();
  /** How many statements each transaction had. */
  const sizes: number[] = [];
  const codes: (string | null)[] = [];
  const shared = sharedTransactions({
    ...db,
    batch: (statements, options) => {
      sizes.push(statements.length);
      const results = db.batch(statements, options);
      results.catch((error) => codes.push(error.code));
      return results;
    },
  }, clock);
  const nodes = new PgNodeStore(shared);
  const leases = new PgLeaseStore(
    shared,
    new LeaseTerm(60_000, clock),
    new PartitionLayout(4),
  );
  const look = (owner: string) =>
    nodes.beat({
      owner,
      node: "a",
      roles: ["aggregate"],
      startedAt: clock.now(),
      drained: false,
    }, LONG).then(() => "said", (error) => error.code);
  const round = async () => {
    sizes.length = 0;
    const { processes } = await leases.round("me", {
      held: [],
      isCounted: true,
    });
    assert.deepEqual(processes.map(({ owner }) => owner), ["me"]);
  };

  const first = look("first");
  await round();
  assert.equal(await first, "said");
  assert.deepEqual(sizes, [7], "both, and how long they may wait");

  const locker = new Client({ connectionString: url });
  await locker.connect();
  const looks: Promise<unknown>[] = [];
  try {
    await locker.query("begin");
    await locker.query("lock table nodes in access exclusive mode");
    looks.push(look("second"));
    await round();
    assert.deepEqual(sizes, [7, 1, 4]);
    assert.equal(codes[0], "55P03", "not what ends any statement");
    looks.push(look("third"));
    await round();
    assert.deepEqual(sizes, [1, 4], "each by itself");
    await locker.query("rollback");
  } finally {
    await locker.end();
  }
  // On a machine that stood still they may have waited for too long.
  await Promise.all(looks);

  await clock.advance(10_000);
  const last = look("last");
  await round();
  assert.equal(await last, "said");
  assert.deepEqual(sizes, [7]);
}

serverTest(
  "a look that waits for a lock does not hold up a round of leases",
  { PostgreSQL: findPostgres, PgBouncer: findPgbouncer },
  async (t) => {
    const settings = { lock_timeout: "7s" };
    const postgres = await startPostgres({ settings });
    try {
      const direct = await postgres.createDatabase();
      const pgbouncer = await startPgbouncer(postgres.port);
      const pooled = new URL(direct);
      pooled.port = String(pgbouncer.port);
      try {
        for (const url of [direct, pooled.href]) {
          await t.step(url === direct ? "directly" : "PgBouncer", async () => {
            const db = connectPg({ url });
            try {
              await migrate(db, await loadMigrations(null));
              await db.batch([{ sql: "delete from nodes" }]);
              assert.deepEqual(await lockTimeouts(db), ["100ms", "7s", "7s"]);
              await roundsBesideLock(db, direct);
            } finally {
              await db.close();
            }
          });
        }
      } finally {
        await pgbouncer.close();
      }
    } finally {
      await postgres.close();
    }
  },
);

Deno.test("they share in the embedded database as well", async () => {
  const warehouse = await openTestWarehouse();
  try {
    assert.deepEqual(await lockTimeouts(warehouse.db), ["100ms", "0", "0"]);
  } finally {
    await warehouse.close();
  }
});
