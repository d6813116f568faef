import type { Chart } from "chart.js";
import { createChart } from "./chartjs.ts";
import { Cursor } from "./cursor.ts";
import { forcedTheme } from "./forced_theme.ts";
import { HistoryAsker } from "./history_asker.ts";
import { Legend } from "./legend.ts";
import { listenToReader } from "./listen_to_reader.ts";
import { Mover } from "./mover.ts";
import { PriceLine } from "./price_line.ts";
import { Scene } from "./scene.ts";
import { Stage } from "./stage.ts";
import { type Theme, themeOnPaper } from "./theme.ts";
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

/** The chart's size on paper, as `static/instrument.css` has it, and its pixels there. */
const PAPER = { width: 640, height: 400, dpr: 3 };
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
  #isOnPaper = false;
  #frameRequest = 0;
  #clock: ReturnType<typeof setTimeout> | undefined;
  #dirty = true;
  #resized = true;
  readonly #history: HistoryAsker;
  #toldView = "";

  constructor(host: HTMLElement, options: CandleChartOptions) {
    this.#options = options;
    this.#symbol = options.symbol ?? "";
    const scene = this.#scene = new Scene(options);
    this.#theme = scene.frame.theme;
    this.#history = new HistoryAsker(options, () => this.#invalidate());
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
      if (this.#isOnPaper) return;
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
    this.#history.reset();
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
      this.#history.askLatest();
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

  async exportPng(): Promise<Blob> {
    // Few readers take a picture: the code for it is loaded when one does.
    const { exportPng } = await import("./export_png.ts");
    this.#draw();
    const { canvas } = this.#stage;
    return await exportPng(
      canvas,
      this.#scene.frame,
      this.#priceLine,
      this.#title(),
    );
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
    const { needsHistoryBefore, needsHistoryAfter } = this.#scene;
    this.#history.ask(needsHistoryBefore, needsHistoryAfter);
  }

  // Size and colours.

  #measure(
    width: number,
    height: number,
    dpr = globalThis.devicePixelRatio || 1,
  ): void {
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
      this.#measureRoot();
      this.#invalidate();
      this.#watchPixelRatio();
    }, { once: true, signal: this.#listeners.signal });
  }

  /** For print: there is no animation frame before the page is on paper. */
  #putOnPaper(): void {
    this.#isOnPaper = true;
    this.#applyTheme();
    this.#measure(PAPER.width, PAPER.height, PAPER.dpr);
    this.#cursor.clear();
    this.#cursor.draw();
    this.#draw();
    this.#legend.show(this.#cursor.slot);
  }

  #takeOffPaper(): void {
    this.#isOnPaper = false;
    this.#applyTheme();
    this.#measureRoot();
    this.#invalidate();
  }

  #measureRoot(): void {
    const { root } = this.#stage;
    this.#measure(root.clientWidth, root.clientHeight);
  }

  /** Colours that the system forces win over those chosen. */
  #applyTheme(): void {
    const theme = this.#isOnPaper
      ? themeOnPaper(this.#theme)
      : this.#forced.matches
      ? forcedTheme(this.#stage.root)
      : this.#theme;
    this.#scene.setTheme(theme);
    this.#scene.frame.fontFamily = this.#stage.applyTheme(theme);
  }

  #listen(): void {
    const { signal } = this.#listeners;
    listenToReader({
      scene: this.#scene,
      stage: this.#stage,
      cursor: this.#cursor,
      mover: this.#mover,
      symbol: this.#symbol,
      isCalm: () => this.#calm.matches,
      draw: () => this.#invalidate(),
      frame: () => this.#request(),
      goLive: () => this.goLive(),
      fitPrices: () => this.fitPrices(),
    }, signal);
    this.#forced.addEventListener("change", () => {
      this.#applyTheme();
      this.#invalidate();
    }, { signal });
    addEventListener("beforeprint", () => this.#putOnPaper(), { signal });
    addEventListener("afterprint", () => this.#takeOffPaper(), { signal });
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) {
        cancelAnimationFrame(this.#frameRequest);
        this.#frameRequest = 0;
        clearTimeout(this.#clock);
      } else this.#paintAgain();
    }, { signal });
    // A browser short of memory may take what was painted.
    this.#stage.canvas.addEventListener(
      "contextrestored",
      () => this.#paintAgain(),
      { signal },
    );
  }

  #clearCursor(): void {
    this.#cursor.clear();
    this.#request();
  }
}
