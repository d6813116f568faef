import assert from "node:assert/strict";
import { PartitionLayout } from "../../pipeline/domain/partition_layout.ts";
import { ClockWatch } from "../../program/clock_watch.ts";
import { EventLoopLag } from "../../program/event_loop_lag.ts";
import { Health, type HealthOptions } from "../../program/health.ts";
import { Probe } from "../../program/probe.ts";
import { epochMicros } from "../../pipeline/domain/time.ts";
import {
  BEFORE_FIRST,
  type EntryId,
  type PipelineState,
} from "../../pipeline/ports.ts";
import { type FeedStats, lineCounts } from "../../pipeline/feeds/feed_stats.ts";
import { systemClock } from "../../pipeline/system_clock.ts";

function feedStats(changes: Partial<FeedStats>): FeedStats {
  return {
    ...lineCounts(),
    feed: "sim",
    epoch: 1,
    delivery: "acked",
    replay: false,
    connections: 1,
    rejectedBy: {},
    bufferedSeq: 0,
    ackedSeq: 0,
    missingSeq: null,
    missing: 0,
    resends: 0,
    ended: false,
    awaySince: null,
    lost: 0,
    uncommittedBytes: 0,
    paused: false,
    trouble: null,
    lastReceived: null,
    ...changes,
  };
}

const ago = (seconds: number) =>
  epochMicros(systemClock.now() - seconds * 1_000_000);

const never = () => new Promise<never>(() => {});
/** A report takes 1 s; a machine that does something else as well, longer. */
const REPORT_MS_MAX = 30_000;
const UNTIL_MS_MAX = 60_000;

const RUNNING: PipelineState = {
  now: epochMicros(0),
  partitions: [],
  processes: [],
  tasks: [],
  gaps: [],
  revisedLastDay: 0,
  revisions: [],
};

async function reportOf(
  stores: Partial<HealthOptions["stores"]> = {},
  { untilReady, ...changes }: Partial<HealthOptions> & {
    /** Asks again for as long as the program is ready or not. */
    readonly untilReady?: boolean;
  } = {},
) {
  const lag = new EventLoopLag();
  const health = new Health({
    stores: {
      audit: { ping: () => Promise.resolve() },
      buffer: {
        stats: () => Promise.resolve({ bytes: 5, entries: 1 }),
        newestBefore: () => Promise.resolve(BEFORE_FIRST),
      },
      pipeline: { state: () => Promise.reject(new Error("not here")) },
      replica: null,
      ...stores,
    },
    names: { warehouse: "PostgreSQL", buffer: "Redis" },
    feeds: null,
    lag,
    clock: systemClock,
    clockWatch: new ClockWatch(
      () => systemClock.now(),
      () => performance.now(),
    ),
    node: "a",
    layout: new PartitionLayout(1),
    stopping: () => false,
    feedStates: () => [],
    newestEdge: () => null,
    dataDir: null,
    ...changes,
  });
  const from = performance.now();
  try {
    let report = await health.report();
    const deadline = from + UNTIL_MS_MAX;
    while ((untilReady ?? report.ready) !== report.ready) {
      assert.ok(performance.now() < deadline, `ready: ${report.ready}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      report = await health.report();
    }
    return { ...report, took: performance.now() - from };
  } finally {
    lag.stop();
  }
}

Deno.test("the program is ready when its stores answer", async () => {
  const { ready, reasons, details } = await reportOf();
  assert.deepEqual([ready, reasons], [true, []]);
  assert.deepEqual(details.buffer, { status: "up", bytes: 5, entries: 1 });
});

Deno.test("stores that never answer are named, in bounded time", async () => {
  const { ready, reasons, details, took } = await reportOf({
    audit: { ping: never },
    pipeline: { state: never },
    buffer: { stats: never, newestBefore: never },
  });
  assert.equal(ready, false);
  assert.match(
    reasons[0],
    /^PostgreSQL does not answer since [\d:]{8} UTC: ticks are not taken/,
  );
  assert.match(
    reasons[1],
    /^Redis does not answer since [\d:]{8} UTC: nothing is read/,
  );
  assert.equal((details.warehouse as { status: string }).status, "down");
  assert.ok(took < REPORT_MS_MAX, `${took} ms`);
});

Deno.test("a program that stops is not ready", async () => {
  const { ready, reasons } = await reportOf({}, { stopping: () => true });
  assert.equal(ready, false);
  assert.match(reasons[0], /stopping/);
});

Deno.test("a partition whose old entries are not committed is behind, whoever owns it", async () => {
  const partitions = [0, 1, 2, 3].map((p) => ({
    p,
    owner: "a/1",
    leaseEpoch: 1,
    held: true,
    position: `${p === 0 ? 9 : 3}-0` as EntryId,
    markedAt: p === 3 ? ago(2) : p === 2 ? ago(60) : null,
  }));
  const asked: number[] = [];
  const stores = {
    pipeline: { state: () => Promise.resolve({ ...RUNNING, partitions }) },
    buffer: {
      stats: () => Promise.resolve({ bytes: 5, entries: 1 }),
      newestBefore(p: number) {
        asked.push(p);
        return Promise.resolve("9-0" as EntryId);
      },
    },
  };
  const { ready, reasons } = await reportOf(stores, { owned: () => [0] });
  assert.equal(ready, false);
  assert.match(reasons[0], /behind in partitions 1, 2:/);
  // Of the last one candles are told up to a moment ago.
  assert.deepEqual(new Set(asked), new Set([0, 1, 2]));
});

Deno.test("a feed that is made to wait for long is named, its state in snake_case", async () => {
  const { reasons, details } = await reportOf({}, {
    untilReady: false, // a feed that waits for a moment is nothing to tell
    feeds: {
      connectionStats: () => [],
      endpointStats: () => [],
      feedStats: () => [
        feedStats({ feed: "nse", uncommittedBytes: 77, paused: true }),
      ],
    },
  });
  assert.match(reasons[0], /nse \(77 bytes/);
  const [feed] = details.feeds as readonly Record<string, unknown>[];
  assert.equal(feed.uncommitted_bytes, 77);
  assert.ok(Object.keys(feed).every((name) => /^[a-z_]+$/.test(name)));
});

Deno.test("a check is done once however often it is asked, and not beside itself", async () => {
  let done = 0;
  const quick = new Probe(() => Promise.resolve(++done));
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => quick.ask()),
  );
  assert.deepEqual([new Set(answers), done], [new Set([1]), 1]);

  let begun = 0;
  const hung = new Probe(() => {
    begun++;
    return never();
  });
  await assert.rejects(hung.ask(), /No answer/);
  await assert.rejects(hung.ask(), /No answer/);
  assert.equal(begun, 1);
});

Deno.test("partitions that no process has, or ever had, are told once it lasts", async () => {
  const held = {
    owner: "a/1",
    leaseEpoch: 1,
    position: BEFORE_FIRST,
    markedAt: null,
  };
  const state = {
    ...RUNNING,
    now: systemClock.now(),
    partitions: [{ ...held, p: 0, held: true }, { ...held, p: 1, held: false }],
  };
  const { reasons } = await reportOf(
    { pipeline: { state: () => Promise.resolve(state) } },
    { layout: new PartitionLayout(3), owned: () => [0], untilReady: false },
  );
  assert.match(
    reasons[0],
    /^No process makes candles of partitions 1, 2 since/,
  );
});

Deno.test("feeds that are away, and stale instruments, are warnings", async () => {
  const { ready, warnings } = await reportOf({}, {
    feeds: {
      connectionStats: () => [],
      endpointStats: () => [{
        url: "tcp://127.0.0.1:1",
        format: "ndjson",
        state: "away",
        since: ago(60),
        error: "refused",
      }],
      feedStats: () => [
        feedStats({ feed: "old", epoch: 1, awaySince: ago(50) }),
        feedStats({ feed: "old", epoch: 2, awaySince: null }),
        feedStats({ feed: "gone", awaySince: ago(40) }),
        feedStats({ feed: "done", awaySince: ago(40), replay: true }),
      ],
    },
    feedStates: () => [{
      symbol: "NIFTY50",
      status: "stale",
      feed: "nse",
      delivery: "acked",
      last_tick: 0,
      lag_ms: 0,
      session: "open",
    }],
  });
  assert.equal(ready, true);
  assert.deepEqual(warnings.map((one) => one.split(" since ")[0]), [
    "The feed at tcp://127.0.0.1:1 is not reached",
    "Feed gone is not connected",
    warnings[2],
  ]);
  assert.match(warnings[2], /^Nothing current comes for NIFTY50/);
});
