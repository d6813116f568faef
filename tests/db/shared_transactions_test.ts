import assert from "node:assert/strict";
import { type Db, DbError, type Statement } from "../../db/db.ts";
import { sharedTransactions } from "../../db/shared_transactions.ts";
import { ManualClock, turns } from "../../pipeline/testing/manual_clock.ts";

const never = new AbortController().signal;

/** A database that answers each statement with its own text. */
class World {
  readonly clock = new ManualClock();
  /** Texts of each transaction. */
  readonly transactions: string[][] = [];
  /** What becomes of a transaction that has this text. */
  readonly failures = new Map<string, Error>();
  readonly #db: Db = {
    query: (sql) => this.#db.batch([{ sql }]).then((all) => all![0] as never),
    // deno-lint-ignore require-await -- a failure must be a rejection
    batch: async (statements) => {
      const texts = statements.map(({ sql }) => sql);
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
  assert.deepEqual(world.texts, ["x", "abcde"]);
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
  assert.deepEqual(world.texts, ["ab"]);
  const stopped = world.ask("c", 900, stop.signal);
  await world.clock.advance(1);
  stop.abort();
  await turns();
  assert.deepEqual(world.texts, ["ab", "c"]);
  assert.deepEqual(await Promise.all([...early, stopped]), ["a", "b", "c"]);
});

Deno.test("what the server refuses is refused to nobody else", async () => {
  const world = new World();
  world.failures.set("b", new DbError("no such table", "42P01"));
  const asked = ["a", "b"].map((text) => world.ask(text, 500));
  assert.equal(await world.ask("c", 0), "c");
  assert.deepEqual(await Promise.all(asked), ["a", "no such table"]);
  assert.deepEqual(world.texts, ["abc", "a", "b", "c"]);
});

Deno.test("where the server is away all hear of it, and nothing is asked again", async () => {
  const world = new World();
  world.failures.set("b", new DbError("no answer", null));
  const asked = ["a", "b"].map((text) => world.ask(text, 500));
  assert.equal(await world.ask("c", 0), "no answer");
  assert.deepEqual(await Promise.all(asked), ["no answer", "no answer"]);
  assert.deepEqual(world.texts, ["abc"]);
});
