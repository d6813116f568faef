import type { CandleView } from "../../pipeline/domain/candle.ts";
import type { StoredInterval } from "../../pipeline/domain/interval.ts";
import type { CandleChart, ChartView } from "../../chart/types.ts";
import type { Snapshot } from "../api_views.ts";
import { feedAfter } from "../describe_feed.ts";
import {
  type InstrumentState,
  withCandles,
  withForecasts,
  withMinute,
  withSignals,
} from "../instrument_state.ts";
import type { LinkStatus } from "../link_status.ts";
import { ChartFeed } from "./chart_feed.ts";
import { connectLive, type EventName } from "./connect_live.ts";
import {
  requestFrom,
  requestNewest,
  requestOlder,
  requestOlderForecasts,
  requestScores,
} from "./instrument_requests.ts";
import { queryString } from "./query_string.ts";
import { ServerClock } from "./server_clock.ts";

/** Scores come a moment after the candle that they need. */
const SCORES_AFTER_MS = 4_000;
/** Closed candles in the snapshot that a stream begins with. */
const SNAPSHOT_CANDLES = 200;

export interface SessionStart {
  readonly symbol: string;
  readonly interval: StoredInterval;
  readonly state: InstrumentState;
  /** Something that is shown is not as it was. */
  readonly onChange: () => void;
}

/**
 * One instrument, kept up to date while its page is open: by the stream, by
 * polling while that does not work, and by what the reader asks for.
 *
 * What the page shows is read from the fields after each `onChange`. Making
 * one does nothing; `open` begins.
 */
export class InstrumentSession {
  readonly clock = new ServerClock();
  readonly chart: ChartFeed;
  interval: StoredInterval;
  /** Interval whose candles are on their way. */
  loading: StoredInterval | null = null;
  link: LinkStatus = "loading";
  /** What the reader asked for and did not get, in words. */
  failure: string | null = null;
  state: InstrumentState;
  readonly #symbol: string;
  readonly #onChange: () => void;
  #closeStream = () => {};
  #open = false;
  #scores: ReturnType<typeof setTimeout> | undefined;
  #change: AbortController | null = null;
  /** Candles that came while others were being loaded: they may be newer. */
  #meanwhile: CandleView[] = [];
  #loads = 0;

  constructor(start: SessionStart) {
    this.#symbol = start.symbol;
    this.#onChange = start.onChange;
    this.interval = start.interval;
    this.state = start.state;
    this.chart = new ChartFeed(start.state.candles);
  }

  /** @returns How to end it. */
  open(): () => void {
    this.#open = true;
    this.#listen();
    return () => {
      this.#open = false;
      this.#change?.abort();
      clearTimeout(this.#scores);
      this.#closeStream();
    };
  }

  mountChart(chart: CandleChart, view: ChartView | null): void {
    this.chart.mount(chart);
    this.#showForecasts();
    this.#showMarks();
    if (view?.toT) {
      this.#loadBackTo(view, view.toT).catch(() => {}); // the newest candles stay
    }
  }

  /** @returns Whether the interval shown is now another. */
  async changeInterval(next: StoredInterval): Promise<boolean> {
    this.#change?.abort();
    const mine = this.#change = new AbortController();
    this.loading = next;
    this.#onChange();
    try {
      const candles = await requestNewest(
        { symbol: this.#symbol, interval: next },
        undefined,
        mine.signal,
      );
      this.interval = next;
      this.failure = null;
      this.#meanwhile = [];
      this.state = { ...this.state, candles };
      this.chart.replace(next, candles);
      this.#showForecasts();
      this.#showMarks();
      this.#listen();
      return true;
    } catch {
      if (!mine.signal.aborted) {
        this.failure = `Cannot load ${next} candles; the server did not answer`;
      }
      return false;
    } finally {
      if (this.#change === mine) this.loading = null;
      this.#onChange();
    }
  }

  async loadOlder(beforeT: number): Promise<void> {
    const of = { symbol: this.#symbol, interval: this.interval };
    try {
      const forecasts = of.interval === "1m"
        ? requestOlderForecasts(of.symbol, beforeT)
        : [];
      await this.#load(() => requestOlder(of, beforeT));
      if (of.interval === this.interval) {
        this.chart.olderForecasts(await forecasts);
      }
    } catch {
      this.failure = "Cannot load older candles; the server did not answer";
      this.#onChange();
    }
  }

  /** Loads back to where a view is, if that is before what is loaded. */
  async #loadBackTo(view: ChartView, toT: number): Promise<void> {
    const first = this.chart.oldest;
    if (toT >= first || first === Infinity) return;
    const length = this.chart.intervalMs(this.interval);
    const of = { symbol: this.#symbol, interval: this.interval };
    await this.#load(() =>
      requestFrom(of, toT - 2 * view.slots * length, first)
    );
    this.chart.view(view);
  }

  /** Joins candles to those shown; what the stream brings meanwhile stays. */
  async #load(request: () => Promise<readonly CandleView[]>): Promise<void> {
    const of = this.interval;
    this.#loads++;
    try {
      const candles = await request();
      if (of !== this.interval || !this.#open) return;
      this.chart.more(candles);
      this.state = withCandles(this.state, candles);
      for (const candle of this.#meanwhile) this.#takeCandle(candle);
      this.#onChange();
    } finally {
      if (--this.#loads === 0) this.#meanwhile = [];
    }
  }

  #listen(): void {
    this.#closeStream();
    const { interval } = this;
    let begun = false;
    this.#closeStream = connectLive({
      url: `/api/stream?${
        queryString({
          symbols: this.#symbol,
          interval: interval === "1m" ? "1m" : `1m,${interval}`,
          history: String(SNAPSHOT_CANDLES),
        })
      }`,
      onStatus: (link) => {
        this.link = link;
        this.#onChange();
      },
      onEvent: (name, data) => {
        if (name !== "snapshot") return this.#onEvent(name, data);
        this.#onSnapshot(data, begun);
        begun = true;
      },
      poll: () => this.#poll(),
    });
  }

  /**
   * @param again The stream had begun before: what happened meanwhile, such as
   * a revision of an old candle, is not in the snapshot.
   */
  #onSnapshot(snapshot: Snapshot, again: boolean): void {
    this.clock.set(snapshot.at);
    for (const part of snapshot.symbols) {
      for (const { interval, closed, forming } of part.candles) {
        const newest = this.state.candles.at(-1)?.t;
        const hole = newest !== undefined && closed.length > 0 &&
          closed[0].t > newest;
        if (interval === this.interval && (again || hole)) this.#refill();
        for (const candle of closed) this.#onCandle(interval, candle);
        if (forming) this.#onCandle(interval, forming);
      }
      this.state = withSignals(
        withForecasts(this.state, part.forecasts),
        part.signals,
      );
      this.state = { ...this.state, feed: part.feed };
    }
    this.#showForecasts();
    this.#showMarks();
    this.#onChange();
  }

  // deno-lint-ignore no-explicit-any
  #onEvent(name: Exclude<EventName, "snapshot">, data: any): void {
    switch (name) {
      case "candle":
        this.#onCandle(data.interval, data.candle);
        this.state = {
          ...this.state,
          feed: feedAfter(this.state.feed, data.candle, this.clock.now()),
        };
        break;
      case "candle.closed":
      case "candle.revised":
        this.#onCandle(data.interval, data.candle);
        break;
      case "forecast":
        this.state = withForecasts(this.state, data.forecasts);
        this.#showForecasts();
        this.#scoresSoon();
        break;
      case "signal":
        this.state = withSignals(this.state, [data.signal]);
        this.#showMarks();
        break;
      case "feed":
        this.state = { ...this.state, feed: data };
        break;
    }
    this.#onChange();
  }

  #onCandle(of: StoredInterval, candle: CandleView): void {
    if (of === "1m") this.state = withMinute(this.state, candle);
    if (of !== this.interval) return;
    if (this.#loads > 0) this.#meanwhile.push(candle);
    const newest = this.state.candles.at(-1)?.t ?? 0;
    const known = this.state;
    this.#takeCandle(candle);
    if (this.state !== known && candle.t > newest) this.#showForecasts();
  }

  #takeCandle(candle: CandleView): void {
    // What is older than all that was loaded comes when that is.
    if (this.chart.isBefore(candle.t)) return;
    const known = this.state;
    this.state = withCandles(known, [candle]);
    if (this.state !== known) this.chart.candle(candle);
  }

  /** Everything from the oldest candle on anew: nothing was told of it. */
  #refill(): void {
    const of = { symbol: this.#symbol, interval: this.interval };
    const from = this.chart.oldest;
    const request = from === Infinity
      ? () => requestNewest(of)
      : () => requestFrom(of, from);
    // The next connection asks again.
    this.#load(request).catch(() => {});
  }

  async #poll(): Promise<void> {
    const { interval, state } = this;
    const symbol = this.#symbol;
    const closed = state.candles.findLast(({ closed }) => closed);
    const of = { symbol, interval };
    const [candles, minutes] = await Promise.all([
      closed === undefined ? requestNewest(of) : requestFrom(of, closed.t),
      interval === "1m" ? [] : requestNewest({ symbol, interval: "1m" }, 1),
    ]);
    const newest = this.state.minute?.t;
    for (const candle of candles) this.#onCandle(interval, candle);
    for (const candle of minutes) this.#onCandle("1m", candle);
    if (this.state.minute?.t !== newest) this.#scoresSoon();
    this.#onChange();
  }

  #scoresSoon(): void {
    clearTimeout(this.#scores);
    this.#scores = setTimeout(() => {
      this.#loadScores().catch(() => {}); // the next minute asks again
    }, SCORES_AFTER_MS);
  }

  async #loadScores(): Promise<void> {
    const { forecasts, models, signals } = await requestScores(this.#symbol);
    if (!this.#open) return;
    this.state = withSignals(withForecasts(this.state, forecasts), signals);
    this.state = { ...this.state, models };
    this.#showForecasts();
    this.#showMarks();
    this.#onChange();
  }

  #showForecasts(): void {
    this.chart.forecasts(this.interval, this.state);
  }

  #showMarks(): void {
    this.chart.marks(this.interval, this.state);
  }
}
