import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type CandleFold,
  mergeFolds,
  vwapText,
} from "../../pipeline/domain/candle.ts";
import { formatScaled } from "../../pipeline/domain/decimal.ts";
import { partitionOf } from "../../pipeline/domain/hash.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
} from "../../pipeline/domain/time.ts";
import type { CandleClose, CandleStep } from "../../pipeline/ports.ts";
import { pgStores } from "../../db/stores.ts";
import { autoSpec } from "../../pipeline/domain/instrument.ts";
import {
  bucketOf,
  deltaOf,
  FEED,
  foldOf,
  historyCandle,
  NOW,
  onAllDatabases,
  onlyCandle,
  PARTITIONS,
  totals,
  Writer,
} from "./testing.ts";

await onAllDatabases((warehouse, test) => {
  const { aggregate, candles, db, clock } = warehouse;

  /** The partition of a symbol, claimed anew. */
  async function writerFor(symbol: string): Promise<Writer> {
    const p = partitionOf(symbol, PARTITIONS);
    const writer = await Writer.claim(warehouse, p);
    return writer;
  }

  function closeOf(
    symbol: string,
    t: EpochMicros,
    given: Partial<CandleClose> = {},
  ): CandleClose {
    return {
      symbol,
      t,
      closedBy: "watermark",
      coverageMs: 60_000,
      complete: true,
      ...given,
    };
  }

  const T = epochMicros(NOW - 10 * MICROS_PER_MINUTE);
  const tick = (second: number, price: number, size = 1) => ({
    ts: T + second * MICROS_PER_SECOND,
    price,
    size,
    seq: second,
  });

  /** Few distinct values, so that equal times, feeds and numbers are common. */
  const arbitraryTick = fc.record({
    ts: fc.nat(3).map((second) => T + second * MICROS_PER_SECOND),
    feed: fc.nat(1).map((feed) => feed * 0xffff_fff0),
    seq: fc.nat(2),
    price: fc.integer({ min: 1, max: 500 }),
    size: fc.nat(1_000),
  });

  const arbitraryFolds = fc.array(
    fc.tuple(
      fc.array(arbitraryTick, { minLength: 1, maxLength: 4 }),
      fc.nat(2),
      fc.nat(2),
    ),
    { minLength: 1, maxLength: 5 },
  );

  /** Folds of the ticks, each with more decimals than the ticks need. */
  function foldsOf(
    symbol: string,
    parts: readonly (readonly [
      readonly {
        ts: number;
        feed: number;
        seq: number;
        price: number;
        size: number;
      }[],
      number,
      number,
    ])[],
  ): readonly CandleFold[] {
    return parts.map(([ticks, more, moreSize]) =>
      ticks.map((one) => {
        const fold = foldOf(symbol, T, one);
        fold.priceScale += more;
        fold.sizeScale += moreSize;
        return fold;
      }).reduce(mergeFolds)
    );
  }

  test("commit() merges folds exactly as mergeFolds() does", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryFolds, async (parts) => {
        const symbol = warehouse.symbol();
        const folds = foldsOf(symbol, parts);
        const expected = folds.reduce(mergeFolds);
        const writer = await writerFor(symbol);
        for (const fold of folds) {
          await writer.commit({
            deltas: [{ fold, end: epochMicros(T + MICROS_PER_MINUTE) }],
          });
        }
        const [row] = await db.query(
          `select first_ts::float8 as first_ts, first_feed::float8 as first_feed,
          first_seq::float8 as first_seq, last_ts::float8 as last_ts,
          last_feed::float8 as last_feed, last_seq::float8 as last_seq
        from candles c join instruments i on i.id = c.instrument_id
        where symbol = $1`,
          [symbol],
        );
        assert.deepEqual(row, {
          first_ts: expected.firstTs,
          first_feed: expected.firstFeed,
          first_seq: expected.firstSeq,
          last_ts: expected.lastTs,
          last_feed: expected.lastFeed,
          last_seq: expected.lastSeq,
        });
        const price = (units: number) =>
          formatScaled(units, expected.priceScale);
        assert.deepEqual(await onlyCandle(warehouse, symbol), {
          symbol,
          interval: "1m",
          t: T,
          end: T + MICROS_PER_MINUTE,
          open: price(expected.open),
          high: price(expected.high),
          low: price(expected.low),
          close: price(expected.close),
          volume: formatScaled(expected.volume, expected.sizeScale),
          vw: vwapText(expected),
          n: expected.n,
          closed: false,
          closedBy: null,
          rev: 0,
          complete: false,
          coverageMs: 0,
          origin: "ticks",
          lastTs: expected.lastTs,
        });
      }),
      { numRuns: 40 },
    );
  });

  test("commit() gives one candle whatever the order of the folds", async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryFolds.chain((parts) =>
          fc.tuple(
            fc.constant(parts),
            fc.shuffledSubarray(parts, { minLength: parts.length }),
          )
        ),
        async ([one, other]) => {
          const seen = [];
          for (const parts of [one, other]) {
            const symbol = warehouse.symbol();
            const writer = await writerFor(symbol);
            for (const fold of foldsOf(symbol, parts)) {
              await writer.commit({
                deltas: [{ fold, end: epochMicros(T + MICROS_PER_MINUTE) }],
              });
            }
            seen.push({ ...await onlyCandle(warehouse, symbol), symbol: "" });
          }
          assert.deepEqual(seen[0], seen[1]);
        },
      ),
      { numRuns: 20 },
    );
  });

  test("commit() merges two folds of one bucket that come at once", async () => {
    const symbol = warehouse.symbol();
    const writer = await writerFor(symbol);
    const touched = await writer.commit({
      deltas: [deltaOf(symbol, tick(1, 100)), deltaOf(symbol, tick(2, 90))],
    });
    assert.equal(touched.length, 1);
    assert.equal(touched[0].candle.n, 2);
    assert.equal(touched[0].candle.close, "0.90");
  });

  test("commit() says updated, closed and revised", async () => {
    const symbol = warehouse.symbol();
    const writer = await writerFor(symbol);
    const changes = async (given: Parameters<Writer["commit"]>[0]) =>
      (await writer.commit(given)).map(({ change, candle }) => [
        change,
        candle.closed,
        candle.rev,
      ]);
    const close = closeOf(symbol, T);
    assert.deepEqual(
      await changes({ deltas: [deltaOf(symbol, tick(1, 100))] }),
      [["updated", false, 0]],
    );
    assert.deepEqual(await changes({ closes: [close] }), [["closed", true, 0]]);
    assert.deepEqual(await changes({ closes: [close] }), []);
    assert.deepEqual(
      await changes({
        deltas: [deltaOf(symbol, tick(2, 50))],
        closes: [close],
      }),
      [["revised", true, 1]],
    );
    const candle = await onlyCandle(warehouse, symbol);
    assert.equal(candle?.closedBy, "watermark");
    assert.equal(candle?.complete, true);
    assert.equal(candle?.coverageMs, 60_000);
    assert.equal(candle?.low, "0.50");
  });

  test("commit() takes its steps one after the other, as commits of their own", async () => {
    const steps = (symbol: string): readonly CandleStep[] => {
      const none = { deltas: [], closes: [], recovered: [] };
      return [
        {
          ...none,
          deltas: [deltaOf(symbol, tick(1, 100))],
          closes: [closeOf(symbol, T, { coverageMs: 100, complete: false })],
        },
        {
          ...none,
          deltas: [deltaOf(symbol, tick(0, 90))],
          recovered: [{ symbol, t: T, coverageMs: 200, complete: true }],
        },
        { ...none, deltas: [deltaOf(symbol, tick(2, 120))] },
      ];
    };
    const history = (symbol: string) =>
      warehouse.db.query(
        `select rev, open::text, close::text, ticks::int as n
          from v_candle_revisions where symbol = $1 and interval = '1m'
          order by rev`,
        [symbol],
      );
    const together = warehouse.symbol();
    const one = await writerFor(together);
    const commit = { ...one.next(), steps: steps(together), applied: 3 };
    const result = await warehouse.aggregate.commit(commit);
    assert(result.kind === "committed");
    assert.deepEqual(
      result.candles.map(({ change, candle }) => [change, candle.rev]),
      [["closed", 3]],
    );

    const apart = warehouse.symbol();
    const many = await writerFor(apart);
    for (const step of steps(apart)) await many.commit(step);
    assert.deepEqual(await history(together), await history(apart));
    assert.equal((await history(together)).length, 3);
    const plain = async (symbol: string) => {
      const candle = await onlyCandle(warehouse, symbol);
      return { ...candle, symbol: "", knownFrom: 0, updatedAt: 0 };
    };
    assert.deepEqual(await plain(together), await plain(apart));
  });

  test("commit() raises what a closed candle covers, as a revision, never lowers it", async () => {
    const symbol = warehouse.symbol();
    const writer = await writerFor(symbol);
    const recover = async (coverageMs: number, complete: boolean) =>
      (await writer.commit({
        recovered: [{ symbol, t: T, coverageMs, complete }],
      })).map(({ change, candle }) => [
        change,
        candle.rev,
        candle.coverageMs,
        candle.complete,
      ]);
    await writer.commit({ deltas: [deltaOf(symbol, tick(1, 100))] });
    assert.deepEqual(await recover(60_000, true), []);
    await writer.commit({
      closes: [closeOf(symbol, T, { coverageMs: 100, complete: false })],
    });
    assert.deepEqual(await recover(90, false), []);
    assert.deepEqual(await recover(200, false), [["revised", 1, 200, false]]);
    clock.advance(1);
    assert.deepEqual(await recover(60_000, true), [[
      "revised",
      2,
      60_000,
      true,
    ]]);
    assert.deepEqual(await recover(60_000, true), []);
    const known = await onlyCandle(
      warehouse,
      symbol,
      "1m",
      epochMicros(clock.now() - 1),
    );
    assert.deepEqual([known?.rev, known?.coverageMs], [1, 200]);
  });

  test("commit() forgets progress, and keeps it for its gaps where there are some", async () => {
    const symbol = warehouse.symbol();
    const writer = await writerFor(symbol);
    const rows = [1, 2].map((epoch) => ({
      key: { feed: symbol, epoch },
      symbol,
      maxEvent: T,
      lastReceived: T,
      replay: false,
      ended: true,
    }));
    const seen = async () =>
      (await aggregate.claim(writer.state.p, "test"))?.progress.filter((row) =>
        row.symbol === symbol
      );
    const state = async () => writer.state = (await writerFor(symbol)).state;
    await writer.commit({
      progress: rows,
      gaps: [{
        key: rows[1].key,
        kind: "missing",
        seq: { from: 3, to: 4 },
        from: T,
        to: epochMicros(T + 1),
      }],
    });
    await writer.commit({ forgotten: rows });
    assert.deepEqual(await seen(), []);
    const end = epochMicros(T + MICROS_PER_MINUTE);
    assert.equal((await candles.gaps(symbol, T, end)).length, 1);
    await state();
    await writer.commit({ progress: [rows[1]] });
    assert.deepEqual(await seen(), [rows[1]]);
  });

  test("commit() closes a new row that comes with its close, once", async () => {
    const symbol = warehouse.symbol();
    const writer = await writerFor(symbol);
    const touched = await writer.commit({
      deltas: [deltaOf(symbol, tick(1, 100))],
      closes: [closeOf(symbol, T, { closedBy: "replay", complete: false })],
    });
    assert.deepEqual(
      touched.map((
        { change, candle },
      ) => [change, candle.rev, candle.closedBy]),
      [["closed", 0, "replay"]],
    );
  });

  test("commit() closes nothing where there is no candle", async () => {
    const symbol = warehouse.symbol();
    const writer = await writerFor(symbol);
    assert.deepEqual(await writer.commit({ closes: [closeOf(symbol, T)] }), []);
  });

  test("commit() is refused when it is replayed, and writes nothing", async () => {
    const symbol = warehouse.symbol();
    const writer = await writerFor(symbol);
    const commit = writer.next({
      deltas: [deltaOf(symbol, tick(1, 100))],
      rejected: [{ key: FEED, reason: "schema", count: 1 }],
    });
    assert.equal((await aggregate.commit(commit)).kind, "committed");
    const [before] = await db.query(
      "select rejected::float8 as rejected from offsets where p = $1",
      [commit.p],
    );
    assert.deepEqual(await aggregate.commit(commit), { kind: "fenced" });
    assert.equal((await onlyCandle(warehouse, symbol))?.n, 1);
    assert.deepEqual(
      await db.query(
        "select rejected::float8 as rejected from offsets where p = $1",
        [commit.p],
      ),
      [before],
    );
    assert.equal(
      (await aggregate.claim(commit.p, "test"))?.position,
      commit.next,
    );
  });

  test("commit() is refused once another owner has taken over", async () => {
    const symbol = warehouse.symbol();
    const old = await writerFor(symbol);
    await db.query("update offsets set lease_until = '-infinity'");
    assert(await aggregate.claim(old.state.p, "another"));
    const late = old.next({ deltas: [deltaOf(symbol, tick(1, 100))] });
    assert.deepEqual(await aggregate.commit(late), { kind: "fenced" });
    assert.equal(await onlyCandle(warehouse, symbol), undefined);
    assert.equal(await aggregate.claim(old.state.p, "test"), null);
    await db.query("update offsets set lease_until = '-infinity'");
  });

  test("commit() that fails half way writes nothing at all", async () => {
    const symbol = warehouse.symbol();
    const writer = await writerFor(symbol);
    const row = {
      entryId: "1-0" as never,
      index: 0,
      key: FEED,
      receivedAt: NOW,
      reject: {
        seq: 1,
        line: 1,
        reason: "schema" as const,
        detail: "",
        symbol: null,
        ts: null,
        raw: "",
      },
    };
    const twice = writer.next({
      deltas: [deltaOf(symbol, tick(1, 100))],
      quarantine: [row, row],
    });
    await assert.rejects(aggregate.commit(twice), { name: "DbError" });
    assert.equal(await onlyCandle(warehouse, symbol), undefined);
    const state = await aggregate.claim(writer.state.p, "test");
    assert.equal(state?.position, twice.expect);
  });

  test("release() lets another owner claim at once", async () => {
    const state = await aggregate.claim(3, "test");
    assert(state);
    assert.equal(await aggregate.claim(3, "another"), null);
    await aggregate.release(3, state.leaseEpoch);
    const next = await aggregate.claim(3, "another");
    assert(next && next.leaseEpoch > state.leaseEpoch);
    await aggregate.release(3, next.leaseEpoch);
  });

  test("claim() says whether the lease before was given back", async () => {
    const lapsed = async () => (await aggregate.claim(3, "test"))?.lapsed;
    assert.equal(await lapsed(), false);
    assert.equal(await lapsed(), true, "its owner has asked again");
    const state = (await aggregate.claim(3, "test"))!;
    await aggregate.release(3, state.leaseEpoch);
    assert.equal(await lapsed(), false);
    await db.query(
      "update offsets set lease_until = now() - interval '1 s' where p = 3",
    );
    assert.equal(await lapsed(), true, "it ran out");
    const last = (await aggregate.claim(3, "test"))!;
    await aggregate.release(3, last.leaseEpoch);
  });

  test("candles() gives each revision as it was known", async () => {
    const symbol = warehouse.symbol();
    const writer = await writerFor(symbol);
    const at = async (given: Parameters<Writer["commit"]>[0]) => {
      clock.advance(MICROS_PER_SECOND);
      await writer.commit(given);
      return clock.now();
    };
    const asof = async (time: number) => {
      const candle = await onlyCandle(
        warehouse,
        symbol,
        "1m",
        epochMicros(time),
      );
      return candle && [candle.rev, candle.close, candle.n, candle.closed];
    };
    const opened = await at({ deltas: [deltaOf(symbol, tick(1, 100))] });
    const closed = await at({ closes: [closeOf(symbol, T)] });
    const first = await at({ deltas: [deltaOf(symbol, tick(5, 105))] });
    const second = await at({ deltas: [deltaOf(symbol, tick(3, 103))] });
    assert.equal(await asof(opened), undefined);
    assert.equal(await asof(closed - 1), undefined);
    assert.deepEqual(await asof(closed), [0, "1.00", 1, true]);
    assert.deepEqual(await asof(first - 1), [0, "1.00", 1, true]);
    assert.deepEqual(await asof(first), [1, "1.05", 2, true]);
    assert.deepEqual(await asof(second), [2, "1.05", 3, true]);
  });

  test("commit() puts ticks in place of an imported candle", async () => {
    const symbol = warehouse.symbol();
    const scales = { priceScale: 2, sizeScale: 0 };
    await warehouse.instruments.upsert([autoSpec(symbol, scales)]);
    await candles.importCandles(symbol, [historyCandle(symbol, T)]);
    const imported = await onlyCandle(warehouse, symbol);
    assert.equal(imported?.closedBy, "import");
    clock.advance(1);
    const writer = await writerFor(symbol);
    const [opened] = await writer.commit({
      deltas: [deltaOf(symbol, tick(1, 100))],
    });
    assert.equal(opened.change, "updated");
    assert.equal(opened.candle.rev, 1);
    assert.equal(opened.candle.n, 1);
    assert.equal(opened.candle.high, "1.00");
    assert.equal(opened.candle.origin, "ticks");
    assert.equal(opened.candle.closed, false);
    const [closed] = await writer.commit({ closes: [closeOf(symbol, T)] });
    assert.deepEqual([closed.change, closed.candle.rev], ["closed", 1]);
    const before = await onlyCandle(
      warehouse,
      symbol,
      "1m",
      epochMicros(clock.now() - 1),
    );
    assert.deepEqual([before?.origin, before?.rev], ["import", 0]);
  });

  test("claim() gives back progress, totals, mark and open candles", async () => {
    const symbol = warehouse.symbol();
    const writer = await writerFor(symbol);
    const key = { feed: symbol, epoch: 3 };
    const progress = {
      key,
      symbol,
      maxEvent: epochMicros(T + 1),
      lastReceived: epochMicros(T + 2),
      replay: false,
      ended: true,
    };
    const feed = totals({
      key,
      lastSeq: 7,
      received: 9,
      accepted: 7,
      duplicates: 2,
      coveredFrom: T,
      lastEvent: epochMicros(T + 1),
      awaySince: epochMicros(T + 3),
    });
    await writer.commit({
      markedAt: NOW,
      deltas: [deltaOf(symbol, tick(1, 100))],
      progress: [progress],
      feeds: [feed],
    });
    await writer.commit({ markedAt: epochMicros(NOW - 5) });
    const state = await aggregate.claim(writer.state.p, "test");
    assert.equal(state?.markedAt, NOW);
    assert.equal(state?.incarnation, "test");
    assert.deepEqual(
      state?.progress.filter((row) => row.symbol === symbol),
      [progress],
    );
    assert.deepEqual(
      state?.feeds.filter((row) => row.key.feed === symbol),
      [feed],
    );
    assert.deepEqual(state?.open.filter((row) => row.symbol === symbol), [
      { symbol, interval: "1m", t: T },
    ]);
    const next = await writerFor(symbol);
    await next.commit({ closes: [closeOf(symbol, T)] });
    const after = await aggregate.claim(writer.state.p, "test");
    assert.deepEqual(after?.open.filter((row) => row.symbol === symbol), []);
  });

  test("commit() takes candles of any year", async () => {
    for (const year of [1999, 2013, 2030]) {
      const symbol = warehouse.symbol();
      const writer = await writerFor(symbol);
      const ts = Date.UTC(year, 11, 31, 23, 59, 30) * 1_000;
      await writer.commit({
        deltas: [deltaOf(symbol, { ts, price: 100, size: 1, seq: 1 })],
      });
      assert.equal((await onlyCandle(warehouse, symbol))?.lastTs, ts);
    }
  });

  test("commit() registers a symbol that the warehouse has lost", async () => {
    const symbol = warehouse.symbol();
    const writer = await writerFor(symbol);
    const delta = deltaOf(symbol, tick(1, 12_345));
    delta.fold.priceScale = 4;
    await writer.commit({ deltas: [delta] });
    assert.equal((await onlyCandle(warehouse, symbol))?.open, "1.2345");
  });

  test("checkpoint() is shared by those who ask while one is under way", async () => {
    let syncs = 0;
    const { aggregate } = pgStores(
      db,
      { partitions: PARTITIONS, clock, bucketOf },
      async () => {
        syncs++;
        await new Promise((resolve) => setTimeout(resolve, 20));
      },
    );
    const asked = Array.from({ length: 4 }, () => aggregate.checkpoint());
    await Promise.all(asked);
    assert.equal(syncs, 2);
    await aggregate.checkpoint();
    assert.equal(syncs, 3);
  });
});
