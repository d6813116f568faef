import assert from "node:assert/strict";
import { NeededChannels } from "./needed_channels.ts";
import { HandClock } from "./testing/hand_clock.ts";

const KEPT_MS = 5_000;

function setUp() {
  const clock = new HandClock();
  const wanted: number[][] = [];
  const needs = new NeededChannels({
    want: (channels) => wanted.push([...channels]),
    clock,
    keptMs: KEPT_MS,
  });
  return { clock, needs, wanted };
}

Deno.test("NeededChannels wants a channel once, however many read it", () => {
  const { needs, wanted } = setUp();
  needs.enter([1, 2]);
  needs.enter([2, 3]);
  needs.enter([1]);
  assert.deepEqual(wanted, [[1, 2], [3]]);
  assert.deepEqual([needs.has(3), needs.has(4)], [true, false]);
});

Deno.test("NeededChannels gives back what nobody has read for a while", async () => {
  const { clock, needs, wanted } = setUp();
  needs.enter([1, 2]);
  needs.enter([2]);
  needs.leave([1, 2]);
  await clock.move(KEPT_MS);
  assert.deepEqual(needs.giveBack(), [], "not yet");
  await clock.move(5);
  assert.deepEqual(needs.giveBack(), [1]);
  needs.leave([2]);
  await clock.move(KEPT_MS - 1_000);
  needs.enter([2]); // somebody came back
  needs.leave([2]);
  await clock.move(KEPT_MS);
  assert.deepEqual(needs.giveBack(), []);
  await clock.move(5);
  assert.deepEqual(needs.giveBack(), [2]);
  needs.enter([1]);
  assert.deepEqual(wanted, [[1, 2], [1]]);
});

Deno.test("NeededChannels is ready when all of them are heard", async () => {
  const { clock, needs } = setUp();
  let ready = false;
  needs.ready([1, 2]).then(() => ready = true);
  needs.stand([1]);
  await clock.move(100);
  assert.equal(ready, false);
  needs.stand([2]);
  await clock.move(5);
  assert.equal(ready, true);
  assert.equal(needs.stands(2), true);
  await needs.ready([1, 2]); // at once: the clock stands
});

Deno.test("NeededChannels keeps nobody waiting for what cannot be heard", async () => {
  const { clock, needs } = setUp();
  let ready = 0;
  needs.ready([1]).then(() => ready++);
  await clock.move(900);
  assert.equal(ready, 0);
  await clock.move(200);
  assert.equal(ready, 1);
  await needs.ready([1]); // at once: it was waited for
  needs.stand([1]);
  needs.fall([1]);
  assert.equal(needs.stands(1), false);
  await needs.ready([1]);
});
