import assert from "node:assert/strict";
import {
  type PgliteConnection,
  PgliteSession,
} from "../../db/pglite_session.ts";

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
