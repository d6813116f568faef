import assert from "node:assert/strict";
import { partitionOf } from "../../pipeline/domain/hash.ts";
import type { Reject, RejectReason } from "../../pipeline/domain/tick.ts";
import { epochMicros, MICROS_PER_DAY } from "../../pipeline/domain/time.ts";
import type {
  EntryId,
  QuarantineQuery,
  QuarantineRow,
} from "../../pipeline/ports.ts";
import { PgTickArchive } from "../../db/archive_store.ts";
import { vacuumHotTables } from "../../db/vacuum.ts";
import {
  NOW,
  onBothDatabases,
  openTestWarehouse,
  PARTITIONS,
  totals,
  Writer,
} from "./testing.ts";

/** So many of an entry are kept as one, and more. */
const MANY = 40;
const DAY = { from: epochMicros(NOW - 9), to: epochMicros(NOW + 9) };
/** What texts of PostgreSQL and escapes of JSON have trouble with. */
const ODD = `{"a":"\0\\u0000 \\\\ud800 'x'\n\t{}\u{1F600}\ud800"}`;
const ODD_KEPT = ODD.replace("\0", "\ufffd").replace(/\ud800"/, '\ufffd"');

await onBothDatabases((warehouse, test) => {
  const { quarantine, audit, db } = warehouse;
  const symbol = warehouse.symbol();
  const p = partitionOf(symbol, PARTITIONS);

  function line(
    entryId: EntryId,
    index: number,
    feed: string,
    reject: Partial<Reject> = {},
  ): QuarantineRow {
    return {
      entryId,
      index,
      key: { feed, epoch: 1 },
      receivedAt: NOW,
      reject: {
        seq: 100 + index,
        line: index + 1,
        reason: "price_not_positive",
        detail: "price must be > 0, got -1",
        symbol,
        ts: epochMicros(NOW - 5),
        raw: `{"symbol":"${symbol}","price":-1,"seq":${100 + index}}`,
        ...reject,
      },
    };
  }

  async function commit(rows: readonly QuarantineRow[]): Promise<Writer> {
    const writer = await Writer.claim(warehouse, p);
    const counts = new Map<RejectReason, number>();
    for (const { reject: { reason } } of rows) {
      counts.set(reason, (counts.get(reason) ?? 0) + 1);
    }
    const [{ key }] = rows;
    await writer.commit({
      quarantine: rows,
      rejected: Array.from(counts, ([reason, count]) => ({
        key,
        reason,
        count,
      })),
      feeds: [totals({ key, received: rows.length, rejected: rows.length })],
    });
    return writer;
  }

  /** Of a feed: how many lines are a row each, and how many packs there are. */
  async function kept(feed: string): Promise<readonly unknown[]> {
    const [row] = await db.query(
      `select (select count(*) from quarantine where feed = $1)::int as rows,
        (select count(*) from quarantine_packs where feed = $1)::int as packs`,
      [feed],
    );
    return [row.rows, row.packs];
  }

  async function pages(query: Partial<QuarantineQuery>, limit: number) {
    const found = [];
    let after: QuarantineQuery["after"];
    for (;;) {
      const page = await quarantine.find({ ...query, limit, after });
      if (page.length === 0) return found;
      found.push(...page);
      after = page[page.length - 1];
    }
  }

  test("many lines of an entry that hold no tick are one row, and read as each was", async () => {
    const feed = "packed";
    const rows = [
      ...Array.from(
        { length: MANY },
        (_, i) => line("1-0" as EntryId, i, feed, i === 7 ? { raw: ODD } : {}),
      ),
      line("1-0" as EntryId, MANY, feed, {
        reason: "not_json",
        symbol: null,
        ts: null,
        seq: null,
        detail: `line must be JSON\ud83d`,
      }),
      line("1-0" as EntryId, MANY + 1, feed, { reason: "closed_session" }),
      // Too few to be one.
      line("2-0" as EntryId, 0, feed),
    ];
    await commit(rows);
    assert.deepEqual(await kept(feed), [2, 1]);
    const expected = rows.map(({ entryId, index, reject }) => ({
      place: [entryId, index],
      ...reject,
      raw: reject.raw === ODD ? ODD_KEPT : reject.raw,
      detail: reject.detail.replace("\ud83d", "\ufffd"),
    }));
    for (const limit of [7, 100]) {
      const found = await pages({ feed }, limit);
      assert.deepEqual(
        found.map(({ id, reject }) => ({
          place: [id.id, id.index],
          ...reject,
        })),
        expected,
      );
    }
    const reasons = async (query: Partial<QuarantineQuery>) =>
      (await pages({ feed, ...query }, 100)).length;
    assert.equal(await reasons({ reason: "price_not_positive" }), MANY + 1);
    assert.equal(await reasons({ symbol }), MANY + 2);
    assert.equal(await reasons({ readmitted: true }), 0);
    assert.equal(await reasons({ from: epochMicros(NOW + 1) }), 0);

    const all = await quarantine.find({ feed, limit: 100 });
    const asked = [all[3], all[MANY], all[MANY + 1]];
    assert.deepEqual(
      await quarantine.get([
        ...asked.map(({ id }) => id),
        { ...all[3].id, index: 99 },
        { ...all[3].id, id: "9-9" as EntryId },
      ]),
      asked,
    );
    const samples = await quarantine.samples(3);
    const sampled = samples.filter(({ key }) => key.feed === feed)
      .map(({ reject }) => reject.reason);
    assert(sampled.includes("price_not_positive"));
    assert(sampled.includes("not_json"));
    const [{ n }] = await db.query(
      "select count(*)::int as n from v_quarantine where feed = $1",
      [feed],
    );
    assert.equal(n, rows.length);
  });

  test("the books balance with packed lines, and notice one that is gone", async () => {
    const feed = "balanced";
    const off = async (full: boolean) =>
      (await audit.audit({ full })).ticks_unaccounted;
    const before = [await off(false), await off(true)];
    const [rejectedBefore] = await quarantineSides();
    await commit(
      Array.from({ length: MANY }, (_, i) => line("3-0" as EntryId, i, feed)),
    );
    assert.deepEqual(await kept(feed), [0, 1]);
    assert.deepEqual([await off(false), await off(true)], before);
    const [rejected] = await quarantineSides();
    assert.equal(rejected, rejectedBefore + MANY);
    await db.query("delete from quarantine_packs where feed = $1", [feed]);
    assert.deepEqual([await off(false), await off(true)], [
      before[0],
      before[1] + MANY,
    ]);
  });

  async function quarantineSides() {
    const { partitions } = await audit.audit();
    const side = partitions.find((one) => one.p === p)!;
    return [side.rejected, side.in_quarantine];
  }

  test("packed lines are told of their instrument's day", async () => {
    const feed = "numbered";
    const other = warehouse.symbol();
    await commit(
      Array.from({ length: MANY }, (_, i) =>
        line("4-0" as EntryId, i, feed, {
          symbol: other,
          ...i % 4 === 1 && { ts: null },
          ...i % 4 === 2 && { ts: epochMicros(NOW - 3 * MICROS_PER_DAY) },
          ...i % 4 === 3 && { symbol: "SOME.OTHER" },
        })),
    );
    const { rejected } = await audit.booksOf(other, DAY);
    assert.deepEqual(rejected, {
      price_not_positive: { lines: MANY / 2, readmitted: 0 },
    });
    const early = await audit.booksOf(other, {
      from: epochMicros(NOW - 3 * MICROS_PER_DAY - 1),
      to: epochMicros(NOW - 3 * MICROS_PER_DAY + 1),
    });
    assert.deepEqual(early.rejected, {
      price_not_positive: { lines: MANY / 4, readmitted: 0 },
    });
  });

  test("a pack says no more of its symbols and days than has a bound", async () => {
    const feed = "hostile";
    const long = "L".repeat(5_000);
    const lone = "S.\0\ud800";
    await commit(
      Array.from({ length: MANY }, (_, i) =>
        line("5-0" as EntryId, i, feed, {
          symbol: i === 0 ? long : `HOSTILE.${i}`,
          ts: epochMicros(NOW - i * MICROS_PER_DAY),
        })),
    );
    await commit(
      Array.from(
        { length: MANY },
        (_, i) =>
          line("6-0" as EntryId, i, feed, i === 0 ? { symbol: lone } : {}),
      ),
    );
    const told = await db.query(
      `select days is null as days, symbols is null as symbols
        from quarantine_packs where feed = $1 order by entry_id`,
      [feed],
    );
    assert.deepEqual(told, [
      { days: true, symbols: true },
      { days: false, symbols: false },
    ]);
    const lines = async (query: Partial<QuarantineQuery>) =>
      (await pages({ feed, ...query }, 100)).length;
    assert.equal(await lines({ symbol: long }), 1);
    assert.equal(await lines({ symbol: "HOSTILE.7" }), 1);
    assert.equal(await lines({ symbol: "S.\ufffd\ufffd" }), 1);
    const { rejected } = await audit.booksOf("HOSTILE.7", {
      from: epochMicros(NOW - 7 * MICROS_PER_DAY),
      to: epochMicros(NOW - 7 * MICROS_PER_DAY + 1),
    });
    assert.deepEqual(rejected, {
      price_not_positive: { lines: 1, readmitted: 0 },
    });
  });

  test("a pack that cannot have what is looked for is not unpacked", async () => {
    const feed = "closed";
    const [own, absent] = [warehouse.symbol(), warehouse.symbol()];
    await commit([
      ...Array.from(
        { length: MANY },
        (_, i) =>
          line("7-0" as EntryId, i, feed, {
            symbol: own,
            ...i === 0 && { ts: epochMicros(0) },
          }),
      ),
      line("7-0" as EntryId, MANY, feed, { reason: "too_late", symbol: own }),
    ]);
    await db.query(
      "update quarantine_packs set lines = 'not JSON' where feed = $1",
      [feed],
    );
    const lines = async (query: Partial<QuarantineQuery>) =>
      (await quarantine.find({ feed, limit: 100, ...query })).length;
    assert.equal(await lines({ reason: "too_late", symbol: own }), 1);
    assert.equal(await lines({ readmitted: true }), 0);
    assert.equal(await lines({ reason: "not_json" }), 0);
    assert.equal(await lines({ symbol: absent }), 0);
    await assert.rejects(lines({ symbol: own }), { name: "DbError" });

    const books = async (of: string, { from, to }: typeof DAY) =>
      (await audit.booksOf(of, { from, to })).rejected;
    assert.deepEqual(await books(absent, DAY), {});
    // Between the time of the first line and those of the others.
    assert.deepEqual(
      await books(own, {
        from: epochMicros(NOW - 9 * MICROS_PER_DAY),
        to: epochMicros(NOW - 8 * MICROS_PER_DAY),
      }),
      {},
    );
    await assert.rejects(books(own, DAY), { name: "DbError" });

    const refused = await new PgTickArchive(db).refused(p, {
      entries: [{ incarnation: "test", id: "7-0" as EntryId }],
      numbers: [{ key: { feed, epoch: 1 }, from: 90, to: 999 }],
    });
    assert.deepEqual(refused.places.map(({ index }) => index), [MANY]);
    assert.deepEqual(refused.numbers.map(({ seq }) => seq), [100 + MANY]);
    await db.query("delete from quarantine_packs where feed = $1", [feed]);
  });

  test("the view is read wherever the reader looks for names", async () => {
    const feed = "elsewhere";
    await commit(
      Array.from({ length: MANY }, (_, i) => line("8-0" as EntryId, i, feed)),
    );
    const results = await db.batch([
      { sql: "set local search_path = ''" },
      {
        sql:
          "select count(ts)::int as n from public.v_quarantine where feed = $1",
        params: [feed],
      },
    ]);
    assert.deepEqual(results?.[1], [{ n: MANY }]);
  });
});

Deno.test("the embedded database's planner is told of packs", async () => {
  const { db, close } = await openTestWarehouse();
  try {
    await db.query(
      `insert into quarantine_packs (p, incarnation, entry_id, feed, epoch,
          received_at, count, from_t, to_t, reasons, lines)
        values (0, 's', '1-0', 'f', 1, now(), 0, now(), now(), '{}', '[]')`,
    );
    await vacuumHotTables(db);
    const [{ known }] = await db.query(
      `select reltuples as known from pg_class
        where oid = 'quarantine_packs'::regclass`,
    );
    assert.equal(known, 1);
  } finally {
    await close();
  }
});
