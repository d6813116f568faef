import assert from "node:assert/strict";
import { MemoryBuffer } from "../buffer/testing/memory_buffer.ts";
import { markEntry, moment, ticksEntry } from "../candles/testing/entries.ts";
import type { StreamEntry } from "../domain/entry.ts";
import { epochMicros, MICROS_PER_DAY, MICROS_PER_MS } from "../domain/time.ts";
import type { Clock, EntryId } from "../ports.ts";
import { MemoryArchive } from "./testing/memory_archive.ts";
import { ArchiveStoppedError, TickArchiver } from "./tick_archiver.ts";
import { silentLog } from "../silent_log.ts";

const FEED = { feed: "a", epoch: 1 };

/** Sleeps are over at once, and noted. */
class JumpingClock implements Clock {
  time = moment(0);
  readonly slept: number[] = [];
  /** Called at each sleep. */
  onSleep = () => {};

  now() {
    return this.time;
  }

  steadyMs(): number {
    return this.time / MICROS_PER_MS;
  }

  sleep(ms: number): Promise<void> {
    this.slept.push(ms);
    this.time = epochMicros(this.time + Math.round(ms * 1_000));
    this.onSleep();
    return Promise.resolve();
  }
}

function ticksAt(minutes: number): StreamEntry {
  const ts = moment(minutes);
  const tick = { symbol: "A", ts, price: 100, size: 1, seq: minutes + 1 };
  return ticksEntry(FEED, [tick], { receivedAt: ts });
}

async function setUp(entries: readonly StreamEntry[]) {
  const clock = new JumpingClock();
  const buffer = new MemoryBuffer("s");
  const ids: EntryId[] = [];
  for (const entry of entries) {
    const { key } = entry;
    const chain = { expectLast: 0, newLast: 0 };
    const appended = await buffer.append({ p: 0, key, ...chain, entry });
    assert(appended.kind === "appended");
    ids.push(appended.id);
  }
  const archive = new MemoryArchive();
  const world = { checkpoints: 0 };
  const checkpoint = () => Promise.resolve(world.checkpoints++);
  const options = { buffer, archive, clock, log: silentLog, checkpoint };
  const archiver = new TickArchiver({
    ...options,
    settings: { sliceEntries: 2, retentionDays: 2 },
  });
  return { clock, buffer, archive, archiver, ids, options, world };
}

Deno.test("keepThrough() moves entries with ticks, as they are, and no more", async () => {
  const { archiver, archive, buffer, ids } = await setUp([
    ticksAt(0),
    markEntry(moment(1)),
    ticksAt(2),
    ticksAt(3),
  ]);
  await archiver.keepThrough(0, ids[2], "s");
  assert.deepEqual(archive.kept.map(({ id }) => id), [ids[0], ids[2]]);
  const through = { through: ids[0], maxEntries: 1, maxBytes: 1 };
  const [raw] = await buffer.readRaw(0, "0-0" as EntryId, through);
  assert.deepEqual(archive.kept[0].bytes, raw.bytes);
  const { from, to, symbols, receivedAt } = archive.kept[0];
  assert.deepEqual([from, to, symbols, receivedAt], [
    moment(0),
    moment(0),
    ["A"],
    moment(0),
  ]);
});

Deno.test("it moves in slices with a rest after each, and goes on where it was", async () => {
  const { archiver, archive, ids, clock, options } = await setUp(
    [0, 1, 2, 3, 4].map(ticksAt),
  );
  await archiver.keepThrough(0, ids[3], "s");
  assert.deepEqual(archive.slices, [2, 2]);
  assert.equal(clock.slept.length, 2);
  const another = new TickArchiver(options);
  await another.keepThrough(0, ids[4], "s");
  await another.keepThrough(0, ids[4], "s");
  assert.deepEqual(archive.slices, [2, 2, 1]);
});

Deno.test("what a trim forgets is safe from power loss first", async () => {
  const { archiver, ids, world, archive } = await setUp([0, 1, 2].map(ticksAt));
  await archiver.keepThrough(0, ids[1], "s");
  assert.equal(world.checkpoints, 1);
  // A trim's own checkpoint has what was there at the trim before.
  await archiver.keepThrough(0, ids[0], "s");
  await archiver.keepThrough(0, ids[1], "s");
  assert.equal(world.checkpoints, 1);
  archive.failures = 1;
  await assert.rejects(archiver.keepThrough(0, ids[2], "s"));
  assert.equal(world.checkpoints, 1);
  await archiver.keepThrough(0, ids[2], "s");
  assert.equal(world.checkpoints, 2);
});

Deno.test("it moves nothing of a stream that is not there any more", async () => {
  const { archiver, archive, ids } = await setUp([ticksAt(0)]);
  await archiver.keepThrough(0, ids[0], "lost");
  assert.deepEqual(archive.kept, []);
});

Deno.test("failures() tells which stream cannot be archived, until it can", async () => {
  const { archiver, archive, ids, clock } = await setUp([0, 1].map(ticksAt));
  assert.deepEqual(archiver.failures(), []);
  const since = clock.now();
  archive.failures = 2;
  await assert.rejects(archiver.keepThrough(0, ids[0], "s"));
  clock.time = epochMicros(since + 7);
  await assert.rejects(archiver.keepThrough(0, ids[1], "s"));
  const error = "The archive is away";
  assert.deepEqual(archiver.failures(), [{ p: 0, since, error }]);
  await archiver.keepThrough(0, ids[1], "s");
  assert.deepEqual(archiver.failures(), []);
});

Deno.test("run() moves what is committed, tries again, and forgets old days", async () => {
  const { archiver, archive, ids, clock } = await setUp([0, 1, 2].map(ticksAt));
  const stop = new AbortController();
  archiver.onCommitted(0, ids[1], "s");
  archive.failures = 1;
  let rounds = 0;
  clock.onSleep = () => {
    if (++rounds === 6) {
      clock.time = epochMicros(clock.time + 4 * MICROS_PER_DAY);
    }
    if (rounds === 5) assert.equal(archive.kept.length, 2);
    if (rounds > 20) stop.abort();
  };
  await archiver.run(stop.signal);
  assert.deepEqual(archive.kept, []);
  archiver.onCommitted(0, ids[2], "s");
  await assert.rejects(
    archiver.keepThrough(0, ids[2], "s"),
    ArchiveStoppedError,
  );
});
