import assert from "node:assert/strict";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MINUTE,
} from "../pipeline/domain/time.ts";
import type { CandleBasis } from "../pipeline/ports.ts";
import { dayQuality } from "./day_quality.ts";

const at = (minute: number): EpochMicros =>
  epochMicros(minute * MICROS_PER_MINUTE);

const candle = (
  minute: number,
  given: Partial<CandleBasis> = {},
): CandleBasis => ({
  t: at(minute),
  n: 10,
  closed: true,
  complete: true,
  coverageMs: 60_000,
  rev: 0,
  origin: "ticks",
  ...given,
});

/** A session of ten minutes, from the tenth on. */
const DAY = {
  sessions: [{ open: at(10), close: at(20) }],
  gaps: [],
  began: at(0),
  until: at(100),
};

Deno.test("dayQuality() tells quiet minutes from those without a feed", () => {
  const { minutes, completeness, spans, ticks } = dayQuality({
    ...DAY,
    candles: [
      candle(10),
      candle(11, { complete: false, coverageMs: 30_000 }),
      candle(14),
      candle(19),
    ],
    gaps: [{ from: at(15.5), to: at(17) }],
  });
  assert.equal(ticks, 40);
  assert.deepEqual(minutes, {
    expected: 10,
    with_candle: 4,
    quiet: 4,
    missing: 2,
    partly_covered: 1,
    revised: 0,
    imported: 0,
  });
  assert.equal(completeness, (10 - 2 - 0.5) / 10);
  assert.deepEqual(
    spans.map(({ kind, from, to }) => [kind, from / 60_000, to / 60_000]),
    [
      ["covered", 10, 11],
      ["partly", 11, 12],
      ["quiet", 12, 14],
      ["covered", 14, 15],
      ["missing", 15, 17],
      ["quiet", 17, 19],
      ["covered", 19, 20],
    ],
  );
});

Deno.test("dayQuality() expects nothing before the session or after now", () => {
  const candles = [candle(10), candle(11)];
  const early = dayQuality({ ...DAY, candles: [], until: at(9) });
  assert.equal(early.completeness, null);
  assert.equal(early.minutes.expected, 0);
  const now = dayQuality({ ...DAY, candles, until: at(12.5) });
  assert.deepEqual([now.minutes.expected, now.completeness], [2, 1]);
});

Deno.test("dayQuality() calls minutes before the first feed missing", () => {
  const { minutes, completeness } = dayQuality({
    ...DAY,
    candles: [candle(15)],
    began: at(15),
  });
  assert.deepEqual([minutes.missing, minutes.quiet], [5, 4]);
  assert.equal(completeness, 0.5);
});

Deno.test("dayQuality() counts revisions, and imported candles apart", () => {
  const { minutes, revisions, ticks } = dayQuality({
    ...DAY,
    candles: [
      candle(10, { rev: 2 }),
      candle(11, { rev: 1 }),
      candle(12, { origin: "import", n: 0 }),
      candle(13, { closed: false, complete: false, coverageMs: 0 }),
    ],
  });
  assert.equal(revisions, 3);
  assert.deepEqual([minutes.revised, minutes.imported], [2, 1]);
  assert.equal(minutes.partly_covered, 0);
  assert.equal(ticks, 30);
});
