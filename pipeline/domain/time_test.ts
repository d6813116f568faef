import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type EpochMicros,
  epochMicros,
  fromMillis,
  parseTime,
  toIso,
  toMillis,
} from "./time.ts";

Deno.test("parseTime() reads Unix milliseconds and ISO 8601", () => {
  const at = Date.UTC(2025, 10, 25, 3, 45, 0) * 1_000;
  const cases: [string, number | null][] = [
    ["1764042300000", at],
    ["1764042300000.123", at + 123],
    ["1764042300000.1239", at + 124],
    ["2025-11-25T03:45:00Z", at],
    ["2025-11-25T03:45Z", at],
    ["2025-11-25 03:45:00", at],
    ["2025-11-25T09:15:00+05:30", at],
    ["2025-11-25T09:15:00+0530", at],
    ["2025-11-25T03:45:00.000001Z", at + 1],
    ["2025-11-25T03:45:00.1234567Z", at + 123_456],
    ["2025-11-25", Date.UTC(2025, 10, 25) * 1_000],
    ["-1", -1_000],
    ["2025-13-01", null],
    ["2025-11-25T25:00:00Z", null],
    ["2025-02-29", null],
    ["2025-02-30T00:00:00Z", null],
    ["2025-04-31T10:00:00+05:30", null],
    ["2024-02-29", Date.UTC(2024, 1, 29) * 1_000],
    ["yesterday", null],
    ["", null],
    ["1e12", null],
  ];
  for (const [text, wanted] of cases) {
    assert.equal(parseTime(text), wanted, text);
  }
});

Deno.test("parseTime() is null for times that EpochMicros cannot count", () => {
  for (
    const text of [
      "0000-01-01",
      "1684-01-01",
      "2256-01-01",
      "2255-12-31T23:59:59.999999Z",
      "9999-12-31T23:59:59Z",
      "99999999999999",
      "-99999999999999",
      "9007199254741",
    ]
  ) assert.equal(parseTime(text), null, text);
  assert.equal(parseTime("2255-06-05T23:47:34.740991Z"), 9007199254740991);
});

Deno.test("parseTime() gives whole microseconds or null, whatever the year", () => {
  const padded = (max: number, width: number) =>
    fc.nat(max).map((n) => String(n).padStart(width, "0"));
  const text = fc.tuple(
    padded(9_999, 4),
    padded(13, 2),
    padded(32, 2),
    padded(23, 2),
  ).map(([year, month, day, hour]) => `${year}-${month}-${day}T${hour}:00Z`);
  fc.assert(fc.property(text, (iso) => {
    const t = parseTime(iso);
    if (t !== null) assert.equal(toIso(t).slice(0, 10), iso.slice(0, 10));
  }));
});

Deno.test("times go through milliseconds and ISO and come back", () => {
  const moment = fc.integer({ min: -4e15, max: 9e15 });
  fc.assert(fc.property(moment, (micros) => {
    const t = epochMicros(micros);
    const whole = Math.floor(micros / 1_000) * 1_000;
    assert.equal(parseTime(toIso(t)), whole);
    const ms = whole as EpochMicros;
    assert.equal(fromMillis(toMillis(ms)), ms);
  }));
});

Deno.test("epochMicros() refuses what is not whole or not exact", () => {
  assert.throws(() => epochMicros(0.5), /0\.5 is not whole microseconds/);
  assert.throws(() => epochMicros(2 ** 53));
  assert.throws(() => epochMicros(NaN));
});
