import { assert } from "../../domain/assert.ts";
import type { Calendar } from "../../domain/calendar.ts";
import type { StoredCandle } from "../../domain/candle.ts";
import type { Forecast } from "../../domain/forecast.ts";
import type { Instrument } from "../../domain/instrument.ts";
import type { Signal } from "../../domain/signal.ts";
import type { EpochMicros } from "../../domain/time.ts";
import { BASELINE, type Candidate } from "../candidates.ts";
import type { FitJob } from "../fit_instrument.ts";
import type { PoolResult } from "../fit_pool.ts";
import {
  type InstrumentState,
  moveToEdge,
  NEW_STATE,
  withFit,
} from "../instrument_state.ts";
import {
  championOf,
  type ForecastRule,
  makeForecasts,
  makeSignal,
  priceGrid,
} from "../make_forecasts.ts";
import { naiveScale } from "../scores/naive_scale.ts";
import { type CloseScore, scoreClose } from "../scores/score_forecast.ts";
import { type CandleFloats, candleFloats } from "../training_series.ts";
import { type KnownCandle, versionAt } from "./known_candle.ts";
import { type ModelRecord, ModelTally } from "./model_tally.ts";
import { type Stretch, Timeline } from "./timeline.ts";
import { TradeBook, type TradeRecord } from "./trade_book.ts";

export interface BacktestSettings {
  /** Its `costBps` is what a round trip costs. */
  readonly instrument: Instrument;
  readonly calendar: Calendar;
  /** First minute to forecast; candles before it only train. */
  readonly from: EpochMicros;
  /** Newest closed candles that a fit uses; none is made of fewer. */
  readonly window: number;
  /** Candles from one fit to the next. */
  readonly refitEvery: number;
  /** Models of the close; the baseline is the first of them. */
  readonly candidates: readonly Candidate[];
  readonly rule: ForecastRule;
  /** Newest scores that choose the model shown. */
  readonly skillWindow: number;
  /** Without a candle that ended in this time nothing is forecast. */
  readonly newestMicros: number;
}

/** Fits the models of a job, wherever that is done. */
export type Fit = (job: FitJob) => Promise<PoolResult>;

/** A forecast of a backtest, with what came. */
export interface BacktestForecast {
  readonly forecast: Forecast;
  readonly score: CloseScore;
}

/** A candle, and what the model shown had said of it. */
export interface ShownCandle {
  readonly candle: CandleFloats;
  /** `null` if no forecast was due. */
  readonly forecast: Forecast | null;
}

/** What a backtest came to. */
export interface BacktestResult {
  /** Candles seen, those that only trained included. */
  readonly candles: number;
  /** Candles that had been revised. */
  readonly revised: number;
  /** First and last minute forecast; `null` if none was. */
  readonly from: EpochMicros | null;
  readonly through: EpochMicros | null;
  /** Minutes forecast. */
  readonly minutes: number;
  /** Candles after the first fit without a forecast: after a session's gap. */
  readonly notForecast: number;
  readonly fits: number;
  /** Of each candidate, in their order. */
  readonly models: readonly ModelRecord[];
  /** Of the model that was shown at each minute, whichever it was. */
  readonly shown: ModelRecord;
  /** How many minutes each model was shown for. */
  readonly shownMinutes: ReadonlyMap<string, number>;
  readonly trades: TradeRecord;
  readonly timeline: readonly Stretch[];
  /** The last hundred candles. */
  readonly last: readonly ShownCandle[];
}

/** All that is made at one edge. */
interface EdgeMade {
  /** Of every model. */
  readonly forecasts: readonly Forecast[];
  readonly shown: Forecast;
  readonly signal: Signal;
}

const SHOWN = "shown";
const LAST_CANDLES = 100;
const STRETCHES_TOLD = 120;

/**
 * Walks over closed candles as if they came live, and sums up what the
 * forecasts and signals made on the way came to.
 *
 * At the edge T of a minute only candles that ended by T are known, each in
 * the version of that time ({@link KnownCandle}): every `refitEvery` candles
 * the models are fitted on the last `window` of them; a closed candle moves
 * the models on as it first closed, and later versions of it reach them with
 * the next fit, as in the running program. The model shown, the signal and
 * what blocks it are those of the running program too, from scores of minutes
 * that are over by T. A forecast is due where the market is open and a candle
 * ended not long before; it is scored by the candle of its minute as that
 * first closed.
 *
 * Memory is bounded, however many candles there are.
 */
export class Backtest {
  readonly #tallies: ReadonlyMap<string, ModelTally>;
  readonly #shown: ModelTally;
  readonly #shownMinutes = new Map<string, number>();
  readonly #trades: TradeBook;
  readonly #timeline = new Timeline();
  /** The newest `window` candles. */
  readonly #known: KnownCandle[] = [];
  readonly #last: ShownCandle[] = [];
  #state: InstrumentState = NEW_STATE;
  #sinceFit = Infinity;
  #scale: number | null = null;
  #candles = 0;
  #revised = 0;
  #minutes = 0;
  #notForecast = 0;
  #fits = 0;
  #from: EpochMicros | null = null;
  #through: EpochMicros | null = null;

  constructor(
    private readonly settings: BacktestSettings,
    private readonly fit: Fit,
    /** Told every forecast, once it is scored. */
    private readonly onForecast: (one: BacktestForecast) => void = () => {},
  ) {
    const { instrument, candidates, calendar, skillWindow } = settings;
    assert(
      candidates[0]?.model === BASELINE.model,
      "the baseline is the first candidate",
    );
    const tally = (model: string) =>
      new ModelTally({ symbol: instrument.symbol, model }, skillWindow);
    this.#tallies = new Map(
      candidates.map(({ model }) => [model, tally(model)]),
    );
    this.#shown = tally(SHOWN);
    this.#trades = new TradeBook(calendar, instrument.costBps);
  }

  /**
   * The next candle: forecasts it from those before, then sees it.
   *
   * @throws {AssertionError} If it does not come after the one before, or is
   * not closed.
   */
  async add(known: KnownCandle): Promise<void> {
    const { first } = known;
    const before = this.#known.at(-1)?.first;
    assert(first.closed, "candles of a backtest are closed");
    assert(
      before === undefined || before.end <= first.t,
      "candles of a backtest ascend",
    );
    const candle = candleFloats(first);
    const made = before === undefined
      ? null
      : await this.#atEdge(first.t, before);
    // From here on the minute is over.
    this.#trades.addCandle(candle);
    if (made !== null && before !== undefined) {
      this.#score(made, candle, candleFloats(before));
    } else if (this.#state.fitted) this.#notForecast++;
    this.#last.push({
      candle,
      forecast: made?.shown ?? null,
    });
    if (this.#last.length > LAST_CANDLES) this.#last.shift();
    this.#known.push(known);
    if (this.#known.length > this.settings.window) this.#known.shift();
    this.#candles++;
    this.#revised += Number(known.later.length > 0);
    this.#sinceFit++;
  }

  result(): BacktestResult {
    return {
      candles: this.#candles,
      revised: this.#revised,
      from: this.#from,
      through: this.#through,
      minutes: this.#minutes,
      notForecast: this.#notForecast,
      fits: this.#fits,
      models: [...this.#tallies.values()].map((tally) =>
        tally.record(this.#scale)
      ),
      shown: this.#shown.record(this.#scale),
      shownMinutes: new Map(this.#shownMinutes),
      trades: this.#trades.record(),
      timeline: this.#timeline.stretches(STRETCHES_TOLD),
      last: [...this.#last],
    };
  }

  /** What is made at an edge; `null` if no forecast is due. */
  async #atEdge(
    edge: EpochMicros,
    newest: StoredCandle,
  ): Promise<EdgeMade | null> {
    const { settings } = this;
    let view = moveToEdge(this.#state, [newest]);
    if (view === null) return null;
    this.#state = view.state;
    if (
      edge >= settings.from && this.#known.length === settings.window &&
      this.#sinceFit >= settings.refitEvery
    ) {
      await this.#refit(edge);
      view = moveToEdge(this.#state, [newest]);
      if (view === null) return null;
    }
    if (
      edge < settings.from || !view.state.fitted ||
      newest.end < edge - settings.newestMicros ||
      settings.calendar.stateAt(edge).kind === "closed"
    ) return null;
    this.#scale ??= naiveScale(
      this.#known.map(({ first }) => candleFloats(first)),
    );
    const of = {
      instrument: settings.instrument,
      calendar: settings.calendar,
      edge,
      view,
      champion: championOf(view.state, settings.rule),
      position: "",
    };
    const forecasts = (["shown_and_baseline", "challengers"] as const)
      .flatMap((models) => makeForecasts(of, { models, from: 1, to: 1 }, edge));
    const shown = forecasts.find((forecast) => forecast.champion);
    assert(shown !== undefined, "one forecast of a minute is shown");
    return {
      forecasts,
      shown,
      signal: makeSignal(of, shown, settings.rule),
    };
  }

  async #refit(edge: EpochMicros): Promise<void> {
    const { instrument, window, candidates } = this.settings;
    const candles = this.#known.map((one) =>
      candleFloats(versionAt(one, edge))
    );
    const result = await this.fit({
      symbol: instrument.symbol,
      grid: priceGrid(instrument),
      candles,
      window,
      candidates,
      before: this.#state.fitted ? this.#state.settled : null,
      walkForward: null,
    });
    this.#fits++;
    this.#sinceFit = 0;
    if (result.kind === "failed") {
      this.#state = { ...this.#state, fitError: result.reason };
      for (const tally of this.#tallies.values()) {
        tally.fitFailed(result.reason);
      }
      return;
    }
    this.#state = withFit(this.#state, result.outcome, candles);
    for (const { model, reason } of result.outcome.failures) {
      this.#tallies.get(model)?.fitFailed(reason);
    }
  }

  #score(
    { forecasts, shown, signal }: EdgeMade,
    candle: CandleFloats,
    before: CandleFloats,
  ): void {
    const spread = forecasts.find(({ model }) => model === BASELINE.model)?.se;
    assert(spread !== undefined, "the baseline is always forecast");
    const scores = new Map<string, CloseScore>();
    for (const forecast of forecasts) {
      const score = scoreClose(forecast, candle.close);
      const scored = { forecast, score, candle, before, spread };
      scores.set(forecast.model, score);
      this.#tallies.get(forecast.model)?.add(scored);
      if (forecast === shown) this.#shown.add(scored);
      this.onForecast({ forecast, score });
    }
    const minutes = this.#shownMinutes.get(shown.model) ?? 0;
    this.#shownMinutes.set(shown.model, minutes + 1);
    this.#trades.add(signal);
    this.#state = {
      ...this.#state,
      walkForward: [...this.#tallies.values()].map((tally) =>
        tally.recentSkill()
      ),
    };
    this.#minutes++;
    this.#from ??= shown.t;
    this.#through = shown.t;
    this.#timeline.add(shown.t, {
      shown: scores.get(shown.model)!,
      scores,
      equity: this.#trades.equity,
    });
  }
}
