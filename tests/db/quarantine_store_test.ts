import assert from "node:assert/strict";
import { partitionOf } from "../../pipeline/domain/hash.ts";
import type { Reject } from "../../pipeline/domain/tick.ts";
import { epochMicros } from "../../pipeline/domain/time.ts";
import type { EntryId, QuarantineQuery } from "../../pipeline/ports.ts";
import { autoSpec } from "../../pipeline/domain/instrument.ts";
import {
  minuteOf,
  NOW,
  onBothDatabases,
  PARTITIONS,
  totals,
  Writer,
} from "./testing.ts";

await onBothDatabases((warehouse, test) => {
  const { quarantine } = warehouse;
  const at = (n: number) => epochMicros(NOW + n * 1_000_000);

  interface Line {
    readonly at: number;
    readonly reject?: Partial<Reject>;
  }

  /** Rows of one feed, in a partition's stream. */
  async function keep(feed: string, p: number, lines: readonly Line[]) {
    const writer = await Writer.claim(warehouse, p);
    const key = { feed, epoch: 1 };
    await writer.commit({
      quarantine: lines.map(({ at: n, reject }, index) => ({
        entryId: writer.position as EntryId,
        index,
        key,
        receivedAt: at(n),
        reject: {
          seq: index,
          line: index,
          reason: "schema",
          detail: "symbol is missing",
          symbol: null,
          ts: null,
          raw: `{"<b>":${index}}`,
          ...reject,
        },
      })),
      rejected: lines.map(({ reject }) => ({
        key,
        reason: reject?.reason ?? "schema",
        count: 1,
      })),
      feeds: [totals({ key, received: lines.length, rejected: lines.length })],
    });
    return writer;
  }

  async function found(query: Partial<QuarantineQuery>) {
    const rows = await quarantine.find({ limit: 100, ...query });
    return rows.map(({ id, receivedAt }) =>
      `${id.p}/${id.index} ${(receivedAt - NOW) / 1_000_000}`
    );
  }

  test("find() gives rows by what they are, in pages", async () => {
    const feed = "pages";
    await keep(feed, 0, [
      { at: 5 },
      { at: 1, reject: { reason: "too_late", symbol: "X", ts: at(0) } },
      { at: 3 },
    ]);
    await keep(feed, 1, [{ at: 3 }, { at: 3, reject: { symbol: "Y" } }]);
    assert.deepEqual(await found({ feed }), [
      "0/1 1",
      "0/2 3",
      "1/0 3",
      "1/1 3",
      "0/0 5",
    ]);
    assert.deepEqual(await found({ feed, reason: "too_late" }), ["0/1 1"]);
    assert.deepEqual(await found({ feed, symbol: "Y" }), ["1/1 3"]);
    assert.deepEqual(await found({ feed, from: at(1), to: at(3) }), ["0/1 1"]);
    assert.deepEqual(await found({ feed, readmitted: true }), []);

    const pages: string[] = [];
    let after: QuarantineQuery["after"];
    for (;;) {
      const page = await quarantine.find({ feed, limit: 2, after });
      if (page.length === 0) break;
      pages.push(...page.map(({ id }) => `${id.p}/${id.index}`));
      const { id, receivedAt } = page[page.length - 1];
      after = { id, receivedAt };
    }
    assert.deepEqual(pages, ["0/1", "0/2", "1/0", "1/1", "0/0"]);
  });

  test("get() gives the rows that are there, as they are now", async () => {
    const writer = await keep("there", 2, [
      { at: 0, reject: { reason: "too_late", symbol: "X", ts: at(-9) } },
      { at: 0 },
    ]);
    const [first, second] = await quarantine.find({ feed: "there", limit: 9 });
    assert.deepEqual(first.reject, {
      seq: 0,
      line: 0,
      reason: "too_late",
      detail: "symbol is missing",
      symbol: "X",
      ts: at(-9),
      raw: `{"<b>":0}`,
    });
    const { incarnation, id, index } = second.id;
    await writer.commit({
      readmission: { through: 1, rows: [{ incarnation, id, index }] },
    });
    const rows = await quarantine.get([
      second.id,
      first.id,
      { ...first.id, index: 99 },
      { ...first.id, p: 3 },
    ]);
    assert.deepEqual(
      rows.map(({ id, readmitted }) => [id.index, readmitted]),
      [[0, false], [1, true]],
    );
    assert.deepEqual(await quarantine.get([]), []);
    assert.equal(await quarantine.readmittedThrough(2), 1);
    assert.equal(await quarantine.readmittedThrough(99), 0);
  });

  test("a row is held while its feed may yet take it back", async () => {
    const symbol = warehouse.symbol();
    const p = partitionOf(symbol, PARTITIONS);
    await warehouse.instruments.upsert([
      autoSpec(symbol, { priceScale: 2, sizeScale: 0 }),
    ]);
    const key = { feed: "held", epoch: 1 };
    const reject = { reason: "out_of_band", symbol } as const;
    const writer = await keep("held", p, [{ at: 0, reject }, {
      at: 5,
      reject,
    }, { at: 5 }]);
    const held = async () =>
      (await quarantine.find({ feed: "held", limit: 9 })).map((row) =>
        row.held
      );
    assert.deepEqual(await held(), [true, true, false]);
    await writer.commit({
      progress: [{
        key,
        symbol,
        maxEvent: minuteOf(NOW),
        lastReceived: at(5),
        replay: false,
        ended: false,
      }],
    });
    assert.deepEqual(await held(), [false, true, false]);
    await warehouse.feeds.saveAcks([{ key: { ...key, epoch: 2 }, seq: 0 }]);
    assert.deepEqual(await held(), [false, false, false]);
  });

  test("counts() says how much is in quarantine, by reason", async () => {
    const rows = await quarantine.find({ readmitted: false, limit: 1_000 });
    const counts: Record<string, number> = {};
    for (const { reject: { reason } } of rows) {
      counts[reason] = (counts[reason] ?? 0) + 1;
    }
    assert.ok(rows.length > 0);
    assert.deepEqual(await quarantine.counts(), counts);
  });
});
