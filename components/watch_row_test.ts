import assert from "node:assert/strict";
import type { CandleView } from "../pipeline/domain/candle.ts";
import type { InstrumentNow } from "./api_views.ts";
import {
  currentSignal,
  rowAfter,
  rowAfterAnswer,
  SPARK_CANDLES,
  type WatchRow,
  watchRowOf,
} from "./watch_row.ts";

const MINUTE = 1_764_043_200_000;
const NOW = MINUTE + 20_000;

function candle(t: number, c: number, changes: Partial<CandleView> = {}) {
  const forming = { closed: false, rev: 0, n: 1 };
  return { t, o: c, h: c, l: c, c, v: 1, ...forming, ...changes };
}

const ROW: WatchRow = {
  symbol: "A",
  name: "A",
  exchange: "NSE",
  decimals: 2,
  last: candle(MINUTE, 100, { n: 5 }),
  change: { abs: 0, pct: 0, reference: 100, basis: "24h", since: MINUTE },
  spark: [98, 99, 100],
  forecast: { t: MINUTE, c: 100.1, last: 100, lo80: 99, hi80: 101 },
  signal: { t: MINUTE, action: "BUY", lean: "up", reason: "r" },
  skill: null,
  feed: {
    symbol: "A",
    status: "live",
    feed: "f",
    delivery: "acked",
    last_tick: MINUTE,
    lag_ms: 0,
    session: "open",
  },
};

const after = (row: WatchRow, name: string, data: object) =>
  rowAfter(row, name, { symbol: "A", ...data }, NOW);

Deno.test("a candle moves price, change, sparkline and the feed's newest tick", () => {
  const grown = after(ROW, "candle", { candle: candle(MINUTE, 102, { n: 6 }) });
  assert.equal(grown.last?.c, 102);
  assert.deepEqual([grown.change?.abs, grown.change?.pct], [
    2,
    2.0000000000000018,
  ]);
  assert.deepEqual(grown.spark, [98, 99, 102]);
  assert.equal(grown.feed.last_tick, NOW);
  const next = after(grown, "candle", { candle: candle(MINUTE + 60_000, 103) });
  assert.deepEqual(next.spark, [98, 99, 102, 103]);
});

Deno.test("an older candle, and one that tells less, change nothing", () => {
  for (
    const old of [candle(MINUTE - 60_000, 50), candle(MINUTE, 50, { n: 4 })]
  ) {
    const same = after(ROW, "candle.closed", { candle: old });
    assert.equal(same.last?.c, 100);
    assert.deepEqual(same.spark, ROW.spark);
  }
});

Deno.test("a sparkline has a bound", () => {
  let row = ROW;
  for (let i = 1; i <= 2 * SPARK_CANDLES; i++) {
    row = after(row, "candle", { candle: candle(MINUTE + i * 60_000, i) });
  }
  assert.equal(row.spark.length, SPARK_CANDLES);
  assert.equal(row.spark.at(-1), 2 * SPARK_CANDLES);
});

Deno.test("only the nearest forecast counts, and never an older one", () => {
  const nearest = { ...ROW.forecast!, t: MINUTE + 60_000, horizon: 1 };
  const later = { ...nearest, t: MINUTE + 120_000, horizon: 2 };
  const told = after(ROW, "forecast", { forecasts: [nearest, later] });
  assert.equal(told.forecast?.t, MINUTE + 60_000);
  const again = after(told, "forecast", {
    forecasts: [{ ...nearest, t: MINUTE }],
  });
  assert.equal(again.forecast?.t, MINUTE + 60_000);
  assert.equal(currentSignal(ROW, NOW)?.action, "BUY");
  assert.equal(currentSignal(told, NOW), null, "it is of the minute before");
  assert.equal(currentSignal(ROW, NOW + 60_000), null, "its minute is over");
});

Deno.test("an answer of the server keeps a price that is newer, and the sparkline", () => {
  const answer = {
    ...ROW,
    price_scale: 2,
    last: candle(MINUTE, 90, { n: 2 }),
    change: { ...ROW.change, reference: 80, abs: 10 },
    skill: { model: "m", source: "live", n: 9, skill: 0, verdict: "no skill" },
  } as unknown as InstrumentNow;
  const row = rowAfterAnswer(ROW, answer);
  assert.equal(row.last?.c, 100);
  assert.deepEqual(row.spark, ROW.spark);
  assert.equal(row.change?.abs, 20);
  assert.equal(row.skill?.verdict, "no skill");
  assert.deepEqual(watchRowOf(answer, [1]).spark, [1]);
});
