/** What goes in and out of the chart: plain data, times in Unix ms (UTC), prices as floats. */

import type { Theme } from "./theme.ts";

/** One candle. `t` is its open time; a candle of the same `t` replaces the one shown. */
export interface ChartCandle {
  readonly t: number;
  readonly o: number;
  readonly h: number;
  readonly l: number;
  readonly c: number;
  readonly v: number;
  /** False while it is still forming. */
  readonly closed: boolean;
  /** False when the feed was down or the program started inside it; shown muted. */
  readonly complete?: boolean;
  /** Filled in for an interval in which nobody traded; shown as a dash. */
  readonly synthetic?: boolean;
  /** How often it was revised after it had closed; from 1 on it has a small dot. */
  readonly rev?: number;
}

/** What was predicted for a candle that has come since: a tick at the close, and the band. */
export interface PastForecast {
  readonly t: number;
  readonly c: number;
  readonly lo95: number;
  readonly hi95: number;
  readonly lo80: number;
  readonly hi80: number;
}

/**
 * A predicted candle. Right of the last candle it is hollow; for the forming
 * candle only its band and a tick at its close are drawn.
 */
export interface FutureForecast extends PastForecast {
  readonly o: number;
  readonly h: number;
  readonly l: number;
  readonly lo50: number;
  readonly hi50: number;
}

/** A signal on the candle that `t` falls in; `title` is the text of its tooltip. */
export interface ChartMark {
  readonly t: number;
  readonly side: "BUY" | "SELL";
  readonly price: number;
  readonly title: string;
}

/** A price to look out for: an alert, say. A line across, its label on the axis. */
export interface ChartLevel {
  readonly price: number;
  /** Said to screen readers, and shown when the pointer is at the line. */
  readonly title: string;
}

/** A stretch in which the feed was down: hatched, and named in the legend. */
export interface ChartOutage {
  readonly from: number;
  /** Null while it goes on. */
  readonly to: number | null;
  /** What to call it; "feed down" by default. */
  readonly title?: string;
}

/** A part of the day that is not the regular session: shaded, and named. */
export interface ChartSession {
  readonly from: number;
  readonly to: number;
  /** As in "pre-open" or "closing auction". */
  readonly name: string;
}

/** A line over the candles: an indicator, or another instrument to compare with. */
export interface ChartLine {
  /** Shown in the legend, with the value under the crosshair. */
  readonly name: string;
  /**
   * "indicator": values are prices of this chart. "compare": another
   * instrument's closes, drawn so that both begin at one height at the left
   * edge; choose the percent scale with it.
   */
  readonly kind: "indicator" | "compare";
  /** Values at open times of candles. */
  readonly points: readonly { readonly t: number; readonly value: number }[];
}

/** Even in the price, even in its logarithm, or labelled as change since the left edge. */
export type PriceScaleKind = "linear" | "log" | "percent";

/** Which part of the history is seen: small enough to live in a URL. */
export interface ChartView {
  /** How many slots (candles, and the free ones to the right of the last) fit in the width. */
  readonly slots: number;
  /** The candle at the right edge, or null to stay with the newest. */
  readonly toT: number | null;
}

/** The view as it is now, with what it covers. */
export interface ViewState extends ChartView {
  /** The first and the last candle seen; null while there is none. */
  readonly fromT: number | null;
  readonly lastT: number | null;
  /** Whether the newest candle is followed. */
  readonly live: boolean;
}

/** What is under the crosshair. */
export interface CrosshairState {
  readonly t: number;
  /** The price at the pointer, or null when the keyboard moved the crosshair. */
  readonly price: number | null;
  readonly candle: ChartCandle | null;
  readonly forecast: PastForecast | null;
  readonly marks: readonly ChartMark[];
}

/** How a chart is built. Everything has a default but the interval. */
export interface CandleChartOptions {
  /** Length of one candle in ms. */
  readonly intervalMs: number;
  /** Said to screen readers, and shown first in the legend. */
  readonly symbol?: string;
  /** IANA name of the exchange's time zone; UTC by default. */
  readonly timeZone?: string;
  /** BCP 47 tag for numbers and month names; "en-GB" by default. */
  readonly locale?: string;
  /** Decimals of a price; 2 by default. */
  readonly priceDecimals?: number;
  /** Smallest step of a price, for the grid; 10^-priceDecimals by default. */
  readonly tickSize?: number;
  readonly theme?: Theme;
  /** Free slots kept right of the last candle when live; 8 by default. */
  readonly futureSlots?: number;
  readonly view?: ChartView;
  /** Candles shown at first; what the width makes readable by default. */
  readonly firstCandles?: number;
  /** "linear" by default. */
  readonly priceScale?: PriceScaleKind;
  /** Now in Unix ms, for the countdown; pass the server's clock where it is known. */
  readonly now?: () => number;
  /** When the candle opened at `t` closes; `t + intervalMs` by default (a session may end it). */
  readonly closeTimeOf?: (t: number) => number;
  /** The open time of the candle after the one at `t`; `closeTimeOf(t)` by default. */
  readonly nextTimeOf?: (t: number) => number;
  /** After a pan, a zoom, or a new candle in a live view; at most once a frame. */
  readonly onViewChange?: (view: ViewState) => void;
  /**
   * The view comes near the oldest candle loaded: answer with `addHistory`.
   * Asked once for each `beforeT`; again later when the promise fails.
   */
  readonly onNeedHistory?: (beforeT: number) => void | Promise<void>;
  /**
   * The newest candles were let go, as the view went far back (more than 50,000
   * are not held) or was begun there, and it comes near the last that is held:
   * answer with `addHistory` of the candles from `afterT` on, that one with
   * them. With `onNeedLatest`, or nothing newer is ever let go.
   */
  readonly onNeedNewer?: (afterT: number) => void | Promise<void>;
  /** Somebody goes live, and the newest candles are not held: answer with `setHistory`. */
  readonly onNeedLatest?: () => void | Promise<void>;
  /** The crosshair came to another candle, or left (null). */
  readonly onCrosshair?: (at: CrosshairState | null) => void;
}

/** A mounted chart. Calls may come at any rate: they are drawn together, once a frame. */
export interface CandleChart {
  /**
   * Replaces all candles, in ascending `t`. The view keeps its place in time,
   * or stays live. With a `newest` that is not among them they are a part of
   * the history, and the rest is asked for with `onNeedNewer` and
   * `onNeedLatest`, which must be there.
   */
  setHistory(candles: readonly ChartCandle[], newest?: ChartCandle): void;
  /** Adds older, overlapping or (after `onNeedNewer`) newer candles; the view does not move. */
  addHistory(candles: readonly ChartCandle[]): void;
  /** The forming candle, a closed one, or a revision of an old one, by its `t`. */
  upsert(candle: ChartCandle): void;
  /** Replaces all forecasts. One of `past` may be for a candle not seen yet. */
  setForecasts(
    past: readonly PastForecast[],
    future: readonly FutureForecast[],
  ): void;
  /** Adds or replaces one past forecast, and leaves the others. */
  upsertForecast(past: PastForecast): void;
  /** Replaces all marks. */
  setMarks(marks: readonly ChartMark[]): void;
  /** Replaces all levels: prices that somebody wants to be told of. */
  setLevels(levels: readonly ChartLevel[]): void;
  /** Replaces all outages, in any order. Intervals without a candle and without an outage count as quiet. */
  setOutages(outages: readonly ChartOutage[]): void;
  /** Replaces the sessions that are not the regular one. */
  setSessions(sessions: readonly ChartSession[]): void;
  /** Replaces all lines over the candles; three are told apart by their dashes. */
  setLines(lines: readonly ChartLine[]): void;
  /** Another candle length: empties the chart; `setHistory` must follow. */
  setInterval(intervalMs: number): void;
  readonly view: ViewState;
  setView(view: ChartView): void;
  goLive(): void;
  /** Changes the scale; a range set by hand is given up. */
  setPriceScale(kind: PriceScaleKind): void;
  /** The price axis follows the candles again, after somebody dragged it. */
  fitPrices(): void;
  /** Puts the crosshair on the candle open at `t`, or takes it away: for charts side by side. */
  setCrosshair(t: number | null): void;
  setTheme(theme: Theme): void;
  /** Another time zone for the labels. */
  setTimeZone(timeZone: string): void;
  /** The chart as it is seen, without the crosshair, at the screen's resolution. */
  exportPng(): Promise<Blob>;
  /** Takes everything out of the host again, with every listener and timer. */
  destroy(): void;
}
