import assert from "node:assert/strict";
import { partitionOf } from "../../pipeline/domain/hash.ts";
import { epochMicros } from "../../pipeline/domain/time.ts";
import type { EntryId, GapRow } from "../../pipeline/ports.ts";
import { autoSpec } from "../../pipeline/domain/instrument.ts";
import {
  deltaOf,
  minuteOf,
  NOW,
  onBothDatabases,
  PARTITIONS,
  totals,
  Writer,
} from "./testing.ts";

await onBothDatabases((warehouse, test) => {
  const { pipeline, leases, aggregate, nodes } = warehouse;
  const at = (s: number) => epochMicros(NOW + s * 1_000_000);

  test("state() tells who has which partition, and who does what is done once", async () => {
    assert.deepEqual((await pipeline.state()).partitions, []);
    const claimed = await aggregate.claim(2, "a/1");
    const self = {
      owner: "a/1",
      node: "a",
      roles: ["aggregate", "web"],
      startedAt: at(0),
      drained: false,
    };
    assert.equal(await nodes.beat(self), false);
    await leases.hold("forecast", "a/1");
    const { partitions, processes, tasks } = await pipeline.state();
    assert.deepEqual(partitions, [{
      p: 2,
      owner: "a/1",
      leaseEpoch: claimed!.leaseEpoch,
      held: true,
      position: claimed!.position,
      markedAt: null,
    }]);
    assert.deepEqual(processes, [{ ...self, toDrain: false }]);
    assert.deepEqual(tasks, [{ task: "forecast", owner: "a/1" }]);
    await aggregate.release(2, claimed!.leaseEpoch);
    assert.equal((await pipeline.state()).partitions[0].held, false);
    await nodes.drain("a", true);
    await nodes.drain("a", true);
    assert.equal(await nodes.beat({ ...self, drained: true }), true);
    assert.deepEqual(await nodes.all(), [
      { ...self, drained: true, toDrain: true },
    ]);
    await nodes.drain("a", false);
    assert.equal(await nodes.beat(self), false);
    await nodes.leave("a/1");
    assert.deepEqual(await nodes.all(), []);
  });

  test("state() tells a gap once, however many partitions it touches", async () => {
    const key = { feed: "gappy", epoch: 3 };
    const missing = (from: number): GapRow => ({
      key,
      kind: "missing",
      seq: { from: 5, to: 7 },
      from: at(from),
      to: at(from + 2),
    });
    for (const p of [0, 1]) {
      const writer = await Writer.claim(warehouse, p);
      await writer.commit({ gaps: [missing(p)] });
    }
    const away = await Writer.claim(warehouse, 0);
    await away.commit({
      feeds: [totals({ key, connected: false, coveredTo: at(60) })],
    });
    const { gaps } = await pipeline.state();
    const of = gaps.filter((gap) => gap.key.feed === "gappy");
    assert.deepEqual(of, [
      { key, kind: "outage", seq: null, from: at(60), to: null },
      {
        key,
        kind: "missing",
        seq: { from: 5, to: 7 },
        from: at(0),
        to: at(3),
      },
    ]);
  });

  test("state() tells the newest revisions of minutes", async () => {
    const symbol = warehouse.symbol();
    await warehouse.instruments.upsert([
      autoSpec(symbol, { priceScale: 2, sizeScale: 0 }),
    ]);
    const writer = await Writer.claim(
      warehouse,
      partitionOf(symbol, PARTITIONS),
    );
    const ts = NOW - 600_000_000;
    await writer.commit({
      deltas: [deltaOf(symbol, { ts, price: 100, size: 1, seq: 1 })],
      closes: [{
        symbol,
        t: minuteOf(ts),
        closedBy: "watermark",
        coverageMs: 60_000,
        complete: true,
      }],
    });
    await writer.commit({
      deltas: [deltaOf(symbol, { ts: ts + 1, price: 101, size: 1, seq: 2 })],
    });
    const { revisions } = await pipeline.state();
    const { revisedAt: _, ...newest } = revisions.find((one) =>
      one.symbol === symbol
    )!;
    assert.deepEqual(newest, {
      symbol,
      interval: "1m",
      t: minuteOf(ts),
      rev: 0,
      n: 1,
    });
  });

  test("samples() gives the newest rows of each reason that are still there", async () => {
    const writer = await Writer.claim(warehouse, 3);
    const key = { feed: "bad", epoch: 1 };
    const lines = [
      ["schema", 1],
      ["schema", 3],
      ["schema", 2],
      ["not_json", 0],
    ] as const;
    await writer.commit({
      quarantine: lines.map(([reason, s], index) => ({
        entryId: writer.position as EntryId,
        index,
        key,
        receivedAt: at(s),
        reject: {
          seq: null,
          line: index,
          reason,
          detail: "why",
          symbol: null,
          ts: null,
          raw: `{${index}}`,
        },
      })),
      rejected: [
        { key, reason: "schema", count: 3 },
        { key, reason: "not_json", count: 1 },
      ],
      feeds: [totals({ key, received: 4, rejected: 4 })],
    });
    const rows = await warehouse.quarantine.samples(2);
    assert.deepEqual(
      rows.filter(({ key: { feed } }) => feed === "bad").map(({ reject }) =>
        `${reject.reason} ${reject.raw}`
      ),
      ["not_json {3}", "schema {1}", "schema {2}"],
    );
  });
});
