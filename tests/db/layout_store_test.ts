import assert from "node:assert/strict";
import fc from "fast-check";
import { PgLayoutStore } from "../../db/layout_store.ts";
import { autoSpec } from "../../pipeline/domain/instrument.ts";
import { partitionOf } from "../../pipeline/domain/hash.ts";
import { epochMicros } from "../../pipeline/domain/time.ts";
import { BEFORE_FIRST, type DrainedStream } from "../../pipeline/ports.ts";
import {
  deltaOf,
  NOW,
  onBothDatabases,
  PARTITIONS,
  type TestWarehouse,
  totals,
  Writer,
} from "./testing.ts";

const KEY = { feed: "divided", epoch: 1 };
/** Three parts each: with two, one part is all that leaves a partition. */
const DIVIDED = 3 * PARTITIONS;

/** A symbol of partition `p` that goes to `to` when they are divided. */
function symbolOf(p: number, to: number): string {
  for (let i = 0;; i++) {
    const symbol = `DIV.${i}`;
    if (
      partitionOf(symbol, PARTITIONS) === p &&
      partitionOf(symbol, DIVIDED) === to
    ) return symbol;
  }
}

async function drainedOf(
  { layouts }: TestWarehouse,
): Promise<readonly DrainedStream[]> {
  return await layouts.positions(PARTITIONS);
}

await onBothDatabases((warehouse, test) => {
  const { db, layouts, aggregate, layout } = warehouse;
  const first = [{ partitions: PARTITIONS, tag: "" }];
  const next = { partitions: DIVIDED, tag: "k3f9" };

  test("SQL and the program give a symbol the same hash", async () => {
    const symbols = [
      ...fc.sample(fc.string({ unit: "grapheme-composite" }), 50),
      ...["NIFTY50", "", "😀", "ÄÖ"],
    ].filter((text) => !text.includes("\0"));
    for (const symbol of symbols) {
      const [{ p }] = await db.query<{ p: number }>(
        "select (symbol_hash($1) % 1024)::int as p",
        [symbol],
      );
      assert.equal(p, partitionOf(symbol, 1_024), JSON.stringify(symbol));
    }
  });

  test("whoever is first says how many partitions there are", async () => {
    const store = new PgLayoutStore(db);
    assert.deepEqual(await store.claim(PARTITIONS), first);
    assert.deepEqual(await store.claim(7), first);
    assert.deepEqual(await layouts.state(), { divisions: first, wanted: null });
  });

  test("one division is asked for at a time, and can be given up", async () => {
    assert.equal(await layouts.want(PARTITIONS + 1, 2 * PARTITIONS + 2), false);
    assert.equal(await layouts.want(PARTITIONS, 2 * PARTITIONS), true);
    assert.equal(await layouts.want(PARTITIONS, 3 * PARTITIONS), false);
    assert.equal((await layouts.state()).wanted, 2 * PARTITIONS);
    assert.equal(await layouts.giveUp(), true);
    assert.equal(await layouts.giveUp(), false);
    assert.equal((await layouts.state()).wanted, null);
  });

  test("a process says which streams it knows of", async () => {
    const beat = (owner: string, node: string, startedAt: number) =>
      warehouse.nodes.beat({
        owner,
        node,
        roles: ["feed", "web"],
        startedAt: epochMicros(startedAt),
        drained: false,
      });
    await beat("a/1", "a", NOW);
    await beat("b/1", "b", NOW);
    await layouts.say("b/1", { stream: "", holds: true });
    assert.deepEqual(await layouts.nodes(), [
      {
        owner: "a/1",
        node: "a",
        roles: ["feed", "web"],
        stream: null,
        holds: false,
      },
      {
        owner: "b/1",
        node: "b",
        roles: ["feed", "web"],
        stream: "",
        holds: true,
      },
    ]);
    await beat("b/2", "b", NOW + 1);
    const [, again] = await layouts.nodes();
    assert.deepEqual([again.owner, again.holds], ["b/2", false]);
    for (const owner of ["a/1", "b/1", "b/2"]) {
      await warehouse.nodes.leave(owner);
    }
  });

  test("all that is kept of symbols goes to where they are then, or nothing does", async () => {
    const p = 1;
    const [part, other] = [p + PARTITIONS, p + 2 * PARTITIONS];
    const [stays, goes, leaves] = [p, part, other].map((to) => symbolOf(p, to));
    await new PgLayoutStore(db).claim(PARTITIONS);
    const writer = await Writer.claim(warehouse, p);
    const reject = (symbol: string | null, seq: number) => ({
      entryId: writer.position,
      index: seq,
      key: KEY,
      receivedAt: NOW,
      reject: {
        seq,
        line: seq,
        reason: "out_of_band" as const,
        detail: "",
        symbol,
        ts: NOW,
        raw: "x",
      },
    });
    const progress = (symbol: string) => ({
      key: KEY,
      symbol,
      maxEvent: NOW,
      lastReceived: NOW,
      replay: false,
      ended: false,
    });
    await writer.commit({
      markedAt: NOW,
      deltas: [stays, goes].map((symbol) =>
        deltaOf(symbol, { ts: NOW, price: 100, size: 1, seq: 1 })
      ),
      progress: [progress(stays), progress(goes)],
      feeds: [{
        ...totals({ key: KEY }),
        lastSeq: 9,
        received: 6,
        accepted: 2,
        rejected: 4,
      }],
      rejected: [{ key: KEY, reason: "out_of_band", count: 4 }],
      quarantine: [stays, goes, null, leaves].map((symbol, i) =>
        reject(symbol, i + 1)
      ),
      gaps: [{ key: KEY, kind: "outage", seq: null, from: NOW, to: NOW }],
    });

    const drained = await drainedOf(warehouse);
    assert.equal(drained.length, PARTITIONS);
    const divide = (
      given: Partial<{ before: typeof first }> = {},
      streams = drained,
    ) => layouts.divide(given.before ?? first, next, streams);
    assert.equal(await divide(), false, "nobody has asked for it");
    await layouts.want(PARTITIONS, DIVIDED);
    assert.equal(
      await divide({ before: [{ partitions: PARTITIONS, tag: "other" }] }),
      false,
      "there is another division now",
    );
    const behind = drained.map((one) => ({ ...one, position: BEFORE_FIRST }));
    assert.equal(await divide({}, behind), false, "more was committed");
    assert.deepEqual(await layouts.state(), {
      divisions: first,
      wanted: DIVIDED,
    });

    assert.equal(await divide(), true);
    assert.deepEqual(await layouts.state(), {
      divisions: [...first, next],
      wanted: null,
    });
    assert.equal(await divide(), false, "it is done");
    await assert.rejects(writer.commit(), /fenced/);
    assert.equal(
      await aggregate.claim(p, "late"),
      null,
      "whoever knows of the old streams only gets none",
    );

    layout.become([...first, next]);
    const old = (await aggregate.claim(p, "new"))!;
    const made = (await aggregate.claim(part, "new"))!;
    for (const [state, symbol] of [[old, stays], [made, goes]] as const) {
      assert.equal(state.position, BEFORE_FIRST);
      assert.equal(state.incarnation, null);
      assert.equal(state.markedAt, NOW);
      assert.deepEqual(state.progress.map(({ symbol }) => symbol), [symbol]);
      assert.deepEqual(state.open.map(({ symbol }) => symbol), [symbol]);
      const [feed] = state.feeds;
      assert.deepEqual([feed.lastSeq, feed.connected], [9, true]);
    }
    assert.equal(old.feeds[0].received, 6);
    assert.equal(made.feeds[0].received, 0);

    const held = await warehouse.quarantine.find({ feed: KEY.feed, limit: 9 });
    assert.deepEqual(
      new Map(held.map(({ id, reject }) => [reject.symbol, id.p])),
      new Map([[stays, p], [goes, part], [null, p], [leaves, other]]),
    );
    for (const full of [false, true]) {
      const { balanced, partitions } = await warehouse.audit.audit({ full });
      assert(balanced, JSON.stringify(partitions));
      const of = (p: number) => partitions.find((one) => one.p === p)!;
      assert.deepEqual(
        [p, part, other].map((one) => of(one).in_quarantine),
        [2, 1, 1],
      );
    }
    const gaps = await warehouse.candles.gaps(goes, NOW, epochMicros(NOW + 1));
    assert.equal(
      gaps.length,
      (await warehouse.candles.gaps(stays, NOW, epochMicros(NOW + 1))).length,
    );
  });

  test("an instrument that is registered later is where it is then", async () => {
    const symbol = symbolOf(2, 2 + PARTITIONS);
    await warehouse.instruments.upsert([
      autoSpec(symbol, { priceScale: 2, sizeScale: 0 }),
    ]);
    const [{ p }] = await db.query<{ p: number }>(
      "select p from instruments where symbol = $1",
      [symbol],
    );
    assert.equal(p, 2 + PARTITIONS);
  });
});
