import assert from "node:assert/strict";
import { alwaysOpen } from "../calendars/always_open.ts";
import type { Forecast, Skill } from "../domain/forecast.ts";
import type { Signal } from "../domain/signal.ts";
import { epochMicros, MICROS_PER_MINUTE } from "../domain/time.ts";
import { Scorer } from "./run_scorer.ts";
import { makeCandles, storedCandle } from "./testing/make_candles.ts";
import { MemoryCandles, MemoryForecasts } from "./testing/memory_stores.ts";
import { ManualClock } from "../testing/manual_clock.ts";

const T0 = 29_400_000 * MICROS_PER_MINUTE;
const minute = (n: number) => epochMicros(T0 + n * MICROS_PER_MINUTE);
const RUNNING = new AbortController().signal;

function forecast(symbol: string, n: number): Forecast {
  return {
    symbol,
    interval: "1m",
    t: minute(n),
    horizon: 1,
    model: "m",
    order: [1, 1, 0],
    champion: true,
    madeAt: minute(n),
    trainedThrough: minute(n),
    position: "0-0",
    rev: 0,
    last: 100,
    open: 100,
    high: 101,
    low: 99,
    close: 100.1,
    se: 1e-3,
    lo50: 99,
    hi50: 101,
    lo80: 99,
    hi80: 101,
    lo95: 99,
    hi95: 101,
  };
}

function signal(symbol: string, n: number): Signal {
  return {
    symbol,
    t: minute(n),
    version: 1,
    madeAt: minute(n),
    model: "m",
    action: "BUY",
    lean: "up",
    reason: "",
    confidence: 0.6,
    price: 100,
    expectedBps: 5,
    costBps: 2,
  };
}

function harness(nowMinute: number) {
  const clock = new ManualClock(minute(nowMinute));
  const candles = new MemoryCandles();
  const forecasts = new MemoryForecasts(candles);
  const told: [string, readonly Skill[]][] = [];
  const scorer = new Scorer({
    clock,
    scores: forecasts,
    signals: forecasts,
    calendarOf: (symbol) => symbol === "GONE" ? null : alwaysOpen(),
    onSkills: (symbol, skills) => told.push([symbol, skills]),
  }, 240);
  const market = makeCandles({ n: 40, start: T0 });
  const close = (symbol: string, upTo: number) => {
    for (const candle of market.slice(0, upTo)) {
      candles.put(storedCandle(symbol, candle));
    }
  };
  return { clock, candles, forecasts, told, scorer, market, close };
}

Deno.test("Scorer settles a signal from the open after its minute, when its candles have closed", async () => {
  const h = harness(9);
  h.forecasts.kept.push(signal("A", 2));
  h.close("A", 9);
  await h.scorer.round(RUNNING);
  assert.equal(h.scorer.settled, 2);
  const outcomes = [...h.forecasts.outcomes.values()];
  assert.deepEqual(outcomes.map(({ minutes }) => minutes), [1, 5]);
  for (const { minutes, came } of outcomes) {
    assert.ok(came.kind === "priced");
    assert.equal(came.entry, h.market[3].open);
    assert.equal(came.exit, h.market[3 + minutes].open);
    const move = Math.log(came.exit / came.entry) * 1e4;
    assert.ok(Math.abs(came.netBps - (move - 2)) < 1e-9);
  }
});

Deno.test("Scorer puts off what has no candle yet, so that it holds up nothing", async () => {
  const h = harness(9);
  h.forecasts.kept.push(signal("GONE", 2), signal("A", 2));
  h.close("A", 8);
  await h.scorer.round(RUNNING);
  assert.equal(h.scorer.settled, 1);
  assert.deepEqual(await h.forecasts.unsettled(minute(9), 99), []);
  h.close("A", 9);
  await h.clock.advance(5_000);
  await h.scorer.round(RUNNING);
  assert.equal(h.scorer.settled, 2);
  // What was due four minutes ago is looked at again in half a minute.
  const waits = async (ms: number) =>
    (await h.forecasts.unsettled(epochMicros(minute(9) + 1_000 * ms), 99))
      .map(({ minutes }) => minutes);
  assert.deepEqual(await waits(20_000), [5]);
  assert.deepEqual(await waits(29_000), [1, 5]);
  // After a day none is waited for any longer.
  await h.clock.advance(24 * 3_600_000);
  await h.scorer.round(RUNNING);
  const { came } = h.forecasts.outcomes.get(`GONE ${minute(2)} 1 5`)!;
  assert.equal(came.kind, "no_price");
});

Deno.test("Scorer reads the records of many instruments some at a time, each once", async () => {
  const h = harness(3);
  const symbols = Array.from({ length: 100 }, (_, i) => `S${i}`);
  await h.forecasts.saveForecasts(symbols.map((one) => forecast(one, 1)));
  for (const symbol of symbols) h.close(symbol, 2);
  assert.equal(await h.scorer.round(RUNNING), 0);
  assert.equal(h.scorer.scored, 100);
  assert.equal(h.told.length, 16);
  while (await h.scorer.round(RUNNING) === 0);
  assert.deepEqual(h.told.map(([symbol]) => symbol), symbols);
  assert.ok(
    h.told.every(([, [skill]]) => skill.n === 1 && skill.model === "m"),
  );
  await h.scorer.round(RUNNING);
  assert.equal(h.told.length, 100);
});
