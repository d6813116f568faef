import assert from "node:assert/strict";
import fc from "fast-check";
import { alwaysOpen } from "../../calendars/always_open.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MINUTE,
} from "../../domain/time.ts";
import { BASELINE } from "../candidates.ts";
import { fitInstrument } from "../fit_instrument.ts";
import { makeCandles, storedCandle } from "../testing/make_candles.ts";
import { type CandleFloats, trainingSeries } from "../training_series.ts";
import type { Fit } from "./backtest.ts";
import {
  CHALLENGER,
  fitBy,
  known,
  KNOWN_AR,
  runBacktest,
} from "./testing/run_backtest.ts";

const MARKET = makeCandles({ n: 200, start: 0, phi: 0.6, sd: 3e-3, seed: 9 });

/** The same market up to `cut`; from there on another one. */
function otherFuture(cut: number, factor: number): readonly CandleFloats[] {
  return MARKET.map((candle, i) =>
    i < cut ? candle : {
      ...candle,
      open: candle.open * factor,
      high: candle.high * factor * 1.5,
      low: candle.low * factor / 1.5,
      close: candle.close * factor * (1 + (i % 5) / 10),
    }
  );
}

/** All that was said of minutes up to that of the candle `cut`. */
async function saidUpTo(
  cut: number,
  candles: readonly CandleFloats[],
  fit?: Fit,
) {
  const { forecasts } = await runBacktest(candles.map(known), { fit });
  return forecasts.filter(({ forecast }) => forecast.t <= MARKET[cut].t)
    .map(({ forecast }) => forecast);
}

Deno.test("Backtest makes the same forecasts to the bit, whatever comes after", async () => {
  const wanted = await saidUpTo(199, MARKET);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 61, max: 199 }),
      fc.double({ min: 0.2, max: 5, noNaN: true }),
      async (cut, factor) => {
        const said = await saidUpTo(cut, otherFuture(cut, factor));
        assert.deepEqual(
          said,
          wanted.filter(({ t }) => t <= MARKET[cut].t),
        );
        assert.ok(said.some(({ t }) => t === MARKET[cut].t));
      },
    ),
    { numRuns: 30 },
  );
});

/** Fits that look up the return that comes next in candles yet to come. */
function leaking(candles: readonly CandleFloats[]): Fit {
  const { level } = trainingSeries(candles);
  const at = new Map(candles.map(({ end }, i) => [end, i]));
  return (job) => {
    const outcome = fitInstrument(KNOWN_AR, job);
    const i = at.get(job.candles[job.candles.length - 1].end);
    assert.ok(i !== undefined && outcome.track !== null);
    const ahead = i + 1 < level.length ? level[i + 1] - level[i] : 0;
    const closes = outcome.track.closes.map((close) =>
      close.candidate.model === BASELINE.model ? close : {
        ...close,
        model: {
          kind: "random_walk" as const,
          last: outcome.track!.level + ahead,
          variance: 1e-6,
        },
      }
    );
    const track = { ...outcome.track, closes };
    return Promise.resolve({ kind: "fitted", outcome: { ...outcome, track } });
  };
}

Deno.test("Backtest flags a challenger that sees the future, and never shows it", async () => {
  const candles = makeCandles({ n: 200, start: 0, sd: 3e-3, seed: 4 });
  const { result } = await runBacktest(candles.map(known), {
    fit: leaking(candles),
    refitEvery: 1,
  });
  const leak = result.models[1];
  assert.ok((leak.skill.skill ?? 0) > 0.9, `${leak.skill.skill}`);
  assert.equal(leak.verdict, "suspicious");
  assert.match(leak.skill.suspicious ?? "", /looks like a leak/);
  assert.deepEqual([...result.shownMinutes.keys()], [BASELINE.model]);
  assert.deepEqual(result.trades.actions, { BUY: 0, SELL: 0, HOLD: 140 });
});

Deno.test("the test of the future sees a challenger that looks into it", async () => {
  const cut = 67; // a fit is due at it
  const other = otherFuture(cut, 1.5);
  assert.notDeepEqual(
    await saidUpTo(cut, other, leaking(other)),
    await saidUpTo(cut, MARKET, leaking(MARKET)),
  );
});

Deno.test("Backtest finds skill where it was planted, and trades by it after cost", async () => {
  const candles = makeCandles({ n: 900, start: 0, phi: 0.6, sd: 3e-3 });
  const { result } = await runBacktest(candles.map(known));
  const [walk, ar] = result.models;
  assert.equal(walk.skill.skill, 0);
  assert.equal(ar.verdict, "skill");
  assert.ok((result.shownMinutes.get(CHALLENGER.model) ?? 0) > 700);
  const { signals, lean, actions } = result.trades;
  assert.equal(actions.BUY + actions.SELL + actions.HOLD, result.minutes);
  assert.ok(signals.trades > 100);
  assert.ok(signals.netBps > 0, `${signals.netBps}`);
  assert.ok(signals.costBps === 2 * signals.trades);
  assert.ok(lean.trades > signals.trades);
});

Deno.test("Backtest covers its intervals, makes valid candles only, and adds up", async () => {
  const candles = makeCandles({ n: 1_500, start: 0, sd: 3e-3, seed: 5 });
  const { result, forecasts } = await runBacktest(candles.map(known));
  assert.deepEqual(
    [result.candles, result.minutes, result.notForecast, result.revised],
    [1_500, 1_440, 0, 0],
  );
  assert.equal(result.fits, Math.ceil(1_440 / 7));
  assert.equal(forecasts.length, 2 * result.minutes);
  for (const { skill, turbulent, ohlcViolations, errors } of result.models) {
    assert.ok(Math.abs((skill.coverage95 ?? 0) - 0.95) < 0.02);
    assert.equal(turbulent.n, 480);
    assert.equal(ohlcViolations, 0);
    assert.equal(errors.reduce((sum, n) => sum + n), 1_440);
  }
  assert.equal(result.timeline.reduce((sum, { n }) => sum + n, 0), 1_440);
  assert.equal(result.last.length, 100);
  assert.ok(
    result.last.every(({ candle, forecast }) => forecast?.t === candle.t),
  );
});

Deno.test("Backtest sees a revision from when it was made on, by the next fit", async () => {
  const said = async (knownFrom: EpochMicros | null) => {
    const candles = MARKET.map((candle, i) =>
      i !== 90 || knownFrom === null ? known(candle) : {
        ...known(candle),
        later: [{
          knownFrom,
          candle: storedCandle("A", {
            ...candle,
            high: candle.high + 5,
            close: candle.close + 5,
          }, { rev: 1 }),
        }],
      }
    );
    const { forecasts, result } = await runBacktest(candles);
    assert.equal(result.revised, Number(knownFrom !== null));
    return forecasts.map(({ forecast }) => forecast);
  };
  const plain = await said(null);
  const firstOther = async (knownFrom: number) => {
    const other = await said(epochMicros(knownFrom));
    const i = other.findIndex((forecast, i) =>
      JSON.stringify(forecast) !== JSON.stringify(plain[i])
    );
    return i === -1 ? null : other[i].t / MICROS_PER_MINUTE;
  };
  // Fits are at 60, 67, …, 95, 102, …; at 151 the candle has left the window.
  assert.equal(await firstOther(MARKET[100].t), 102);
  assert.equal(await firstOther(MARKET[102].t), 102);
  assert.equal(await firstOther(MARKET[102].t + 1), 109);
  assert.equal(await firstOther(MARKET[160].t), null);
  // Long after, as with a replay of history: the first version counts.
  assert.equal(await firstOther(MARKET[199].end + 1e12), null);
});

Deno.test("Backtest forecasts where one is due live: not after a session's gap, nor while it is shut", async () => {
  const shift = (candle: CandleFloats, minutes: number) => ({
    ...candle,
    t: candle.t + minutes * MICROS_PER_MINUTE,
    end: candle.end + minutes * MICROS_PER_MINUTE,
  });
  // Three minutes without a tick after 120, a night after 150.
  const candles = MARKET.map((candle, i) =>
    shift(candle, (i > 120 ? 3 : 0) + (i > 150 ? 900 : 0))
  );
  const { result, forecasts } = await runBacktest(candles.map(known));
  const made = (i: number) =>
    forecasts.filter(({ forecast }) => forecast.t === candles[i].t).length;
  assert.deepEqual([made(120), made(121), made(150), made(151), made(152)], [
    2,
    2,
    2,
    0,
    2,
  ]);
  assert.deepEqual([result.minutes, result.notForecast], [139, 1]);
  const shut = {
    ...alwaysOpen(),
    stateAt: (t: EpochMicros) =>
      t < MARKET[100].t
        ? { kind: "unknown" as const }
        : { kind: "closed" as const, reason: "test" },
  };
  const early = await runBacktest(MARKET.map(known), {
    calendar: Object.assign(Object.create(alwaysOpen()), shut),
  });
  assert.equal(early.result.minutes, 40);
});

Deno.test("Backtest only trains on candles before its range", async () => {
  const from = epochMicros(MARKET[150].t);
  const { result } = await runBacktest(MARKET.map(known), { from });
  assert.deepEqual(
    [result.from, result.minutes, result.fits],
    [from, 50, 8],
  );
  const few = await runBacktest(MARKET.slice(0, 60).map(known));
  assert.deepEqual([few.result.minutes, few.result.from], [0, null]);
});

Deno.test("Backtest tells fits that fail, and gives no order by them", async () => {
  const failing: Fit = (job) =>
    job.candles[0].t > MARKET[30].t
      ? Promise.resolve({ kind: "failed", reason: "no convergence" })
      : fitBy(KNOWN_AR)(job);
  const { result } = await runBacktest(MARKET.map(known), { fit: failing });
  const [, ar] = result.models;
  assert.ok(ar.fitsFailed > 10);
  assert.equal(ar.fitFailure, "no convergence");
  // The first fit that fails is at 95.
  assert.ok(
    result.trades.trades.every(({ signal }) => signal.t < MARKET[95].t),
  );
});
