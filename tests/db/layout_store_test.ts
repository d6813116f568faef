import assert from "node:assert/strict";
import fc from "fast-check";
import { PgLayoutStore } from "../../db/layout_store.ts";
import { autoSpec } from "../../pipeline/domain/instrument.ts";
import {
  PartitionLayout,
  writeDivision,
} from "../../pipeline/domain/partition_layout.ts";
import {
  type Division,
  mapOf,
  mapsOf,
} from "../../pipeline/domain/partition_map.ts";
import { epochMicros } from "../../pipeline/domain/time.ts";
import { BEFORE_FIRST, type EntryId } from "../../pipeline/ports.ts";
import {
  bucketOf,
  deltaOf,
  NOW,
  onBothDatabases,
  PARTITIONS,
  type TestWarehouse,
  totals,
  Writer,
} from "./testing.ts";

const KEY = { feed: "divided", epoch: 1 };

const FIRST: Division = { partitions: PARTITIONS, tag: "" };
const NEXT: Division = { partitions: 3 * PARTITIONS, tag: "k3f9" };
const DIVIDED = mapOf([FIRST, NEXT]);

/** Symbols that go to partition `to` when each is divided into three. */
function symbolsOf(to: number): readonly [string, string] {
  const [a, b] = Array.from({ length: 999 }, (_, i) => `DIV.${i}`)
    .filter((symbol) => DIVIDED.of(symbol) === to);
  return [a, b];
}

/** Of which partition of the first start one is a part. */
function rootOf(p: number, divisions: readonly Division[]): number {
  const maps = mapsOf(divisions);
  for (let i = maps.length - 1; i > 0; i--) {
    const parts = maps[i - 1].partsOf(maps[i]);
    p = parts.find(({ part }) => part === p)?.of ?? p;
  }
  return p;
}

/** A row of the quarantine, and what a feed has done, for a commit. */
const reject = (symbol: string | null, seq: number, entryId: EntryId) => ({
  entryId,
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

async function checkBalanced({ audit }: TestWarehouse): Promise<void> {
  for (const full of [false, true]) {
    const { balanced, ...rest } = await audit.audit({ full });
    assert(balanced, JSON.stringify(rest));
  }
}

await onBothDatabases((warehouse, test) => {
  const { db, layouts, aggregate, layout } = warehouse;
  const first = [FIRST];

  test("SQL and the program agree on where a symbol is, and has been", async () => {
    const symbols = [
      ...fc.sample(fc.string({ unit: "grapheme-composite" }), 50),
      ...["NIFTY50", "", "😀", "ÄÖ", "A", "B/C"],
    ].filter((text) => !text.includes("\0"));
    const histories: Division[][] = [
      [{ partitions: 1_024, tag: "" }],
      [FIRST, NEXT, { partitions: 6 * PARTITIONS, tag: "x" }],
      [
        { partitions: 3, tag: "" },
        { partitions: 5, tag: "p", pins: ["B/C", "NIFTY50"] },
        { partitions: 11, tag: "4" },
        { partitions: 12, tag: "q", pins: ["A"] },
        { partitions: 21, tag: "5" },
      ],
    ];
    for (const divisions of histories) {
      const layout = new PartitionLayout(divisions[0].partitions);
      layout.become(divisions);
      const text = divisions.map(writeDivision).join(" ");
      for (const symbol of symbols) {
        const [{ ps }] = await db.query<{ ps: string }>(
          "select array_to_string(partitions_of($1, $2), ',') as ps",
          [symbol, text],
        );
        assert.equal(ps, layout.everOf(symbol).join(), `${symbol} in ${text}`);
      }
      const [{ roots }] = await db.query<{ roots: string }>(
        "select array_to_string(first_partitions($1), ',') as roots",
        [text],
      );
      assert.equal(
        roots,
        Array.from(
          { length: layout.partitions },
          (_, p) => rootOf(p, divisions),
        ).join(),
      );
    }
  });

  test("whoever is first says how many partitions there are", async () => {
    const store = new PgLayoutStore(db);
    assert.deepEqual(await store.claim(PARTITIONS), first);
    assert.deepEqual(await store.claim(7), first);
    assert.deepEqual(await layouts.state(), { divisions: first, wanted: null });
  });

  test("one division is asked for at a time, and can be given up", async () => {
    const { tag: _, ...wanted } = NEXT;
    const other = [{ partitions: PARTITIONS + 1, tag: "" }];
    assert.equal(
      await layouts.want(other, { partitions: 2 * PARTITIONS + 2 }),
      false,
    );
    assert.equal(await layouts.want(first, wanted), true);
    const pins = ["A", "B/C"];
    const pinning = { partitions: PARTITIONS + 2, pins };
    assert.equal(await layouts.want(first, pinning), false);
    assert.deepEqual((await layouts.state()).wanted, wanted);
    assert.equal(await layouts.giveUp(), true);
    assert.equal(await layouts.giveUp(), false);
    assert.equal((await layouts.state()).wanted, null);
    assert.equal(await layouts.want(first, pinning), true);
    assert.deepEqual((await layouts.state()).wanted, pinning);
    assert.equal(await layouts.giveUp(), true);
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
    const saying = { stream: "", holds: true };
    assert.equal(await layouts.say("b/1", saying), false, "nobody knows of it");
    await beat("a/1", "a", NOW);
    await beat("b/1", "b", NOW);
    assert.equal(await layouts.say("b/1", saying), true);
    assert.deepEqual(await layouts.nodes(), [
      {
        owner: "a/1",
        node: "a",
        roles: ["feed", "web"],
        stream: null,
        holds: false,
        pins: false,
      },
      {
        owner: "b/1",
        node: "b",
        roles: ["feed", "web"],
        stream: "",
        holds: true,
        pins: true,
      },
    ]);
    await beat("b/2", "b", NOW + 1);
    const [, again] = await layouts.nodes();
    assert.deepEqual(
      [again.owner, again.holds, again.pins],
      ["b/2", false, false],
    );
    for (const owner of ["a/1", "b/1", "b/2"]) {
      await warehouse.nodes.leave(owner);
    }
  });

  test("all that is kept of symbols goes to where they are then, or nothing does", async () => {
    const p = 1;
    const parts = [p + PARTITIONS, p + 2 * PARTITIONS];
    const symbols = [p, ...parts].map((to) => symbolsOf(to)[0]);
    const [stays] = symbols;
    await new PgLayoutStore(db).claim(PARTITIONS);
    const writer = await Writer.claim(warehouse, p);
    const rejects = [...symbols, null];
    await writer.commit({
      markedAt: NOW,
      deltas: symbols.map((symbol) =>
        deltaOf(symbol, { ts: NOW, price: 100, size: 1, seq: 1 })
      ),
      dirty: symbols.map((symbol) => {
        const { start: t, end } = bucketOf(symbol, "5m", NOW);
        return { symbol, interval: "5m", t, end, closedBy: "watermark" };
      }),
      progress: symbols.map(progress),
      feeds: [{
        ...totals({ key: KEY }),
        lastSeq: 9,
        received: 7,
        accepted: 3,
        rejected: 4,
      }],
      rejected: [{ key: KEY, reason: "out_of_band", count: 4 }],
      quarantine: rejects.map((symbol, i) =>
        reject(symbol, i + 1, writer.position)
      ),
      gaps: [{ key: KEY, kind: "outage", seq: null, from: NOW, to: NOW }],
    });

    const drained = await layouts.positions(PARTITIONS);
    assert.equal(drained.length, PARTITIONS);
    const divide = (
      given: Partial<{ before: readonly Division[] }> = {},
      streams = drained,
    ) => layouts.divide(given.before ?? first, NEXT, streams);
    assert.equal(await divide(), false, "nobody has asked for it");
    const { tag: _, ...wanted } = NEXT;
    await layouts.want(first, wanted);
    assert.equal(
      await divide({ before: [{ partitions: PARTITIONS, tag: "other" }] }),
      false,
      "there is another division now",
    );
    const behind = drained.map((one) => ({ ...one, position: BEFORE_FIRST }));
    assert.equal(await divide({}, behind), false, "more was committed");
    assert.deepEqual(await layouts.state(), { divisions: first, wanted });

    assert.equal(await divide(), true);
    assert.deepEqual(await layouts.state(), {
      divisions: [...first, NEXT],
      wanted: null,
    });
    assert.equal(await divide(), false, "it is done");
    await assert.rejects(writer.commit(), /fenced/);
    assert.equal(
      await aggregate.claim(p, "late"),
      null,
      "whoever knows of the old streams only gets none",
    );

    layout.become([...first, NEXT]);
    for (const [i, at] of [p, ...parts].entries()) {
      const state = (await aggregate.claim(at, "test"))!;
      assert.equal(state.position, BEFORE_FIRST);
      assert.equal(state.incarnation, null);
      assert.equal(state.markedAt, NOW);
      const own = [symbols[i]];
      assert.deepEqual(state.progress.map(({ symbol }) => symbol), own);
      assert.deepEqual(state.open.map(({ symbol }) => symbol), own);
      const rolled = await aggregate.rollUp(at, 10);
      assert.deepEqual(rolled.map(({ candle }) => candle.symbol), own);
      const [feed] = state.feeds;
      assert.deepEqual([feed.lastSeq, feed.connected], [9, true]);
      assert.equal(feed.received, at === p ? 7 : 0);
    }

    const held = await warehouse.quarantine.find({ feed: KEY.feed, limit: 9 });
    assert.deepEqual(
      new Map(held.map(({ id, reject }) => [reject.symbol, id.p])),
      new Map([[stays, p], [symbols[1], parts[0]], [symbols[2], parts[1]], [
        null,
        p,
      ]]),
    );
    const { partitions } = await warehouse.audit.audit();
    assert.deepEqual(
      [p, ...parts].map((at) =>
        partitions.find((one) => one.p === at)!.in_quarantine
      ),
      [2, 1, 1],
    );
    await checkBalanced(warehouse);
    const gapsOf = (symbol: string) =>
      warehouse.candles.gaps(symbol, NOW, epochMicros(NOW + 1));
    for (const symbol of symbols) {
      assert.equal((await gapsOf(symbol)).length, (await gapsOf(stays)).length);
    }
  });

  test("an instrument that is registered later is where it is then", async () => {
    const [symbol] = symbolsOf(2 + PARTITIONS);
    await warehouse.instruments.upsert([
      autoSpec(symbol, { priceScale: 2, sizeScale: 0 }),
    ]);
    assert.equal(await homeOf(symbol), 2 + PARTITIONS);
  });

  test("all that is kept of a pinned instrument goes to its partition", async () => {
    const p = 1 + PARTITIONS;
    const own = NEXT.partitions;
    const [hot, other] = symbolsOf(p);
    const later = symbolsOf(2)[0];
    const before = [...first, NEXT];
    const pinning = { partitions: own + 2, tag: "x7", pins: [hot, later] };
    const writer = await Writer.claim(warehouse, p);
    await writer.commit({
      markedAt: NOW,
      deltas: [hot, other].map((symbol) =>
        deltaOf(symbol, { ts: NOW, price: 101, size: 1, seq: 20 })
      ),
      progress: [hot, other].map(progress),
      feeds: [{
        ...totals({ key: KEY }),
        lastSeq: 30,
        received: 3,
        accepted: 2,
        rejected: 1,
      }],
      rejected: [{ key: KEY, reason: "out_of_band", count: 1 }],
      quarantine: [reject(other, 25, writer.position)],
    });
    await layouts.want(before, pinning);
    const { tag: _, ...wanted } = pinning;
    assert.deepEqual((await layouts.state()).wanted, wanted);
    const drained = await layouts.positions(NEXT.partitions);
    assert.equal(await layouts.divide(before, pinning, drained), true);
    assert.deepEqual(await layouts.state(), {
      divisions: [...before, pinning],
      wanted: null,
    });
    await assert.rejects(writer.commit(), /fenced/);

    layout.become([...before, pinning]);
    assert.deepEqual([layout.of(hot), layout.of(other)], [own, p]);
    for (const [at, symbol] of [[own, hot], [p, other]] as const) {
      const state = (await aggregate.claim(at, "test"))!;
      assert.equal(state.position, BEFORE_FIRST);
      assert.deepEqual(state.progress.map(({ symbol }) => symbol), [symbol]);
      assert.deepEqual(state.open.map(({ symbol }) => symbol), [symbol]);
      assert.equal(state.feeds[0].lastSeq, 30, "what came before is in");
    }
    const rows = await warehouse.quarantine.find({ feed: KEY.feed, limit: 9 });
    const at = new Map(rows.map(({ id, reject }) => [reject.symbol, id.p]));
    assert.deepEqual([at.get(hot), at.get(other)], [own, p]);
    await checkBalanced(warehouse);

    await warehouse.instruments.upsert(
      [later, `${later}X`].map((symbol) =>
        autoSpec(symbol, { priceScale: 2, sizeScale: 0 })
      ),
    );
    assert.equal(await homeOf(later), own + 1);
    assert.equal(await homeOf(`${later}X`), DIVIDED.of(`${later}X`));
    await assert.rejects(
      db.query(
        "select partitions_in(value) from meta where name = 'partitions'",
      ),
      /newer program/,
      "programs that know of no pins are told",
    );
  });

  test("a division after a pin leaves the pinned where they are", async () => {
    const { divisions: before } = await layouts.state();
    const next = {
      partitions: 6 * PARTITIONS + 2,
      tag: "y8",
    };
    const after = mapOf([...before, next]);
    await layouts.want(before, { partitions: next.partitions });
    const drained = await layouts.positions(mapOf(before).partitions);
    assert.equal(await layouts.divide(before, next, drained), true);
    const rows = await db.query<{ symbol: string; p: number }>(
      "select symbol, p from instruments",
    );
    for (const { symbol, p } of rows) assert.equal(p, after.of(symbol), symbol);
    const [hot] = symbolsOf(1 + PARTITIONS);
    assert.equal(await homeOf(hot), NEXT.partitions);
    await checkBalanced(warehouse);
  });

  test("what closes a longer candle first does so after a division, too", async () => {
    const { divisions: before } = await layouts.state();
    const map = mapOf(before);
    const next = { partitions: 12 * PARTITIONS + 2, tag: "z9" };
    const after = mapOf([...before, next]);
    const p = 3;
    const there = Array.from({ length: 9_999 }, (_, i) => `ORD.${i}`)
      .filter((symbol) => map.of(symbol) === p);
    const stays = there.find((symbol) => after.of(symbol) === p)!;
    const moves = there.find((symbol) => after.of(symbol) !== p)!;
    const marks = (
      symbols: readonly string[],
      closedBy: "watermark" | "idle",
    ) =>
      symbols.map((symbol) => {
        const { start: t, end } = bucketOf(symbol, "5m", NOW);
        return { symbol, interval: "5m" as const, t, end, closedBy };
      });
    layout.become(before);
    const writer = await Writer.claim(warehouse, p);
    await writer.commit({
      deltas: [stays, moves].map((symbol) =>
        deltaOf(symbol, { ts: NOW, price: 100, size: 1, seq: 1 })
      ),
      dirty: marks([stays, moves], "watermark"),
    });
    await writer.commit({ dirty: marks([stays], "idle") });

    await layouts.want(before, { partitions: next.partitions });
    const drained = await layouts.positions(map.partitions);
    assert.equal(await layouts.divide(before, next, drained), true);
    layout.become([...before, next]);
    for (const symbol of [stays, moves]) {
      const rolled = await aggregate.rollUp(after.of(symbol), 10);
      assert.deepEqual(
        rolled.map(({ candle }) => [candle.symbol, candle.closedBy]),
        [[symbol, "watermark"]],
      );
    }
  });

  async function homeOf(symbol: string): Promise<number> {
    const [{ p }] = await db.query<{ p: number }>(
      "select p from instruments where symbol = $1",
      [symbol],
    );
    return p;
  }
});
