import assert from "node:assert/strict";
import { PartitionLayout } from "../domain/partition_layout.ts";
import { MemoryBuffer } from "../buffer/testing/memory_buffer.ts";
import {
  type AppendRequest,
  type AppendResult,
  BEFORE_FIRST,
} from "../ports.ts";
import { MICROS_PER_MS } from "../domain/time.ts";
import { seededRandom } from "../forecast/testing/make_candles.ts";
import { appendStart, runMarks } from "./run_marks.ts";
import { ManualClock, turns } from "../testing/manual_clock.ts";
import { silentLog } from "../silent_log.ts";

/** A buffer with partitions that refuse, or never answer. */
class BrokenBuffer extends MemoryBuffer {
  readonly refusing = new Set<number>();
  readonly hanging = new Set<number>();

  override append(request: AppendRequest): Promise<AppendResult> {
    if (this.hanging.has(request.p)) return new Promise(() => {});
    if (this.refusing.has(request.p)) {
      return Promise.reject(new Error("the buffer is full"));
    }
    return super.append(request);
  }

  async kinds(p: number): Promise<string[]> {
    const { entries } = await this.read(p, BEFORE_FIRST, {
      maxEntries: 1_000,
      maxBytes: 1e9,
      waitMs: 0,
    });
    return entries.map(({ entry }) => `${entry.kind} ${entry.node}`);
  }
}

/** A buffer that takes one mark a while, whoever brings it. */
class SpacedBuffer extends MemoryBuffer {
  looks = 0;
  readonly markedAt: number[] = [];

  override append(request: AppendRequest): Promise<AppendResult> {
    this.looks++;
    const { p, entry: { receivedAt }, spacingMs = 0 } = request;
    const newest = this.markedAt.at(-1) ?? -Infinity;
    if (receivedAt - newest < spacingMs * MICROS_PER_MS) {
      const place = { id: BEFORE_FIRST, incarnation: `${p}` };
      return Promise.resolve({ kind: "appended", ...place, already: true });
    }
    this.markedAt.push(receivedAt);
    return super.append(request);
  }
}

function world() {
  const buffer = new BrokenBuffer();
  const clock = new ManualClock();
  const stop = new AbortController();
  const { signal } = stop;
  const layout = new PartitionLayout(3);
  const rest = { layout, node: "n1", log: silentLog, signal };
  return { buffer, clock, stop, options: { buffer, clock, ...rest } };
}

Deno.test("a partition that refuses or hangs holds up no other's marks", async () => {
  const { buffer, clock, stop, options } = world();
  buffer.refusing.add(0);
  buffer.hanging.add(1);
  const running = runMarks(options);
  await clock.advance(9_500);
  assert.deepEqual(await buffer.kinds(0), []);
  assert.deepEqual(await buffer.kinds(1), []);
  assert.deepEqual(await buffer.kinds(2), Array(10).fill("mark n1"));
  buffer.refusing.clear();
  buffer.hanging.clear();
  await clock.advance(10_000);
  assert.ok((await buffer.kinds(0)).length >= 10);
  assert.ok((await buffer.kinds(1)).length >= 4);
  stop.abort();
  await running;
});

Deno.test("a start is said once in each partition, when the buffer answers", async () => {
  const { buffer, clock, options } = world();
  buffer.refusing.add(0);
  buffer.hanging.add(1);
  let started = false;
  const starting = appendStart(options).then(() => started = true);
  await clock.advance(20_000);
  assert.equal(started, false);
  buffer.refusing.clear();
  buffer.hanging.clear();
  await clock.advance(6_000);
  await starting;
  for (const p of [0, 1, 2]) {
    assert.deepEqual(await buffer.kinds(p), ["start n1"]);
  }
});

Deno.test("a start that nobody waits for any more is given up", async () => {
  const { buffer, stop, options } = world();
  buffer.hanging.add(0);
  const starting = appendStart(options);
  await turns();
  stop.abort();
  await starting;
  assert.deepEqual(await buffer.kinds(0), []);
});

/** Many that mark the same partition, as if each were a process. */
function manyMarkers() {
  const MARKERS = 20;
  const { clock, options } = world();
  const buffer = new SpacedBuffer();
  const layout = new PartitionLayout(1);
  const random = seededRandom(1);
  const processes = Array.from({ length: MARKERS }, () => {
    const stop = new AbortController();
    const running = runMarks({
      ...options,
      buffer,
      layout,
      markers: () => Promise.resolve().then(() => processes.length),
      random,
      signal: stop.signal,
    });
    return { stop, running };
  });
  const longestMs = () => {
    const { markedAt } = buffer;
    const gaps = markedAt.slice(1).map((at, i) => at - markedAt[i]);
    return Math.max(...gaps) / MICROS_PER_MS;
  };
  return { clock, buffer, processes, longestMs };
}

Deno.test("many processes that mark look little more often than one, and miss it soon", async () => {
  const SECONDS = 60;
  const { clock, buffer, processes, longestMs } = manyMarkers();
  await clock.advance(SECONDS * 1_000);
  assert.ok(buffer.markedAt.length >= 0.8 * SECONDS, "a mark a second");
  assert.ok(buffer.looks < 3 * SECONDS, `${buffer.looks} looks`);
  // Half of them end, sooner or later the one that marks.
  for (const { stop } of processes.splice(0, processes.length / 2)) {
    stop.abort();
    await clock.advance(SECONDS * 1_000);
  }
  assert.ok(longestMs() < 10_000, `no mark for ${longestMs()} ms`);
  for (const { stop } of processes) stop.abort();
  await Promise.all(processes.map(({ running }) => running));
});

Deno.test("who is left of many that mark does not rest as if they were there", async () => {
  for (let left = 0; left < 5; left++) {
    const { clock, processes, longestMs } = manyMarkers();
    await clock.advance(30_000 + left * 1_000);
    const [last] = processes.splice(left, 1);
    for (const { stop } of processes.splice(0, processes.length, last)) {
      stop.abort();
    }
    await clock.advance(60_000);
    assert.ok(longestMs() < 13_000, `no mark for ${longestMs()} ms`);
    last.stop.abort();
    await last.running;
  }
});
