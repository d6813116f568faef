import type { Chart } from "chart.js";
import { listenAxis } from "./axis_gestures.ts";
import { createChart } from "./chartjs.ts";
import { forcedTheme } from "./forced_theme.ts";
import { priceAt, xOf } from "./frame.ts";
import { listenGestures } from "./gestures.ts";
import { doKey } from "./keys.ts";
import { describeSlot, Legend } from "./legend.ts";
import { flingAt, glideLeft } from "./motion.ts";
import { type Crosshair, paintCrosshair } from "./paint_crosshair.ts";
import { shortNumber } from "./price_ticks.ts";
import { Scene } from "./scene.ts";
import { Stage } from "./stage.ts";
import type { Theme } from "./theme.ts";
import { Tip } from "./tip.ts";
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
  readonly #tip: Tip;
  readonly #chart: Chart;
  readonly #observer: ResizeObserver;
  readonly #listeners = new AbortController();
  readonly #calm = matchMedia("(prefers-reduced-motion: reduce)");
  readonly #forced = matchMedia("(forced-colors: active)");
  #theme: Theme;
  #crosshair: Crosshair | null = null;
  #pointer: { readonly x: number; readonly y: number } | null = null;
  #frameRequest = 0;
  #clock: ReturnType<typeof setTimeout> | undefined;
  #dirty = true;
  #resized = true;
  #overlayPainted = false;
  #motion: Motion | null = null;
  readonly #asked = { older: NaN, newer: NaN };
  #toldView = "";
  #toldSlot = NaN;

  constructor(host: HTMLElement, options: CandleChartOptions) {
    this.#options = options;
    this.#symbol = options.symbol ?? "";
    const scene = this.#scene = new Scene(options);
    this.#theme = scene.frame.theme;
    this.#legend = new Legend(scene, this.#symbol);
    this.#tip = new Tip((price) => scene.priceLabel(price));
    this.#stage = new Stage(host, {
      symbol: this.#symbol,
      inside: [this.#legend.element, this.#tip.element],
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

  setHistory(candles: readonly ChartCandle[]): void {
    this.#scene.setHistory(candles);
    this.#asked.older = this.#asked.newer = NaN;
    this.#invalidate();
  }

  addHistory(candles: readonly ChartCandle[]): void {
    const at = this.#crosshair;
    const t = at ? this.#scene.timeOf(at.slot) : NaN;
    this.#scene.addHistory(candles);
    // It stays on its candle, whatever came before it.
    const slot = this.#scene.store.indexOf(t);
    if (at && slot >= 0) this.#crosshair = { slot, y: at.y };
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
    this.#clearCrosshair();
    this.#invalidate();
  }

  // View.

  get view(): ViewState {
    return this.#scene.view.state;
  }

  setView(view: ChartView): void {
    this.#motion = null;
    this.#scene.view.want(view);
    this.#invalidate();
  }

  goLive(): void {
    const { view } = this.#scene;
    this.#motion = null;
    if (this.#scene.aside) {
      view.wantLive();
      this.#ask(this.#options.onNeedLatest?.());
      return;
    }
    const away = view.slotsToLive;
    // A long way is not worth watching.
    if (this.#calm.matches || Math.abs(away) > 4 * view.slots) {
      view.moveBySlots(away);
    } else {
      this.#motion = { kind: "glide", slots: away, start: performance.now() };
    }
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
      this.#clearCrosshair();
      return;
    }
    this.#pointer = null;
    this.#crosshair = { slot, y: null };
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
    const { frame } = this.#scene;
    const copy = document.createElement("canvas");
    copy.width = frame.width;
    copy.height = frame.height;
    const ctx = copy.getContext("2d")!;
    ctx.drawImage(this.#stage.canvas, 0, 0);
    ctx.fillStyle = frame.theme.textStrong;
    ctx.font = `600 ${13 * frame.dpr}px ${frame.fontFamily}`;
    ctx.textBaseline = "top";
    ctx.fillText(this.#title(), 10 * frame.dpr, 10 * frame.dpr);
    return new Promise((resolve, reject) => {
      copy.toBlob((blob) => {
        if (blob) resolve(blob);
        else reject(new Error("Cannot export the chart as it has no size"));
      }, "image/png");
    });
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
    const zone = this.#options.timeZone ?? "UTC";
    return `${this.#symbol}  ${when} ${zone}`;
  }

  // One animation frame for everything; none while nobody can see it.

  #invalidate(): void {
    this.#dirty = true;
    this.#request();
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
    if (this.#motion) this.#stepMotion(this.#motion, now);
    if (this.#dirty) this.#draw();
    this.#drawOverlay();
    this.#showLegend();
    this.#tellView();
    this.#startClock();
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
    const { store, view, prices } = this.#scene;
    if (store.length > 0) this.#stage.ready();
    this.#dirty = false;
    this.#resized = false;
    // The candles may have moved under a pointer at rest.
    if (this.#pointer) this.#pointAt(this.#pointer.x, this.#pointer.y);
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

  #drawOverlay(): void {
    const { overlay } = this.#stage;
    const ctx = overlay.getContext("2d")!;
    if (this.#overlayPainted) {
      ctx.clearRect(0, 0, overlay.width, overlay.height);
    }
    // An empty canvas on top would still cost the browser a blend of every pixel.
    if (this.#overlayPainted !== (this.#crosshair !== null)) {
      this.#overlayPainted = this.#crosshair !== null;
      overlay.hidden = !this.#overlayPainted;
    }
    if (!this.#crosshair) return;
    paintCrosshair(ctx, this.#scene.frame, this.#crosshair, {
      time: this.#timeLabel(this.#crosshair.slot),
      value: this.#valueLabel(this.#crosshair.y),
    });
  }

  #timeLabel(slot: number): string {
    const wall = this.#scene.wallOf(slot);
    if (Number.isNaN(wall)) return "";
    return this.#scene.words.short(wall, this.#scene.intervalMs);
  }

  /** A price in the upper pane, a volume in the lower. */
  #valueLabel(y: number | null): string {
    const { frame } = this.#scene;
    if (y === null) return "";
    if (y <= frame.priceBottom) {
      return this.#scene.prices.label(priceAt(frame, y));
    }
    if (frame.volumeTop >= frame.plotBottom || y < frame.volumeTop) return "";
    const share = (frame.plotBottom - y) / (frame.plotBottom - frame.volumeTop);
    return shortNumber(Math.max(0, share) * frame.volumeMax);
  }

  #showLegend(): void {
    const { store } = this.#scene;
    this.#legend.show(this.#crosshair?.slot ?? store.length - 1);
  }

  #stepMotion(motion: Motion, now: number): void {
    const { view } = this.#scene;
    const elapsed = now - motion.start;
    this.#dirty = true;
    if (motion.kind === "glide") {
      const left = glideLeft(elapsed);
      view.moveBySlots(view.slotsToLive - motion.slots * left);
      if (left === 0) this.#motion = null;
    } else {
      const { px, rests } = flingAt(motion.speed, elapsed);
      const before = view.right;
      view.panBy(px - motion.gonePx);
      motion.gonePx = px;
      const stuck = elapsed > 50 && view.right === before;
      if (rests || stuck) this.#motion = null;
    }
    if (this.#motion) this.#request();
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
        this.#request();
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
    const { plot, priceAxis, timeAxis, goLive, fit } = this.#stage;
    const { view, prices } = this.#scene;
    /** Every gesture ends what moves by itself, and is drawn. */
    const moving = (change: () => void) => {
      this.#motion = null;
      change();
      this.#invalidate();
    };
    listenGestures(plot, {
      touch: () => {
        this.#motion = null;
      },
      pan: (dxPx, dyPx) =>
        moving(() => {
          view.panBy(dxPx);
          const { frame } = this.#scene;
          const height = (frame.priceBottom - frame.priceTop) / frame.dpr;
          prices.shiftBy(dyPx / Math.max(1, height));
        }),
      fling: (speed) => {
        if (this.#calm.matches) return;
        const start = performance.now();
        this.#motion = { kind: "fling", speed, start, gonePx: 0 };
        this.#request();
      },
      zoom: (factor, xPx, by) =>
        moving(() => {
          // A wheel must not turn a live view away from what is to come.
          const stays = by === "wheel" && view.live;
          this.#scene.zoomBy(factor, stays ? undefined : xPx);
        }),
      hover: (x, y) => {
        this.#pointAt(x, y);
        this.#request();
      },
      leave: () => this.#clearCrosshair(),
      tap: (x, y, touch) => this.#tap(x, y, touch),
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
      if (this.#pointer === null) this.#clearCrosshair();
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
      } else this.#invalidate();
    }, { signal });
  }

  #pointAt(xPx: number, yPx: number): void {
    const { frame } = this.#scene;
    const x = xPx * frame.dpr;
    const y = Math.round(yPx * frame.dpr);
    this.#pointer = { x: xPx, y: yPx };
    if (x >= frame.plotRight || y >= frame.plotBottom) {
      this.#clearCrosshair();
      return;
    }
    const slot = Math.round((x - frame.origin) / frame.slotWidth);
    this.#crosshair = { slot, y };
    this.#tip.showAt(frame, x, y, 4);
    this.#tellCrosshair();
  }

  #tap(xPx: number, yPx: number, touch: boolean): void {
    if (!touch) return;
    const was = this.#crosshair?.slot;
    this.#pointAt(xPx, yPx);
    this.#request();
    if (was !== undefined && was === this.#crosshair?.slot) {
      this.#clearCrosshair();
      return;
    }
    const { frame } = this.#scene;
    this.#tip.showAt(frame, xPx * frame.dpr, yPx * frame.dpr, 14);
  }

  #clearCrosshair(): void {
    this.#pointer = null;
    this.#crosshair = null;
    this.#tip.hide();
    this.#tellCrosshair();
    this.#request();
  }

  #tellCrosshair(): void {
    const { onCrosshair } = this.#options;
    const slot = this.#crosshair?.slot ?? NaN;
    if (!onCrosshair || Object.is(slot, this.#toldSlot)) return;
    this.#toldSlot = slot;
    const scene = this.#scene;
    const t = scene.timeOf(slot);
    if (!this.#crosshair || Number.isNaN(t)) {
      onCrosshair(null);
      return;
    }
    const { y } = this.#crosshair;
    onCrosshair({
      t,
      price: y === null ? null : priceAt(scene.frame, y),
      candle: scene.store.candleAt(slot),
      forecast: scene.forecastAt(slot),
      marks: scene.frame.marks.filter((placed) => placed.slot === slot)
        .map((placed) => placed.mark),
    });
  }

  #onKey(event: KeyboardEvent): void {
    const { view, prices } = this.#scene;
    const before = this.#motion;
    const known = doKey(event, {
      slots: view.slots,
      moveBySlots: (slots) => view.moveBySlots(slots),
      goToStart: () => view.goToStart(),
      goLive: () => this.goLive(),
      zoomBy: (factor) => this.#scene.zoomBy(factor),
      scalePrices: (factor) => prices.scaleBy(factor),
      fitPrices: () => this.fitPrices(),
      stepCrosshair: (by) => this.#stepCrosshair(by),
      clearCrosshair: () => this.#clearCrosshair(),
      speak: () => this.#speak(),
    });
    if (!known) return;
    event.preventDefault();
    if (this.#motion === before) this.#motion = null;
    this.#invalidate();
  }

  #stepCrosshair(by: number): void {
    const { store, frame } = this.#scene;
    if (store.length === 0) return;
    const end = store.length - 1 + frame.future.length;
    const seen = Math.min(store.length - 1, frame.last);
    const from = this.#crosshair?.slot ?? seen - Math.min(by, 0);
    const slot = Math.min(Math.max(0, from + by), end);
    this.#pointer = null;
    this.#crosshair = { slot, y: null };
    const x = xOf(frame, slot);
    if (x < 0) this.#scene.view.moveBySlots(x / frame.slotWidth - 2);
    else if (x > frame.plotRight) {
      this.#scene.view.moveBySlots((x - frame.plotRight) / frame.slotWidth + 2);
    }
    this.#tellCrosshair();
  }

  #speak(): void {
    const { store } = this.#scene;
    const slot = this.#crosshair?.slot ?? store.length - 1;
    this.#stage.speak(describeSlot(this.#scene, slot, this.#symbol));
  }
}

/** What moves by itself: to the newest candle, or on after a finger. */
type Motion =
  | { readonly kind: "glide"; readonly slots: number; readonly start: number }
  | {
    readonly kind: "fling";
    readonly speed: number;
    readonly start: number;
    gonePx: number;
  };
