import assert from "node:assert/strict";
import type { Param } from "../../db/db.ts";
import {
  type PgliteConnection,
  PgliteSession,
} from "../../db/pglite_session.ts";

/** A connection that refuses what it is told to refuse. */
function refusing() {
  const failing = new Set<string>();
  const connection = {
    done: [] as string[],
    query: (sql: string) => connection.exec(sql),
    exec(sql: string) {
      if (failing.has(sql)) return Promise.reject(new Error("refused"));
      connection.done.push(sql);
      return Promise.resolve({ rows: [] });
    },
  };
  return { connection, failing, session: new PgliteSession(connection) };
}

/** A connection that notes what it is given, and takes a turn for each. */
function noting() {
  const done: string[] = [];
  const run = async (sql: string) => {
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (sql === "fail") throw new Error("it failed");
    done.push(sql);
    return { rows: [] };
  };
  const connection: PgliteConnection = { query: run, exec: run };
  return { done, session: new PgliteSession(connection) };
}

Deno.test("queries go before batches that wait, and never into one", async () => {
  const { done, session } = noting();
  await Promise.all([
    session.batch([{ sql: "a1" }, { sql: "a2" }]),
    session.batch([{ sql: "b" }]),
    session.query("page"),
  ]);
  assert.deepEqual(done, [
    ...["begin", "a1", "a2", "commit"],
    "page",
    ...["begin", "b", "commit"],
  ]);
});

Deno.test("a query that comes while a batch ends goes before the next", async () => {
  const { done, session } = noting();
  const batches = [
    session.batch([{ sql: "a" }]),
    session.batch([{ sql: "b" }]),
  ];
  await batches[0];
  await session.query("page");
  await batches[1];
  assert.deepEqual(
    done.filter((sql) => !/begin|commit/.test(sql)),
    ["a", "page", "b"],
  );
});

Deno.test("a batch does not wait for ever behind queries", async () => {
  const { done, session } = noting();
  await Promise.all([
    session.script("first"),
    session.script("waits"),
    ...Array.from({ length: 100 }, () => session.query("page")),
  ]);
  assert.ok(done.indexOf("waits") < 20, done.join(" "));
});

Deno.test("work that fails keeps none from its turn", async () => {
  const { done, session } = noting();
  const results = await Promise.allSettled([
    session.query("fail"),
    session.batch([{ sql: "fail" }]),
    session.script("fail"),
    session.query("page"),
    session.batch([{ sql: "a" }]),
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ["rejected", "rejected", "rejected", "fulfilled", "fulfilled"],
  );
  assert.deepEqual(done.slice(-3), ["begin", "a", "commit"]);
});

Deno.test("a statement whose plan is kept is prepared once, whatever its values", async () => {
  const { done, session } = noting();
  const sql = "insert into t values ($1::text, $2::int, $3::boolean)";
  const batch = (...params: Param[]) =>
    session.batch([{ sql, params }, { sql: "select 1" }], { keepPlans: true });
  await batch("it's\\", 7, null);
  await batch("", -1.5, true);
  const begin = "begin; set local plan_cache_mode = force_generic_plan";
  assert.deepEqual(done, [
    begin,
    `prepare kept_1 as ${sql}`,
    "execute kept_1('it''s\\', 7, null)",
    "prepare kept_2 as select 1",
    "execute kept_2",
    "commit",
    begin,
    "execute kept_1('', -1.5, true)",
    "execute kept_2",
    "commit",
  ]);
});

Deno.test("a plan is kept over a batch that was undone", async () => {
  const { connection, failing, session } = refusing();
  failing.add("execute kept_1");
  const batch = () => session.batch([{ sql: "select 1" }], { keepPlans: true });
  await assert.rejects(batch(), /refused/);
  failing.clear();
  await batch();
  assert.equal(
    connection.done.filter((sql) => sql.startsWith("prepare")).length,
    1,
  );
});

Deno.test("what could not be prepared is prepared the next time", async () => {
  const { connection, failing, session } = refusing();
  failing.add("prepare kept_1 as select 1");
  const batch = () => session.batch([{ sql: "select 1" }], { keepPlans: true });
  await assert.rejects(batch(), /refused/);
  failing.clear();
  await batch();
  assert.deepEqual(connection.done.slice(-2), ["execute kept_1", "commit"]);
});
