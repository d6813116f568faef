import assert from "node:assert/strict";
import { type EpochMicros, epochMicros } from "../../pipeline/domain/time.ts";
import { ClockWatch } from "../../program/clock_watch.ts";
import { CommitTimes } from "../../program/commit_times.ts";
import { diskSpace } from "../../program/disk_space.ts";
import { RateMeter } from "../../program/rate_meter.ts";
import { Since } from "../../program/since.ts";

Deno.test("a rate is over the newest samples, and 0 without two", () => {
  const meter = new RateMeter(2);
  const sample = (ms: number, a: number) =>
    meter.sample(ms, new Map([["a", a]]));
  sample(0, 100);
  assert.equal(meter.perSecond("a"), 0);
  sample(1_000, 110);
  assert.equal(meter.perSecond("a"), 10);
  sample(2_000, 110);
  sample(4_000, 200);
  assert.equal(meter.perSecond("a"), 30);
  meter.sample(5_000, new Map());
  assert.equal(meter.perSecond("a"), 0);
  assert.equal(meter.perSecond("b"), 0);
});

Deno.test("the longest pause between commits is one that still goes on, too", () => {
  let now = 0;
  const times = new CommitTimes(() => now);
  assert.equal(times.longestMs, null);
  times.claimed(0);
  now = 300;
  times.committed(0, 5);
  now = 400;
  times.committed(0, 2);
  assert.deepEqual([times.longestMs, times.commits, times.ticks], [300, 2, 7]);
  assert.equal(times.sinceNewestMs, 0);
  now = 2_400;
  assert.equal(times.longestMs, 2_000);
  times.lost(0);
  assert.equal(times.longestMs, null, "nobody waits for it here");
});

Deno.test("a pause is forgotten after minutes", () => {
  let now = 0;
  const times = new CommitTimes(() => now);
  times.claimed(0);
  now = 9_000;
  times.committed(0, 1);
  for (let minute = 1; minute <= 3; minute++) {
    now += 60_000;
    times.claimed(0);
    times.turn();
    assert.equal(times.longestMs, minute < 2 ? 9_000 : 0, `${minute}`);
  }
});

Deno.test("a clock that is set is told for an hour; one that runs is not", () => {
  let wall = epochMicros(1_764_000_000_000_000);
  let steady = 5_000;
  const watch = new ClockWatch(() => wall, () => steady);
  const pass = (ms: number, stepMs = 0) => {
    steady += ms;
    wall = epochMicros(wall + (ms + stepMs) * 1_000) as EpochMicros;
    watch.look();
  };
  const stepMs = () => watch.step?.ms ?? null;
  watch.look();
  pass(1_000);
  pass(1_000, 400);
  assert.equal(stepMs(), null);
  pass(1_000, -3_600_000);
  assert.equal(stepMs(), -3_600_000);
  pass(1_000);
  assert.equal(stepMs(), -3_600_000);
  for (let i = 0; i < 61; i++) pass(60_000);
  assert.equal(stepMs(), null);
});

Deno.test("the warehouse's clock is compared in the middle of the asking", () => {
  const now = epochMicros(1_764_000_000_000_000);
  const watch = new ClockWatch(() => now, () => 0);
  watch.compare(epochMicros(now - 200_000), epochMicros(now - 3_100_000));
  assert.equal(watch.aheadMs, 3_000);
});

Deno.test("an answer that came late says nothing of the warehouse's clock", () => {
  const now = epochMicros(1_764_000_000_000_000);
  const watch = new ClockWatch(() => now, () => 0);
  watch.compare(epochMicros(now - 4_000_000), epochMicros(now - 4_000_000));
  assert.equal(watch.aheadMs, null);
  watch.compare(now, now);
  watch.compare(epochMicros(now - 4_000_000), now);
  assert.equal(watch.aheadMs, 0, "what was known before stays");
});

Deno.test("a condition has the time at which it began, anew each time", () => {
  const since = new Since();
  const at = (n: number) => epochMicros(n);
  assert.equal(since.note("a", true, at(1)), 1);
  assert.equal(since.note("a", true, at(5)), 1);
  assert.equal(since.note("a", false, at(6)), null);
  assert.equal(since.note("a", true, at(7)), 7);
});

Deno.test("the room on a disk is known of folders that are there", async () => {
  const space = await diskSpace(".");
  assert.ok(space !== null && space.freeBytes > 0);
  assert.ok(space.totalBytes >= space.freeBytes);
  assert.equal(await diskSpace("./no/such/folder"), null);
});
