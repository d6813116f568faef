/** Feeds whose partitions are divided while they are there. */
import assert from "node:assert/strict";
import { MemoryBuffer } from "../buffer/testing/memory_buffer.ts";
import { partitionOf } from "../domain/hash.ts";
import { PartitionLayout } from "../domain/partition_layout.ts";
import type { DivisibleBuffer } from "../ports.ts";
import { FakeSource, tick } from "./testing/fake_source.ts";
import { FeedWorld, type MemoryFeedStore } from "./testing/feed_world.ts";
import { turns } from "../testing/manual_clock.ts";

const FIRST = { partitions: 2, tag: "" };
const NEXT = { partitions: 4, tag: "next" };

/** Of the streams of now, as the buffer of the program. */
function bufferOf(
  layout: PartitionLayout,
  all = new MemoryBuffer(),
): DivisibleBuffer {
  return new Proxy<DivisibleBuffer>(all, {
    get(_, name) {
      const now = all.ofDivision(layout.now.tag);
      if (name === "pinned") return () => now;
      const value = Reflect.get(now, name);
      return typeof value === "function" ? value.bind(now) : value;
    },
  });
}

/** Two symbols of one partition, which part company when it is divided. */
const [A, B] = (() => {
  const names = Array.from({ length: 99 }, (_, i) => `S${i}`);
  const at = (p: number) =>
    names.find((name) => partitionOf(name, NEXT.partitions) === p)!;
  return [at(1), at(1 + FIRST.partitions)];
})();

/** Lines `from` to `to`, of both symbols in turn. */
function lines(from: number, to: number) {
  return Array.from(
    { length: to - from + 1 },
    (_, i) => tick(from + i, { symbol: (from + i) % 2 ? A : B }),
  );
}

class DivisibleWorld extends FeedWorld {
  async seal(sealed: boolean): Promise<void> {
    for (let p = 0; p < FIRST.partitions; p++) {
      await (this.buffer as DivisibleBuffer).seal(p, sealed);
    }
  }

  /** As the warehouse does it, and the program follows. */
  async divide(): Promise<void> {
    const { chains, positions } = this.store;
    for (const [name, last] of [...chains]) {
      const [p, feed] = name.split(" ");
      chains.set(`${Number(p) + FIRST.partitions} ${feed}`, last);
    }
    positions.clear();
    this.layout.become([FIRST, NEXT]);
    await this.ingest.followLayout();
    this.ingest.resume();
    await turns();
  }

  /** What was sent is appended, in candles, and acked. */
  async commitAndAck(): Promise<void> {
    await this.clock.advance(10);
    await this.commit();
    await this.clock.advance(1_000);
  }

  /** Numbers that candles have, ascending. */
  applied(feed = "nse"): readonly number[] {
    return [...this.store.applied.get(feed) ?? []].sort((a, b) => a - b);
  }
}

function divisibleWorld(all?: MemoryBuffer, store?: MemoryFeedStore) {
  const layout = new PartitionLayout(FIRST.partitions);
  return new DivisibleWorld({ layout, buffer: bufferOf(layout, all), store });
}

const range = (to: number) => Array.from({ length: to }, (_, i) => i + 1);
const NEVER = new AbortController().signal;

Deno.test("hold() resolves once all that was taken is committed, and acked", async () => {
  const world = divisibleWorld();
  const source = await FakeSource.open(world.ingest);
  await source.send(...lines(1, 6));
  let held = false;
  const holding = world.ingest.hold(NEVER).then(() => held = true);
  await turns();
  const sending = source.send(...lines(7, 8));
  await world.clock.advance(10);
  assert.equal(held, false);
  await world.commit();
  await world.clock.advance(1_000);
  await holding;
  assert.equal(source.acked, 6);
  assert.deepEqual(world.applied(), range(6), "what came later waits");
  world.ingest.resume();
  await sending;
  await world.clock.advance(10);
  await world.commit();
  assert.deepEqual(world.applied(), range(8));
});

Deno.test("a feed goes on where its symbols are then, on its connection", async () => {
  const world = divisibleWorld();
  const source = await FakeSource.open(world.ingest);
  await source.send(...lines(1, 6));
  const holding = world.ingest.hold(NEVER);
  await world.commitAndAck();
  await holding;
  const sending = source.send(...lines(7, 10), ...lines(5, 10));
  await world.divide();
  await sending;
  await world.clock.advance(10);
  for (const [p, seqs] of [[1, [7, 9]], [3, [8, 10]]] as const) {
    const ofTicks = (await world.entries(p)).filter(({ entry }) =>
      entry.ticks.length > 0
    );
    assert.deepEqual(
      ofTicks.flatMap(({ entry }) => [...entry.ticks.seq]),
      seqs,
    );
  }
  await world.commit();
  await world.clock.advance(1_000);
  assert.equal(source.failed, null);
  assert.equal(source.acked, 10);
  assert.deepEqual(world.applied(), range(10), "each once");
});

Deno.test("what no stream had taken is sent again when partitions were divided", async () => {
  const world = divisibleWorld();
  const source = await FakeSource.open(world.ingest);
  await source.send(...lines(1, 4));
  await world.commitAndAck();
  await world.seal(true);
  await source.send(...lines(5, 8));
  await world.clock.advance(10);
  await world.ingest.hold(NEVER);
  await world.divide();
  assert.equal(source.failed, "buffer_lost");
  const again = await FakeSource.open(world.ingest);
  assert.equal(again.entrance.resumeAfter, 4);
  await again.send(...lines(5, 9));
  await world.commitAndAck();
  assert.equal(again.acked, 9);
  assert.deepEqual(world.applied(), range(9));
});

Deno.test("what an old stream has lost is sent again when partitions were divided", async () => {
  const world = divisibleWorld();
  const source = await FakeSource.open(world.ingest);
  await source.send(...lines(1, 4));
  await world.commitAndAck();
  // In the stream, and in no candle: the stream will not be read any more.
  await source.send(...lines(5, 8));
  await world.clock.advance(10);
  await world.divide();
  assert.equal(source.failed, "buffer_lost");
  const again = await FakeSource.open(world.ingest);
  await again.send(...lines(5, 9));
  await world.commitAndAck();
  assert.equal(again.acked, 9);
  assert.deepEqual(world.applied(), range(9));
});

Deno.test("numbers of a part that were committed before it are not counted again", async () => {
  const world = divisibleWorld();
  const source = await FakeSource.open(world.ingest);
  await source.send(...lines(1, 6));
  await world.clock.advance(10);
  // Committed, and the process is gone before it has acked it.
  await world.commitElsewhere();
  const after = world.start();
  await world.divide();
  const again = await FakeSource.open(after);
  await again.send(...lines(1, 8));
  await world.commitAndAck();
  assert.equal(again.acked, 8);
  assert.deepEqual(world.applied(), range(8), "each once");
});

Deno.test("what another process has appended since is acked once it is committed", async () => {
  const all = new MemoryBuffer();
  const late = divisibleWorld(all);
  const source = await FakeSource.open(late.ingest);
  await source.send(...lines(1, 4));
  await late.clock.advance(10);
  await late.commit();
  await late.clock.advance(1_000);
  await source.entrance.detach();
  await late.clock.advance(10);
  await late.commit();
  const other = divisibleWorld(all, late.store);
  await other.divide();
  const elsewhere = await FakeSource.open(other.ingest);
  await elsewhere.send(...lines(5, 8));
  await other.clock.advance(10);
  other.ingest.dispose();

  late.layout.become([FIRST, NEXT]);
  await late.ingest.followLayout();
  late.ingest.resume();
  const again = await FakeSource.open(late.ingest);
  await again.send(...lines(5, 8));
  await late.clock.advance(10);
  await late.commit(1);
  await late.clock.advance(1_000);
  assert.ok((again.acked ?? 0) < 6, "6 is where nothing is committed yet");
  await late.commit();
  await late.clock.advance(1_000);
  assert.equal(again.acked, 8);
  assert.deepEqual(late.applied(), range(8), "each once");
});

Deno.test("a division that is given up leaves everything as it was", async () => {
  const world = divisibleWorld();
  const source = await FakeSource.open(world.ingest);
  await world.commit();
  await world.seal(true);
  await source.send(...lines(1, 4));
  await world.clock.advance(10);
  const sending = world.ingest.hold(NEVER).then(() =>
    source.send(...lines(5, 6))
  );
  await turns();
  await world.seal(false);
  world.ingest.resume();
  await sending;
  await world.commitAndAck();
  assert.equal(source.failed, null);
  assert.equal(source.acked, 6);
  assert.deepEqual(world.applied(), range(6));
});

Deno.test("a feed without acks stays connected, and what it lost is said", async () => {
  const world = divisibleWorld();
  const plain = { feed: "plain", delivery: "best_effort" } as const;
  const source = await FakeSource.open(world.ingest, plain);
  const send = (n: number) =>
    source.send(
      ...Array.from({ length: n }, () => tick(undefined, { symbol: B })),
    );
  await send(3);
  await world.clock.advance(10);
  await world.seal(true);
  await send(2);
  await world.clock.advance(10);
  await world.divide();
  await send(1);
  await world.clock.advance(10);
  assert.equal(source.failed, null);
  const [stats] = world.ingest.stats();
  assert.deepEqual([stats.connections, stats.lost], [1, 2]);
  const kinds = (await world.entries(3)).map(({ entry }) => entry.kind);
  assert.deepEqual(kinds, ["open", "ticks"]);
});
