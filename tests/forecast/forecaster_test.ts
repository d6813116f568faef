import assert from "node:assert/strict";
import { alwaysOpen } from "../../pipeline/calendars/always_open.ts";
import type { Instrument } from "../../pipeline/domain/instrument.ts";
import { MICROS_PER_MINUTE } from "../../pipeline/domain/time.ts";
import { CANDIDATES } from "../../pipeline/forecast/candidates.ts";
import { FitPool, type FitThread } from "../../pipeline/forecast/fit_pool.ts";
import { Forecaster } from "../../pipeline/forecast/run_forecaster.ts";
import {
  makeCandles,
  storedCandle,
} from "../../pipeline/forecast/testing/make_candles.ts";
import {
  MemoryCandles,
  MemoryForecasts,
} from "../../pipeline/forecast/testing/memory_stores.ts";
import { ManualClock } from "../../pipeline/testing/manual_clock.ts";
import { systemClock } from "../../pipeline/system_clock.ts";
import { silentLog } from "../../pipeline/silent_log.ts";

const T0 = 29_400_000 * MICROS_PER_MINUTE;
const MINUTES = 30;
const ONE: Instrument = {
  id: 1,
  symbol: "AR1",
  name: "AR1",
  exchange: "test",
  type: "index",
  currency: "INR",
  priceScale: 2,
  sizeScale: 0,
  tickSize: "0.01",
  lotSize: 1,
  calendar: "24x7",
  costBps: 2,
  auto: false,
  note: null,
  validFrom: null,
  validTo: null,
};

Deno.test("Forecaster with fits in a Worker: champions from the first minute, orders, scores", async () => {
  const clock = new ManualClock(T0 - 30_000_000);
  const candles = new MemoryCandles();
  const forecasts = new MemoryForecasts(candles);
  const market = makeCandles({
    n: 360 + MINUTES,
    start: T0 - 360 * MICROS_PER_MINUTE,
    phi: 0.6,
    sd: 2e-3,
    seed: 5,
    base: 1_000,
  });
  for (const candle of market.slice(0, 360)) {
    candles.put(storedCandle("AR1", candle));
  }
  const abort = new AbortController();
  const forecaster = new Forecaster({
    clock,
    log: silentLog,
    candles,
    forecasts,
    scores: forecasts,
    signals: forecasts,
    catalog: { all: () => [ONE], calendarOf: () => alwaysOpen() },
    pool: new FitPool({ clock: systemClock }),
    publish() {},
    position: () => "1-0",
  });
  const running = forecaster.run(abort.signal);
  // The Worker takes real time, whatever the clock of the rest says.
  const giveUp = performance.now() + 120_000;
  while (forecaster.counts.fits < 2 && performance.now() < giveUp) {
    await clock.advance(1);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(forecaster.counts.fits, 2);
  for (let i = 0; i < MINUTES; i++) {
    await clock.advance(60_000);
    candles.put(storedCandle("AR1", market[360 + i]));
  }
  await clock.advance(20_000);
  abort.abort();
  await clock.advance(1);
  await running;

  const first = [...forecasts.rows.values()].filter((row) => row.t === T0);
  assert.deepEqual(
    first.map(({ model }) => model).sort(),
    CANDIDATES.map(({ model }) => model).sort(),
  );
  const champion = first.find((row) => row.champion);
  assert.match(champion?.model ?? "", /^(arima|auto)/);
  assert.equal(new Set(forecasts.kept.map(({ action }) => action)).size, 3);
  const scores = [...forecasts.scores.values()].filter((score) =>
    score.model === champion?.model && score.horizon === 1
  );
  assert.ok(scores.length >= MINUTES - 1);
  const error = scores.reduce((sum, score) => sum + score.absError, 0);
  const naive = scores.reduce((sum, score) => sum + score.absErrorNaive, 0);
  assert.ok(error < naive, `${error} against ${naive}`);
  for (const row of forecasts.rows.values()) {
    assert.ok(row.trainedThrough <= row.t - (row.horizon - 1) * 60e6);
  }
});

Deno.test("FitPool ends a Worker that never answers", async () => {
  const url = URL.createObjectURL(
    new Blob(["onmessage = () => { for (;;); };"], {
      type: "application/javascript",
    }),
  );
  const pool = new FitPool({
    clock: systemClock,
    budgetMs: 300,
    createThread: () =>
      new Worker(url, { type: "module" }) as unknown as FitThread,
  });
  try {
    const result = await pool.fit({
      symbol: "A",
      grid: { tick: 0.01, scale: 2 },
      candles: [],
      window: 240,
      candidates: [],
      walkForward: null,
    }, 0);
    assert.deepEqual(result, {
      kind: "failed",
      reason: "The fit took longer than 300 ms",
    });
    assert.equal(pool.replaced, 1);
  } finally {
    pool.close();
    URL.revokeObjectURL(url);
  }
});
