import assert from "node:assert/strict";
import fc from "fast-check";
import { alwaysOpen } from "../pipeline/calendars/always_open.ts";
import type { Calendar, Session } from "../pipeline/domain/calendar.ts";
import type { StoredCandle } from "../pipeline/domain/candle.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MINUTE,
} from "../pipeline/domain/time.ts";
import { fillCandles, type FillInput } from "./fill_candles.ts";

const MINUTE = MICROS_PER_MINUTE;
const minute = (n: number) => epochMicros(n * MINUTE);

function candle(n: number, close = n): StoredCandle {
  return {
    symbol: "A",
    interval: "1m",
    t: minute(n),
    end: minute(n + 1),
    open: "1",
    high: "9",
    low: "1",
    close: String(close),
    volume: "5",
    vw: null,
    n: 3,
    closed: true,
    closedBy: "watermark",
    rev: 0,
    complete: true,
    coverageMs: 60_000,
    origin: "ticks",
    lastTs: minute(n),
  };
}

/** Sessions of minutes [from, to). */
function sessions(...spans: readonly [number, number][]): Calendar {
  const open = alwaysOpen();
  const all: Session[] = spans.map(([from, to], day) => ({
    open: minute(from),
    close: minute(to),
    day: String(day),
  }));
  return {
    id: "spans",
    zone: "UTC",
    stateAt: (t) => {
      const session = all.find((one) => one.open <= t && t < one.close);
      return session
        ? { kind: "open", session }
        : { kind: "closed", reason: "" };
    },
    bucketAt: (interval, t) => open.bucketAt(interval, t),
    sessionsBetween: (from, to) =>
      all.filter((one) => one.open < to && one.close > from),
  };
}

function input(changes: Partial<FillInput>): FillInput {
  return {
    candles: [],
    before: null,
    interval: "1m",
    calendar: alwaysOpen(),
    gaps: [],
    fill: "prev",
    from: minute(0),
    to: minute(100),
    settled: minute(100),
    limit: 1_000,
    countFrom: "start",
    ...changes,
  };
}

const minutesOf = (changes: Partial<FillInput>) =>
  fillCandles(input(changes)).candles.map(({ t }) => t / 60_000);

Deno.test("fillCandles() carries the close over quiet minutes", () => {
  const { candles } = fillCandles(
    input({ candles: [candle(1), candle(4)], to: minute(6) }),
  );
  assert.deepEqual(
    candles.map(({ t, c, n, synthetic }) => [t / 60_000, c, n, !!synthetic]),
    [
      [1, 1, 3, false],
      [2, 1, 0, true],
      [3, 1, 0, true],
      [4, 4, 3, false],
      [5, 4, 0, true],
    ],
  );
});

Deno.test("fillCandles() looks no further than there can be candles", () => {
  let asked = 0;
  const calendar: Calendar = {
    ...alwaysOpen(),
    bucketAt: alwaysOpen().bucketAt,
    sessionsBetween(from, to) {
      asked = to - from;
      return alwaysOpen().sessionsBetween(from, to);
    },
  };
  const candles = [candle(1)];
  const far = epochMicros(Number.MAX_SAFE_INTEGER);
  const settled = minute(4);
  const range = { calendar, candles, settled, from: minute(0), to: far };
  for (const countFrom of ["start", "end"] as const) {
    assert.deepEqual(minutesOf({ ...range, countFrom }), [1, 2, 3]);
    assert.equal(asked, 3 * MINUTE);
  }
  const after = { from: minute(9), before: candle(1), candles: [] };
  assert.deepEqual(minutesOf({ ...range, ...after }), []);
});

Deno.test("fillCandles() never carries over a session's edge", () => {
  const calendar = sessions([0, 3], [5, 8]);
  const candles = [candle(1), candle(6)];
  assert.deepEqual(minutesOf({ calendar, candles, to: minute(8) }), [
    1,
    2,
    6,
    7,
  ]);
});

Deno.test("fillCandles() carries where one session follows another unbroken", () => {
  const calendar = sessions([0, 3], [3, 8]);
  const candles = [candle(1)];
  assert.deepEqual(minutesOf({ calendar, candles, to: minute(5) }), [
    1,
    2,
    3,
    4,
  ]);
});

Deno.test("fillCandles() invents nothing after an outage until a tick came", () => {
  const gaps = [{ from: minute(3), to: minute(4) }];
  const candles = [candle(1), candle(6)];
  assert.deepEqual(minutesOf({ gaps, candles, to: minute(8) }), [1, 2, 6, 7]);
});

Deno.test("fillCandles() begins with the candle before the range", () => {
  const range = { from: minute(5), to: minute(7), before: candle(1) };
  assert.deepEqual(minutesOf(range), [5, 6]);
  const calendar = sessions([0, 3], [4, 8]);
  assert.deepEqual(minutesOf({ ...range, calendar }), []);
});

Deno.test("fillCandles() leaves out what may still get a tick, keeps what is forming", () => {
  const candles = [candle(1), candle(5)];
  const range = { candles, to: minute(6), settled: minute(4) };
  assert.deepEqual(minutesOf(range), [1, 2, 3, 5]);
});

Deno.test("fillCandles() keeps a candle outside of every session", () => {
  const calendar = sessions([0, 3]);
  assert.deepEqual(
    minutesOf({ calendar, candles: [candle(1), candle(5)], to: minute(9) }),
    [1, 2, 5],
  );
});

Deno.test("fillCandles() with null gives every minute of the sessions a row", () => {
  const calendar = sessions([0, 3], [5, 8]);
  const { candles } = fillCandles(
    input({ calendar, candles: [candle(1)], to: minute(8), fill: "null" }),
  );
  assert.deepEqual(
    candles.map(({ t, c }) => [t / 60_000, c]),
    [[1, 1], [2, null], [5, null], [6, null], [7, null]],
  );
});

Deno.test("fillCandles() says where the rows that the limit cut go on", () => {
  const candles = [candle(1)];
  const start = fillCandles(input({ candles, to: minute(9), limit: 3 }));
  assert.equal(start.rest, minute(4));
  const end = fillCandles(
    input({ candles, to: minute(9), limit: 3, countFrom: "end" }),
  );
  assert.deepEqual(end.candles.map(({ t }) => t / 60_000), [6, 7, 8]);
  assert.equal(end.candles[0].c, 1);
  assert.equal(end.rest, minute(6));
});

Deno.test("property: real candles pass unchanged, rows ascend, prev rows repeat a known close", () => {
  const minutes = fc.uniqueArray(fc.integer({ min: 0, max: 90 }), {
    maxLength: 30,
  });
  fc.assert(fc.property(
    minutes,
    fc.integer({ min: 1, max: 80 }),
    fc.integer({ min: 0, max: 10 }),
    fc.constantFrom("null" as const, "prev" as const),
    fc.array(fc.tuple(fc.nat(90), fc.nat(10)), { maxLength: 3 }),
    (at, split, pause, fill, spans) => {
      const calendar = sessions([0, split], [split + pause, 200]);
      const real = at.sort((a, b) => a - b).map((n) => candle(n, n + 1));
      const gaps = spans.map(([from, length]) => ({
        from: minute(from),
        to: minute(from + length),
      }));
      const { candles, rest } = fillCandles(
        input({ candles: real, calendar, gaps, fill }),
      );
      assert.equal(rest, null);
      const times = candles.map(({ t }) => t);
      assert.deepEqual(times, [...new Set(times)].sort((a, b) => a - b));
      assert.deepEqual(
        candles.filter(({ synthetic }) => !synthetic).map(({ t }) => t),
        real.map(({ t }) => t / 1_000),
      );
      for (const row of candles) {
        if (!row.synthetic || fill === "null") continue;
        const start = row.t * 1_000;
        const last = real.findLast(({ t }) => t < start)!;
        assert.equal(row.c, Number(last.close));
        const crossed = last.t < minute(split) &&
          start >= minute(split + pause);
        assert.ok(!crossed || pause === 0, "no close crosses the pause");
        for (const gap of gaps) {
          assert.ok(
            gap.from === gap.to || gap.from >= start + MINUTE ||
              gap.to <= last.end,
            "no close crosses an outage",
          );
        }
      }
    },
  ));
});

Deno.test("property: pages joined are the whole, whatever the limit", () => {
  const minutes = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), {
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(
    fc.property(minutes, fc.integer({ min: 1, max: 9 }), (at, limit) => {
      const real = at.sort((a, b) => a - b).map((n) => candle(n));
      const whole = minutesOf({ candles: real, to: minute(70) });
      const pages: number[] = [];
      let from: EpochMicros | null = minute(0);
      while (from !== null) {
        const start: EpochMicros = from;
        const page = fillCandles(input({
          candles: real.filter(({ t }) => t >= start),
          before: real.findLast(({ t }) => t < start) ?? null,
          from: start,
          to: minute(70),
          limit,
        }));
        pages.push(...page.candles.map(({ t }) => t / 60_000));
        from = page.rest;
      }
      assert.deepEqual(pages, whole);
    }),
  );
});
