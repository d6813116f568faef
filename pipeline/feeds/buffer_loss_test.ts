import assert from "node:assert/strict";
import fc from "fast-check";
import { streamEntry } from "../domain/entry.ts";
import type { EpochMicros } from "../domain/time.ts";
import { runCommitWatch } from "./run_commit_watch.ts";
import { FakeSource, tick, ticks } from "./testing/fake_source.ts";
import { FeedWorld } from "./testing/feed_world.ts";
import { LossyBuffer } from "./testing/lossy_buffer.ts";
import type { ManualClock } from "../testing/manual_clock.ts";
import { turns } from "../testing/manual_clock.ts";
import { silentLog } from "../silent_log.ts";

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

function watch(world: FeedWorld): AbortController {
  const stop = new AbortController();
  runCommitWatch({
    ingest: world.ingest,
    store: world.store,
    buffer: world.buffer,
    layout: world.layout,
    clock: world.clock,
    log: silentLog,
    signal: stop.signal,
  });
  return stop;
}

/** A process on the same stores and clock as another one. */
function beside(world: FeedWorld): FeedWorld {
  const { buffer, store, clock, partitions } = world;
  return new FeedWorld({ buffer, store, clock, partitions });
}

async function mark(world: FeedWorld): Promise<void> {
  const key = { feed: "", epoch: 0 };
  const receivedAt = 1 as EpochMicros;
  for (let p = 0; p < world.partitions; p++) {
    const entry = streamEntry({ kind: "mark", key, receivedAt });
    await world.buffer.append({ p, key, expectLast: 0, newLast: 0, entry });
  }
}

/** Sends numbers, and lets them get into the buffer. */
async function bring(world: FeedWorld, source: FakeSource, ...seqs: number[]) {
  await source.send(...seqs.map((seq) => tick(seq)));
  await world.clock.advance(10);
}

const appliedOnce = (world: FeedWorld, last: number, feed = "nse") =>
  assert.deepEqual(
    (world.store.applied.get(feed) ?? []).toSorted((a, b) => a - b),
    range(1, last),
  );

Deno.test("a lost tail is not acked when later entries are committed", async () => {
  const buffer = new LossyBuffer();
  const world = new FeedWorld({ buffer });
  const source = await FakeSource.open(world.ingest);
  await bring(world, source, ...range(1, 5));
  await world.commit();
  await bring(world, source, ...range(6, 8));
  await bring(world, source, ...range(9, 10));
  await buffer.loseTail(1);
  await mark(world);
  await world.commit();
  await world.clock.advance(100);
  assert.deepEqual([source.acked, source.failed], [5, "buffer_lost"]);
  const again = await FakeSource.open(world.ingest);
  assert.equal(again.entrance.resumeAfter, 5);
  await bring(world, again, ...range(6, 12));
  await world.commit();
  await world.clock.advance(100);
  assert.equal(again.acked, 12);
  appliedOnce(world, 12);
});

Deno.test("a stream that was wiped is found out though nothing is sent", async () => {
  const buffer = new LossyBuffer();
  const world = new FeedWorld({ buffer });
  const stop = watch(world);
  const source = await FakeSource.open(world.ingest);
  await bring(world, source, ...range(1, 5));
  await world.commitElsewhere();
  await bring(world, source, ...range(6, 9));
  buffer.wipe();
  await world.clock.advance(1_500);
  assert.deepEqual([source.acked, source.failed], [5, "buffer_lost"]);
  const again = await FakeSource.open(world.ingest);
  assert.equal(again.entrance.resumeAfter, 5);
  await bring(world, again, ...range(6, 12));
  await world.commitElsewhere();
  await world.clock.advance(250);
  assert.equal(again.acked, 12);
  appliedOnce(world, 12);
  stop.abort();
});

Deno.test("what was committed before its stream went is acked, not lost", async () => {
  const buffer = new LossyBuffer();
  const world = new FeedWorld({ buffer });
  const stop = watch(world);
  const source = await FakeSource.open(world.ingest);
  await bring(world, source, ...range(1, 5));
  await world.commitElsewhere();
  buffer.wipe();
  await world.clock.advance(1_500);
  assert.deepEqual([source.acked, source.failed], [5, null]);
  stop.abort();
});

Deno.test("a lost tail, then a wipe, then another process: all once", async () => {
  const buffer = new LossyBuffer();
  const world = new FeedWorld({ buffer });
  const source = await FakeSource.open(world.ingest);
  await bring(world, source, ...range(1, 4));
  await bring(world, source, ...range(5, 8));
  await buffer.loseTail(1);
  await world.commitElsewhere();
  buffer.wipe();
  const other = beside(world);
  const stop = watch(other);
  const young = await FakeSource.open(other.ingest);
  await bring(other, young, ...range(1, 10));
  // The older session is half open, and has more to say.
  await bring(world, source, ...range(9, 10));
  await world.commitElsewhere();
  await other.clock.advance(250);
  assert.equal(young.acked, 10);
  appliedOnce(world, 10);
  stop.abort();
});

Deno.test("reports of commits in any order ack what is committed, and no more", async () => {
  const world = new FeedWorld();
  const source = await FakeSource.open(world.ingest);
  const key = { feed: "nse", epoch: 1 };
  const reports = [];
  for (const to of [3, 6, 9]) {
    await bring(world, source, ...range(to - 2, to));
    await world.commitElsewhere();
    const [{ p: _, ...report }] = await world.store.committed([key]);
    reports.push({ ...report, tooLate: [] });
  }
  world.ingest.onCommitted(0, reports[1]);
  world.ingest.onCommitted(0, reports[0]);
  await world.clock.advance(100);
  assert.equal(source.acked, 6);
  world.ingest.onCommitted(0, { ...reports[2], feeds: [] });
  await world.clock.advance(100);
  assert.equal(source.acked, 6);
  world.ingest.onCommitted(0, reports[2]);
  await world.clock.advance(100);
  assert.deepEqual([source.acked, source.failed], [9, null]);
});

Deno.test("commits of another process are acked within 250 ms, and not asked for after", async () => {
  const world = new FeedWorld();
  const stop = watch(world);
  const source = await FakeSource.open(world.ingest);
  await bring(world, source, ...range(1, 5));
  await world.clock.advance(1_000);
  assert.equal(source.acked, null);
  await world.commitElsewhere();
  await world.clock.advance(250);
  assert.equal(source.acked, 5);
  let asked = 0;
  const { committed } = world.store;
  world.store.committed = (keys) => {
    asked += 1;
    return committed.call(world.store, keys);
  };
  await world.clock.advance(5_000);
  assert.equal(asked, 0);
  stop.abort();
});

Deno.test("lines without acks that a wiped buffer had are counted as lost", async () => {
  const buffer = new LossyBuffer();
  const world = new FeedWorld({ buffer });
  const stop = watch(world);
  const plain = { feed: "p1", delivery: "best_effort" } as const;
  const source = await FakeSource.open(world.ingest, plain);
  await bring(world, source, ...range(1, 4));
  await world.commitElsewhere();
  await world.clock.advance(200);
  await bring(world, source, ...range(5, 9));
  buffer.wipe();
  await world.clock.advance(1_500);
  const [stats] = world.ingest.stats();
  assert.deepEqual([stats.lost, stats.uncommittedBytes], [5, 0]);
  await bring(world, source, ...range(10, 12));
  await world.clock.advance(1_000);
  await world.commitElsewhere();
  await world.clock.advance(200);
  assert.deepEqual(world.store.applied.get("p1"), [
    ...range(1, 4),
    ...range(10, 12),
  ]);
  assert.equal(source.failed, null);
  stop.abort();
});

Deno.test("a half-open session's batch that lands late doubles and loses nothing", async () => {
  const world = new FeedWorld();
  const old = await FakeSource.open(world.ingest);
  await bring(world, old, ...range(1, 5));
  const other = beside(world);
  const young = await FakeSource.open(other.ingest);
  // The other one has read where the chain stands: only now this lands.
  await old.send(...ticks(6, 9));
  await world.clock.advance(10);
  await bring(other, young, ...range(1, 12));
  await other.clock.advance(1_000);
  await old.send(...ticks(10, 11));
  await world.clock.advance(2_000);
  await other.commit();
  await other.clock.advance(100);
  assert.deepEqual([young.acked, young.failed], [12, null]);
  const seqs = (await world.entries()).flatMap(({ entry }) => [
    ...entry.ticks.seq,
  ]);
  assert.deepEqual(seqs, range(1, 12));
});

for (const left of ["detached", "half open"]) {
  Deno.test(`a feed that comes back from another process goes on from there (${left})`, async () => {
    const world = new FeedWorld({ partitions: 3 });
    const other = beside(world);
    const symbol = (seq: number) => tick(seq, { symbol: "ABCDE"[seq % 5] });
    const first = await FakeSource.open(world.ingest);
    await first.send(...range(1, 5).map(symbol));
    await world.clock.advance(10);
    await world.commit();
    await world.clock.advance(100);
    if (left === "detached") await first.entrance.detach();
    const second = await FakeSource.open(other.ingest);
    assert.equal(second.entrance.resumeAfter, 5);
    await second.send(...range(6, 40).map(symbol));
    await world.clock.advance(10);
    await other.commit();
    await world.clock.advance(100);
    assert.equal(second.acked, 40);
    await second.send(...range(41, 50).map(symbol));
    await world.clock.advance(10);
    const third = await FakeSource.open(world.ingest);
    assert.equal(third.entrance.resumeAfter, 40);
    await third.send(...range(41, 60).map(symbol));
    await world.clock.advance(6_000);
    assert.deepEqual([third.of("resend"), third.acked], [[], null]);
    await world.commit();
    await world.clock.advance(100);
    assert.deepEqual([third.acked, third.failed], [60, null]);
    const entries = (await world.entries()).map(({ entry }) => entry);
    assert.deepEqual(entries.flatMap(({ gaps }) => gaps), []);
    appliedOnce(world, 60);
  });
}

Deno.test("a jump that another process took back is not taken back again", async () => {
  const world = new FeedWorld();
  // With a clock of its own, so that it sends off what it has before.
  const other = new FeedWorld({ buffer: world.buffer, store: world.store });
  const jump = (from: number, to: number) =>
    range(from, to).map((seq) => tick(seq, { price: 200 }));
  const settle = async (at: FeedWorld) => {
    await at.clock.advance(1_000);
    await at.commit();
    await at.clock.advance(1_000);
  };
  for (const [at, from] of [[other, 1], [world, 41]] as const) {
    const source = await FakeSource.open(at.ingest);
    await source.send(...ticks(from, from + 39));
    await settle(at);
  }
  const slow = await FakeSource.open(world.ingest);
  await slow.send(...jump(81, 84)); // not appended yet
  const quick = await FakeSource.open(other.ingest);
  await quick.send(...jump(81, 85));
  await settle(other);
  assert.equal(quick.acked, 85);
  const back = await FakeSource.open(world.ingest);
  await back.send(...jump(86, 88));
  await settle(world);
  assert.equal(back.acked, 88);
  const entries = (await world.entries()).map(({ entry }) => entry);
  assert.deepEqual(
    entries.flatMap(({ ticks }) => [...ticks.seq]).sort((a, b) => a - b),
    range(1, 88),
  );
  assert.deepEqual(
    entries.flatMap(({ readmitted }) => readmitted),
    range(81, 84),
  );
});

Deno.test("what has no number is appended once too, and in its place", async () => {
  const buffer = new LossyBuffer();
  const world = new FeedWorld({ buffer });
  buffer.plan.push("reply lost", "refused", "ok", "reply lost", "ok");
  const source = await FakeSource.open(world.ingest);
  await source.send(...ticks(1, 3));
  await world.clock.advance(1_000);
  buffer.plan.push("refused", "reply lost");
  await source.send("junk", tick(undefined), ...ticks(1, 2));
  await world.clock.advance(2_000);
  buffer.plan.push("reply lost", "reply lost");
  await source.send(...ticks(4, 5));
  await source.entrance.detach();
  await world.clock.advance(5_000);
  const entries = (await world.entries()).map(({ entry }) => entry);
  const sum = (of: (entry: typeof entries[number]) => number) =>
    entries.reduce((total, entry) => total + of(entry), 0);
  assert.equal(entries[0].kind, "open");
  assert.equal(entries.at(-1)!.kind, "close");
  assert.equal(sum(({ kind }) => kind === "ticks" ? 0 : 1), 2);
  assert.equal(sum(({ received }) => received), 9);
  assert.equal(sum(({ duplicates }) => duplicates), 2);
  assert.equal(sum(({ rejects }) => rejects.length), 2);
  assert.equal(sum(({ ticks }) => ticks.length), 5);
});

Deno.test("an open that is refused still comes before the lines after it", async () => {
  const buffer = new LossyBuffer();
  const world = new FeedWorld({ buffer });
  // Again when the lines are there to be sent behind it.
  buffer.plan.push("refused", "refused");
  const source = await FakeSource.open(world.ingest);
  await bring(world, source, ...range(1, 3));
  await world.clock.advance(1_000);
  const kinds = (await world.entries()).map(({ entry }) => entry.kind);
  assert.deepEqual(kinds, ["open", "ticks"]);
});

// Whatever is lost, and whichever process has the feed: what is acked was
// applied, and in the end every number is, once.
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ send: fc.integer({ min: 1, max: 20 }) }),
  },
  { weight: 3, arbitrary: fc.record({ wait: fc.constantFrom(5, 20, 300) }) },
  { weight: 3, arbitrary: fc.record({ commit: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ tail: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 1, arbitrary: fc.constant({ wipe: true }) },
  { weight: 2, arbitrary: fc.record({ move: fc.nat(1) }) },
  {
    weight: 2,
    arbitrary: fc.record({ fate: fc.constantFrom("refused", "reply lost") }),
  },
);
const SYMBOLS = ["A", "B", "C", "D", "E"];

Deno.test("no loss of the buffer loses or doubles a line of an acked feed", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const buffer = new LossyBuffer();
      const settings = { windowBytes: 1e9 };
      const one = new FeedWorld({ partitions: 3, buffer, settings });
      const worlds: FeedWorld<ManualClock>[] = [one, beside(one)];
      const stops = worlds.map(watch);
      const { clock, store } = one;
      let source = await FakeSource.open(one.ingest);
      let next = 1;
      let highest = 40;
      const connect = async (i: number) => {
        source = await FakeSource.open(worlds[i].ingest);
        next = source.entrance.resumeAfter + 1;
      };
      const send = async (count: number) => {
        if (source.failed) await connect(0);
        const seqs = range(next, next + count - 1);
        next += count;
        highest = Math.max(highest, next - 1);
        await source.send(...seqs.map((seq) =>
          tick(seq, {
            symbol: SYMBOLS[seq % SYMBOLS.length],
            price: seq % 17 === 0 ? -1 : 100,
          })
        ));
      };
      const check = async () => {
        const acked = (await store.loadAck("nse"))?.seq ?? 0;
        const applied = new Set(store.applied.get("nse"));
        for (const seq of range(1, acked)) assert.ok(applied.has(seq));
      };
      for (const step of steps as readonly Record<string, unknown>[]) {
        if (step.send) await send(Number(step.send));
        if (step.wait) await clock.advance(Number(step.wait));
        if (step.commit !== undefined) {
          await one.commitElsewhere(Number(step.commit));
        }
        if (step.tail) await buffer.loseTail(Number(step.tail));
        if (step.wipe) buffer.wipe();
        if (step.move !== undefined) await connect(Number(step.move));
        if (step.fate) buffer.plan.push(step.fate as "refused");
        await mark(one).catch(() => {});
        await turns();
        await check();
      }
      buffer.plan.length = 0;
      for (let round = 0; round < 30; round++) {
        if (source.failed) await connect(0);
        if (next <= highest) await send(highest - next + 1);
        await clock.advance(500);
        await mark(one);
        await one.commitElsewhere();
        await clock.advance(250);
        await check();
        const acked = source.acked ?? source.entrance.resumeAfter;
        if (!source.failed && acked === highest) break;
      }
      assert.equal(source.acked ?? source.entrance.resumeAfter, highest);
      appliedOnce(one, highest);
      for (const stop of stops) stop.abort();
      for (const { ingest } of worlds) ingest.dispose();
    }),
    { numRuns: 25 },
  );
});
