import assert from "node:assert/strict";
import { PartitionLayout } from "../domain/partition_layout.ts";
import { MemoryBuffer } from "../buffer/testing/memory_buffer.ts";
import {
  moment,
  reject,
  type TestTick,
  ticksEntry,
} from "../candles/testing/entries.ts";
import { partitionOf } from "../domain/hash.ts";
import type { StreamEntry } from "../domain/entry.ts";
import type { EntryId } from "../ports.ts";
import { MemoryArchive } from "./testing/memory_archive.ts";
import { MemoryMinutes, minuteOf } from "./testing/minutes.ts";
import { TickArchiver } from "./tick_archiver.ts";
import { TickCandles } from "./tick_candles.ts";
import { TooManyTicksError } from "./tick_gatherer.ts";
import { silentLog } from "../silent_log.ts";

const FEED = { feed: "a", epoch: 1 };
const CLOCK = {
  now: () => moment(9),
  steadyMs: () => 0,
  sleep: () => Promise.resolve(),
};
const PARTITIONS = 4;
const P = partitionOf("A", PARTITIONS);

function tick(
  minutes: number,
  seconds: number,
  seq: number,
  price = 10_000,
): TestTick {
  return { symbol: "A", ts: moment(minutes, seconds), price, size: 2, seq };
}

class World {
  readonly archive = new MemoryArchive();
  readonly minutes = new MemoryMinutes("A");
  buffer = new MemoryBuffer("s");

  candles(bounds = {}) {
    return new TickCandles({
      archive: this.archive,
      buffer: this.buffer,
      minutes: this.minutes,
      layout: new PartitionLayout(PARTITIONS),
      latenessMs: 3_000,
      bounds,
    });
  }

  async append(
    ticks: readonly TestTick[],
    more: Partial<StreamEntry> = {},
  ): Promise<EntryId> {
    const receivedAt = moment(9);
    const entry = ticksEntry(FEED, ticks, { receivedAt, ...more });
    const last = await this.buffer.lastSeq(P, FEED);
    const chain = { key: FEED, expectLast: last, newLast: last };
    const result = await this.buffer.append({ p: P, ...chain, entry });
    assert(result.kind === "appended");
    this.minutes.position = result.id;
    this.minutes.incarnation = result.incarnation;
    return result.id;
  }

  async archiveAll() {
    const { archive, buffer } = this;
    const checkpoint = () => Promise.resolve();
    const options = {
      archive,
      buffer,
      clock: CLOCK,
      log: silentLog,
      checkpoint,
    };
    const through = this.minutes.position;
    const incarnation = await buffer.incarnation(P);
    await new TickArchiver(options).keepThrough(P, through, incarnation);
    await buffer.trim(P, through);
  }
}

const t = (candles: readonly { t: number }[]) => candles.map(({ t }) => t);

Deno.test("candles of seconds are the fold of their ticks, archived or not", async () => {
  const world = new World();
  const first = [tick(0, 0, 1), tick(0, 4.9, 2, 10_200), tick(0, 5, 3, 9_900)];
  const second = [tick(0, 4.5, 4, 9_800), tick(0, 59, 5)];
  await world.append(first);
  await world.archiveAll();
  await world.append(second);
  world.minutes.rows = [minuteOf([...first, ...second])];
  const { candles, withoutTicks } = await world.candles().candles({
    symbol: "A",
    interval: "5s",
    limit: 10,
  });
  assert.deepEqual(withoutTicks, []);
  assert.deepEqual(t(candles), [moment(0), moment(0, 5), moment(0, 55)]);
  assert.deepEqual(candles[0], {
    symbol: "A",
    interval: "5s",
    t: moment(0),
    end: moment(0, 5),
    open: "100.00",
    high: "102.00",
    low: "98.00",
    close: "102.00",
    volume: "6",
    vw: "100.000000",
    n: 3,
    closed: true,
    closedBy: "watermark",
    rev: 0,
    complete: true,
    coverageMs: 5_000,
    origin: "ticks",
    lastTs: moment(0, 4.9),
  });
});

Deno.test("what is after the committed position is not in candles yet", async () => {
  const world = new World();
  await world.append([tick(0, 0, 1)]);
  const { position } = world.minutes;
  await world.append([tick(0, 0.5, 2)]);
  await world.archiveAll();
  world.minutes.position = position;
  world.minutes.rows = [minuteOf([tick(0, 0, 1)])];
  const query = { symbol: "A", interval: "1s", limit: 5 } as const;
  const { candles } = await world.candles().candles(query);
  assert.deepEqual(candles.map(({ n }) => n), [1]);
});

Deno.test("a line sent again to a stream begun anew counts once", async () => {
  const world = new World();
  const ticks = [tick(0, 0, 1), tick(0, 0, 2), tick(0, 0, 3)];
  await world.append(ticks.slice(0, 2));
  await world.archiveAll();
  world.buffer = new MemoryBuffer("anew");
  await world.append(ticks);
  world.minutes.rows = [minuteOf(ticks)];
  const query = { symbol: "A", interval: "1s", limit: 5 } as const;
  const { candles } = await world.candles().candles(query);
  assert.deepEqual(candles.map(({ n }) => n), [3]);
});

Deno.test("refused ticks stay out, by their place after the entry's rejects", async () => {
  const world = new World();
  const more = { rejects: [reject(9), reject(10)], delivery: "best_effort" };
  const id = await world.append(
    [tick(0, 0, 1), tick(0, 1, 2, 5), tick(0, 2, 3)],
    more as Partial<StreamEntry>,
  );
  world.archive.refusedTicks = {
    places: [{ incarnation: "s", id, index: 3, readmitted: false }],
    numbers: [],
  };
  world.minutes.rows = [minuteOf([tick(0, 0, 1), tick(0, 2, 3)])];
  const query = { symbol: "A", interval: "1s", limit: 5 } as const;
  const { candles } = await world.candles().candles(query);
  assert.deepEqual(t(candles), [moment(0, 0), moment(0, 2)]);
});

Deno.test("a range is read from its start, or from the end without one", async () => {
  const world = new World();
  const ticks = [0, 1, 2, 3].flatMap((minute) =>
    [10, 20, 30].map((second, i) => tick(minute, second, minute * 3 + i + 1))
  );
  await world.append(ticks);
  world.minutes.rows = [0, 1, 2, 3].map((minute) =>
    minuteOf(ticks.slice(minute * 3, minute * 3 + 3))
  );
  const read = async (query: object) =>
    t(
      (await world.candles().candles({
        symbol: "A",
        interval: "1s",
        limit: 3,
        ...query,
      })).candles,
    );
  const from = moment(0, 20);
  assert.deepEqual(await read({ from }), [
    moment(0, 20),
    moment(0, 30),
    moment(1, 10),
  ]);
  assert.deepEqual(await read({ from, to: moment(0, 30) }), [moment(0, 20)]);
  assert.deepEqual(await read({ to: moment(2, 20) }), [
    moment(1, 20),
    moment(1, 30),
    moment(2, 10),
  ]);
  assert.deepEqual(await read({ symbol: "B" }), []);
});

Deno.test("a minute without all of its ticks is told, never shown in part", async () => {
  const world = new World();
  const ticks = [tick(1, 0, 2), tick(1, 1, 3)];
  await world.append(ticks);
  world.minutes.rows = [
    minuteOf([tick(0, 0, 1)]),
    minuteOf(ticks),
    minuteOf([tick(2, 0, 4)], { origin: "import", n: 0 }),
  ];
  const found = await world.candles().candles({
    symbol: "A",
    interval: "30s",
    from: moment(0),
    limit: 9,
  });
  assert.deepEqual(t(found.candles), [moment(1)]);
  assert.deepEqual(found.withoutTicks, [
    { from: moment(0), to: moment(1) },
    { from: moment(2), to: moment(3) },
  ]);
});

Deno.test("a second of a forming minute closes when late ticks have passed", async () => {
  const world = new World();
  const ticks = [tick(0, 0, 1), tick(0, 5, 2), tick(0, 9, 3)];
  await world.append(ticks);
  const forming = { closed: false, closedBy: null, coverageMs: 0 };
  world.minutes.rows = [minuteOf(ticks, forming)];
  const query = { symbol: "A", interval: "1s", limit: 9 } as const;
  const { candles } = await world.candles().candles(query);
  assert.deepEqual(
    candles.map(({ closed, closedBy, complete }) => [
      closed,
      closedBy,
      complete,
    ]),
    [
      [true, "watermark", false],
      [true, "watermark", false],
      [false, null, false],
    ],
  );
});

Deno.test("coverage is the least that a minute's coverage leaves", async () => {
  const world = new World();
  await world.append([tick(0, 0, 1)]);
  world.minutes.rows = [minuteOf([tick(0, 0, 1)], { coverageMs: 40_000 })];
  const read = async (interval: "15s" | "30s") => {
    const query = { symbol: "A", interval, limit: 1 };
    return (await world.candles().candles(query)).candles[0].coverageMs;
  };
  assert.equal(await read("15s"), 0);
  assert.equal(await read("30s"), 10_000);
});

Deno.test("a reading that would cost too much is refused", async () => {
  const world = new World();
  const ticks = [tick(0, 0, 1), tick(0, 1, 2), tick(0, 2, 3)];
  await world.append(ticks);
  world.minutes.rows = [minuteOf(ticks)];
  const query = { symbol: "A", interval: "1s", limit: 1 } as const;
  for (const bounds of [{ ticks: 2 }, { minutes: 0 }]) {
    await assert.rejects(
      world.candles(bounds).candles(query),
      TooManyTicksError,
    );
  }
});
