import assert from "node:assert/strict";
import { partitionOf } from "../../pipeline/domain/hash.ts";
import type {
  ReadableInterval,
  StoredInterval,
} from "../../pipeline/domain/interval.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
} from "../../pipeline/domain/time.ts";
import {
  bucketOf,
  type Change,
  deltaOf,
  FEED,
  NOW,
  onAllDatabases,
  onlyCandle,
  PARTITIONS,
  totals,
  Writer,
} from "./testing.ts";

/** The start of a day that is over. */
const DAY = epochMicros(
  bucketOf("", "1d", NOW).start - 1_440 * MICROS_PER_MINUTE,
);
const STORED: readonly StoredInterval[] = ["5m", "15m", "1h", "1d"];

await onAllDatabases((warehouse, test) => {
  const { clock } = warehouse;

  test("candles() and revisions() give candles as they were known, with what was taken back", async () => {
    const symbol = warehouse.symbol();
    const p = partitionOf(symbol, PARTITIONS);
    const writer = await Writer.claim(warehouse, p);
    const dirty = (over: boolean) =>
      STORED.map((interval) => {
        const { start, end } = bucketOf(symbol, interval, DAY);
        const closedBy = over ? "watermark" as const : null;
        return { symbol, interval, t: start, end, closedBy };
      });
    /** Commits and rolls up a second later; returns when. */
    const at = async (given: Change): Promise<number> => {
      clock.advance(MICROS_PER_SECOND);
      await writer.commit(given);
      while ((await warehouse.aggregate.rollUp(p, 100)).length > 0);
      return clock.now();
    };
    const tick = (seconds: number, price: number, seq: number) =>
      deltaOf(symbol, {
        ts: DAY + seconds * MICROS_PER_SECOND,
        price,
        size: 1,
        seq,
      });
    const close = (t: EpochMicros) => ({
      symbol,
      t,
      closedBy: "watermark" as const,
      coverageMs: 60_000,
      complete: true,
    });
    const id = writer.position;
    const opened = await at({
      deltas: [tick(1, 100, 1)],
      dirty: dirty(false),
      quarantine: [{
        entryId: id,
        index: 0,
        key: FEED,
        receivedAt: NOW,
        reject: {
          seq: 2,
          line: 2,
          reason: "closed_session",
          detail: "ts must be inside a session",
          symbol,
          ts: DAY,
          raw: "{}",
        },
      }],
      rejected: [{ key: FEED, reason: "closed_session", count: 1 }],
      feeds: [totals({ received: 2, accepted: 1, rejected: 1 })],
    });
    const closed = await at({ closes: [close(DAY)], dirty: dirty(true) });
    const late = await at({ deltas: [tick(2, 105, 3)], dirty: dirty(false) });
    const back = await at({
      deltas: [tick(0, 90, 2)],
      dirty: dirty(false),
      readmission: {
        through: 1,
        rows: [{ incarnation: "test", id, index: 0 }],
      },
    });
    const asof = async (interval: ReadableInterval, time: number) => {
      const then = epochMicros(time);
      const candle = await onlyCandle(warehouse, symbol, interval, then);
      return candle && [candle.rev, candle.open, candle.close, candle.n];
    };
    const intervals: readonly ReadableInterval[] = ["1m", ...STORED];
    for (const interval of [...intervals, "3m", "2h"] as const) {
      const seen = [opened, closed - 1, closed, late - 1, late, back - 1, back];
      const known = [];
      for (const time of seen) known.push(await asof(interval, time));
      const first = [0, "1.00", "1.00", 1];
      const second = [1, "1.00", "1.05", 2];
      assert.deepEqual(
        known,
        [
          undefined,
          undefined,
          first,
          first,
          second,
          second,
          [2, "0.90", "1.05", 3],
        ],
        interval,
      );
    }
    const rows = async (
      query: Partial<Parameters<typeof warehouse.candles.revisions>[0]>,
    ) => {
      const found = await warehouse.candles.revisions({
        symbol,
        interval: "1m",
        limit: 10,
        ...query,
      });
      return found.map(({ candle, knownFrom, knownTo }) => [
        candle.rev,
        candle.close,
        knownFrom,
        knownTo,
      ]);
    };
    const first = [0, "1.00", closed, late];
    const second = [1, "1.05", late, back];
    for (const interval of ["1m", ...STORED] as const) {
      assert.deepEqual(await rows({ interval }), [first, second], interval);
    }
    assert.deepEqual(await rows({ limit: 1 }), [first]);
    assert.deepEqual(await rows({ after: { t: DAY, rev: 0 } }), [second]);
    const next = epochMicros(DAY + MICROS_PER_MINUTE);
    assert.deepEqual(await rows({ from: DAY, to: next }), [first, second]);
    assert.deepEqual(await rows({ from: next }), []);
    assert.deepEqual(await rows({ to: DAY }), []);
    assert.deepEqual(await rows({ symbol: "NONE" }), []);
  });
});
