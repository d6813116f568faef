import assert from "node:assert/strict";
import { TimeWords } from "./local_time.ts";
import { type TimeStep, timeStep, timeTicks } from "./time_ticks.ts";

const words = new TimeWords("en-GB");
const MINUTE = 60_000;
const DAY = 864e5;

/** Sessions 09:15 to 15:30 on weekdays, a candle a minute. */
const WALLS: number[] = [];
for (let day = Date.UTC(2026, 9, 26); day < Date.UTC(2026, 10, 7); day += DAY) {
  const weekday = new Date(day).getUTCDay();
  if (weekday === 0 || weekday === 6) continue;
  for (let minute = 555; minute < 930; minute++) {
    WALLS.push(day + minute * MINUTE);
  }
}
const wallAt = (slot: number) => WALLS[slot] ?? NaN;

function labels(from: number, to: number, step: TimeStep, slotPx: number) {
  return timeTicks(wallAt, { from, to }, step, {
    slotPx,
    spacingPx: 80,
    words,
  });
}

Deno.test("labels stand at round local times and at the first candle of a day", () => {
  const ticks = labels(300, 480, { kind: "clock", ms: 30 * MINUTE }, 8);
  assert.deepEqual(ticks.map(({ label }) => label), [
    "14:30",
    "15:00",
    "27 Oct",
    "09:30",
    "10:00",
    "10:30",
    "11:00",
  ]);
  assert.equal(WALLS[ticks[2].slot] % DAY, 555 * MINUTE);
});

Deno.test("a history that begins at a round time is labelled there", () => {
  const hours = Array.from({ length: 7 }, (_, i) => DAY / 2 + i * 60 * MINUTE);
  const labelsOf = (walls: readonly number[]) =>
    timeTicks(
      (slot) => walls[slot] ?? NaN,
      { from: -40, to: 20 },
      { kind: "clock", ms: DAY / 2 },
      { slotPx: 13, spacingPx: 94, words },
    ).map(({ label }) => label);
  assert.deepEqual(labelsOf(hours), ["12:00"]);
  assert.deepEqual(labelsOf(hours.slice(1)), []);
});

Deno.test("closed hours take no room: the next session follows at once", () => {
  const ticks = labels(370, 380, { kind: "clock", ms: 30 * MINUTE }, 8);
  assert.deepEqual(ticks.map(({ slot }) => slot), [375]);
});

Deno.test("panning changes no label that stays in sight", () => {
  const step: TimeStep = { kind: "clock", ms: 15 * MINUTE };
  const whole = new Map(
    labels(1, WALLS.length - 1, step, 8).map((tick) => [tick.slot, tick.label]),
  );
  for (let from = 100; from < 1000; from += 7) {
    for (const { slot, label } of labels(from, from + 160, step, 8)) {
      assert.equal(whole.get(slot), label);
    }
  }
});

Deno.test("labels never come closer than their spacing", () => {
  const slotPx = 2.7;
  const step = timeStep({
    slotPx,
    intervalMs: MINUTE,
    slotsPerDay: 375,
    daysPerWeek: 5,
    spacingPx: 80,
  });
  const ticks = labels(1, WALLS.length - 1, step, slotPx);
  for (let i = 1; i < ticks.length; i++) {
    assert.ok((ticks[i].slot - ticks[i - 1].slot) * slotPx >= 80);
  }
});

Deno.test("a step is the finest whose labels do not touch", () => {
  const density = {
    intervalMs: MINUTE,
    slotsPerDay: 375,
    daysPerWeek: 5,
    spacingPx: 80,
  };
  assert.deepEqual(timeStep({ ...density, slotPx: 8 }), {
    kind: "clock",
    ms: 10 * MINUTE,
  });
  assert.deepEqual(timeStep({ ...density, slotPx: 0.3 }), {
    kind: "clock",
    ms: 6 * 60 * MINUTE,
  });
  assert.deepEqual(timeStep({ ...density, slotPx: 0.1 }), { kind: "week" });
  assert.deepEqual(
    timeStep({ ...density, intervalMs: DAY, slotsPerDay: 1, slotPx: 8 }),
    { kind: "month" },
  );
  assert.deepEqual(
    timeStep({ ...density, intervalMs: 7 * DAY, slotsPerDay: 1, slotPx: 1 }),
    { kind: "years", years: 2 },
  );
});

Deno.test("the turn of a month outranks a week beside it", () => {
  const ticks = timeTicks(
    (slot) => Date.UTC(2026, 9, 1) + slot * DAY,
    { from: 1, to: 60 },
    { kind: "week" },
    { slotPx: 20, spacingPx: 80, words },
  );
  const texts = ticks.map(({ label }) => label);
  assert.ok(texts.includes("Nov"));
  assert.ok(!texts.includes("2"), "2 Nov is a Monday, one day after the turn");
  assert.equal(ticks.find(({ label }) => label === "Nov")?.strong, true);
});
