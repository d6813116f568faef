import assert from "node:assert/strict";
import { alwaysOpen } from "../calendars/always_open.ts";
import type { Calendar } from "../domain/calendar.ts";
import type { Forecast } from "../domain/forecast.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { LiveEvent } from "../domain/live_event.ts";
import { epochMicros, MICROS_PER_MINUTE } from "../domain/time.ts";
import { CANDIDATES } from "./candidates.ts";
import { fitInstrument, type FitJob } from "./fit_instrument.ts";
import type { PoolResult } from "./fit_pool.ts";
import { Forecaster, type ForecasterOptions } from "./run_forecaster.ts";
import { knownPhi } from "./testing/known_phi.ts";
import { makeCandles, storedCandle } from "./testing/make_candles.ts";
import { MemoryCandles, MemoryForecasts } from "./testing/memory_stores.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { silentLog } from "../silent_log.ts";

const T0 = 29_400_000 * MICROS_PER_MINUTE;
/** Candidates of an engine that selects no orders. */
const MODELS = CANDIDATES.length - 1;
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
  const clock = new ManualClock(T0 + (given.startMs ?? -30_000) * 1_000);
  const candles = new MemoryCandles();
  const forecasts = new MemoryForecasts(candles);
  const events: LiveEvent[] = [];
  const jobs: FitJob[] = [];
  const abort = new AbortController();
  const forecaster = new Forecaster({
    clock,
    log: silentLog,
    candles,
    forecasts,
    scores: forecasts,
    signals: forecasts,
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
  assert.equal(rows.length, MODELS * 5);
  assert.equal(rows.filter((row) => row.champion).length, 5);
  for (const row of rows) {
    assert.equal(row.t, T0 + (row.horizon - 1) * MICROS_PER_MINUTE);
    assert.ok(row.madeAt >= T0 && row.madeAt <= T0 + 1e6);
    assert.equal(row.trainedThrough, T0);
    assert.equal(row.position, "17-3");
    assert.ok(row.low <= Math.min(row.open, row.close));
    assert.ok(row.high >= Math.max(row.open, row.close));
  }
  assert.deepEqual(
    h.events.map((event) => [
      event.kind,
      event.kind === "forecast" && event.forecasts.map((one) => one.horizon),
    ]),
    [
      ["forecast", [1]],
      ["signal", false],
      ["forecast", [2, 3, 4, 5]],
    ],
  );
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
  assert.equal(report.skills.length, MODELS);
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
  assert.equal(h.forecasts.rows.size, MODELS * 5);
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
  assert.deepEqual(first.slice(0, 3).sort(), ["A", "B", "C"]);
  assert.deepEqual(first.slice(3), first.slice(0, 3), "the walk forward");
  for (let i = 0; i < 4; i++) {
    for (const { symbol } of symbols) {
      h.candles.put(storedCandle(symbol, candles[300 + i], {
        closed: i < 3,
      }));
    }
    await h.clock.advance(60_000);
  }
  assert.ok(h.jobs.length >= 9);
  assert.deepEqual(
    h.jobs.slice(6, 9).map(({ symbol }) => symbol),
    first.slice(0, 3),
  );
  assert.ok(h.jobs.slice(0, 3).every(({ before }) => before === null));
  assert.ok(
    h.jobs.slice(6, 9).every(({ before }) => before?.closes.length === MODELS),
    "a refit may start from the models before it",
  );
  assert.ok(
    h.jobs.every((job) => job.candles.every((one) => one.end <= T0 + 3 * 60e6)),
  );
  assert.equal(
    epochMicros(h.jobs[0].candles.at(-1)?.end ?? 0),
    T0,
  );
  await h.stop();
});

/** Names the minutes' forecasts by what was stored with one statement. */
function watchSaves(h: ReturnType<typeof harness>, slowMs = 0) {
  const saves: { readonly at: number; readonly rows: readonly Forecast[] }[] =
    [];
  const save = h.forecasts.saveForecasts.bind(h.forecasts);
  h.forecasts.saveForecasts = async (rows, withinMs) => {
    const { horizon } = rows[0];
    const leftMs = 940 - (h.clock.now() - T0) / 1_000;
    assert.equal(withinMs, horizon === 1 ? leftMs : undefined);
    if (slowMs > 0) await h.clock.sleep(slowMs);
    const others = await save(rows);
    saves.push({ at: (h.clock.now() - T0) / 1_000, rows });
    return others;
  };
  return saves;
}

function manyInstruments(n: number): readonly Instrument[] {
  return Array.from(
    { length: n },
    (_, i) => instrument(`I${String(i).padStart(4, "0")}`),
  );
}

Deno.test("Forecaster stores the champions and baselines of all instruments first, then challengers, then later minutes", async () => {
  const symbols = manyInstruments(600);
  const h = harness({ symbols });
  const candles = market(64, 0);
  for (const { symbol } of symbols) {
    for (const candle of candles) h.candles.put(storedCandle(symbol, candle));
  }
  await h.clock.advance(20_000);
  assert.equal(h.forecaster.counts.fits, 2 * 600);
  const saves = watchSaves(h, 20);
  await h.clock.advance(20_000);
  const kinds = saves.flatMap(({ rows }) => [
    ...new Set(
      rows.map(({ horizon, champion, model }) =>
        horizon === 1
          ? champion || model === "random-walk" ? "nearest" : "challengers"
          : champion
          ? "shown"
          : "rest"
      ),
    ),
  ]);
  assert.deepEqual(
    kinds.filter((kind, i) => kind !== kinds[i - 1]),
    ["nearest", "challengers", "shown", "rest"],
  );
  assert.equal(h.forecasts.rows.size, 600 * MODELS * 5);
  assert.ok(saves.every(({ rows }) => rows.length <= 1_020));
  for (const { at, rows } of saves) {
    if (rows.some(({ horizon }) => horizon === 1)) assert.ok(at < 1_000);
  }
  const { late, leftOut, overdue } = h.forecaster.counts;
  assert.deepEqual([late, leftOut, overdue], [0, 0, 0]);
  await h.stop();
});

Deno.test("Forecaster with a slow store keeps the deadline: it leaves out challengers, then instruments, and counts them", async () => {
  const symbols = manyInstruments(1_000);
  const h = harness({ symbols });
  const candles = market(64, 0);
  for (const { symbol } of symbols) {
    for (const candle of candles) h.candles.put(storedCandle(symbol, candle));
  }
  await h.clock.advance(20_000);
  const saves = watchSaves(h, 390);
  await h.clock.advance(20_000);
  // Two at a time of 250 instruments: 590 ms, then 980 ms after the edge.
  const nearest = [...h.forecasts.rows.values()].filter((row) =>
    row.horizon === 1
  );
  assert.equal(nearest.filter(({ champion }) => champion).length, 1_000);
  assert.ok(nearest.every(({ madeAt }) => madeAt <= T0 + 900_000));
  assert.ok(
    saves.every(({ at, rows }) => at < 1_000 || rows[0].horizon > 1),
  );
  const { late, leftOut, overdue } = h.forecaster.counts;
  assert.equal(late, 0);
  assert.equal(overdue, 0);
  assert.equal(leftOut, 1_000 * MODELS - nearest.length);
  assert.ok(leftOut > 0);
  await h.stop();
});

Deno.test("Forecaster counts what was ready in time and stored too late", async () => {
  const h = harness();
  for (const candle of market(300, 0)) {
    h.candles.put(storedCandle("AAA", candle));
  }
  await h.clock.advance(20_000);
  watchSaves(h, 1_000);
  await h.clock.advance(20_000);
  const { late, overdue, leftOut } = h.forecaster.counts;
  const baselineShown = h.forecaster.report("AAA")?.champion === "random-walk";
  assert.equal(late, 0);
  assert.equal(overdue, baselineShown ? 1 : 2);
  assert.equal(leftOut, MODELS - overdue, "the challengers");
  assert.equal(h.forecasts.kept.length, 1);
  await h.stop();
});

Deno.test("Forecaster has forecasts at the first edge after a restart, and its models soon", async () => {
  const symbols = ["A", "B", "C"].map((symbol) => instrument(symbol));
  const candles = market(300, 1);
  const fits: (() => void)[] = [];
  const h = harness({
    symbols,
    startMs: -2_000,
    fit: (job) =>
      new Promise((resolve) =>
        fits.push(() =>
          resolve({ kind: "fitted", outcome: fitInstrument(KNOWN_PHI, job) })
        )
      ),
  });
  for (const { symbol } of symbols) {
    for (const candle of candles.slice(0, 300)) {
      h.candles.put(storedCandle(symbol, candle));
    }
  }
  await h.clock.advance(3_500);
  const first = [...h.forecasts.rows.values()].filter(({ horizon }) =>
    horizon === 1
  );
  assert.deepEqual(first.map(({ symbol, model }) => `${symbol} ${model}`), [
    "A random-walk",
    "B random-walk",
    "C random-walk",
  ]);
  assert.match(h.forecasts.kept[0].reason, /No model is fitted yet/);
  while (fits.length > 0) {
    fits.shift()?.();
    await h.clock.advance(1_000);
  }
  for (const { symbol } of symbols) {
    h.candles.put(storedCandle(symbol, candles[300]));
  }
  await h.clock.advance(60_000);
  const second = [...h.forecasts.rows.values()].filter((row) =>
    row.horizon === 1 && row.t === T0 + MICROS_PER_MINUTE
  );
  assert.equal(second.length, 3 * MODELS);
  await h.stop();
});

Deno.test("Forecaster gets over a store that is away for minutes, as if it had seen every candle", async () => {
  const candles = market(300, 8);
  const forecastOf = async (away: boolean) => {
    const h = harness();
    for (const candle of candles.slice(0, 300)) {
      h.candles.put(storedCandle("AAA", candle));
    }
    await h.clock.advance(20_000);
    const latest = h.candles.latest.bind(h.candles);
    for (let i = 0; i < 7; i++) {
      if (away && i === 1) {
        h.candles.latest = () => Promise.reject(new Error("no route to host"));
        h.forecasts.failures = Infinity;
      }
      if (i === 6) {
        h.candles.latest = latest;
        h.forecasts.failures = 0;
      }
      await h.clock.advance(60_000);
      h.candles.put(storedCandle("AAA", candles[300 + i]));
    }
    await h.clock.advance(60_000);
    const rows = [...h.forecasts.rows.values()].filter((row) =>
      row.t === T0 + 7 * MICROS_PER_MINUTE && row.horizon === 1
    );
    const { late } = h.forecaster.counts;
    await h.stop();
    return {
      late,
      closes: rows.map(({ model, close }) => `${model} ${close}`),
    };
  };
  const [through, away] = [await forecastOf(false), await forecastOf(true)];
  assert.equal(through.late, 0);
  assert.equal(away.late, 5);
  assert.deepEqual(away.closes, through.closes);
});

Deno.test("Forecaster fits all instruments before it walks forward over any", async () => {
  const symbols = manyInstruments(5);
  const h = harness({ symbols });
  for (const { symbol } of symbols) {
    for (const candle of market(200, 0)) {
      h.candles.put(storedCandle(symbol, candle));
    }
  }
  await h.clock.advance(20_000);
  assert.deepEqual(
    h.jobs.map(({ walkForward }) => walkForward !== null),
    [...Array(5).fill(false), ...Array(5).fill(true)],
  );
  assert.equal(new Set(h.jobs.slice(0, 5).map(({ symbol }) => symbol)).size, 5);
  await h.stop();
});

Deno.test("Forecaster fits a few at a time, and none at an edge", async () => {
  const symbols = manyInstruments(40);
  let running = 0;
  let most = 0;
  const starts: number[] = [];
  const h = harness({
    symbols,
    options: { fitsAtOnce: 3 },
    fit: async (job) => {
      most = Math.max(most, ++running);
      starts.push((h.clock.now() - T0) / 1_000);
      await h.clock.sleep(700);
      running--;
      return { kind: "fitted", outcome: fitInstrument(KNOWN_PHI, job) };
    },
    startMs: -5_000,
  });
  for (const { symbol } of symbols) {
    for (const candle of market(64, 0)) {
      h.candles.put(storedCandle(symbol, candle));
    }
  }
  await h.clock.advance(30_000);
  assert.equal(most, 3);
  assert.equal(h.forecaster.counts.fits, 2 * 40);
  assert.ok(starts.every((at) => at < -1_000 || at >= 1_200), `${starts}`);
  await h.stop();
});

Deno.test("Forecaster reads few candles while history comes in, and all it needs once that is there", async () => {
  const h = harness({ startMs: -120_000 });
  const candles = market(1_300, 0);
  const limits: number[] = [];
  const latest = h.candles.latest.bind(h.candles);
  h.candles.latest = (symbols, interval, limit) => {
    limits.push(limit);
    return latest(symbols, interval, limit);
  };
  // A program that begins with an old warehouse, and a feed that fills it.
  for (const candle of candles.slice(0, 400)) {
    h.candles.put(storedCandle("AAA", candle));
  }
  await h.clock.advance(60_000);
  for (const candle of candles.slice(400, 1_000)) {
    h.candles.put(storedCandle("AAA", candle));
  }
  await h.clock.advance(30_000);
  assert.equal(limits.filter((limit) => limit === 240).length, 0);
  assert.equal(h.forecasts.rows.size, 0);
  for (const candle of candles.slice(1_000)) {
    h.candles.put(storedCandle("AAA", candle));
  }
  await h.clock.advance(31_500);
  const [made] = h.forecasts.rows.values();
  assert.equal(made.t, T0);
  assert.equal(made.last, candles[1_299].close);
  await h.stop();
});
