import assert from "node:assert/strict";
import { alwaysOpen } from "../calendars/always_open.ts";
import type { Calendar } from "../domain/calendar.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { LiveEvent } from "../domain/live_event.ts";
import { epochMicros, MICROS_PER_MINUTE } from "../domain/time.ts";
import type { Log } from "../ports.ts";
import { fitInstrument, type FitJob } from "./fit_instrument.ts";
import type { PoolResult } from "./fit_pool.ts";
import { Forecaster, type ForecasterOptions } from "./run_forecaster.ts";
import { knownPhi } from "./testing/known_phi.ts";
import { makeCandles, storedCandle } from "./testing/make_candles.ts";
import { MemoryCandles, MemoryForecasts } from "./testing/memory_stores.ts";
import { VirtualClock } from "./testing/virtual_clock.ts";

const T0 = 29_400_000 * MICROS_PER_MINUTE;
const SILENT: Log = { info() {}, warn() {}, error() {} };
const CLOSED: Calendar = {
  ...alwaysOpen(),
  id: "closed",
  zone: "UTC",
  stateAt: () => ({ kind: "closed", reason: "holiday" }),
  bucketAt: (interval, t) => alwaysOpen().bucketAt(interval, t),
  sessionsBetween: () => [],
};

const KNOWN_PHI = knownPhi(0.6);

function instrument(symbol: string, calendar = "24x7"): Instrument {
  return {
    id: 1,
    symbol,
    name: symbol,
    exchange: "test",
    type: "index",
    currency: "INR",
    priceScale: 2,
    sizeScale: 0,
    tickSize: "0.01",
    lotSize: 1,
    calendar,
    costBps: 2,
    auto: false,
    note: null,
    validFrom: null,
    validTo: null,
  };
}

function harness(
  given: {
    readonly symbols?: readonly Instrument[];
    readonly startMs?: number;
    readonly fit?: (job: FitJob) => Promise<PoolResult>;
    readonly options?: Partial<ForecasterOptions>;
  } = {},
) {
  const clock = new VirtualClock(T0 + (given.startMs ?? -30_000) * 1_000);
  const candles = new MemoryCandles();
  const forecasts = new MemoryForecasts(candles);
  const events: LiveEvent[] = [];
  const jobs: FitJob[] = [];
  const abort = new AbortController();
  const forecaster = new Forecaster({
    clock,
    log: SILENT,
    candles,
    forecasts,
    catalog: {
      all: () => given.symbols ?? [instrument("AAA")],
      calendarOf: (one) => one.calendar === "24x7" ? alwaysOpen() : CLOSED,
    },
    pool: {
      fit(job) {
        jobs.push(job);
        return given.fit?.(job) ?? Promise.resolve({
          kind: "fitted",
          outcome: fitInstrument(KNOWN_PHI, job),
        });
      },
      close() {},
    },
    publish: (batch) => events.push(...batch),
    position: () => "17-3",
  }, given.options);
  const running = forecaster.run(abort.signal);
  return {
    clock,
    candles,
    forecasts,
    forecaster,
    events,
    jobs,
    async stop() {
      abort.abort();
      await clock.advance(1);
      await running;
    },
  };
}

/** Candles that end at T0 and go on after it. */
function market(n: number, after: number, phi = 0.6) {
  return makeCandles({
    n: n + after,
    start: T0 - n * MICROS_PER_MINUTE,
    phi,
    sd: 2e-3,
    seed: 7,
  });
}

Deno.test("Forecaster stores five minutes of every model within a second of the edge", async () => {
  const h = harness();
  for (const candle of market(300, 0)) {
    h.candles.put(storedCandle("AAA", candle));
  }
  await h.clock.advance(31_000);
  const rows = [...h.forecasts.rows.values()];
  assert.equal(rows.length, 4 * 5);
  assert.equal(rows.filter((row) => row.champion).length, 5);
  for (const row of rows) {
    assert.equal(row.t, T0 + (row.horizon - 1) * MICROS_PER_MINUTE);
    assert.ok(row.madeAt >= T0 && row.madeAt <= T0 + 1e6);
    assert.equal(row.trainedThrough, T0);
    assert.equal(row.position, "17-3");
    assert.ok(row.low <= Math.min(row.open, row.close));
    assert.ok(row.high >= Math.max(row.open, row.close));
  }
  assert.deepEqual(h.events.map(({ kind }) => kind), ["forecast", "signal"]);
  const [first] = h.events;
  assert.ok(first.kind === "forecast");
  assert.deepEqual(first.forecasts.map((one) => one.horizon), [1, 2, 3, 4, 5]);
  assert.equal(h.forecasts.kept.length, 1);
  await h.stop();
});

Deno.test("Forecaster never sees a candle of the minute that it forecasts", async () => {
  const closes: number[] = [];
  for (const leak of [false, true]) {
    const h = harness();
    const candles = market(300, 1);
    for (const candle of candles.slice(0, 300)) {
      h.candles.put(storedCandle("AAA", candle));
    }
    if (leak) {
      h.candles.put(storedCandle(
        "AAA",
        { ...candles[300], high: 500, close: 500 },
        { closed: false, complete: false },
      ));
    }
    await h.clock.advance(31_000);
    const [row] = h.forecasts.rows.values();
    closes.push(row.close, row.high, row.last);
    await h.stop();
  }
  assert.deepEqual(closes.slice(0, 3), closes.slice(3));
});

Deno.test("Forecaster uses a candle that has ended but is not closed, for this forecast only", async () => {
  const h = harness();
  const candles = market(300, 2);
  for (const candle of candles.slice(0, 299)) {
    h.candles.put(storedCandle("AAA", candle));
  }
  h.candles.put(
    storedCandle("AAA", candles[299], { closed: false, complete: false }),
  );
  await h.clock.advance(31_000);
  const made = [...h.forecasts.rows.values()][0];
  assert.equal(made.last, candles[299].close);
  assert.equal(made.trainedThrough, T0 - MICROS_PER_MINUTE);

  // It closes with another price, as late ticks made it.
  const closed = { ...candles[299], close: candles[299].high };
  h.candles.put(storedCandle("AAA", closed));
  h.candles.put(storedCandle("AAA", candles[300]));
  await h.clock.advance(60_000);
  const before = fitTrackClose(h.forecasts, T0);
  assert.equal(before, made.close, "what was stored stays");
  await h.stop();

  // The same as if it had been closed with that price at once.
  const other = harness({ startMs: 30_000 });
  for (const candle of [...candles.slice(0, 299), closed, candles[300]]) {
    other.candles.put(storedCandle("AAA", candle));
  }
  await other.clock.advance(31_000);
  const at = T0 + MICROS_PER_MINUTE;
  assert.equal(
    fitTrackClose(h.forecasts, at, "random-walk"),
    fitTrackClose(other.forecasts, at, "random-walk"),
  );
  await other.stop();
});

function fitTrackClose(
  store: MemoryForecasts,
  t: number,
  model?: string,
): number | undefined {
  return [...store.rows.values()].find((row) =>
    row.t === t && row.horizon === 1 && (!model || row.model === model)
  )?.close;
}

Deno.test("Forecaster stands in with the random walk, and says why, while it has few candles", async () => {
  const h = harness();
  for (const candle of market(12, 0)) {
    h.candles.put(storedCandle("AAA", candle));
  }
  await h.clock.advance(31_000);
  const rows = [...h.forecasts.rows.values()];
  assert.deepEqual([...new Set(rows.map((row) => row.model))], ["random-walk"]);
  assert.equal(rows[0].close, rows[0].last);
  assert.equal(h.forecasts.kept[0].action, "HOLD");
  assert.match(h.forecasts.kept[0].reason, /Only 12 candles so far/);
  assert.equal(h.jobs.length, 0);
  await h.stop();
});

Deno.test("Forecaster finds the predictable market from the first minute, and the random walk elsewhere", async () => {
  const h = harness({ symbols: [instrument("AAA"), instrument("RW")] });
  for (const candle of market(360, 0)) {
    h.candles.put(storedCandle("AAA", candle));
  }
  for (
    const candle of makeCandles({
      n: 360,
      start: T0 - 360 * MICROS_PER_MINUTE,
      seed: 5,
    })
  ) h.candles.put(storedCandle("RW", candle));
  await h.clock.advance(31_000);
  const report = h.forecaster.report("AAA");
  assert.ok(report);
  assert.notEqual(report.champion, "random-walk");
  assert.equal(report.skills.length, 4);
  assert.ok(report.skills.every((skill) => skill.source === "walk_forward"));
  const signals = h.forecasts.kept;
  assert.match(
    signals.find(({ symbol }) => symbol === "AAA")?.reason ?? "",
    /walk forward|not above/,
  );
  assert.equal(h.forecaster.report("RW")?.champion, "random-walk");
  await h.stop();
});

Deno.test("Forecaster scores forecasts once their candle is closed, and live skill takes over", async () => {
  const h = harness({ options: { liveMin: 3, scoredMin: 2 } });
  const candles = market(300, 6);
  for (const candle of candles.slice(0, 300)) {
    h.candles.put(storedCandle("AAA", candle));
  }
  for (let i = 0; i < 6; i++) {
    await h.clock.advance(60_000);
    h.candles.put(storedCandle("AAA", candles[300 + i]));
  }
  await h.clock.advance(30_000);
  const scored = [...h.forecasts.scores.values()];
  assert.ok(scored.length > 0);
  for (const score of scored) {
    const candle = candles.find(({ t }) => t === score.t);
    assert.equal(score.actual, candle?.close);
  }
  const skills = h.forecaster.report("AAA")?.skills ?? [];
  assert.ok(skills.every((skill) => skill.source === "live"));
  assert.equal(h.forecaster.counts.scored, scored.length);
  await h.stop();
});

Deno.test("Forecaster leaves out an instrument that is too late, and counts it", async () => {
  const h = harness();
  for (const candle of market(300, 0)) {
    h.candles.put(storedCandle("AAA", candle));
  }
  const latest = h.candles.latest.bind(h.candles);
  h.candles.latest = async (symbols, interval, limit) => {
    if (h.clock.now() >= T0) await h.clock.sleep(1_500);
    return latest(symbols, interval, limit);
  };
  await h.clock.advance(35_000);
  assert.equal(h.forecasts.rows.size, 0);
  assert.equal(h.forecaster.counts.late, 1);
  await h.stop();
});

Deno.test("Forecaster tries again within the edge when the store fails", async () => {
  const h = harness();
  for (const candle of market(300, 0)) {
    h.candles.put(storedCandle("AAA", candle));
  }
  h.forecasts.failures = 2;
  await h.clock.advance(31_000);
  assert.equal(h.forecasts.rows.size, 20);
  await h.stop();
});

Deno.test("Forecaster makes nothing while the market is closed or the data is old", async () => {
  const h = harness({
    symbols: [instrument("SHUT", "closed"), instrument("OLD")],
  });
  for (const candle of market(300, 0)) {
    h.candles.put(storedCandle("SHUT", candle));
    h.candles.put(storedCandle("OLD", {
      ...candle,
      t: candle.t - 20 * MICROS_PER_MINUTE,
      end: candle.end - 20 * MICROS_PER_MINUTE,
    }));
  }
  await h.clock.advance(31_000);
  assert.equal(h.forecasts.rows.size, 0);
  assert.equal(h.forecaster.counts.idle, 1);
  await h.stop();
});

Deno.test("Forecaster gives no order when no tick came in the minute before", async () => {
  const h = harness();
  for (const candle of market(301, 0).slice(0, 300)) {
    h.candles.put(storedCandle("AAA", candle));
  }
  await h.clock.advance(31_000);
  assert.equal(h.forecasts.kept[0].action, "HOLD");
  assert.match(h.forecasts.kept[0].reason, /^No tick came in the minute/);
  await h.stop();
});

Deno.test("Forecaster keeps the random walk and the reason when fits fail", async () => {
  const h = harness({
    fit: () => Promise.resolve({ kind: "failed", reason: "out of time" }),
  });
  for (const candle of market(300, 0)) {
    h.candles.put(storedCandle("AAA", candle));
  }
  await h.clock.advance(31_000);
  assert.match(h.forecasts.kept[0].reason, /last fit failed: out of time/);
  assert.equal(h.forecaster.counts.fitsFailed, 1);
  await h.stop();
});

Deno.test("Forecaster fits again, most overdue first, from closed candles only", async () => {
  const symbols = ["A", "B", "C"].map((symbol) => instrument(symbol));
  const h = harness({ symbols, options: { refitEveryMs: 120_000 } });
  const candles = market(300, 5);
  for (const { symbol } of symbols) {
    for (const candle of candles.slice(0, 300)) {
      h.candles.put(storedCandle(symbol, candle));
    }
  }
  await h.clock.advance(20_000);
  const first = h.jobs.map(({ symbol }) => symbol);
  assert.deepEqual([...first].sort(), ["A", "B", "C"]);
  for (let i = 0; i < 4; i++) {
    for (const { symbol } of symbols) {
      h.candles.put(storedCandle(symbol, candles[300 + i], {
        closed: i < 3,
      }));
    }
    await h.clock.advance(60_000);
  }
  assert.ok(h.jobs.length >= 6);
  assert.deepEqual(h.jobs.slice(3, 6).map(({ symbol }) => symbol), first);
  assert.ok(
    h.jobs.every((job) => job.candles.every((one) => one.end <= T0 + 3 * 60e6)),
  );
  assert.equal(
    epochMicros(h.jobs[0].candles.at(-1)?.end ?? 0),
    T0,
  );
  await h.stop();
});
