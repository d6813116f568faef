import type { CandleView } from "../../pipeline/domain/candle.ts";
import type { ForecastView } from "../../pipeline/domain/forecast.ts";
import {
  type Interval,
  isStoredInterval,
  isTickInterval,
  type StoredInterval,
} from "../../pipeline/domain/interval.ts";
import { nominalMicros } from "../../pipeline/domain/interval_length.ts";
import { MICROS_PER_DAY } from "../../pipeline/domain/time.ts";
import type { CandleChart, ChartView } from "../../chart/types.ts";
import type { Snapshot } from "../api_views.ts";
import { sessionsOf } from "../chart_input.ts";
import { feedAfter } from "../describe_feed.ts";
import {
  type InstrumentPage,
  type InstrumentState,
  withCandles,
  withForecasts,
  withMinute,
  withSignals,
} from "../instrument_state.ts";
import { MINUTE_MS, newestForecast } from "../forecast_parts.ts";
import type { LinkStatus } from "../link_status.ts";
import { newerOf } from "../merge_live.ts";
import { apiUrl } from "./api_client.ts";
import { ChartFeed } from "./chart_feed.ts";
import { connectLive, type EventName } from "./connect_live.ts";
import { RequestError } from "./fetch_json.ts";
import { GatheredRange } from "./gathered_range.ts";
import {
  type CandlesOf,
  requestFrom,
  requestGaps,
  requestNewer,
  requestNewest,
  requestOlder,
  requestOlderForecasts,
  requestScores,
} from "./instrument_requests.ts";
import { KnownPeriods } from "./known_periods.ts";
import { ServerClock } from "./server_clock.ts";

/** Scores come a moment after the candle that they need. */
const SCORES_AFTER_MS = 4_000;
const GAPS_AFTER_MS = 1_000;
/** Closed candles in the snapshot that a stream begins with. */
const SNAPSHOT_CANDLES = 200;
/** Of an address that names a part of the history. */
const VIEW_LOADED_MAX = 5_000;
/** A week of minutes: more than a late tick may be late. */
const REFILLED = 10_000;
/** How long changes are gathered before candles made of them are asked for. */
const ASK_AFTER_MS = 2_000;
const ASK_TICKS_AFTER_MS = 1_000;

/**
 * One instrument, kept up to date while its page is open: by the stream, by
 * polling while that does not work, and by what the reader asks for.
 *
 * What the page shows is read from the fields whenever watchers are called.
 * Making one does nothing; `open` begins.
 */
export class InstrumentSession {
  readonly clock = new ServerClock();
  readonly chart: ChartFeed;
  interval: Interval;
  /** Interval whose candles are on their way. */
  loading: Interval | null = null;
  link: LinkStatus = "loading";
  /** What the reader asked for and did not get, in words. */
  failure: string | null = null;
  state: InstrumentState;
  readonly #symbol: string;
  readonly #periods: KnownPeriods;
  readonly #watchers = new Set<() => void>();
  #closeStream = () => {};
  /** How many keep it open. */
  #users = 0;
  /**
   * The last one let it go. What the chart asks for when it is mounted may be
   * answered before anyone has opened it, and is shown all the same.
   */
  #ended = false;
  #scores: ReturnType<typeof setTimeout> | undefined;
  #gaps: ReturnType<typeof setTimeout> | undefined;
  #change: AbortController | null = null;
  /** Candles told while others are being loaded, which may be newer. */
  #meanwhile: CandleView[] | null = null;
  #loaded = Promise.resolve();
  /** Minutes whose longer or shorter candles are to be asked for. */
  readonly #changed = new GatheredRange(({ from, to }) => {
    this.#askChanged(from, to).catch(() => {}); // the next change asks again
  });

  constructor({ instrument, interval, state }: InstrumentPage) {
    this.#symbol = instrument.symbol;
    this.#periods = new KnownPeriods(instrument.symbol);
    this.interval = interval;
    this.state = state;
    this.chart = new ChartFeed(state.candles);
  }

  /**
   * Opens it, unless somebody has.
   *
   * @returns How to let it go; the last one ends it.
   */
  open(): () => void {
    if (++this.#users === 1) {
      this.#ended = false;
      this.#listen();
    }
    return () => {
      if (--this.#users > 0) return;
      this.#ended = true;
      this.#change?.abort();
      clearTimeout(this.#scores);
      clearTimeout(this.#gaps);
      this.#changed.clear();
      this.#closeStream();
    };
  }

  /**
   * Calls back whenever something that is shown is not as it was.
   *
   * @returns How to stop.
   */
  watch(callback: () => void): () => void {
    this.#watchers.add(callback);
    return () => this.#watchers.delete(callback);
  }

  #onChange(): void {
    for (const callback of this.#watchers) callback();
  }

  /**
   * Fills a chart that was made with this view: at once, or when what the view
   * shows has come, so that nothing else is seen before.
   */
  mountChart(chart: CandleChart, view: ChartView | null): void {
    const fill = (part?: readonly CandleView[]) => {
      if (this.#ended) return;
      this.chart.mount(chart, this.interval, this.state, part);
      this.#showForecasts();
      this.#showMarks();
    };
    const { chart: feed } = this;
    if (!view?.toT || feed.isEmpty || view.toT >= feed.oldest) fill();
    else this.#loadBackTo(view, view.toT, fill).catch(() => fill());
  }

  /** @returns Whether the interval shown is now another. */
  async changeInterval(next: Interval): Promise<boolean> {
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
      this.#meanwhile = null;
      this.#changed.clear();
      this.state = { ...this.state, candles };
      this.chart.replace(next, candles);
      this.#showForecasts();
      this.#showMarks();
      this.#listen();
      return true;
    } catch (error) {
      if (!mine.signal.aborted) {
        this.failure = `Cannot load ${next} candles: ${why(error)}`;
      }
      return false;
    } finally {
      if (this.#change === mine) this.loading = null;
      this.#onChange();
    }
  }

  /** @throws {Error} If they cannot be had; the reader is told too. */
  async loadOlder(beforeT: number): Promise<void> {
    const of = { symbol: this.#symbol, interval: this.interval };
    await this.#orTell("older candles", async () => {
      const forecasts = requestForecasts(of, beforeT);
      await this.#load(() => requestOlder(of, beforeT));
      if (of.interval !== this.interval) return;
      this.chart.olderForecasts(await forecasts);
      this.#gapsSoon();
    });
  }

  /** @throws {Error} If they cannot be had; the reader is told too. */
  async loadNewer(afterT: number): Promise<void> {
    const of = { symbol: this.#symbol, interval: this.interval };
    await this.#orTell(
      "newer candles",
      () => this.#load(async () => (await requestNewer(of, afterT)).candles),
    );
  }

  /** @throws {Error} If they cannot be had; the reader is told too. */
  async loadLatest(): Promise<void> {
    const of = { symbol: this.#symbol, interval: this.interval };
    await this.#orTell("the newest candles", async () => {
      const candles = await requestNewest(of);
      if (of.interval !== this.interval) return;
      this.state = withCandles(this.state, candles);
      this.chart.latest(candles);
    });
  }

  async #orTell(what: string, load: () => Promise<void>): Promise<void> {
    try {
      await load();
      if (this.failure === null) return;
      this.failure = null;
      this.#onChange();
    } catch (error) {
      this.failure = `Cannot load ${what}: ${why(error)}`;
      this.#onChange();
      throw error;
    }
  }

  /**
   * Loads what a view shows: its candles are counted, as nights have none. If
   * those up to the newest are too many, the chart holds a part of them.
   *
   * @param fill Called before the chart is given what was loaded.
   * @throws {Error} If they cannot be had; the reader is told too.
   */
  async #loadBackTo(
    { slots }: ChartView,
    toT: number,
    fill: (part?: readonly CandleView[]) => void,
  ): Promise<void> {
    const first = this.chart.oldest;
    const of = { symbol: this.#symbol, interval: this.interval };
    const count = Math.min(VIEW_LOADED_MAX, Math.ceil(2 * slots));
    await this.#orTell("the candles of this link", async () => {
      let end = toT;
      await this.#load(async () => {
        const older = await requestOlder(of, toT + 1, count);
        const { candles: newer, more } = await requestNewer(of, toT + 1, {
          toT: first,
          limit: VIEW_LOADED_MAX,
        });
        const around = [...older, ...newer];
        end = around.at(-1)?.t ?? end;
        fill(more ? around : undefined);
        return more ? [] : around;
      });
      if (of.interval !== this.interval) return;
      this.chart.olderForecasts(await requestForecasts(of, end + 1));
      this.#gapsSoon();
    });
  }

  /**
   * Joins candles to those shown; what the stream brings meanwhile stays. One
   * after the other, so that no answer is older than the one before it.
   */
  #load(request: () => Promise<readonly CandleView[]>): Promise<void> {
    const load = this.#loaded.then(() => this.#join(request));
    this.#loaded = load.catch(() => {}); // whoever asked for it hears of it
    return load;
  }

  async #join(request: () => Promise<readonly CandleView[]>): Promise<void> {
    const of = this.interval;
    const meanwhile: CandleView[] = this.#meanwhile = [];
    const answered = await request().finally(() => {
      if (this.#meanwhile === meanwhile) this.#meanwhile = null;
    });
    if (of !== this.interval || this.#ended) return;
    const candles = newerOf(answered, meanwhile);
    this.chart.more(candles);
    // The page beside the chart is about the newest.
    const oldest = this.state.candles[0]?.t ?? -Infinity;
    const shown = candles.filter(({ t }) => t >= oldest);
    this.state = withCandles(this.state, shown);
    this.#onChange();
  }

  #listen(): void {
    this.#closeStream();
    const { interval } = this;
    let begun = false;
    this.#closeStream = connectLive({
      url: apiUrl("/api/stream", {
        symbols: [this.#symbol],
        interval: streamedFor(interval),
        history: SNAPSHOT_CANDLES,
      }),
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
    const newest = this.state.candles.at(-1)?.t ?? Infinity;
    for (const part of snapshot.symbols) {
      for (const { interval, closed, forming } of part.candles) {
        const hole = interval === this.interval && closed[0]?.t > newest;
        if (hole && !again) this.#refill();
        for (const candle of closed) this.#onCandle(interval, candle);
        if (forming) this.#onCandle(interval, forming);
      }
      this.state = withSignals(
        withForecasts(this.state, part.forecasts),
        part.signals,
      );
      this.state = { ...this.state, feed: part.feed };
    }
    this.#gapsSoon();
    if (again) this.#refill();
    else if (!isStoredInterval(this.interval)) {
      this.#askSoon(this.state.candles.at(-1)?.t ?? 0, snapshot.at);
    }
    this.#showForecasts();
    this.#showMarks();
    this.#onChange();
  }

  // deno-lint-ignore no-explicit-any
  #onEvent(name: Exclude<EventName, "snapshot">, data: any): void {
    switch (name) {
      case "candle":
        this.#onStreamed(data.interval, data.candle);
        this.state = {
          ...this.state,
          feed: feedAfter(this.state.feed, data.candle, this.clock.now()),
        };
        break;
      case "candle.closed":
      case "candle.revised":
        this.#onStreamed(data.interval, data.candle);
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
        if (data.status !== this.state.feed.status) this.#gapsSoon();
        this.state = { ...this.state, feed: data };
        break;
    }
    this.#onChange();
  }

  #onStreamed(of: Interval, candle: CandleView): void {
    this.#onCandle(of, candle);
    if (of === "1m" && !isStoredInterval(this.interval)) {
      this.#askSoon(candle.t, candle.t);
    }
  }

  #onCandle(of: Interval, candle: CandleView): void {
    if (of === "1m") this.state = withMinute(this.state, candle);
    if (of !== this.interval) return;
    this.#meanwhile?.push(candle);
    const newest = this.state.candles.at(-1)?.t ?? 0;
    const known = this.state;
    this.#takeCandle(candle);
    if (this.state === known || candle.t <= newest) return;
    this.#showForecasts();
    this.#scoresSoon();
  }

  /**
   * Candles that are merged, or made of ticks, when they are read are asked
   * for: minutes of theirs, opened in [from, to], have changed.
   */
  #askSoon(from: number, to: number): void {
    this.#changed.add(
      { from, to },
      isTickInterval(this.interval) ? ASK_TICKS_AFTER_MS : ASK_AFTER_MS,
    );
  }

  /** Candles that minutes opened in [from, to] are part of. */
  async #askChanged(from: number, to: number): Promise<void> {
    const { interval } = this;
    const length = nominalMicros(interval) / 1_000;
    const candles = await requestFrom(
      { symbol: this.#symbol, interval },
      Math.max(from - length, this.chart.isEmpty ? 0 : this.chart.oldest),
      to + MINUTE_MS,
    );
    if (interval !== this.interval || this.#ended) return;
    for (const candle of candles) this.#onCandle(interval, candle);
    this.#onChange();
  }

  #takeCandle(candle: CandleView): void {
    // What is older than all that was loaded comes when that is.
    if (this.chart.isBefore(candle.t)) return;
    const known = this.state;
    this.state = withCandles(known, [candle]);
    if (this.state !== known) this.chart.candle(candle);
  }

  /**
   * What is shown anew, as far back as late ticks may have revised it: nothing
   * was told of it.
   */
  #refill(): void {
    const of = { symbol: this.#symbol, interval: this.interval };
    const newest = this.state.candles.at(-1)?.t ?? 0;
    const length = this.chart.intervalMs(this.interval);
    const from = Math.max(this.chart.oldest, newest - REFILLED * length);
    const request = this.chart.isEmpty
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

  #gapsSoon(): void {
    this.#gaps ??= setTimeout(() => {
      this.#gaps = undefined;
      this.#loadSpans().catch(() => {}); // the next change asks again
    }, GAPS_AFTER_MS);
  }

  /** Outages, and sessions that are not the regular one. */
  async #loadSpans(): Promise<void> {
    const { interval, chart } = this;
    const from = chart.isEmpty ? 0 : chart.oldest;
    const gaps = await requestGaps(this.#symbol, from);
    if (this.#ended) return;
    chart.outages(gaps);
    // A candle of a day or more is of all its sessions.
    const isShort = nominalMicros(interval) < MICROS_PER_DAY;
    const periods = isShort && !chart.isEmpty
      ? await this.#periods.reach(from, this.clock.now())
      : [];
    if (!this.#ended && interval === this.interval) {
      chart.sessions(sessionsOf(periods));
    }
  }

  #scoresSoon(): void {
    clearTimeout(this.#scores);
    this.#scores = setTimeout(() => {
      this.#loadScores().catch(() => {}); // the next minute asks again
    }, SCORES_AFTER_MS);
  }

  async #loadScores(): Promise<void> {
    const { forecasts, signals, records } = await requestScores(
      this.#symbol,
      newestForecast(this.state.forecasts)?.model,
    );
    if (this.#ended) return;
    this.state = withSignals(withForecasts(this.state, forecasts), signals);
    this.state = { ...this.state, ...records };
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

/** What was predicted for candles that are loaded: minutes alone have it. */
async function requestForecasts(
  { symbol, interval }: CandlesOf,
  beforeT: number,
): Promise<readonly ForecastView[]> {
  return interval === "1m" ? await requestOlderForecasts(symbol, beforeT) : [];
}

/** Intervals that the stream brings; others are asked for when minutes come. */
function streamedFor(interval: Interval): readonly StoredInterval[] {
  return interval !== "1m" && isStoredInterval(interval)
    ? ["1m", interval]
    : ["1m"];
}

function why(error: unknown): string {
  return error instanceof RequestError
    ? error.message
    : "the server does not answer";
}
