import type { CandleView } from "../../pipeline/domain/candle.ts";
import type { ForecastView } from "../../pipeline/domain/forecast.ts";
import type { Interval } from "../../pipeline/domain/interval.ts";
import { nominalMicros } from "../../pipeline/domain/interval_length.ts";
import type { CandleChart, ChartSession } from "../../chart/types.ts";
import type { GapView } from "../api_views.ts";
import { chartCandle, marksOf, outagesOf } from "../chart_input.ts";
import { futureForecasts, pastForecasts } from "../forecast_parts.ts";
import type { InstrumentState } from "../instrument_state.ts";

/**
 * What the chart is given of what the page knows. Before the chart is mounted,
 * and after it is gone, nothing happens.
 */
export class ChartFeed {
  #chart: CandleChart | null = null;
  /** Open time of the oldest candle given: there is no hole after it. */
  #oldest: number;
  /** Those that were loaded for candles further back. */
  #olderForecasts: readonly ForecastView[] = [];

  constructor(candles: readonly CandleView[]) {
    this.#oldest = candles[0]?.t ?? Infinity;
  }

  /**
   * Fills a chart that holds nothing, and keeps it filled.
   *
   * @param part Of the history, far before the newest candles: in their place.
   */
  mount(
    chart: CandleChart,
    interval: Interval,
    { candles }: InstrumentState,
    part?: readonly CandleView[],
  ): void {
    this.#chart = chart;
    chart.setInterval(this.intervalMs(interval));
    const newest = candles.at(-1);
    if (part === undefined || newest === undefined) {
      chart.setHistory(candles.map(chartCandle));
      return;
    }
    this.#oldest = part[0].t;
    chart.setHistory(part.map(chartCandle), chartCandle(newest));
  }

  get chart(): CandleChart | null {
    return this.#chart;
  }

  get oldest(): number {
    return this.#oldest;
  }

  intervalMs(interval: Interval): number {
    return nominalMicros(interval) / 1_000;
  }

  get isEmpty(): boolean {
    return this.#oldest === Infinity;
  }

  /** Whether a candle is further back than what was loaded. */
  isBefore(t: number): boolean {
    return t < this.#oldest && !this.isEmpty;
  }

  /** A newer version of a candle, or the next one. */
  candle(candle: CandleView): void {
    this.#oldest = Math.min(this.#oldest, candle.t);
    this.#chart?.upsert(chartCandle(candle));
  }

  /** Candles that join those given before, without a hole between. */
  more(candles: readonly CandleView[]): void {
    if (candles.length === 0) return;
    this.#oldest = Math.min(this.#oldest, candles[0].t);
    this.#chart?.addHistory(candles.map(chartCandle));
  }

  /** Candles of another interval take the place of all. */
  replace(interval: Interval, candles: readonly CandleView[]): void {
    this.#oldest = candles[0]?.t ?? Infinity;
    this.#chart?.setInterval(this.intervalMs(interval));
    this.#chart?.setHistory(candles.map(chartCandle));
    this.#chart?.goLive();
  }

  /** Forecasts are of minutes: other intervals show none. */
  forecasts(
    interval: Interval,
    { candles, forecasts }: InstrumentState,
  ): void {
    const formingT = candles.at(-1)?.t ?? 0;
    if (interval !== "1m") this.#chart?.setForecasts([], []);
    else {
      this.#chart?.setForecasts(
        [...this.#olderForecasts, ...pastForecasts(forecasts, formingT)],
        futureForecasts(forecasts, formingT),
      );
    }
  }

  olderForecasts(forecasts: readonly ForecastView[]): void {
    this.#olderForecasts = [...forecasts, ...this.#olderForecasts];
    for (const forecast of forecasts) this.#chart?.upsertForecast(forecast);
  }

  marks(interval: Interval, { signals }: InstrumentState): void {
    this.#chart?.setMarks(interval === "1m" ? marksOf(signals) : []);
  }

  outages(gaps: readonly GapView[]): void {
    this.#chart?.setOutages(outagesOf(gaps));
  }

  sessions(sessions: readonly ChartSession[]): void {
    this.#chart?.setSessions(sessions);
  }

  /** The newest candles again, where the chart had let them go. */
  latest(candles: readonly CandleView[]): void {
    this.#oldest = candles[0]?.t ?? Infinity;
    this.#chart?.setHistory(candles.map(chartCandle));
  }
}
