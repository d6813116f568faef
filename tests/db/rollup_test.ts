import assert from "node:assert/strict";
import fc from "fast-check";
import { type CandleFold, mergeFolds } from "../../pipeline/domain/candle.ts";
import { formatScaled } from "../../pipeline/domain/decimal.ts";
import { partitionOf } from "../../pipeline/domain/hash.ts";
import {
  ROLLUPS,
  type StoredInterval,
} from "../../pipeline/domain/interval.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
} from "../../pipeline/domain/time.ts";
import type { CommittedCandle, DirtyRollup } from "../../pipeline/ports.ts";
import {
  bucketOf,
  deltaOf,
  foldOf,
  historyCandle,
  NOW,
  onAllDatabases,
  PARTITIONS,
  type TestTick,
  Writer,
} from "./testing.ts";
import { lengthMs } from "../../db/buckets.ts";
import type { Db } from "../../db/db.ts";
import { pgStores } from "../../db/stores.ts";
import { autoSpec } from "../../pipeline/domain/instrument.ts";

await onAllDatabases((warehouse, test) => {
  const DAY = bucketOf("", "1d", NOW).start;

  function dirtyOf(
    symbol: string,
    ts: number,
    closedBy: DirtyRollup["closedBy"] = null,
    intervals: readonly StoredInterval[] = ROLLUPS.map((r) => r.interval),
  ): readonly DirtyRollup[] {
    return intervals.map((interval) => {
      const { start, end } = bucketOf(symbol, interval, ts as EpochMicros);
      return { symbol, interval, t: start, end, closedBy };
    });
  }

  function writerFor(symbol: string): Promise<Writer> {
    return Writer.claim(warehouse, partitionOf(symbol, PARTITIONS));
  }

  /** Rolls everything up; the last state of each candle that changed. */
  async function rollUp(symbol: string, limit = 1_000) {
    const last = new Map<string, CommittedCandle>();
    for (;;) {
      const changed = await warehouse.aggregate.rollUp(
        partitionOf(symbol, PARTITIONS),
        limit,
      );
      if (changed.length === 0) return last;
      for (const one of changed) {
        last.set(`${one.candle.interval} ${one.candle.t}`, one);
      }
    }
  }

  const arbitraryTicks = fc.array(
    fc.record({
      ts: fc.nat(40 * MICROS_PER_HOUR).map((more) => DAY + more),
      price: fc.integer({ min: 1, max: 90_000 }),
      size: fc.nat(50),
      seq: fc.nat(1e6),
    }),
    { minLength: 1, maxLength: 25 },
  );

  test("rollUp() makes symbols known before it asks for their calendar", async () => {
    const known = new Set<string>();
    const { aggregate } = pgStores(warehouse.db, {
      partitions: PARTITIONS,
      clock: warehouse.clock,
      bucketOf,
      know(symbols) {
        for (const symbol of symbols) known.add(symbol);
        return Promise.resolve();
      },
      tradingMs(symbol, bucket) {
        assert.ok(known.has(symbol), `${symbol} is known`);
        return lengthMs(bucket);
      },
    }, () => Promise.resolve());
    const symbol = warehouse.symbol();
    const writer = await writerFor(symbol);
    const tick = { ts: DAY, price: 1, size: 1, seq: 1 };
    await writer.commit({
      deltas: [deltaOf(symbol, tick)],
      dirty: dirtyOf(symbol, DAY),
    });
    const p = partitionOf(symbol, PARTITIONS);
    assert.ok((await aggregate.rollUp(p, 10)).length > 0);
    assert.deepEqual([...known], [symbol]);
  });

  test("rollUp() makes each longer candle the merge of its ticks", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryTicks, fc.integer({ min: 1, max: 60 }), async (
        ticks: readonly TestTick[],
        limit,
      ) => {
        const symbol = warehouse.symbol();
        const writer = await writerFor(symbol);
        const half = Math.ceil(ticks.length / 2);
        for (const some of [ticks.slice(0, half), ticks.slice(half)]) {
          await writer.commit({
            deltas: some.map((tick) => deltaOf(symbol, tick)),
            dirty: some.flatMap(({ ts }) => dirtyOf(symbol, ts)),
          });
          await rollUp(symbol, limit);
        }
        for (const { interval } of ROLLUPS) {
          const expected = new Map<number, CandleFold>();
          for (const tick of ticks) {
            const { start } = bucketOf(symbol, interval, epochMicros(tick.ts));
            const fold = foldOf(symbol, start, tick);
            const known = expected.get(start);
            expected.set(start, known ? mergeFolds(known, fold) : fold);
          }
          const stored = await warehouse.candles.candles({
            symbol,
            interval,
            limit: 1_000,
          });
          assert.deepEqual(
            stored.map(({ t, open, high, low, close, volume, n, lastTs }) => ({
              t,
              prices: [open, high, low, close],
              volume,
              n,
              lastTs,
            })),
            [...expected.values()].sort((a, b) => a.t - b.t).map((fold) => ({
              t: fold.t,
              prices: [fold.open, fold.high, fold.low, fold.close]
                .map((units) => formatScaled(units, 2)),
              volume: String(fold.volume),
              n: fold.n,
              lastTs: fold.lastTs,
            })),
          );
        }
      }),
      { numRuns: 25 },
    );
  });

  const tick = (minute: number, price: number) => ({
    ts: DAY + minute * MICROS_PER_MINUTE,
    price,
    size: 1,
    seq: minute,
  });

  test("rollUp() closes what a mark closes, and revises it after", async () => {
    const symbol = warehouse.symbol();
    const writer = await writerFor(symbol);
    const fiveMinutes = (closedBy: DirtyRollup["closedBy"]) =>
      dirtyOf(symbol, DAY, closedBy, ["5m"]);
    const changesOf = async () =>
      [...(await rollUp(symbol)).values()].map(({ change, candle }) => [
        change,
        candle.closed,
        candle.rev,
        candle.closedBy,
      ]);
    await writer.commit({
      deltas: [deltaOf(symbol, tick(0, 100))],
      dirty: fiveMinutes(null),
    });
    assert.deepEqual(await changesOf(), [["updated", false, 0, null]]);
    await writer.commit({ dirty: fiveMinutes("watermark") });
    assert.deepEqual(await changesOf(), [["closed", true, 0, "watermark"]]);
    await writer.commit({ dirty: fiveMinutes(null) });
    assert.deepEqual(await changesOf(), []);
    await writer.commit({
      deltas: [deltaOf(symbol, tick(1, 90))],
      dirty: fiveMinutes(null),
    });
    assert.deepEqual(await changesOf(), [["revised", true, 1, "watermark"]]);
    const [before] = await warehouse.db.query(
      `select rev, close::float8 as close from v_candle_revisions
      where symbol = $1 and interval = '5m'`,
      [symbol],
    );
    assert.deepEqual(before, { rev: 0, close: 1 });
  });

  test("rollUp() keeps the reason to close when a mark without one follows", async () => {
    const symbol = warehouse.symbol();
    const writer = await writerFor(symbol);
    await writer.commit({
      deltas: [deltaOf(symbol, tick(0, 100))],
      dirty: dirtyOf(symbol, DAY, "idle", ["5m"]),
    });
    await writer.commit({ dirty: dirtyOf(symbol, DAY, null, ["5m"]) });
    const [rolled] = (await rollUp(symbol)).values();
    assert.equal(rolled.candle.closedBy, "idle");
  });

  test("rollUp() calls a candle complete if all of it was covered", async () => {
    for (const minutes of [5, 4]) {
      const symbol = warehouse.symbol();
      const writer = await writerFor(symbol);
      const covered = Array.from({ length: minutes }, (_, i) => tick(i, 100));
      await writer.commit({
        deltas: covered.map((one) => deltaOf(symbol, one)),
        closes: covered.map(({ ts }) => ({
          symbol,
          t: epochMicros(ts),
          closedBy: "watermark",
          coverageMs: 60_000,
          complete: true,
        })),
        dirty: dirtyOf(symbol, DAY, "watermark", ["5m"]),
      });
      const [{ candle }] = (await rollUp(symbol)).values();
      assert.equal(candle.coverageMs, minutes * 60_000);
      assert.equal(candle.complete, minutes === 5);
    }
  });

  test("rollUp() keeps the first reason to close, and what was covered then", async () => {
    const symbol = warehouse.symbol();
    const writer = await writerFor(symbol);
    const [mark] = dirtyOf(symbol, DAY, "session_end", ["5m"]);
    await writer.commit({
      deltas: [deltaOf(symbol, tick(0, 100))],
      dirty: [{ ...mark, coverageMs: 250_000 }],
    });
    await writer.commit({
      dirty: [{ ...mark, closedBy: "idle", coverageMs: 300_000 }],
    });
    const [rolled] = (await rollUp(symbol)).values();
    assert.equal(rolled.candle.closedBy, "session_end");
    assert.equal(rolled.candle.coverageMs, 250_000);
    assert.equal(rolled.candle.complete, false);
    // Once closed, only its minutes can tell of more.
    await writer.commit({ dirty: [{ ...mark, coverageMs: 300_000 }] });
    assert.deepEqual([...(await rollUp(symbol)).values()], []);
  });

  test("rollUp() takes a candle for complete whose quiet minutes were covered", async () => {
    const symbol = warehouse.symbol();
    const writer = await writerFor(symbol);
    const [mark] = dirtyOf(symbol, DAY, "watermark", ["5m"]);
    await writer.commit({
      deltas: [deltaOf(symbol, tick(0, 100))],
      dirty: [{ ...mark, coverageMs: 300_000 }],
    });
    const [{ candle }] = (await rollUp(symbol)).values();
    assert.deepEqual([candle.complete, candle.coverageMs], [true, 300_000]);
  });

  test("rollUp() takes what programs of before have marked, a row a candle", async () => {
    const symbol = warehouse.symbol();
    const writer = await writerFor(symbol);
    await writer.commit({ deltas: [deltaOf(symbol, tick(0, 100))] });
    for (const { interval, t, end } of dirtyOf(symbol, DAY)) {
      await warehouse.db.query(
        `insert into rollup_dirty (p, instrument_id, interval, t, end_t)
          select p, id, $2, from_micros($3::int8), from_micros($4::int8)
          from instruments where symbol = $1`,
        [symbol, interval, t, end],
      );
    }
    assert.equal((await rollUp(symbol)).size, ROLLUPS.length);
    assert.equal((await rollUp(symbol)).size, 0);
  });

  test("rollUp() takes all marks of many instruments, some at a time", async () => {
    const symbols = Array.from({ length: 1_500 }, () => warehouse.symbol())
      .filter((symbol) => partitionOf(symbol, PARTITIONS) === 0);
    const writer = await Writer.claim(warehouse, 0);
    await writer.commit({
      deltas: symbols.map((symbol) => deltaOf(symbol, tick(0, 100))),
      dirty: symbols.flatMap((symbol) => dirtyOf(symbol, DAY)),
    });
    const rolled = new Map<string, number>();
    for (let rounds = 0;; rounds++) {
      const changed = await warehouse.aggregate.rollUp(0, 100);
      if (changed.length === 0) {
        assert.ok(rounds > ROLLUPS.length, `${rounds} rounds`);
        break;
      }
      for (const { candle: { symbol } } of changed) {
        rolled.set(symbol, (rolled.get(symbol) ?? 0) + 1);
      }
    }
    for (const symbol of symbols) {
      assert.equal(rolled.get(symbol), ROLLUPS.length, symbol);
    }
  });

  /** Rolls up on a database that says when a round of candles is made. */
  function rollingUp(onRound: () => Promise<void>) {
    const { db } = warehouse;
    const watched: Db = {
      ...db,
      async batch(...given) {
        await onRound();
        return await db.batch(...given);
      },
    };
    const { aggregate } = pgStores(
      watched,
      { partitions: PARTITIONS, clock: warehouse.clock, bucketOf },
      () => Promise.resolve(),
    );
    return aggregate;
  }

  test("rollUp() makes a candle once that many commits have marked", async () => {
    const symbols = Array.from({ length: 160 }, () => warehouse.symbol())
      .filter((symbol) => partitionOf(symbol, PARTITIONS) === 0);
    await rollUp(symbols[0]);
    const writer = await Writer.claim(warehouse, 0);
    const COMMITS = 200;
    for (let i = 0; i < COMMITS; i++) {
      // Not always the same ones, so that sets overlap.
      const some = symbols.filter((_, k) => (k + i) % 3 > 0);
      await writer.commit({
        deltas: some.map((symbol) => deltaOf(symbol, tick(i % 5, 100 + i))),
        dirty: some.flatMap((symbol) =>
          dirtyOf(symbol, DAY, i === 99 ? "watermark" : i > 99 ? "idle" : null)
        ),
      });
    }
    let rounds = 0;
    const aggregate = rollingUp(() => {
      rounds++;
      return Promise.resolve();
    });
    const rolled = new Map<string, CommittedCandle>();
    for (;;) {
      const changed = await aggregate.rollUp(0, 10);
      if (changed.length === 0) break;
      for (const one of changed) {
        const { symbol, interval } = one.candle;
        const key = `${symbol} ${interval}`;
        assert.ok(!rolled.has(key), `${key} is made once`);
        rolled.set(key, one);
      }
    }
    assert.equal(rolled.size, symbols.length * ROLLUPS.length);
    assert.ok(rounds <= rolled.size / 5, `${rounds} rounds`);
    for (const [k, symbol] of symbols.entries()) {
      const at = Array.from({ length: COMMITS }, (_, i) => i)
        .filter((i) => (k + i) % 3 > 0);
      for (const { interval } of ROLLUPS) {
        const { candle } = rolled.get(`${symbol} ${interval}`)!;
        assert.equal(candle.n, at.length);
        assert.equal(candle.closedBy, at.includes(99) ? "watermark" : "idle");
      }
    }
    const left = await warehouse.db.query(
      "select from rollup_dirty_sets where p = 0",
    );
    assert.equal(left.length, 0);
  });

  test("rollUp() takes more marks of a candle than it reads at a time", async () => {
    const symbol = warehouse.symbol();
    const writer = await writerFor(symbol);
    await rollUp(symbol);
    const [mark] = dirtyOf(symbol, DAY, "session_end", ["5m"]);
    await writer.commit({ deltas: [deltaOf(symbol, tick(0, 100))] });
    await warehouse.db.query(
      `insert into rollup_dirty_sets (p, interval, t, end_t, closed_by,
        coverage_ms, instrument_ids)
      select $1::int, '5m', from_micros($2::int8), from_micros($3::int8),
        'session_end', c, array[i.id]
      from instruments i, generate_series(1, 2500) as c where symbol = $4
      order by c`,
      [writer.state.p, mark.t, mark.end, symbol],
    );
    let rounds = 0;
    const aggregate = rollingUp(() => {
      rounds++;
      return Promise.resolve();
    });
    const [{ candle }] = await aggregate.rollUp(writer.state.p, 10);
    assert.equal(candle.coverageMs, 1);
    assert.deepEqual(await aggregate.rollUp(writer.state.p, 10), []);
    assert.ok(rounds <= 5, `${rounds} rounds`);
  });

  test("rollUp() keeps a mark that is set while it makes the candle", async () => {
    const symbol = warehouse.symbol();
    await rollUp(symbol);
    const writer = await writerFor(symbol);
    await writer.commit({
      deltas: [deltaOf(symbol, tick(0, 100))],
      dirty: dirtyOf(symbol, DAY, null, ["5m"]),
    });
    let rounds = 0;
    const aggregate = rollingUp(async () => {
      if (rounds++ > 0) return;
      await writer.commit({ dirty: dirtyOf(symbol, DAY, "idle", ["5m"]) });
    });
    const changes = [];
    for (;;) {
      const changed = await aggregate.rollUp(writer.state.p, 10);
      if (changed.length === 0) break;
      changes.push(...changed.map(({ change }) => change));
    }
    assert.deepEqual(changes, ["updated", "closed"]);
  });

  test("rollUp() makes nothing of a bucket without candles", async () => {
    const symbol = warehouse.symbol();
    const writer = await writerFor(symbol);
    await writer.commit({ dirty: dirtyOf(symbol, DAY, "idle") });
    assert.equal((await rollUp(symbol)).size, 0);
  });

  test("rollUpForming() makes what marks would, while the lease is ours", async () => {
    const symbol = warehouse.symbol();
    const writer = await writerFor(symbol);
    const { p, leaseEpoch } = writer.state;
    const ticks = [tick(0, 100), tick(1, 102), tick(66, 99)];
    await writer.commit({ deltas: ticks.map((one) => deltaOf(symbol, one)) });
    const minutes = ticks.map(({ ts }) => dirtyOf(symbol, ts));
    const rolled = await warehouse.aggregate.rollUpForming(
      { p, leaseEpoch },
      minutes,
    );
    assert.deepEqual(
      rolled!.map(({ change, candle: { interval, t, close, n } }) =>
        [change, interval, (t - DAY) / MICROS_PER_MINUTE, close, n].join(" ")
      ).toSorted(),
      [
        "updated 15m 0 1.02 2",
        "updated 15m 60 0.99 1",
        "updated 1d 0 0.99 3",
        "updated 1h 0 1.02 2",
        "updated 1h 60 0.99 1",
        "updated 5m 0 1.02 2",
        "updated 5m 65 0.99 1",
      ],
    );
    assert.deepEqual([...(await rollUp(symbol)).values()], []);
    await writer.commit({ deltas: [deltaOf(symbol, tick(2, 90))] });
    assert.equal(
      await warehouse.aggregate.rollUpForming(
        { p, leaseEpoch: leaseEpoch - 1 },
        [dirtyOf(symbol, ticks[0].ts)],
      ),
      null,
    );
    const [day] = await warehouse.candles.candles({
      symbol,
      interval: "1d",
      limit: 1,
    });
    assert.equal(day.n, 3);
  });

  test("rollUp() looks past marks that change nothing", async () => {
    const symbol = warehouse.symbol();
    const writer = await writerFor(symbol);
    await writer.commit({
      deltas: [deltaOf(symbol, tick(600, 100))],
      dirty: [
        ...dirtyOf(symbol, DAY, "idle", ["5m"]),
        ...dirtyOf(symbol, tick(600, 0).ts, null, ["5m"]),
      ],
    });
    assert.equal((await rollUp(symbol, 1)).size, 1);
  });

  test("importCandles() of minutes is rolled up, also with ticks between", async () => {
    const symbol = warehouse.symbol();
    const scales = { priceScale: 2, sizeScale: 0 };
    await warehouse.instruments.upsert([autoSpec(symbol, scales)]);
    const writer = await writerFor(symbol);
    await writer.commit({ deltas: [deltaOf(symbol, tick(2, 5_000))] });
    const minutes = Array.from(
      { length: 120 },
      (_, i) => historyCandle(symbol, epochMicros(DAY + i * MICROS_PER_MINUTE)),
    );
    assert.deepEqual(await warehouse.candles.importCandles(symbol, minutes), {
      imported: 119,
      kept: 1,
    });
    await rollUp(symbol);
    const read = (interval: StoredInterval) =>
      warehouse.candles.candles({ symbol, interval, limit: 100 });
    const fives = await read("5m");
    assert.equal(fives.length, 24);
    assert.equal(fives[0].high, "50.00");
    assert.equal(fives[0].origin, "ticks");
    assert.equal(fives[1].origin, "import");
    assert.equal(fives[1].closedBy, "import");
    assert.equal(fives[1].complete, true);
    assert.equal((await read("1h")).length, 2);
    const [day] = await read("1d");
    assert.equal(day.volume, String(119 * 5 + 1));
    assert.equal(day.closed, false);
  });

  test("importCandles() a second time changes nothing", async () => {
    const symbol = warehouse.symbol();
    const scales = { priceScale: 2, sizeScale: 0 };
    await warehouse.instruments.upsert([autoSpec(symbol, scales)]);
    const one = historyCandle(symbol, DAY);
    const store = warehouse.candles;
    const all = { imported: 1, kept: 0 };
    assert.deepEqual(await store.importCandles(symbol, [one]), all);
    assert.deepEqual(await store.importCandles(symbol, [one]), all);
    const read = async () =>
      (await store.candles({ symbol, interval: "1m", limit: 1 }))[0];
    assert.equal((await read()).rev, 0);
    const other = { ...one, close: "10.50" };
    assert.deepEqual(await store.importCandles(symbol, [other]), all);
    assert.deepEqual([(await read()).rev, (await read()).close], [1, "10.50"]);
  });
});
