import type { Chart } from "chart.js";
import { listenAxis } from "./axis_gestures.ts";
import { createChart } from "./chartjs.ts";
import { Cursor } from "./cursor.ts";
import { exportPng } from "./export_png.ts";
import { forcedTheme } from "./forced_theme.ts";
import { listenGestures } from "./gestures.ts";
import { doKey } from "./keys.ts";
import { describeSlot, Legend } from "./legend.ts";
import { Mover } from "./mover.ts";
import { PriceLine } from "./price_line.ts";
import { Scene } from "./scene.ts";
import { Stage } from "./stage.ts";
import type { Theme } from "./theme.ts";
import type {
  CandleChart,
  CandleChartOptions,
  ChartCandle,
  ChartLevel,
  ChartLine,
  ChartMark,
  ChartOutage,
  ChartSession,
  ChartView,
  FutureForecast,
  PastForecast,
  PriceScaleKind,
  ViewState,
} from "./types.ts";

export type * from "./types.ts";
export { themeFor } from "./theme.ts";

/** Dragging an axis by this many pixels magnifies by e. */
const AXIS_DRAG_PX = 160;
/** A page that could not load history is asked again no sooner. */
const ASK_AGAIN_MS = 2_000;
/** Between two texts of the legend under a pointer: it is read, not watched. */
const LEGEND_MS = 100;

/**
 * Builds a candle chart inside `host`, filling it: give the host a height.
 *
 * Importing this module touches no DOM; calling this function does. The page
 * must load `static/chart.css`. Call `destroy()` when the host goes away.
 */
export function mountCandleChart(
  host: HTMLElement,
  options: CandleChartOptions,
): CandleChart {
  return new MountedChart(host, options);
}

/** The scene on a screen: input, and one animation frame for all of it. */
class MountedChart implements CandleChart {
  readonly #options: CandleChartOptions;
  readonly #symbol: string;
  readonly #scene: Scene;
  readonly #stage: Stage;
  readonly #legend: Legend;
  #legendShownAt = -Infinity;
  readonly #cursor: Cursor;
  readonly #mover: Mover;
  readonly #priceLine = new PriceLine();
  readonly #chart: Chart;
  readonly #observer: ResizeObserver;
  readonly #listeners = new AbortController();
  readonly #calm = matchMedia("(prefers-reduced-motion: reduce)");
  readonly #forced = matchMedia("(forced-colors: active)");
  #theme: Theme;
  #frameRequest = 0;
  #clock: ReturnType<typeof setTimeout> | undefined;
  #dirty = true;
  #resized = true;
  readonly #asked = { older: NaN, newer: NaN };
  #toldView = "";

  constructor(host: HTMLElement, options: CandleChartOptions) {
    this.#options = options;
    this.#symbol = options.symbol ?? "";
    const scene = this.#scene = new Scene(options);
    this.#theme = scene.frame.theme;
    this.#legend = new Legend(scene, this.#symbol);
    this.#cursor = new Cursor(scene, options.onCrosshair);
    this.#mover = new Mover(scene.view);
    this.#stage = new Stage(host, {
      symbol: this.#symbol,
      inside: [
        this.#priceLine.piece.element,
        ...this.#cursor.pieces.elements,
        this.#legend.element,
        this.#cursor.tip.element,
      ],
    });
    this.#applyTheme();
    this.#measure(host.clientWidth, host.clientHeight);
    this.#chart = createChart(this.#stage.canvas, {
      frame: scene.frame,
      get axisPx() {
        return scene.axisPx;
      },
    });
    this.#observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry.contentRect;
      this.#measure(width, height);
      this.#invalidate();
    });
    this.#observer.observe(this.#stage.root);
    this.#listen();
    this.#watchPixelRatio();
    this.#invalidate();
  }

  // Data.

  setHistory(candles: readonly ChartCandle[], newest?: ChartCandle): void {
    this.#scene.setHistory(candles, newest);
    this.#asked.older = this.#asked.newer = NaN;
    this.#invalidate();
  }

  addHistory(candles: readonly ChartCandle[]): void {
    this.#cursor.keepingCandle(() => this.#scene.addHistory(candles));
    this.#invalidate();
  }

  upsert(candle: ChartCandle): void {
    this.#scene.upsert(candle);
    this.#invalidate();
  }

  setForecasts(
    past: readonly PastForecast[],
    future: readonly FutureForecast[],
  ): void {
    this.#scene.setForecasts(past, future);
    this.#invalidate();
  }

  upsertForecast(past: PastForecast): void {
    this.#scene.upsertForecast(past);
    this.#invalidate();
  }

  setMarks(marks: readonly ChartMark[]): void {
    this.#scene.setMarks(marks);
    this.#invalidate();
  }

  setLevels(levels: readonly ChartLevel[]): void {
    this.#scene.setLevels(levels);
    this.#invalidate();
  }

  setOutages(outages: readonly ChartOutage[]): void {
    this.#scene.setOutages(outages);
    this.#invalidate();
  }

  setSessions(sessions: readonly ChartSession[]): void {
    this.#scene.setSessions(sessions);
    this.#invalidate();
  }

  setLines(lines: readonly ChartLine[]): void {
    this.#scene.setLines(lines);
    this.#invalidate();
  }

  setInterval(intervalMs: number): void {
    this.#scene.setInterval(intervalMs);
    this.#clearCursor();
    this.#invalidate();
  }

  // View.

  get view(): ViewState {
    return this.#scene.view.state;
  }

  setView(view: ChartView): void {
    this.#mover.stop();
    this.#scene.view.want(view);
    this.#invalidate();
  }

  goLive(): void {
    const { view } = this.#scene;
    this.#mover.stop();
    if (this.#scene.aside) {
      view.wantLive();
      this.#ask(this.#options.onNeedLatest?.());
      return;
    }
    const away = view.slotsToLive;
    // A long way is not worth watching.
    if (this.#calm.matches || Math.abs(away) > 4 * view.slots) {
      view.moveBySlots(away);
    } else this.#mover.glideToLive(performance.now());
    this.#invalidate();
  }

  setPriceScale(kind: PriceScaleKind): void {
    this.#scene.setPriceScale(kind);
    this.#invalidate();
  }

  fitPrices(): void {
    this.#scene.prices.reset();
    this.#invalidate();
  }

  setCrosshair(t: number | null): void {
    const slot = t === null ? -1 : this.#scene.store.indexAtOrBefore(t);
    if (slot < 0) {
      this.#clearCursor();
      return;
    }
    this.#cursor.putAt(slot);
    this.#request();
  }

  setTheme(theme: Theme): void {
    this.#theme = theme;
    this.#applyTheme();
    this.#invalidate();
  }

  setTimeZone(timeZone: string): void {
    this.#scene.setTimeZone(timeZone);
    this.#invalidate();
  }

  exportPng(): Promise<Blob> {
    this.#draw();
    const { canvas } = this.#stage;
    return exportPng(canvas, this.#scene.frame, this.#priceLine, this.#title());
  }

  destroy(): void {
    cancelAnimationFrame(this.#frameRequest);
    clearTimeout(this.#clock);
    this.#listeners.abort();
    this.#observer.disconnect();
    this.#chart.destroy();
    this.#stage.remove();
  }

  #title(): string {
    const { store, words, intervalMs } = this.#scene;
    if (store.length === 0) return this.#symbol;
    const when = words.full(this.#scene.wallOf(store.length - 1), intervalMs);
    return `${this.#symbol}  ${when} ${this.#scene.timeZone}`;
  }

  // One animation frame for everything; none while nobody can see it.

  #invalidate(): void {
    this.#dirty = true;
    this.#request();
  }

  /** All of it, as what is on the screen may be lost. */
  #paintAgain(): void {
    this.#scene.repaintAll();
    this.#priceLine.piece.forget();
    this.#cursor.pieces.forget();
    this.#invalidate();
  }

  #request(): void {
    if (this.#frameRequest !== 0 || document.hidden) return;
    if (this.#listeners.signal.aborted) return;
    this.#frameRequest = requestAnimationFrame((now) => {
      this.#frameRequest = 0;
      this.#onFrame(now);
    });
  }

  #onFrame(now: number): void {
    if (this.#mover.moves) {
      this.#mover.step(now);
      this.#invalidate();
    }
    const isDirty = this.#dirty;
    if (isDirty) this.#draw();
    this.#cursor.draw();
    this.#showLegend(now);
    // A crosshair that moves changes neither.
    if (!isDirty) return;
    this.#tellView();
    this.#startClock();
  }

  /** Under a pointer that moves, as often as one can read it. */
  #showLegend(now: number): void {
    const since = now - this.#legendShownAt;
    if (this.#cursor.hasPointer && since < LEGEND_MS) {
      this.#request();
      return;
    }
    this.#legend.show(this.#cursor.slot);
    this.#legendShownAt = now;
  }

  #draw(): void {
    const { frame } = this.#scene;
    if (frame.width === 0 && !this.#resized) return;
    const relaid = this.#scene.prepare(this.#now());
    if (frame.width < 2 || frame.height < 2) return;
    if (this.#resized) this.#resizeCanvases();
    if (relaid || this.#resized) {
      this.#stage.setAxisPx(this.#scene.axisPx);
      this.#chart.update("none");
    } else this.#chart.draw();
    this.#priceLine.follow(frame);
    const { store, view, prices } = this.#scene;
    if (store.length > 0) this.#stage.ready();
    this.#dirty = false;
    this.#resized = false;
    this.#cursor.followPointer();
    this.#stage.show(this.#stage.goLive, store.length > 0 && !view.live);
    this.#stage.show(this.#stage.fit, prices.byHand);
  }

  #resizeCanvases(): void {
    const { frame } = this.#scene;
    const { dpr } = frame;
    this.#chart.options.devicePixelRatio = dpr;
    this.#chart.resize(frame.width / dpr, frame.height / dpr);
    this.#stage.resize(frame.width, frame.height, dpr);
  }

  /** The countdown needs a frame a second, if there is one. */
  #startClock(): void {
    clearTimeout(this.#clock);
    if (!this.#scene.frame.lastPrice?.countdown) return;
    const untilNext = 1000 - this.#now() % 1000;
    this.#clock = setTimeout(() => this.#invalidate(), untilNext + 5);
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now();
  }

  #tellView(): void {
    const view = this.#scene.view.state;
    const told = JSON.stringify(view);
    if (told !== this.#toldView && this.#scene.store.length > 0) {
      this.#toldView = told;
      this.#options.onViewChange?.(view);
    }
    const { needsHistoryBefore: before, needsHistoryAfter: after } =
      this.#scene;
    if (before !== null && before !== this.#asked.older) {
      this.#asked.older = before;
      this.#ask(this.#options.onNeedHistory?.(before), "older");
    }
    if (after !== null && after !== this.#asked.newer) {
      this.#asked.newer = after;
      this.#ask(this.#options.onNeedNewer?.(after), "newer");
    }
  }

  /** The page says itself what failed; here it is only asked again, later. */
  #ask(answer: void | Promise<void>, end?: "older" | "newer"): void {
    answer?.catch(() => {
      setTimeout(() => {
        if (end !== undefined) this.#asked[end] = NaN;
        this.#invalidate();
      }, ASK_AGAIN_MS);
    });
  }

  // Size and colours.

  #measure(width: number, height: number): void {
    const dpr = globalThis.devicePixelRatio || 1;
    // Whole device pixels, or the browser would stretch the picture.
    this.#scene.setSize({
      width: Math.floor(width * dpr) / dpr,
      height: Math.floor(height * dpr) / dpr,
      dpr,
    });
    this.#resized = true;
  }

  #watchPixelRatio(): void {
    const media = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    media.addEventListener("change", () => {
      if (this.#listeners.signal.aborted) return;
      const { root } = this.#stage;
      this.#measure(root.clientWidth, root.clientHeight);
      this.#invalidate();
      this.#watchPixelRatio();
    }, { once: true, signal: this.#listeners.signal });
  }

  /** Colours that the system forces win over those chosen. */
  #applyTheme(): void {
    const theme = this.#forced.matches
      ? forcedTheme(this.#stage.root)
      : this.#theme;
    this.#scene.setTheme(theme);
    this.#scene.frame.fontFamily = this.#stage.applyTheme(theme);
  }

  // Input.

  #listen(): void {
    const { signal } = this.#listeners;
    const { plot, canvas, priceAxis, timeAxis, goLive, fit } = this.#stage;
    const { view, prices } = this.#scene;
    /** Every gesture ends what moves by itself, and is drawn. */
    const moving = (change: () => void) => {
      this.#mover.stop();
      change();
      this.#invalidate();
    };
    listenGestures(plot, {
      touch: () => this.#mover.stop(),
      pan: (dxPx, dyPx) =>
        moving(() => {
          view.panBy(dxPx);
          const { frame } = this.#scene;
          const height = (frame.priceBottom - frame.priceTop) / frame.dpr;
          prices.shiftBy(dyPx / Math.max(1, height));
        }),
      fling: (speed) => {
        if (this.#calm.matches) return;
        this.#mover.fling(speed, performance.now());
        this.#request();
      },
      zoom: (factor, xPx, by) =>
        moving(() => {
          // A wheel must not turn a live view away from what is to come.
          const stays = by === "wheel" && view.live;
          this.#scene.zoomBy(factor, stays ? undefined : xPx);
        }),
      hover: (x, y) => {
        this.#cursor.pointAt(x, y);
        this.#request();
      },
      leave: () => this.#clearCursor(),
      tap: (x, y, touch) => {
        if (!touch) return;
        this.#cursor.tap(x, y);
        this.#request();
      },
    }, signal);
    listenAxis(priceAxis, "y", {
      drag: (px) => moving(() => prices.scaleBy(Math.exp(-px / AXIS_DRAG_PX))),
      reset: () => this.fitPrices(),
    }, signal);
    listenAxis(timeAxis, "x", {
      drag: (px) =>
        moving(() => this.#scene.zoomBy(Math.exp(-px / AXIS_DRAG_PX))),
      reset: () => moving(() => view.resetZoom()),
    }, signal);
    plot.addEventListener("keydown", (event) => this.#onKey(event), {
      signal,
    });
    plot.addEventListener("blur", () => {
      if (!this.#cursor.hasPointer) this.#clearCursor();
    }, { signal });
    goLive.addEventListener("click", () => this.goLive(), { signal });
    fit.addEventListener("click", () => this.fitPrices(), { signal });
    this.#forced.addEventListener("change", () => {
      this.#applyTheme();
      this.#invalidate();
    }, { signal });
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) {
        cancelAnimationFrame(this.#frameRequest);
        this.#frameRequest = 0;
        clearTimeout(this.#clock);
      } else this.#paintAgain();
    }, { signal });
    // A browser short of memory may take what was painted.
    canvas.addEventListener("contextrestored", () => this.#paintAgain(), {
      signal,
    });
  }

  #clearCursor(): void {
    this.#cursor.clear();
    this.#request();
  }

  #onKey(event: KeyboardEvent): void {
    const { view, prices } = this.#scene;
    const wasMoving = this.#mover.moves;
    const known = doKey(event, {
      slots: view.slots,
      moveBySlots: (slots) => view.moveBySlots(slots),
      goToStart: () => view.goToStart(),
      goLive: () => this.goLive(),
      zoomBy: (factor) => this.#scene.zoomBy(factor),
      scalePrices: (factor) => prices.scaleBy(factor),
      fitPrices: () => this.fitPrices(),
      stepCrosshair: (by) => this.#cursor.stepBy(by),
      clearCrosshair: () => this.#clearCursor(),
      speak: () => this.#speak(),
    });
    if (!known) return;
    event.preventDefault();
    // Only a key that has just set it moving lets it move.
    if (wasMoving && event.key !== "End") this.#mover.stop();
    this.#invalidate();
  }

  #speak(): void {
    const { slot } = this.#cursor;
    this.#stage.speak(describeSlot(this.#scene, slot, this.#symbol));
  }
}
