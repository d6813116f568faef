import assert from "node:assert/strict";
import { type EpochMicros, epochMicros } from "../../pipeline/domain/time.ts";
import { describeOutages, type Facts } from "../../program/outages.ts";

const NOW = epochMicros(Date.UTC(2026, 10, 29, 14, 5) * 1_000);
const ago = (seconds: number): EpochMicros =>
  epochMicros(NOW - seconds * 1_000_000);

const WELL: Facts = {
  now: NOW,
  stopping: false,
  drained: false,
  names: { warehouse: "PostgreSQL", buffer: "Redis" },
  warehouseDown: null,
  bufferDown: null,
  replica: null,
  unarchived: [],
  unowned: [],
  unownedSince: null,
  behind: [],
  behindMs: 15_000,
  paused: [],
  unreached: [],
  away: [],
  troubled: [],
  stale: [],
  forecasts: { nobodySince: null, edge: null },
  clock: { aheadMs: 12, step: null },
  disk: { path: "./data", freeBytes: 5e9, totalBytes: 2e11 },
};
const told = (changes: Partial<Facts>) =>
  describeOutages({ ...WELL, ...changes });

Deno.test("nothing is told while all works", () => {
  assert.deepEqual(told({}), { reasons: [], warnings: [] });
});

const DOWN: readonly (readonly [string, Partial<Facts>, RegExp])[] = [
  [
    "the warehouse",
    { warehouseDown: ago(110) },
    /^PostgreSQL does not answer since 14:03:10 UTC: ticks wait in Redis and none is lost; candles and pages stand still and catch up/,
  ],
  [
    "the buffer",
    { bufferDown: ago(86_400) },
    /^Redis does not answer since 2026-11-28 14:05:00 UTC: nothing is read from feeds; those with acknowledgements keep their ticks/,
  ],
  [
    "partitions without an owner",
    { unowned: [0, 3], unownedSince: ago(5) },
    /^No process makes candles of partitions 0, 3 since 14:04:55 UTC: ticks wait in Redis and none is lost/,
  ],
  [
    "partitions behind",
    { behind: [2] },
    /^Candles are more than 15 s behind in partition 2: ticks wait in Redis/,
  ],
  [
    "feeds that wait",
    { paused: [{ feed: "nse", uncommittedBytes: 77 }] },
    /^Feeds are made to wait: nse \(77 bytes are not in candles yet\); their sources hold back/,
  ],
  [
    "feeds in trouble",
    { troubled: [{ feed: "nse", trouble: "OOM" }] },
    /^Ticks of nse do not get into the buffer \(OOM\): they are kept here/,
  ],
  ["a stop", { stopping: true }, /^The program is stopping/],
];
for (const [what, facts, words] of DOWN) {
  Deno.test(`${what}: keeps the program from its work, and is told`, () => {
    const { reasons, warnings } = told(facts);
    assert.equal(reasons.length, 1);
    assert.match(reasons[0], words);
    assert.ok(!reasons[0].endsWith("."));
    assert.deepEqual(warnings, []);
  });
}

const WARNED: readonly (readonly [string, Partial<Facts>, RegExp])[] = [
  [
    "ticks that cannot be archived",
    {
      unarchived: [
        { p: 1, since: ago(10), error: "no room" },
        { p: 3, since: ago(60), error: "connection refused" },
      ],
    },
    /^Ticks of partitions 1, 3 are not archived since 14:04:00 UTC \(connection refused\): they stay in Redis and are archived once it works again; candles go on/,
  ],
  [
    "a replica that is not read",
    { replica: { fault: "behind", since: ago(60) } },
    /^The replica that READ_URL names is more than 5 s behind since 14:04:00 UTC: pages and the API read PostgreSQL itself/,
  ],
  [
    "a source that is dialled and not there",
    {
      unreached: [{
        url: "tcp://a:1",
        since: ago(60),
        error: "ConnectionRefused",
      }],
    },
    /^The feed at tcp:\/\/a:1 is not reached since 14:04:00 UTC \(ConnectionRefused\): it is dialled again/,
  ],
  [
    "a feed with acks that went",
    { away: [{ feed: "nse", acked: true, since: ago(60) }] },
    /^Feed nse is not connected since 14:04:00 UTC: it keeps its ticks and sends them when it is back, nothing is lost/,
  ],
  [
    "a feed without acks that went",
    { away: [{ feed: "x", acked: false, since: ago(60) }] },
    /what it sends meanwhile is lost/,
  ],
  [
    "instruments that are stale",
    { stale: ["A", "B", "C", "D", "E", "F", "G"] },
    /^Nothing current comes for A, B, C, D, E and 2 more although the market is open/,
  ],
  [
    "forecasts that nobody makes",
    { forecasts: { nobodySince: ago(30), edge: null } },
    /^No process makes forecasts since 14:04:30 UTC: ticks and candles go on/,
  ],
  [
    "forecasts that were late",
    { forecasts: { nobodySince: null, edge: { t: ago(60), missed: 1 } } },
    /^Forecasts are behind: at 14:04:00 UTC those of 1 instrument were not ready within a second/,
  ],
  [
    "a clock beside the warehouse's",
    { clock: { aheadMs: -3_210, step: null } },
    /^The clock here is 3.2 s behind that of PostgreSQL/,
  ],
  [
    "a clock that was set",
    { clock: { aheadMs: null, step: { ms: -3.6e6, at: ago(20) } } },
    /^The clock here was set back by 3600 s at 14:04:40 UTC/,
  ],
  [
    "a disk that is nearly full",
    { disk: { path: "./data", freeBytes: 104_857_600, totalBytes: 2e11 } },
    /^The disk of .\/data has 100 MB left: when it is full ticks are no longer taken/,
  ],
];
for (const [what, facts, words] of WARNED) {
  Deno.test(`${what}: is told, and the work goes on`, () => {
    const { reasons, warnings } = told(facts);
    assert.deepEqual(reasons, []);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], words);
  });
}

Deno.test("what is over in a moment, and what was long ago, is not told", () => {
  assert.deepEqual(
    told({
      unowned: [1],
      unownedSince: ago(1),
      unreached: [{ url: "tcp://a:1", since: ago(2), error: null }],
      away: [
        { feed: "a", acked: true, since: ago(1) },
        { feed: "b", acked: true, since: ago(13 * 3_600) },
      ],
      forecasts: { nobodySince: ago(1), edge: { t: ago(300), missed: 4 } },
      disk: null,
    }),
    { reasons: [], warnings: [] },
  );
});

Deno.test("with both stores away nobody is told that the buffer keeps ticks", () => {
  const { reasons } = told({ warehouseDown: ago(9), bufferDown: ago(9) });
  assert.match(reasons[0], /ticks are not taken, feeds with acknowledgements/);
  assert.equal(reasons.length, 2);
});

Deno.test("a partition without an owner is not told as behind too", () => {
  const { reasons } = told({
    unowned: [1],
    unownedSince: ago(60),
    behind: [1, 2],
  });
  assert.equal(reasons.length, 2);
  assert.match(reasons[1], /behind in partition 2:/);
});
