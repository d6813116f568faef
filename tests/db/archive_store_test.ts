import assert from "node:assert/strict";
import { PgTickArchive } from "../../db/archive_store.ts";
import { PgMinuteStore } from "../../db/minute_store.ts";
import { epochMicros, MICROS_PER_DAY } from "../../pipeline/domain/time.ts";
import {
  type ArchivedEntry,
  BEFORE_FIRST,
  type EntryId,
  type StreamedEntry,
  type TickArchive,
} from "../../pipeline/ports.ts";
import {
  deltaOf,
  FEED,
  minuteOf,
  NOW,
  onAllDatabasesAndCitus,
  Writer,
} from "./testing.ts";

/** A partition that no other test uses. */
let partitions = 100;
const partition = () => partitions++;

function entry(
  id: string,
  given: Partial<ArchivedEntry> = {},
): ArchivedEntry {
  return {
    id: id as EntryId,
    bytes: Uint8Array.from({ length: 300 }, (_, i) => i),
    receivedAt: NOW,
    from: NOW,
    to: NOW,
    symbols: ["A"],
    ...given,
  };
}

async function found(
  archive: TickArchive,
  p: number,
  query: Partial<Parameters<TickArchive["entries"]>[0]> = {},
): Promise<readonly StreamedEntry[]> {
  const all: StreamedEntry[] = [];
  const range = { from: NOW, to: epochMicros(NOW + 1) };
  const pages = archive.entries({ p, symbol: "A", ...range, ...query });
  for await (const page of pages) all.push(...page);
  return all;
}

const ids = (entries: readonly StreamedEntry[]) => entries.map(({ id }) => id);

await onAllDatabasesAndCitus((warehouse, test) => {
  test("the archive gives back every byte, once, however often it is kept", async () => {
    const { db } = warehouse;
    const p = partition();
    const archive = new PgTickArchive(db);
    assert.equal(await archive.archivedThrough(p, "s"), BEFORE_FIRST);
    const batch = {
      through: "8-0" as EntryId,
      entries: [entry("2-0"), entry("7-1")],
    };
    await archive.keep(p, "s", batch);
    await new PgTickArchive(db).keep(p, "s", batch);
    await archive.keep(p, "s", { through: "3-0" as EntryId, entries: [] });
    assert.equal(await archive.archivedThrough(p, "s"), "8-0");
    assert.equal(await archive.archivedThrough(partition(), "s"), BEFORE_FIRST);
    assert.deepEqual(
      await found(archive, p),
      batch.entries.map(({ id, bytes }) => ({ incarnation: "s", id, bytes })),
    );
  });

  test("entries are found by symbol and event time, long ones too", async () => {
    const { db } = warehouse;
    const p = partition();
    const archive = new PgTickArchive(db);
    const at = (seconds: number) => epochMicros(NOW + seconds * 1_000_000);
    await archive.keep(p, "s", {
      through: "9-0" as EntryId,
      entries: [
        entry("1-0", { from: at(-5), to: at(-1) }),
        entry("2-0", { from: at(-5), to: at(0) }),
        entry("3-0", { from: at(-90_000), to: at(90_000) }),
        entry("4-0", { symbols: ["B", 'odd"{},'] }),
        entry("5-0", { from: at(1), to: at(1) }),
      ],
    });
    assert.deepEqual(ids(await found(archive, p)), ["2-0", "3-0"]);
    assert.deepEqual(ids(await found(archive, p, { symbol: 'odd"{},' })), [
      "4-0",
    ]);
    assert.deepEqual(ids(await found(archive, partition())), []);
  });

  test("more entries than a page holds come in the order of their stream", async () => {
    const { db } = warehouse;
    const p = partition();
    const archive = new PgTickArchive(db);
    const bytes = new Uint8Array(500_000).fill(7);
    const all = Array.from(
      { length: 9 },
      (_, i) =>
        entry(`${i + 1}-0`, { bytes, symbols: i === 3 ? ["B"] : ["A"] }),
    );
    await archive.keep(p, "s", { through: "9-0" as EntryId, entries: all });
    await archive.keep(p, "t", {
      through: "1-0" as EntryId,
      entries: [entry("1-0")],
    });
    const pages: (readonly EntryId[])[] = [];
    const range = { from: NOW, to: epochMicros(NOW + 1) };
    for await (const page of archive.entries({ p, symbol: "A", ...range })) {
      pages.push(ids(page));
    }
    assert.deepEqual(pages, [
      ["1-0", "2-0", "3-0", "5-0"],
      ["6-0", "7-0", "8-0", "9-0"],
      ["1-0"],
    ]);
  });

  test("days are dropped whole, and made again when they are needed", async () => {
    const { db } = warehouse;
    const p = partition();
    const archive = new PgTickArchive(db);
    const other = new PgTickArchive(db);
    const keep = (id: string, days: number) =>
      archive.keep(p, "s", {
        through: id as EntryId,
        entries: [
          entry(id, { receivedAt: epochMicros(NOW - days * MICROS_PER_DAY) }),
        ],
      });
    await keep("1-0", 3);
    await keep("2-0", 2);
    await keep("3-0", 1);
    const before = epochMicros(NOW - 2 * MICROS_PER_DAY);
    assert.equal(await other.dropBefore(before), 1);
    assert.deepEqual(ids(await found(archive, p)), ["2-0", "3-0"]);
    assert.equal(await archive.dropBefore(before), 0);
    // The first one does not know yet that its day is gone.
    await keep("4-0", 3).catch(() => keep("4-0", 3));
    assert.deepEqual(ids(await found(archive, p)), ["4-0", "2-0", "3-0"]);
    assert.equal(await archive.archivedThrough(p, "s"), "4-0");
  });

  test("two processes make the same day at the same time", async () => {
    const { db } = warehouse;
    const p = partition();
    const both = ["1-0", "2-0"].map((id) =>
      new PgTickArchive(db).keep(p, "s", {
        through: id as EntryId,
        entries: [
          entry(id, { receivedAt: epochMicros(NOW - 50 * MICROS_PER_DAY) }),
        ],
      })
    );
    await Promise.all(both);
    assert.equal((await found(new PgTickArchive(db), p)).length, 2);
  });

  test("refused ticks are found by their place, and by their number", async () => {
    const { db } = warehouse;
    const p = partition();
    const archive = new PgTickArchive(db);
    await db.script(`
      insert into quarantine (p, incarnation, entry_id, idx, feed, epoch,
        received_at, seq, line, reason, detail, raw, readmitted)
      values (${p}, 's', '5-0', 3, 'test', 1, now(), 40, 0, 'too_late', '', '', false),
        (${p}, 's', '5-0', 4, 'test', 1, now(), 41, 0, 'too_late', '', '', true),
        (${p}, 's', '6-0', 0, 'test', 1, now(), 50, 0, 'too_late', '', '', false),
        (${partition()}, 's', '5-0', 9, 'test', 1, now(), 40, 0, 'too_late', '', '', false)`);
    const refused = await archive.refused(p, {
      entries: [{ incarnation: "s", id: "5-0" as EntryId }],
      numbers: [{ key: FEED, from: 40, to: 49 }],
    });
    const place = { incarnation: "s", id: "5-0" };
    assert.deepEqual(
      [...refused.places].sort((a, b) => a.index - b.index),
      [
        { ...place, index: 3, readmitted: false },
        { ...place, index: 4, readmitted: true },
      ],
    );
    assert.deepEqual(refused.numbers, [{ key: FEED, seq: 40 }]);
    assert.deepEqual(await archive.refused(p, { entries: [], numbers: [] }), {
      places: [],
      numbers: [],
    });
  });

  test("minutes come with the position of their commit", async () => {
    const symbol = warehouse.symbol();
    const [instrument] = await warehouse.instruments.upsert([{
      symbol,
      name: symbol,
      exchange: "TEST",
      type: "index",
      currency: "INR",
      priceScale: 2,
      sizeScale: 0,
      tickSize: "0.01",
      lotSize: 1,
      calendar: "24x7",
      costBps: 2,
      auto: false,
      note: null,
      validFrom: null,
      validTo: null,
    }]);
    const [{ p }] = await warehouse.db.query<{ p: number }>(
      "select p from instruments where id = $1::int",
      [instrument.id],
    );
    const minutes = new PgMinuteStore(warehouse.db);
    const range = {
      symbol,
      from: epochMicros(NOW - MICROS_PER_DAY),
      to: epochMicros(NOW + MICROS_PER_DAY),
      limit: 1,
    };
    const empty = await minutes.minutes({ ...range, countFrom: "start" });
    assert.deepEqual(empty?.minutes, []);
    const writer = await Writer.claim(warehouse, p);
    await writer.commit({
      deltas: [
        deltaOf(symbol, { ts: NOW, price: 10_050, size: 3, seq: 1 }),
        deltaOf(symbol, { ts: NOW + 6e7, price: 10_100, size: 1, seq: 2 }),
      ],
    });
    const first = await minutes.minutes({ ...range, countFrom: "start" });
    assert.equal(first?.position, writer.position);
    assert.equal(first?.incarnation, "test");
    assert.deepEqual(first?.minutes[0], {
      t: minuteOf(NOW),
      open: "100.50",
      high: "100.50",
      low: "100.50",
      close: "100.50",
      volume: "3",
      notional: "301.50",
      n: 1,
      firstTs: NOW,
      firstFeed: 1,
      firstSeq: 1,
      lastTs: NOW,
      lastFeed: 1,
      lastSeq: 1,
      closed: false,
      closedBy: null,
      rev: 0,
      coverageMs: 0,
      origin: "ticks",
    });
    const last = await minutes.minutes({ ...range, countFrom: "end" });
    assert.equal(last?.minutes[0].t, minuteOf(NOW + 6e7));
    const none = { ...range, symbol: "NONE", countFrom: "end" as const };
    assert.equal(await minutes.minutes(none), null);
  });
});
