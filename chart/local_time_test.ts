import assert from "node:assert/strict";
import fc from "fast-check";
import { countdown, LocalTime, TimeWords } from "./local_time.ts";

const ZONES = [
  "Asia/Kolkata",
  "America/New_York",
  "Europe/London",
  "Australia/Lord_Howe",
  "Africa/Casablanca",
  "UTC",
];

Deno.test("wallOf() is what Intl says, also around changes of the clocks", () => {
  const t = fc.integer({ min: Date.UTC(2015), max: Date.UTC(2030) });
  fc.assert(fc.property(fc.constantFrom(...ZONES), t, (timeZone, at) => {
    const wall = new Date(local(timeZone).wallOf(at));
    const wanted = new Intl.DateTimeFormat("sv-SE", {
      timeZone,
      dateStyle: "short",
      timeStyle: "medium",
    }).format(at);
    const said = wall.toISOString().slice(0, 19).replace("T", " ");
    assert.equal(said, wanted);
  }));
});

const locals = new Map<string, LocalTime>();
function local(timeZone: string): LocalTime {
  const known = locals.get(timeZone) ?? new LocalTime(timeZone);
  locals.set(timeZone, known);
  return known;
}

Deno.test("wallOf() changes at the minute the clocks do", () => {
  // 2026-03-08 02:00 EST -> 03:00 EDT.
  const change = Date.UTC(2026, 2, 8, 7);
  const zone = local("America/New_York");
  assert.equal(zone.wallOf(change - 1) - (change - 1), -5 * 3_600_000);
  assert.equal(zone.wallOf(change) - change, -4 * 3_600_000);
});

Deno.test("LocalTime refuses a zone that does not exist", () => {
  assert.throws(() => new LocalTime("Mars/Olympus"), RangeError);
});

Deno.test("TimeWords says times as an axis, a pill and a sentence need them", () => {
  const words = new TimeWords("en-GB");
  const wall = Date.UTC(2026, 10, 18, 12, 31, 5);
  assert.equal(words.time(wall), "12:31");
  assert.equal(words.time(wall, true), "12:31:05");
  assert.equal(words.day(wall), "18 Nov");
  assert.equal(words.short(wall, 60_000), "Wed 18 Nov 12:31");
  assert.equal(words.full(wall, 864e5), "Wed 18 Nov 2026");
});

Deno.test("countdown() rounds up, so that zero means closed", () => {
  assert.deepEqual(
    [0, 1, 45_000, 725_000, 11_400_000, 187_200_000].map(countdown),
    ["00:00", "00:01", "00:45", "12:05", "3:10:00", "2d 4h"],
  );
});
