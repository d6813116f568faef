import assert from "node:assert/strict";
import type { CandleView } from "../../pipeline/domain/candle.ts";
import type { ForecastView } from "../../pipeline/domain/forecast.ts";
import type { CandleChart, ChartCandle } from "../../chart/types.ts";
import type { InstrumentState } from "../instrument_state.ts";
import { ChartFeed } from "./chart_feed.ts";

const candle = (t: number) => ({ t, closed: true, rev: 0, n: 1 }) as CandleView;
const forecast = (t: number) => ({ t, horizon: 1 }) as ForecastView;

/** Open times of the candles and past forecasts that a chart was given. */
function fakeChart() {
  const given = { candles: [] as number[], past: [] as number[] };
  const chart = {
    setInterval: () => {},
    setHistory: (all: readonly ChartCandle[]) =>
      given.candles = all.map(({ t }) => t),
    upsert: ({ t }: ChartCandle) => given.candles.push(t),
    addHistory: (more: readonly ChartCandle[]) =>
      given.candles.unshift(...more.map(({ t }) => t)),
    setForecasts: (past: readonly { t: number }[]) =>
      given.past = past.map(({ t }) => t),
    upsertForecast: () => {},
  } as unknown as CandleChart;
  return { given, chart };
}

Deno.test("ChartFeed knows how far back its candles go without a hole", () => {
  const { given, chart } = fakeChart();
  const candles = [candle(5), candle(6)];
  const feed = new ChartFeed(candles);
  feed.mount(chart, "1m", { candles } as unknown as InstrumentState);
  assert.equal(feed.isBefore(4), true);
  assert.equal(feed.isBefore(5), false);
  feed.candle(candle(7));
  feed.more([candle(3), candle(4)]);
  assert.equal(feed.isBefore(3), false);
  assert.equal(feed.oldest, 3);
  assert.deepEqual(given.candles, [3, 4, 5, 6, 7]);
});

Deno.test("ChartFeed without a candle takes the first that comes", () => {
  const feed = new ChartFeed([]);
  assert.equal(feed.isBefore(1), false);
  feed.candle(candle(9));
  assert.equal(feed.isBefore(8), true);
});

Deno.test("ChartFeed keeps forecasts of older candles when newer ones come", () => {
  const { given, chart } = fakeChart();
  const candles = [candle(5)];
  const feed = new ChartFeed(candles);
  feed.mount(chart, "1m", { candles } as unknown as InstrumentState);
  feed.olderForecasts([forecast(1), forecast(2)]);
  const state = { candles: [candle(9)], forecasts: [forecast(8)] };
  feed.forecasts("1m", state as unknown as InstrumentState);
  assert.deepEqual(given.past, [1, 2, 8]);
});
