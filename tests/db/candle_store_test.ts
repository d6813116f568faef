import assert from "node:assert/strict";
import {
  type ReadableInterval,
  type StoredInterval,
} from "../../pipeline/domain/interval.ts";
import { partitionOf } from "../../pipeline/domain/hash.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_DAY,
  MICROS_PER_MINUTE,
} from "../../pipeline/domain/time.ts";
import type { FeedTotals } from "../../pipeline/ports.ts";
import { autoSpec } from "../../pipeline/domain/instrument.ts";
import {
  bucketOf,
  deltaOf,
  FEED,
  historyCandle,
  NOW,
  onAllDatabases,
  PARTITIONS,
  totals,
  Writer,
} from "./testing.ts";

await onAllDatabases((warehouse, test) => {
  const store = warehouse.candles;
  const DAY = bucketOf("", "1d", NOW).start;

  async function withCandles(
    interval: StoredInterval,
    times: readonly EpochMicros[],
  ): Promise<string> {
    const symbol = warehouse.symbol();
    const scales = { priceScale: 2, sizeScale: 0 };
    await warehouse.instruments.upsert([autoSpec(symbol, scales)]);
    await store.importCandles(
      symbol,
      times.map((t, i) =>
        historyCandle(symbol, t, {
          interval,
          ...endOf(interval, t),
          open: `${10 + i}.00`,
          high: `${20 + i}.00`,
          low: `${5 + i}.00`,
          close: `${11 + i}.00`,
          n: 1,
        })
      ),
    );
    return symbol;
  }

  function endOf(interval: StoredInterval, t: EpochMicros) {
    const { end } = bucketOf("", interval, t);
    return { end, coverageMs: (end - t) / 1_000 };
  }

  const minute = (n: number) => epochMicros(DAY + n * MICROS_PER_MINUTE);
  const minutes = (count: number) =>
    Array.from({ length: count }, (_, i) => minute(i));

  async function times(
    query: Omit<Parameters<typeof store.candles>[0], "interval"> & {
      interval?: ReadableInterval;
    },
  ): Promise<readonly number[]> {
    const candles = await store.candles({ interval: "1m", ...query });
    return candles.map(({ t }) => (t - DAY) / MICROS_PER_MINUTE);
  }

  test("candles() takes from as inclusive, to as exclusive, ascending", async () => {
    const symbol = await withCandles("1m", minutes(6));
    const limit = 100;
    assert.deepEqual(
      await times({ symbol, from: minute(1), to: minute(4), limit }),
      [1, 2, 3],
    );
    assert.deepEqual(await times({ symbol, from: minute(4), limit }), [4, 5]);
    assert.deepEqual(await times({ symbol, to: minute(2), limit }), [0, 1]);
  });

  test("candles() counts the limit from the end if from is absent", async () => {
    const symbol = await withCandles("1m", minutes(6));
    assert.deepEqual(await times({ symbol, limit: 2 }), [4, 5]);
    assert.deepEqual(await times({ symbol, to: minute(3), limit: 2 }), [1, 2]);
    assert.deepEqual(
      await times({ symbol, from: minute(1), limit: 2 }),
      [1, 2],
    );
    assert.deepEqual(await times({ symbol, limit: 0 }), []);
  });

  test("candles() reaches back through months", async () => {
    const days = [0, 20, 40, 60, 90, 400].map((days) =>
      epochMicros(DAY - days * MICROS_PER_DAY)
    );
    const symbol = await withCandles("1d", days.toReversed());
    const read = async (limit: number) =>
      (await store.candles({ symbol, interval: "1d", limit })).map(({ t }) =>
        (DAY - t) / MICROS_PER_DAY
      );
    assert.deepEqual(await read(2), [20, 0]);
    assert.deepEqual(await read(4), [60, 40, 20, 0]);
    assert.deepEqual(await read(9), [400, 90, 60, 40, 20, 0]);
    const from = async (back: number, limit: number, toBack?: number) =>
      (await store.candles({
        symbol,
        interval: "1d",
        from: epochMicros(DAY - back * MICROS_PER_DAY),
        ...toBack !== undefined && {
          to: epochMicros(DAY - toBack * MICROS_PER_DAY),
        },
        limit,
      })).map(({ t }) => (DAY - t) / MICROS_PER_DAY);
    assert.deepEqual(await from(500, 1), [400]);
    assert.deepEqual(await from(400, 2), [400, 90]);
    assert.deepEqual(await from(399, 3), [90, 60, 40]);
    assert.deepEqual(await from(399, 9, 40), [90, 60]);
    assert.deepEqual(await from(399, 2, 20), [90, 60]);
    assert.deepEqual(await from(500, 9), [400, 90, 60, 40, 20, 0]);
    const latest = await store.latest([symbol], "1d", 5);
    assert.equal(latest.get(symbol)?.length, 5);
  });

  test("candles() merges 3m from minutes as the calendar cuts them", async () => {
    const symbol = await withCandles("1m", [0, 1, 2, 3, 5, 6].map(minute));
    const [first, second, third] = await store.candles({
      symbol,
      interval: "3m",
      limit: 10,
    });
    assert.deepEqual(first, {
      symbol,
      interval: "3m",
      t: minute(0),
      end: minute(3),
      open: "10.00",
      high: "22.00",
      low: "5.00",
      close: "13.00",
      volume: "15",
      vw: null,
      n: 3,
      closed: true,
      closedBy: "import",
      rev: 0,
      complete: true,
      coverageMs: 180_000,
      origin: "import",
      lastTs: null,
    });
    assert.deepEqual([second.n, second.complete, second.closed], [
      2,
      false,
      true,
    ]);
    assert.deepEqual([third.n, third.open, third.close], [1, "15.00", "16.00"]);
  });

  test("candles() of a derived interval keeps from, to and limit", async () => {
    const symbol = await withCandles("1m", minutes(12));
    const of = (query: Partial<Parameters<typeof store.candles>[0]>) =>
      times({ symbol, interval: "3m", limit: 100, ...query });
    assert.deepEqual(await of({}), [0, 3, 6, 9]);
    assert.deepEqual(await of({ limit: 2 }), [6, 9]);
    assert.deepEqual(await of({ from: minute(1) }), [3, 6, 9]);
    assert.deepEqual(await of({ from: minute(3), limit: 1 }), [3]);
    assert.deepEqual(await of({ to: minute(7) }), [0, 3, 6]);
    assert.deepEqual(await of({ to: minute(6), limit: 1 }), [3]);
    const [last] = await store.candles({
      symbol,
      interval: "3m",
      to: minute(7),
      limit: 1,
    });
    assert.equal(last.n, 3, "a bucket is never cut by to");
  });

  test("candles() merges weeks and months from days", async () => {
    const days = Array.from(
      { length: 45 },
      (_, i) => epochMicros(Date.UTC(2024, 0, 1 + i) * 1_000),
    );
    const symbol = await withCandles("1d", days);
    const read = (interval: ReadableInterval) =>
      store.candles({ symbol, interval, limit: 100 });
    const months = await read("1M");
    assert.deepEqual(months.map(({ n, complete }) => [n, complete]), [
      [31, true],
      [14, false],
    ]);
    const weeks = await read("1w");
    assert.equal(weeks.length, 7);
    assert.deepEqual([weeks[0].t, weeks[0].n], [days[0], 7]);
  });

  test("candles() of a symbol that nobody knows are none", async () => {
    assert.deepEqual(await times({ symbol: "NOBODY", limit: 9 }), []);
    assert.equal((await store.latest(["NOBODY"], "1m", 1)).size, 0);
  });

  test("latest() gives the newest candles of each symbol, ascending", async () => {
    const a = await withCandles("1m", minutes(5));
    const b = await withCandles("1m", minutes(1));
    const latest = await store.latest([a, b], "1m", 2);
    assert.deepEqual(latest.get(a)?.map(({ t }) => t), [minute(3), minute(4)]);
    assert.deepEqual(latest.get(b)?.map(({ t }) => t), [minute(0)]);
  });

  test("closes() gives the newest closes of each symbol, oldest first", async () => {
    const a = await withCandles("1m", minutes(5));
    const b = await withCandles("1m", minutes(1));
    const closes = await store.closes([a, b, "NOBODY"], 2);
    const latest = await store.latest([a, b], "1m", 2);
    assert.deepEqual([...closes.keys()].sort(), [a, b].sort());
    for (const symbol of [a, b]) {
      assert.deepEqual(
        closes.get(symbol),
        latest.get(symbol)?.map(({ close }) => Number(close)),
      );
    }
    assert.equal(closes.get(a)?.length, 2);
  });

  test("bases() gives what the minutes of a range rest on, without prices", async () => {
    const symbol = await withCandles("1m", minutes(5));
    const stored = await store.candles({ symbol, interval: "1m", limit: 9 });
    const bases = await store.bases(symbol, minute(1), minute(4));
    assert.deepEqual(
      bases,
      stored.slice(1, 4).map((
        { t, n, closed, complete, coverageMs, rev, origin },
      ) => ({ t, n, closed, complete, coverageMs, rev, origin })),
    );
    assert.deepEqual(await store.bases("NOBODY", minute(1), minute(4)), []);
  });

  test("gaps() gives those of the feeds of a symbol", async () => {
    const symbol = warehouse.symbol();
    const other = warehouse.symbol();
    const writer = await Writer.claim(
      warehouse,
      partitionOf(symbol, PARTITIONS),
    );
    const gap = (from: number, to: number, kind: "missing" | "outage") => ({
      key: FEED,
      kind,
      seq: kind === "missing" ? { from: 3, to: 5 } : null,
      from: minute(from),
      to: minute(to),
    });
    await writer.commit({
      deltas: [deltaOf(symbol, { ts: DAY, price: 1, size: 1, seq: 1 })],
      progress: [{
        key: FEED,
        symbol,
        maxEvent: DAY,
        lastReceived: DAY,
        replay: false,
        ended: false,
      }],
      feeds: [totals({})],
      gaps: [gap(1, 2, "outage"), gap(5, 9, "missing")],
    });
    await writer.commit({ gaps: [gap(1, 3, "outage")] });
    assert.deepEqual(await store.gaps(symbol, minute(0), minute(6)), [
      { from: minute(1), to: minute(3), kind: "outage" },
      { from: minute(5), to: minute(9), kind: "missing" },
    ]);
    assert.deepEqual(await store.gaps(symbol, minute(3), minute(5)), []);
    assert.deepEqual(await store.gaps(other, minute(0), minute(6)), []);
  });

  test("gaps() and feedGaps() tell when no feed is there, and who is away", async () => {
    const symbol = warehouse.symbol();
    const writer = await Writer.claim(
      warehouse,
      partitionOf(symbol, PARTITIONS),
    );
    const feed = (name: string, epoch: number, given: Partial<FeedTotals>) =>
      totals({ key: { feed: name, epoch }, ...given });
    const gaps = () => store.gaps(symbol, minute(0), minute(60));
    const away = async () =>
      (await store.feedGaps(symbol, { limit: 9 })).map(({ key, from, to }) => [
        `${key.feed}#${key.epoch}`,
        (from - DAY) / MICROS_PER_MINUTE,
        to && (to - DAY) / MICROS_PER_MINUTE,
      ]);
    const first = feed("gone", 1, {
      connected: false,
      coveredFrom: minute(1),
      coveredTo: minute(5),
      lastEvent: minute(5),
    });
    await writer.commit({
      deltas: [deltaOf(symbol, { ts: DAY, price: 1, size: 1, seq: 1 })],
      progress: [["gone", 1], ["gone", 2], ["live", 1]].map((
        [name, epoch],
      ) => ({
        key: { feed: String(name), epoch: Number(epoch) },
        symbol,
        maxEvent: DAY,
        lastReceived: DAY,
        replay: false,
        ended: false,
      })),
      feeds: [first],
    });
    assert.deepEqual(await gaps(), [
      { from: minute(5), to: minute(60), kind: "outage" },
    ]);
    assert.deepEqual(await away(), [["gone#1", 5, null]]);
    assert.deepEqual(await store.gaps(symbol, minute(1), minute(5)), []);

    const second = feed("gone", 2, {
      connected: true,
      coveredFrom: minute(9),
      coveredTo: null,
      lastEvent: minute(20),
    });
    await writer.commit({ feeds: [second] });
    const hole = { from: minute(5), to: minute(9), kind: "outage" };
    assert.deepEqual(await gaps(), [hole]);
    assert.deepEqual(await away(), []);

    const live = feed("live", 1, {
      connected: true,
      coveredFrom: minute(15),
      coveredTo: null,
      lastEvent: minute(30),
    });
    await writer.commit({
      feeds: [live, { ...second, connected: false, coveredTo: minute(20) }],
      gaps: [{
        key: live.key,
        kind: "missing",
        seq: { from: 3, to: 4 },
        from: minute(8),
        to: minute(12),
      }],
    });
    // The other was there before its gap.
    assert.deepEqual(await gaps(), [
      { ...hole, to: minute(8) },
      { from: minute(8), to: minute(12), kind: "missing" },
    ]);
    assert.deepEqual(await away(), [["live#1", 8, 12], ["gone#2", 20, null]]);
    const [missing] = await store.feedGaps(symbol, {
      from: minute(8),
      to: minute(20),
      limit: 9,
    });
    assert.deepEqual(missing.seq, { from: 3, to: 4 });
  });
});
