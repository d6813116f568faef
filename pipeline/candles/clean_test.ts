import assert from "node:assert/strict";
import fc from "fast-check";
import { alwaysOpen } from "../calendars/always_open.ts";
import type { Calendar } from "../domain/calendar.ts";
import type { Instrument } from "../domain/instrument.ts";
import { type EpochMicros, epochMicros } from "../domain/time.ts";
import {
  CLEAN_DEFAULTS,
  Cleaner,
  type CleanSettings,
  type CleanState,
  type CleanVerdict,
} from "./clean.ts";

const T0 = epochMicros(1_764_000_000_000_000);

function instrument(scales: Partial<Instrument> = {}): Instrument {
  return {
    id: 1,
    symbol: "NIFTY50",
    name: "NIFTY 50",
    exchange: "NSE",
    type: "index",
    currency: "INR",
    priceScale: 2,
    sizeScale: 0,
    tickSize: "0.05",
    lotSize: 1,
    calendar: "24x7",
    costBps: 2,
    auto: false,
    note: null,
    validFrom: null,
    validTo: null,
    ...scales,
  };
}

/** A cleaner with one instrument, and a short way to ask it. */
function cleaning(
  settings: Partial<CleanSettings> = {},
  calendar: Calendar = alwaysOpen(),
) {
  const cleaner = new Cleaner({ ...CLEAN_DEFAULTS, ...settings });
  const state = cleaner.stateOf(instrument(), calendar);
  let seq = 0;
  const price = (units: number): CleanVerdict =>
    cleaner.check(state, T0, units, 1, ++seq, T0);
  return { cleaner, state, price };
}

function warmUp(price: (units: number) => CleanVerdict, units = 100_00): void {
  for (let i = 0; i < CLEAN_DEFAULTS.bandWarmup; i++) price(units);
}

function reasonOf(verdict: CleanVerdict): string {
  return verdict.kind === "rejected" ? verdict.reason : verdict.kind;
}

Deno.test("check() rejects what no market trades, with the value and the wish", () => {
  const { cleaner, state } = cleaning();
  const ahead = (ms: number) => epochMicros(T0 + ms * 1_000);
  const cases: [EpochMicros, number, number, string, RegExp | null][] = [
    [T0, 0, 1, "price_not_positive", /^price must be > 0, got 0\.00$/],
    [T0, -300, 1, "price_not_positive", /got -3\.00$/],
    [T0, 300, -7, "volume_negative", /^volume must be >= 0, got -7$/],
    [ahead(5_000), 300, 0, "accepted", null],
    [ahead(5_001), 300, 0, "too_far_ahead", /at most 5000 ms after 2025/],
    [ahead(-1e9), 300, 0, "accepted", null],
  ];
  for (const [ts, price, size, wanted, detail] of cases) {
    const verdict = cleaner.check(state, ts, price, size, 1, T0);
    assert.equal(reasonOf(verdict), wanted);
    if (verdict.kind === "rejected") assert.match(verdict.detail, detail!);
  }
});

Deno.test("check() rejects a closed session and accepts what a calendar does not know", () => {
  const session = {
    open: T0,
    close: epochMicros(T0 + 60_000_000),
    day: "2025-11-24",
  };
  let asked = 0;
  const calendar: Calendar = {
    ...alwaysOpen(),
    id: "NSE",
    bucketAt: (_, t) => ({ start: t, end: t }),
    sessionsBetween: () => [],
    stateAt(t) {
      asked++;
      if (t >= session.close) return { kind: "unknown" };
      return t < session.open
        ? { kind: "closed", reason: "before the session" }
        : { kind: "open", session };
    },
  };
  const { cleaner, state } = cleaning({}, calendar);
  const at = (offset: number) =>
    cleaner.check(
      state,
      epochMicros(T0 + offset),
      100,
      0,
      1,
      epochMicros(2e15),
    );
  const early = at(-1);
  assert.equal(reasonOf(early), "closed_session");
  assert.match(
    early.kind === "rejected" ? early.detail : "",
    /session of NSE, got 2025-.*: before the session$/,
  );
  assert.equal(reasonOf(at(0)), "accepted");
  assert.equal(reasonOf(at(59_999_999)), "accepted");
  assert.equal(asked, 2, "inside a session the calendar is not asked again");
  assert.equal(reasonOf(at(60_000_000)), "accepted");
});

Deno.test("check() has no band during the warm-up and one after it", () => {
  const { price } = cleaning();
  for (let i = 0; i < 32; i++) {
    assert.equal(reasonOf(price(i % 2 ? 100_00 : 900_00)), "accepted");
  }
  const { price: steady } = cleaning();
  warmUp(steady);
  assert.equal(reasonOf(steady(125_00)), "accepted");
  const far = steady(125_01);
  assert.equal(reasonOf(far), "out_of_band");
  assert.match(
    far.kind === "rejected" ? far.detail : "",
    /within 25 % of 100\.00, the median of the last 33 ticks, got 125\.01/,
  );
  assert.equal(reasonOf(steady(75_00)), "accepted");
  assert.equal(reasonOf(steady(74_99)), "out_of_band");
});

Deno.test("check() takes a real 17 % day as it comes", () => {
  const { price } = cleaning();
  warmUp(price);
  for (let i = 0; i < 100; i++) {
    assert.equal(reasonOf(price(117_00)), "accepted");
  }
});

Deno.test("check() readmits a jump that persists, with the ticks it had rejected", () => {
  const { price } = cleaning();
  warmUp(price);
  for (const units of [50_00, 50_05, 49_95, 50_00]) {
    assert.equal(reasonOf(price(units)), "out_of_band");
  }
  const verdict = price(50_10);
  assert.equal(verdict.kind, "readmits");
  assert.deepEqual(
    verdict.kind === "readmits" && verdict.earlier.map((t) => [t.seq, t.price]),
    [[33, 50_00], [34, 50_05], [35, 49_95], [36, 50_00]],
  );
  assert.equal(reasonOf(price(50_05)), "accepted");
  assert.equal(reasonOf(price(100_00)), "out_of_band", "the band has moved");
});

Deno.test("check() does not readmit bad prints that good ticks interrupt, or that disagree", () => {
  const { price } = cleaning();
  warmUp(price);
  for (let i = 0; i < 40; i++) {
    const good = i % 5 === 4;
    const verdict = price(good ? 100_00 : 200_00);
    assert.equal(reasonOf(verdict), good ? "accepted" : "out_of_band");
  }
  const { price: wild } = cleaning();
  warmUp(wild);
  for (const units of [500_00, 10_00, 900_00, 1_00, 300_00, 700_00, 20_00]) {
    assert.equal(reasonOf(wild(units)), "out_of_band");
  }
});

Deno.test("stateOf() keeps the window when an instrument's decimals widen", () => {
  const { cleaner, state, price } = cleaning();
  warmUp(price);
  price(50_00);
  const wide = cleaner.stateOf(
    instrument({ priceScale: 4, sizeScale: 3 }),
    alwaysOpen(),
  );
  assert.equal(wide, state);
  const check = (units: number, seq: number) =>
    cleaner.check(wide, T0, units, 1_000, seq, T0);
  assert.equal(reasonOf(check(101_0000, 90)), "accepted");
  for (const seq of [91, 92, 93, 94]) check(50_0000, seq);
  const verdict = check(50_0000, 95);
  assert.deepEqual(
    verdict.kind === "readmits" &&
      verdict.earlier.map((t) => [t.seq, t.price, t.size]),
    [[91, 50_0000, 1000], [92, 50_0000, 1000], [93, 50_0000, 1000], [
      94,
      50_0000,
      1000,
    ]],
  );
});

Deno.test("check() holds few ticks and forgets the oldest price", () => {
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 300 }),
    fc.integer({ min: 1, max: 9 }),
    (prices, bandWindow) => {
      const settings = { ...CLEAN_DEFAULTS, bandWindow, bandWarmup: 3 };
      const { price, state } = cleaning(settings);
      const plain = new PlainBand(settings);
      for (const units of prices) {
        assert.equal(reasonOf(price(units)), plain.judge(units));
        assert.deepEqual(windowOf(state), plain.window.toSorted(byValue));
        assert.ok(state.held.length < settings.bandConfirm);
        assert.ok(
          windowOf(state).every((one) => {
            return one >= state.low && one <= state.high;
          }),
        );
      }
    },
  ));
});

function windowOf(state: CleanState): number[] {
  return [...state.ring.subarray(0, state.count)].toSorted(byValue);
}

const byValue = (a: number, b: number) => a - b;

/** The band, said as plainly as possible. */
class PlainBand {
  window: number[] = [];
  held: number[] = [];
  seen = 0;

  constructor(private readonly settings: CleanSettings) {}

  judge(price: number): string {
    const sorted = this.window.toSorted(byValue);
    const median = sorted[(sorted.length - 1) >> 1];
    if (this.seen < this.settings.bandWarmup || this.near(price, median)) {
      if (this.seen >= this.settings.bandWarmup) this.held = [];
      this.seen++;
      this.window = [...this.window, price].slice(-this.settings.bandWindow);
      return "accepted";
    }
    this.held = this.near(price, this.held[0] ?? NaN)
      ? [...this.held, price]
      : [price];
    if (this.held.length < this.settings.bandConfirm) return "out_of_band";
    this.window = this.held.slice(-this.settings.bandWindow);
    this.held = [];
    return "readmits";
  }

  near(price: number, centre: number): boolean {
    return Math.abs(price - centre) * 100 <=
      centre * this.settings.bandPercent;
  }
}
