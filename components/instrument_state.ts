import type { CandleView } from "../pipeline/domain/candle.ts";
import type { ForecastView } from "../pipeline/domain/forecast.ts";
import type { FeedState } from "../pipeline/domain/live_event.ts";
import type { Interval } from "../pipeline/domain/interval.ts";
import type { SignalView } from "../pipeline/domain/signal.ts";
import type { ChartView, PriceScaleKind } from "../chart/types.ts";
import type {
  InstrumentView,
  MarketHours,
  ModelView,
  PriceChange,
  QualityView,
  ReliabilityView,
} from "./api_views.ts";
import type { InstrumentChoice } from "./match_instruments.ts";
import { mergeCandle, mergeForecasts, mergeSignals } from "./merge_live.ts";

/** What the page of an instrument begins with; plain data. */
export interface InstrumentPage {
  readonly instrument: InstrumentView;
  readonly others: readonly InstrumentChoice[];
  /** Those that are offered, shortest first. */
  readonly intervals: readonly Interval[];
  readonly interval: Interval;
  readonly state: InstrumentState;
  readonly hours: MarketHours;
  /** Scale of the prices that the address names. */
  readonly scale: PriceScaleKind;
  /** Instrument to compare with that the address names. */
  readonly compared: string | null;
  /** Part of the history that the address names. */
  readonly view: ChartView | null;
  /** Server's clock, Unix ms. */
  readonly now: number;
}

/** What the page of an instrument knows of it by now. */
export interface InstrumentState {
  /** The newest of the interval shown, the forming one last. */
  readonly candles: readonly CandleView[];
  /** Newest one-minute candle: the last price. */
  readonly minute: CandleView | null;
  /** Of its price, or of one not long before: what it is counted from is what lasts. */
  readonly change: PriceChange | null;
  readonly forecasts: readonly ForecastView[];
  readonly models: readonly ModelView[];
  readonly signals: readonly SignalView[];
  readonly feed: FeedState;
  /** Of the newest candle's day. */
  readonly quality: QualityView | null;
  /** Of the model that is shown. */
  readonly reliability: ReliabilityView | null;
}

const CANDLES_KEPT = 1_000;
const FORECASTS_KEPT = 600;
const SIGNALS_KEPT = 600;

/** With a one-minute candle, if it is as new as the newest. */
export function withMinute(
  state: InstrumentState,
  candle: CandleView,
): InstrumentState {
  const known = state.minute === null ? [] : [state.minute];
  const [minute] = mergeCandle(known, candle, 1);
  return minute === state.minute ? state : { ...state, minute };
}

/** With candles of the interval shown; the newer of two versions stays. */
export function withCandles(
  state: InstrumentState,
  candles: readonly CandleView[],
): InstrumentState {
  const merged = candles.reduce(
    (known, candle) => mergeCandle(known, candle, CANDLES_KEPT),
    state.candles,
  );
  return merged === state.candles ? state : { ...state, candles: merged };
}

export function withForecasts(
  state: InstrumentState,
  forecasts: readonly ForecastView[],
): InstrumentState {
  return {
    ...state,
    forecasts: mergeForecasts(state.forecasts, forecasts, FORECASTS_KEPT),
  };
}

export function withSignals(
  state: InstrumentState,
  signals: readonly SignalView[],
): InstrumentState {
  return {
    ...state,
    signals: mergeSignals(state.signals, signals, SIGNALS_KEPT),
  };
}
