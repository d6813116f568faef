import assert from "node:assert/strict";
import { partitionOf } from "../../pipeline/domain/hash.ts";
import {
  epochMicros,
  MICROS_PER_DAY,
  MICROS_PER_MINUTE,
} from "../../pipeline/domain/time.ts";
import type { EntryId, QuarantineRow } from "../../pipeline/ports.ts";
import { autoSpec } from "../../pipeline/domain/instrument.ts";
import { timestampText } from "../../db/sql_values.ts";
import {
  deltaOf,
  FEED,
  historyCandle,
  minuteOf,
  NOW,
  onAllDatabasesAndCitus,
  PARTITIONS,
  totals,
  Writer,
} from "./testing.ts";

await onAllDatabasesAndCitus((warehouse, test) => {
  const T = minuteOf(NOW);

  function rejectRow(
    entryId: string,
    index: number,
    seq: number,
    given: Partial<QuarantineRow["reject"]> = {},
  ): QuarantineRow {
    return {
      entryId: entryId as EntryId,
      index,
      key: FEED,
      receivedAt: NOW,
      reject: {
        seq,
        line: seq,
        reason: "out_of_band",
        detail: "price must be within 25 % of 1.00, got 9.00",
        symbol: "X",
        ts: T,
        raw: `{"symbol":"X"}`,
        ...given,
      },
    };
  }

  test("audit() balances through ticks, rejects, readmission and imports", async () => {
    const symbols = Array.from({ length: 5 }, () => warehouse.symbol());
    for (const p of Array(PARTITIONS).keys()) {
      const writer = await Writer.claim(warehouse, p);
      const own = symbols.filter((symbol) =>
        partitionOf(symbol, PARTITIONS) === p
      );
      const tick = (i: number) => ({ ts: T + i, price: 100, size: 1, seq: i });
      await writer.commit({
        deltas: own.map((symbol, i) => deltaOf(symbol, tick(i))),
        rejected: [{ key: FEED, reason: "out_of_band", count: 2 }],
        quarantine: [
          rejectRow(writer.position, 0, 11),
          rejectRow(writer.position, 1, 12),
        ],
        feeds: [totals({
          received: own.length + 3,
          accepted: own.length,
          duplicates: 1,
          rejected: 2,
          lastSeq: 12,
        })],
      });
      assert.deepEqual(await unbalanced(), []);
      await writer.commit({
        deltas: own.map((symbol) => deltaOf(symbol, tick(11))),
        readmitted: [{ key: FEED, seq: 11 }],
        feeds: [totals({
          received: own.length * 2 + 3,
          accepted: own.length * 2 + 1,
          duplicates: 1,
          rejected: 1,
          lastSeq: 12,
        })],
      });
      assert.deepEqual(await unbalanced(), []);
    }
    const imported = warehouse.symbol();
    const scales = { priceScale: 2, sizeScale: 0 };
    await warehouse.instruments.upsert([autoSpec(imported, scales)]);
    await warehouse.candles.importCandles(imported, [
      historyCandle(imported, minuteOf(NOW - MICROS_PER_MINUTE), { n: 9 }),
    ]);
    await warehouse.feeds.saveAcks([{ key: FEED, seq: 12 }]);

    const audit = await warehouse.audit.audit();
    assert.equal(audit.ticks_unaccounted, 0);
    assert.equal(audit.balanced, true);
    assert.equal(audit.partitions.length, PARTITIONS);
    assert.equal(
      audit.partitions.reduce((sum, { in_candles }) => sum + in_candles, 0),
      10,
    );
    const [feed] = audit.feeds;
    assert.equal(feed.acked, 12);
    assert.equal(feed.received, 10 + 3 * PARTITIONS);
    assert.deepEqual(feed.rejected_by_reason, { out_of_band: PARTITIONS });
  });

  test("booksOf() tells one instrument's rejects of a day, and its feeds", async () => {
    const key = { feed: "booked", epoch: 1 };
    const symbol = warehouse.symbol();
    const writer = await Writer.claim(
      warehouse,
      partitionOf(symbol, PARTITIONS),
    );
    const row = (
      index: number,
      given: Partial<QuarantineRow["reject"]>,
    ): QuarantineRow => ({
      ...rejectRow(writer.position, index, index, { symbol, ...given }),
      key,
    });
    const longAgo = epochMicros(T - 3 * MICROS_PER_DAY);
    await writer.commit({
      deltas: [deltaOf(symbol, { ts: T, price: 100, size: 1, seq: 9 })],
      progress: [{
        key,
        symbol,
        maxEvent: T,
        lastReceived: NOW,
        replay: false,
        ended: false,
      }],
      rejected: [{ key, reason: "out_of_band", count: 5 }],
      quarantine: [
        row(0, {}),
        row(1, {}),
        // Its own time is of another day; of the next one it is not known.
        row(2, { ts: longAgo }),
        row(3, { ts: null, reason: "schema" }),
        row(4, { symbol: "OTHER" }),
      ],
      feeds: [totals({
        key,
        received: 7,
        accepted: 1,
        duplicates: 1,
        rejected: 5,
      })],
    });
    const from = epochMicros(T - MICROS_PER_DAY);
    const to = epochMicros(T + MICROS_PER_DAY);
    const books = await warehouse.audit.booksOf(symbol, { from, to });
    assert.deepEqual(books.rejected, {
      out_of_band: { lines: 2, readmitted: 0 },
      schema: { lines: 1, readmitted: 0 },
    });
    const [feed] = books.feeds;
    assert.equal(books.feeds.length, 1);
    assert.deepEqual(feed.key, key);
    assert.deepEqual(
      [feed.received, feed.accepted, feed.duplicates, feed.rejected],
      [7, 1, 1, 5],
    );
    const before = { from: epochMicros(longAgo - 1), to: from };
    const earlier = await warehouse.audit.booksOf(symbol, before);
    assert.deepEqual(earlier.rejected, {
      out_of_band: { lines: 1, readmitted: 0 },
    });
    assert.equal(earlier.clockSkew, null);
  });

  test("booksOf() tells how far our clock is from the market's", async () => {
    const symbol = warehouse.symbol();
    const p = partitionOf(symbol, PARTITIONS);
    const writer = await Writer.claim(warehouse, p);
    await writer.commit({
      deltas: [deltaOf(symbol, { ts: T, price: 100, size: 1, seq: 1 })],
    });
    const entry = (n: number, lateMs: number, symbols = [symbol]) => {
      const from = epochMicros(T + n * 150_000_000);
      const to = epochMicros(from + 400_000);
      return {
        id: `${n + 1}-0` as EntryId,
        receivedAt: epochMicros(to + lateMs * 1_000),
        from,
        to,
        symbols,
        bytes: new Uint8Array(1),
      };
    };
    await warehouse.archive.keep(p, "skew", {
      through: "9-0" as EntryId,
      entries: [
        entry(0, 100),
        // The second one of five minutes, and one of another instrument.
        entry(1, 9_000),
        entry(2, 9_000, ["OTHER"]),
        entry(3, -300),
        entry(4, 200),
        // A replay, later on the day.
        entry(6, 2 * 3_600_000),
      ],
    });
    const range = { from: T, to: epochMicros(T + MICROS_PER_DAY) };
    const { clockSkew } = await warehouse.audit.booksOf(symbol, range);
    assert.deepEqual(
      clockSkew && {
        ...clockSkew,
        p99Ms: Math.round(clockSkew.p99Ms),
      },
      { samples: 3, p50Ms: 100, p99Ms: 198 },
    );
  });

  test("a readmission takes its rows back, and the books balance", async () => {
    const key = { feed: "asked", epoch: 1 };
    const symbol = warehouse.symbol();
    const p = partitionOf(symbol, PARTITIONS);
    const writer = await Writer.claim(warehouse, p);
    const id = writer.position;
    await writer.commit({
      rejected: [
        { key, reason: "out_of_band", count: 2 },
        { key, reason: "closed_session", count: 1 },
      ],
      quarantine: [
        { ...rejectRow(id, 0, 7), key },
        { ...rejectRow(id, 1, 7), key },
        { ...rejectRow(id, 2, 8, { reason: "closed_session" }), key },
      ],
      feeds: [totals({ key, received: 3, rejected: 3 })],
    });
    const tick = { ts: T, price: 100, size: 1, seq: 7 };
    const rows = [1, 2].map((index) => ({ incarnation: "test", id, index }));
    await writer.commit({
      deltas: [deltaOf(symbol, tick), deltaOf(symbol, { ...tick, seq: 1 })],
      readmission: { through: 4, rows },
      feeds: [totals({ key, received: 3, accepted: 2, rejected: 1 })],
    });
    assert.deepEqual(await unbalanced(), []);
    const kept = await warehouse.db.query(
      `select idx, readmitted from quarantine where feed = 'asked' order by idx`,
    );
    assert.deepEqual(kept, [
      { idx: 0, readmitted: false },
      { idx: 1, readmitted: true },
      { idx: 2, readmitted: true },
    ]);
    const state = (await Writer.claim(warehouse, p)).state;
    assert.equal(state.readmittedThrough, 4);
  });

  /** What the audit holds against the books. */
  async function unbalanced() {
    const { partitions, feeds, balanced } = await warehouse.audit.audit();
    const wrong = [
      ...partitions.filter((row) =>
        row.applied !== row.in_candles || row.rejected !== row.in_quarantine
      ),
      ...feeds.filter((feed) => !feed.balanced),
    ];
    assert.equal(balanced, wrong.length === 0);
    return wrong;
  }

  test("audit() notices a tick that is lost, and one counted twice", async () => {
    const symbol = warehouse.symbol();
    const p = partitionOf(symbol, PARTITIONS);
    const writer = await Writer.claim(warehouse, p);
    const delta = deltaOf(symbol, { ts: T, price: 1, size: 1, seq: 1 });
    await writer.commit({ deltas: [delta], applied: 2 });
    assert.equal((await warehouse.audit.audit()).ticks_unaccounted, 1);
    await writer.commit({ deltas: [delta], applied: 0 });
    assert.equal((await warehouse.audit.audit()).ticks_unaccounted, 0);
    await writer.commit({ deltas: [delta], applied: 0 });
    assert.equal((await warehouse.audit.audit()).balanced, false);
    await warehouse.db.query(
      "update offsets set applied = applied + 1 where p = $1",
      [p],
    );
  });

  test("audit() of the rows notices what happened behind the books", async () => {
    const symbol = warehouse.symbol();
    const p = partitionOf(symbol, PARTITIONS);
    const writer = await Writer.claim(warehouse, p);
    const yesterday = minuteOf(NOW - MICROS_PER_DAY);
    await writer.commit({
      deltas: [T, yesterday].map((t) =>
        deltaOf(symbol, { ts: t + 5, price: 1, size: 1, seq: 1 })
      ),
    });
    const off = async (full: boolean) =>
      (await warehouse.audit.audit({ full })).ticks_unaccounted;
    const before = await off(false);
    assert.equal(await off(true), before);
    const change = (sql: string) =>
      warehouse.db.query(
        `${sql} where instrument_id =
        (select id from instruments where symbol = $1) and t < $2::timestamptz`,
        [symbol, timestampText(T)],
      );
    await change("update candles set n = n + 3");
    assert.deepEqual([await off(false), await off(true)], [before, before + 3]);
    await change("update candles set n = n - 3");
    assert.equal(await off(true), before);
    await warehouse.db.query("delete from candle_books where p = $1", [p]);
    const audit = await warehouse.audit.audit({ full: true });
    assert.equal(audit.ticks_unaccounted, before);
    assert((await off(false)) > before);
    await warehouse.db.query(
      `insert into candle_books
      select i.p, date_trunc('day', c.t, 'UTC'), sum(c.n)
      from candles c join instruments i on i.id = c.instrument_id
      where c.interval = '1m' and c.origin = 'ticks' and i.p = $1
      group by 1, 2`,
      [p],
    );
    assert.equal(await off(false), before);
  });

  test("a feed without acks takes back the reject it means, though its numbers repeat", async () => {
    const writer = await Writer.claim(warehouse, 3);
    const key = { feed: "plain", epoch: 1 };
    const off = async () =>
      (await warehouse.audit.audit({ full: true })).ticks_unaccounted;
    const before = await off();
    const row = (index: number, reason: "out_of_band" | "schema") => ({
      ...rejectRow(writer.position, index, 5, { reason }),
      key,
    });
    await writer.commit({
      rejected: [
        { key, reason: "out_of_band", count: 3 },
        { key, reason: "schema", count: 1 },
      ],
      quarantine: [
        row(0, "schema"),
        row(1, "out_of_band"),
        row(2, "out_of_band"),
        row(3, "out_of_band"),
      ],
      feeds: [totals({ key, received: 4, rejected: 4 })],
    });
    await writer.commit({
      readmitted: [{ key, seq: 5 }, { key, seq: 5 }],
      feeds: [totals({ key, received: 4, accepted: 2, rejected: 2 })],
    });
    assert.equal(await off(), before);
    const rows = await warehouse.db.query(
      `select idx, readmitted from quarantine where feed = 'plain' order by idx`,
    );
    assert.deepEqual(rows.map(({ readmitted }) => readmitted), [
      false,
      false,
      true,
      true,
    ]);
  });

  test("audit() notices a reject that is not in quarantine", async () => {
    const writer = await Writer.claim(warehouse, 1);
    const before = await warehouse.audit.audit();
    const rejected = [{ key: FEED, reason: "schema" as const, count: 1 }];
    await writer.commit({ rejected });
    const after = await warehouse.audit.audit();
    assert(after.ticks_unaccounted > before.ticks_unaccounted);
  });

  test("commit() keeps any line in quarantine, whatever bytes it had", async () => {
    const writer = await Writer.claim(warehouse, 2);
    const raw = `{"a":"\0\\", 'x', NULL,{}\u{1F600}\ud800"}`;
    await writer.commit({
      rejected: [{ key: FEED, reason: "schema", count: 1 }],
      quarantine: [
        rejectRow(writer.position, 0, 99, { raw, symbol: null, ts: null }),
      ],
    });
    const [row] = await warehouse.db.query(
      "select raw, symbol, ts from v_quarantine where seq = 99",
    );
    const clean = raw.replace("\0", "\ufffd").replace("\ud800", "\ufffd");
    assert.deepEqual(row, { raw: clean, symbol: null, ts: null });
  });
});
