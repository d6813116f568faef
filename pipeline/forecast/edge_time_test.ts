import assert from "node:assert/strict";
import { epochMicros, MICROS_PER_MINUTE } from "../domain/time.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { nextEdge, reachEdge } from "./edge_time.ts";

const T0 = 29_400_000 * MICROS_PER_MINUTE;
const SETTLE_MS = 300;

/** Waits from half a minute before an edge, until the clock is at that edge. */
async function reached(setMs: number): Promise<number | null> {
  const clock = new ManualClock(T0 + 30_000_000);
  const stop = new AbortController();
  const reaching = reachEdge(clock, nextEdge(clock.now()), {
    settleMs: SETTLE_MS,
    signal: stop.signal,
  });
  await clock.advance(10_000);
  clock.setTimeOfDay(setMs);
  await clock.advance(20_000 + SETTLE_MS);
  stop.abort();
  const edge = await reaching;
  return edge === null ? null : (edge - T0) / MICROS_PER_MINUTE;
}

Deno.test("an edge is reached when its candles are closed", async () => {
  assert.equal(await reached(0), 1);
});

Deno.test("a clock that is put back brings another edge, not a long wait", async () => {
  assert.equal(await reached(-60 * 60_000), 1 - 60);
});

Deno.test("a clock that is put on has reached the edge", async () => {
  assert.equal(await reached(60 * 60_000), 1);
});

Deno.test("a clock that is put back a little has not reached the edge", async () => {
  assert.equal(await reached(-5_000), null);
});

Deno.test("nothing is reached once it is aborted", async () => {
  const clock = new ManualClock(T0);
  const edge = epochMicros(T0 - MICROS_PER_MINUTE);
  const signal = AbortSignal.abort();
  assert.equal(await reachEdge(clock, edge, { settleMs: 0, signal }), null);
});
