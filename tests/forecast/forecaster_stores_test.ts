import assert from "node:assert/strict";
import { alwaysOpen } from "../../pipeline/calendars/always_open.ts";
import type { Forecast } from "../../pipeline/domain/forecast.ts";
import { epochMicros, MICROS_PER_MINUTE } from "../../pipeline/domain/time.ts";
import { BASELINE_ENGINE } from "../../pipeline/forecast/baseline_engine.ts";
import {
  fitInstrument,
  type FitJob,
} from "../../pipeline/forecast/fit_instrument.ts";
import { Forecaster } from "../../pipeline/forecast/run_forecaster.ts";
import {
  makeCandles,
  storedCandle,
} from "../../pipeline/forecast/testing/make_candles.ts";
import { ManualClock } from "../../pipeline/testing/manual_clock.ts";
import { autoSpec } from "../../pipeline/domain/instrument.ts";
import { minuteOf, NOW, onBothDatabases } from "../db/testing.ts";
import { silentLog } from "../../pipeline/silent_log.ts";

const MODELS = ["drift", "random-walk"];
const T = minuteOf(NOW);

await onBothDatabases((warehouse, test) => {
  /** Runs a forecaster over an edge, until it has stored all of it. */
  async function overEdge(symbols: readonly string[], edge: number) {
    const { instruments: known } = await warehouse.instruments.changes(null);
    const instruments = known.filter(({ symbol }) => symbols.includes(symbol));
    const clock = new ManualClock(edge - 20e6);
    const stop = new AbortController();
    const published: string[] = [];
    const forecaster = new Forecaster({
      clock,
      log: silentLog,
      candles: warehouse.candles,
      forecasts: warehouse.forecasts,
      scores: warehouse.scores,
      signals: warehouse.signals,
      catalog: { all: () => instruments, calendarOf: () => alwaysOpen() },
      pool: {
        fit: (job: FitJob) =>
          Promise.resolve({
            kind: "fitted",
            outcome: fitInstrument(BASELINE_ENGINE, {
              ...job,
              candidates: job.candidates.filter(({ model }) =>
                MODELS.includes(model)
              ),
            }),
          }),
        close() {},
      },
      publish: (events) =>
        published.push(...events.map(({ kind, symbol }) => kind + symbol)),
      position: () => "7-1",
    });
    const running = forecaster.run(stop.signal);
    // The database takes real time, whatever the clock says.
    const until = async (ready: () => boolean, stepMs: number) => {
      const giveUp = performance.now() + 120_000;
      while (!ready() && performance.now() < giveUp) {
        await clock.advance(stepMs);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assert.ok(ready(), JSON.stringify(forecaster.counts));
    };
    await until(() => forecaster.counts.fits === 2 * symbols.length, 10);
    await clock.advance((edge - clock.now()) / 1_000);
    const all = symbols.length * MODELS.length * 5;
    await until(() => forecaster.counts.stored === all, 2);
    stop.abort();
    await clock.advance(1);
    await running;
    const { late, leftOut, overdue } = forecaster.counts;
    assert.deepEqual([late, leftOut, overdue], [0, 0, 0]);
    return published;
  }

  async function stored(symbol: string): Promise<readonly Forecast[]> {
    const found = await Promise.all(
      MODELS.map((model) =>
        warehouse.forecasts.forecasts({ symbol, model, limit: 100 })
      ),
    );
    return found.flat().map(({ forecast }) => forecast);
  }

  test("Forecaster stores each model and minute once, also after a restart", async () => {
    const symbols = Array.from({ length: 12 }, () => warehouse.symbol());
    await warehouse.instruments.upsert(
      symbols.map((symbol) =>
        autoSpec(symbol, { priceScale: 2, sizeScale: 0 })
      ),
    );
    const market = makeCandles({
      n: 90,
      start: T - 90 * MICROS_PER_MINUTE,
      base: 1_000,
    });
    for (const symbol of symbols) {
      await warehouse.candles.importCandles(
        symbol,
        market.map((candle) => storedCandle(symbol, candle)),
      );
    }
    const published = await overEdge(symbols, T);
    assert.equal(published.length, 3 * symbols.length);
    const first = await stored(symbols[0]);
    assert.equal(first.length, 5 * MODELS.length);
    for (const { t, horizon, madeAt, last, position } of first) {
      assert.equal(t, T + (horizon - 1) * MICROS_PER_MINUTE);
      assert.ok(madeAt >= T && madeAt <= t + 1e6);
      assert.equal(last, market[89].close);
      assert.equal(position, "7-1");
    }
    const signals = await warehouse.signals.signals({
      symbol: symbols[0],
      limit: 9,
    });
    assert.equal(signals.length, 1);

    await overEdge(symbols, epochMicros(T + MICROS_PER_MINUTE));
    for (const symbol of symbols) {
      const rows = await stored(symbol);
      assert.equal(rows.length, 10 * MODELS.length);
      if (symbol !== symbols[0]) continue;
      for (const row of first) {
        assert.deepEqual(
          rows.find((other) =>
            other.t === row.t && other.horizon === row.horizon &&
            other.model === row.model
          ),
          row,
        );
      }
    }
  });
});
