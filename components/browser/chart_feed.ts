import type { CandleView } from "../../pipeline/domain/candle.ts";
import type { ForecastView } from "../../pipeline/domain/forecast.ts";
import {
  nominalMicros,
  type StoredInterval,
} from "../../pipeline/domain/interval.ts";
import type { CandleChart, ChartView } from "../../chart/types.ts";
import { chartCandle, marksOf } from "../chart_input.ts";
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

  /** The chart holds the candles that this was made with. */
  mount(chart: CandleChart): void {
    this.#chart = chart;
  }

  get chart(): CandleChart | null {
    return this.#chart;
  }

  get oldest(): number {
    return this.#oldest;
  }

  intervalMs(interval: StoredInterval): number {
    return nominalMicros(interval) / 1_000;
  }

  /** Whether a candle is further back than what was loaded. */
  isBefore(t: number): boolean {
    return t < this.#oldest && this.#oldest !== Infinity;
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
  replace(interval: StoredInterval, candles: readonly CandleView[]): void {
    this.#oldest = candles[0]?.t ?? Infinity;
    this.#chart?.setInterval(this.intervalMs(interval));
    this.#chart?.setHistory(candles.map(chartCandle));
    this.#chart?.goLive();
  }

  /** Forecasts are of minutes: other intervals show none. */
  forecasts(
    interval: StoredInterval,
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

  marks(interval: StoredInterval, { signals }: InstrumentState): void {
    this.#chart?.setMarks(interval === "1m" ? marksOf(signals) : []);
  }

  view(view: ChartView): void {
    this.#chart?.setView(view);
  }
}
