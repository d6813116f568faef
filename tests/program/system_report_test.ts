import assert from "node:assert/strict";
import { PartitionLayout } from "../../pipeline/domain/partition_layout.ts";
import { parseConfig } from "../../pipeline/config.ts";
import {
  epochMicros,
  MICROS_PER_SECOND,
  toMillis,
} from "../../pipeline/domain/time.ts";
import { WaitSketch } from "../../pipeline/domain/wait_sketch.ts";
import {
  BEFORE_FIRST,
  type Clock,
  type EntryId,
  type PipelineState,
} from "../../pipeline/ports.ts";
import { ClockWatch } from "../../program/clock_watch.ts";
import { CommitTimes } from "../../program/commit_times.ts";
import { EventLoopLag } from "../../program/event_loop_lag.ts";
import { Health } from "../../program/health.ts";
import { SystemReport } from "../../program/system_report.ts";
import { systemAnswer } from "../../web/answers/system.ts";

const NOW = epochMicros(Date.UTC(2026, 10, 29, 14, 5) * 1_000);
const clock: Clock = {
  now: () => NOW,
  steadyMs: () => 0,
  sleep: () => Promise.resolve(),
};
const away = () => Promise.reject(new Error("away"));

const STATE: PipelineState = {
  now: NOW,
  partitions: [{
    p: 1,
    owner: "b/7f",
    leaseEpoch: 4,
    held: true,
    position: "9-0" as EntryId,
    markedAt: null,
  }],
  processes: [{
    owner: "b/7f",
    node: "b",
    roles: ["aggregate", "forecast"],
    startedAt: epochMicros(NOW - 60 * MICROS_PER_SECOND),
    drained: true,
    toDrain: true,
  }],
  tasks: [{ task: "forecast", owner: "b/7f" }],
  gaps: [{
    key: { feed: "nse", epoch: 2 },
    kind: "outage",
    seq: null,
    from: epochMicros(NOW - 9 * MICROS_PER_SECOND),
    to: null,
  }],
  revisedLastDay: 2,
  revisions: [],
};

/** A web process that shares its stores with another one, which owns all. */
function reportOf(up: boolean) {
  const lag = new EventLoopLag();
  const clockWatch = new ClockWatch(() => NOW, () => 0);
  const names = { warehouse: "PostgreSQL", buffer: "Redis" };
  const audit = {
    ping: up ? () => Promise.resolve() : away,
    booksOf: away,
    audit: up
      ? () =>
        Promise.resolve({
          ticks_unaccounted: 0,
          balanced: true,
          partitions: [1, 2].map((p) => ({
            p,
            position: "9-0",
            applied: 10 * p,
            in_candles: 10 * p,
            rejected: p,
            in_quarantine: p,
          })),
          feeds: [{
            feed: "nse",
            epoch: 2,
            delivery: "acked" as const,
            connected: false,
            last_seq: 33,
            acked: 33,
            received: 35,
            accepted: 30,
            duplicates: 2,
            rejected: 3,
            rejected_by_reason: { schema: 3 },
            balanced: true,
          }],
        })
      : away,
  };
  const watched = {
    names,
    feeds: null,
    feedStates: () => [{
      symbol: "A",
      status: "stale" as const,
      feed: "nse",
      delivery: "acked" as const,
      last_tick: 0,
      lag_ms: 0,
      session: "closed" as const,
    }],
    lag,
    clock,
    clockWatch,
    owned: () => [],
  };
  const health = new Health({
    ...watched,
    stores: {
      audit,
      buffer: {
        stats: up ? () => Promise.resolve({ bytes: 7, entries: 3 }) : away,
        newestBefore: () => Promise.resolve(BEFORE_FIRST),
      },
      pipeline: { state: up ? () => Promise.resolve(STATE) : away },
      replica: null,
    },
    node: "a",
    layout: new PartitionLayout(2),
    stopping: () => false,
    newestEdge: () => null,
    dataDir: null,
  });
  const waits = {
    buffered: new WaitSketch(),
    committed: new WaitSketch(),
    whole: new WaitSketch(),
    sent: new WaitSketch(),
  };
  waits.sent.add(12, 4);
  const report = new SystemReport({
    ...watched,
    config: parseConfig({ NODE_NAME: "a", PARTITIONS: "2", ROLES: "web" }),
    places: {
      buffer: "Redis at r",
      warehouse: "PostgreSQL at p",
      replica: null,
    },
    bufferBytesMax: 100,
    simulated: () => false,
    health,
    forecaster: () => null,
    catalog: { all: () => [] },
    stores: {
      layout: pinnedLayout(),
      audit,
      quarantine: {
        find: away,
        get: away,
        readmittedThrough: away,
        counts: up ? () => Promise.resolve({ schema: 3 }) : away,
        samples: up ? () => Promise.resolve([]) : away,
      },
    },
    waits,
    commits: new CommitTimes(() => 0),
  });
  return { report, lag };
}

/** Two partitions, and one of an instrument's own. */
function pinnedLayout(): PartitionLayout {
  const layout = new PartitionLayout(2);
  layout.become([
    { partitions: 2, tag: "" },
    { partitions: 3, tag: "t", pins: ["HOT"] },
  ]);
  return layout;
}

Deno.test("the report is by its schema, of what all processes share too", async () => {
  const { report, lag } = reportOf(true);
  const view = systemAnswer.parse(await report.view());
  lag.stop();
  assert.deepEqual(
    view.partitions?.map(({ lease_epoch: epoch, owner, held, pinned }) => ({
      owner,
      held,
      epoch,
      pinned,
    })),
    [
      { owner: null, held: false, epoch: 0, pinned: null },
      { owner: "b", held: true, epoch: 4, pinned: null },
      { owner: null, held: false, epoch: 0, pinned: "HOT" },
    ],
  );
  assert.deepEqual(view.processes, [{
    node: "b",
    roles: ["aggregate", "forecast"],
    started_at: toMillis(NOW) - 60_000,
    partitions: 1,
    tasks: ["forecast"],
    drained: true,
  }]);
  assert.deepEqual([view.forecasts?.here, view.forecasts?.owner], [false, "b"]);
  assert.deepEqual(view.forecasts?.owners, ["b"]);
  assert.deepEqual(view.books, {
    balanced: true,
    unaccounted: 0,
    received: 35,
    accepted: 30,
    duplicates: 2,
    rejected: 3,
    applied: 30,
    in_candles: 30,
    in_quarantine: 3,
  });
  assert.deepEqual(view.gaps, [{
    feed: "nse",
    epoch: 2,
    kind: "outage",
    seq: null,
    from: toMillis(NOW) - 9_000,
    to: null,
  }]);
  assert.deepEqual(view.instruments.closed, 1);
  assert.deepEqual([view.buffer.entries, view.buffer.up], [3, true]);
  assert.equal(view.waits.committed_to_browser?.n, 4);
  assert.equal(view.clock.ahead_ms, 0);
});

Deno.test("the report stands while the stores are away, and says since when", async () => {
  const { report, lag } = reportOf(false);
  const view = systemAnswer.parse(await report.view());
  lag.stop();
  assert.equal(view.ready, false);
  assert.equal(view.reasons.length, 2);
  assert.deepEqual(
    [view.partitions, view.books, view.quarantine, view.gaps, view.revisions],
    [null, null, null, null, null],
  );
  assert.deepEqual(
    [view.warehouse.up, view.warehouse.down_since],
    [false, toMillis(NOW)],
  );
});
