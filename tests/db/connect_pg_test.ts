import assert from "node:assert/strict";
import { connectPg } from "../../db/connect_pg.ts";
import { DbError } from "../../db/db.ts";
import { loadMigrations, migrate } from "../../db/migrate.ts";
import { partitionOf } from "../../pipeline/domain/hash.ts";
import { serverTest } from "../harness/servers/installed.ts";
import {
  findPgbouncer,
  startPgbouncer,
} from "../harness/servers/pgbouncer_server.ts";
import {
  findPostgres,
  type PostgresServer,
  startPostgres,
} from "../harness/servers/postgres_server.ts";
import { startCommitCutter } from "./commit_cutter.ts";
import {
  deltaOf,
  NOW,
  onlyCandle,
  openServerWarehouse,
  PARTITIONS,
  type TestWarehouse,
  Writer,
} from "./testing.ts";

/** A commit takes 6 s to fail; five times that, for a machine that is busy. */
const SETTLES_MS_MAX = 30_000;
const DEADLINE_MS = 120_000;

/** Commits once the harm is done, which must work. */
const AFTER = 10;

/**
 * Commits of one symbol, which go on from what is stored after a failure, and
 * do not end before the harm does.
 */
class Committer {
  readonly symbol: string;
  committed = 0;
  failures = 0;
  /** Longest that a claim or commit took to settle. */
  slowestMs = 0;
  #goal = Infinity;

  constructor(
    private readonly warehouse: TestWarehouse,
    private readonly count: number,
  ) {
    this.symbol = warehouse.symbol();
  }

  /** The harm is done. */
  finish(): void {
    this.#goal = Math.max(this.count, this.committed + AFTER);
  }

  async run(): Promise<void> {
    const p = partitionOf(this.symbol, PARTITIONS);
    let writer: Writer | null = null;
    while (this.committed < this.#goal) {
      const startedAt = performance.now();
      try {
        writer ??= await Writer.claim(this.warehouse, p);
        this.committed = Number(writer.position.split("-")[0]);
        if (this.committed >= this.#goal) return;
        const seq = this.committed + 1;
        const tick = { ts: NOW, price: 100, size: 1, seq };
        await writer.commit({ deltas: [deltaOf(this.symbol, tick)] });
        this.committed = seq;
      } catch (error) {
        if (!(error instanceof DbError)) throw error;
        this.failures++;
        writer = null;
        await sleep(20);
      } finally {
        const tookMs = performance.now() - startedAt;
        this.slowestMs = Math.max(this.slowestMs, tookMs);
      }
    }
  }

  /** Every commit is in the candle, once. */
  async check(): Promise<void> {
    const candle = await onlyCandle(this.warehouse, this.symbol);
    assert.equal(candle?.n, this.committed);
    assert.equal(candle?.volume, String(this.committed));
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function until(fact: () => boolean): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!fact()) {
    assert.ok(Date.now() < deadline, `waits for ${fact}`);
    await sleep(5);
  }
}

/** Commits while something is done to the server, then counts. */
async function commitDuring(
  url: string,
  count: number,
  harm: (committer: Committer) => Promise<void>,
): Promise<Committer> {
  const warehouse = await openServerWarehouse(url);
  try {
    const committer = new Committer(warehouse, count);
    await Promise.all([
      committer.run(),
      harm(committer).finally(() => committer.finish()),
    ]);
    await committer.check();
    return committer;
  } finally {
    await warehouse.close();
  }
}

const crashTwice = (postgres: PostgresServer) => async (work: Committer) => {
  for (const at of [20, 60]) {
    await until(() => work.committed >= at);
    await postgres.crash();
    await postgres.start();
  }
};

/** Plans that the server keeps for this connection. */
const KEPT_PLANS = {
  sql: "select count(*)::int as plans from pg_prepared_statements",
};

const atPort = (url: string, port: number) =>
  url.replace(/:\d+\//, `:${port}/`);

serverTest(
  "commits on a PostgreSQL that fails count each tick once",
  { PostgreSQL: findPostgres },
  async (t) => {
    const postgres = await startPostgres();
    try {
      await t.step("one statement that fails undoes all of them", async () => {
        const db = connectPg({ url: await postgres.createDatabase() });
        const insert = (n: number, expectRows?: number) => ({
          sql: "insert into kept values ($1) returning n",
          params: [n],
          ...expectRows !== undefined && { expectRows },
        });
        const kept = async () =>
          (await db.query("select n from kept order by n")).map(({ n }) => n);
        try {
          await db.script("create table kept (n int primary key)");
          const failing = { sql: "select 1 / $1::int", params: [0] };
          for (
            const statements of [
              [insert(1), failing, insert(2)],
              [insert(1), { ...failing, expectRows: 1 }, insert(2)],
              [insert(1, 1), failing, insert(2)],
            ]
          ) {
            await assert.rejects(
              db.batch(statements),
              (error) => error instanceof DbError && error.code === "22012",
            );
          }
          assert.equal(await db.batch([insert(1, 2), insert(2)]), null);
          assert.deepEqual(await kept(), []);
          const done = await db.batch([insert(1), insert(2, 1), insert(3)]);
          assert.deepEqual(done, [[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]]);
          assert.deepEqual(await kept(), [1, 2, 3]);
        } finally {
          await db.close();
        }
      });

      await t.step("plans of statements that come again are kept", async () => {
        const db = connectPg({ url: await postgres.createDatabase() });
        const sums = async (n: number) =>
          (await db.batch([
            { sql: "insert into kept values ($1)", params: [n] },
            { sql: "select k.* from kept k order by 1 desc limit 1" },
            KEPT_PLANS,
          ], { keepPlans: true }))!.slice(1).flat();
        try {
          await db.script("create table kept (n int primary key)");
          // The third one sees itself among them.
          assert.deepEqual(await sums(1), [{ n: 1 }, { plans: 3 }]);
          assert.deepEqual(await sums(2), [{ n: 2 }, { plans: 3 }]);
          await assert.rejects(
            sums(2),
            (error) => error instanceof DbError && error.code === "23505",
          );
          assert.deepEqual(await sums(3), [{ n: 3 }, { plans: 3 }]);
          // Whoever meets a plan that holds no more tries again, as ever.
          await db.script("alter table kept add column more int");
          await assert.rejects(
            sums(4),
            (error) => error instanceof DbError && error.code === "0A000",
          );
          assert.deepEqual(await sums(4), [{ n: 4, more: null }, { plans: 3 }]);
        } finally {
          await db.close();
        }
      });

      await t.step("it crashes", async () => {
        const url = await postgres.createDatabase();
        const work = await commitDuring(url, 100, crashTwice(postgres));
        assert.ok(work.failures >= 2, `${work.failures} failures`);
      });

      await t.step("it hangs: a commit settles all the same", async () => {
        const url = await postgres.createDatabase();
        const work = await commitDuring(url, 60, async (work) => {
          await until(() => work.committed >= 20);
          await postgres.signalAll("SIGSTOP");
          try {
            await until(() => work.failures >= 1);
          } finally {
            await postgres.signalAll("SIGCONT");
          }
        });
        assert.ok(work.slowestMs < SETTLES_MS_MAX, `${work.slowestMs} ms`);
      });

      await t.step("connections are cut at COMMIT", async () => {
        const url = await postgres.createDatabase();
        const cutter = await startCommitCutter(postgres.port, 7);
        try {
          await commitDuring(
            atPort(url, cutter.port),
            60,
            async (work) => {
              await until(() => work.committed >= 40);
              cutter.calm();
            },
          );
          assert.ok(cutter.cut.before >= 2 && cutter.cut.after >= 2);
        } finally {
          await cutter.close();
        }
      });

      await t.step("several processes bring it to its schema", async () => {
        const url = await postgres.createDatabase();
        const migrations = await loadMigrations();
        const starting = Array.from({ length: 4 }, () => connectPg({ url }));
        await Promise.all(starting.map((db) => migrate(db, migrations)));
        const [{ n }] = await starting[0].query<{ n: number }>(
          "select count(*)::int as n from migrations",
        );
        assert.equal(n, migrations.length);
        // The same month too, from all of them.
        await Promise.all(
          starting.map((db) =>
            db.query("select make_candle_month('2031-05-06Z')")
          ),
        );
        for (const db of starting) await db.close();
      });

      await t.step("a statement that takes too long ends there", async () => {
        const db = connectPg({ url: await postgres.createDatabase() });
        const running = async () =>
          (await db.query(
            `select pid from pg_stat_activity
              where query like '%pg_sleep(3600)%' and state = 'active'
                and pid <> pg_backend_pid()`,
          )).length;
        try {
          // On a machine that stands still we may be the first to give up.
          let code: string | null = null;
          while (code === null) {
            await assert.rejects(db.query("select pg_sleep(3600)"), (error) => {
              assert.ok(error instanceof DbError);
              code = error.code;
              return true;
            });
          }
          assert.equal(code, "57014");
          assert.equal(await running(), 0);
        } finally {
          await db.close();
        }
      });

      await t.step(
        "a connection that only reads writes nothing, and ends sooner",
        async () => {
          const url = await postgres.createDatabase();
          const db = connectPg({ url });
          const reading = connectPg({ url, readOnly: true });
          try {
            await db.script("create table kept (n int)");
            const [{ limit }] = await reading.query(
              "select current_setting('statement_timeout') as limit",
            );
            assert.equal(limit, "2s");
            for (
              const sql of ["insert into kept values (1)", "drop table kept"]
            ) {
              await assert.rejects(
                reading.query(sql),
                (error) => error instanceof DbError && error.code === "25006",
              );
            }
            assert.deepEqual(await reading.query("select * from kept"), []);
          } finally {
            await db.close();
            await reading.close();
          }
        },
      );

      await t.step("an error does not tell the password", async () => {
        const db = connectPg({
          url: `postgres://nobody:hunter2@127.0.0.1:${postgres.port}/none`,
        });
        await assert.rejects(db.query("select 1"), (error: DbError) => {
          assert.ok(error instanceof DbError);
          const all = [error, error.cause].map((one) => `${one}`).join();
          assert.doesNotMatch(all, /hunter2/);
          return true;
        });
        await db.close();
      });
    } finally {
      await postgres.close();
    }
  },
);

serverTest(
  "commits through PgBouncer count each tick once, though PostgreSQL crashes",
  { PostgreSQL: findPostgres, PgBouncer: findPgbouncer },
  async () => {
    const postgres = await startPostgres();
    try {
      const url = await postgres.createDatabase();
      const pgbouncer = await startPgbouncer(postgres.port);
      try {
        // Between two commits a crash may pass unseen: PgBouncer waits for it.
        await commitDuring(
          atPort(url, pgbouncer.port),
          100,
          crashTwice(postgres),
        );
        // The next transaction may have another server process.
        const db = connectPg({ url: atPort(url, pgbouncer.port) });
        try {
          for (let n = 0; n < 3; n++) {
            const [rows] = (await db.batch([KEPT_PLANS], { keepPlans: true }))!;
            assert.deepEqual(rows, [{ plans: 0 }]);
          }
        } finally {
          await db.close();
        }
      } finally {
        await pgbouncer.close();
      }
    } finally {
      await postgres.close();
    }
  },
);
