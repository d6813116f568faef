import type { Chart } from "chart.js";
import { createChart } from "./chartjs.ts";
import { priceAt, xOf } from "./frame.ts";
import { listenGestures } from "./gestures.ts";
import { describeSlot, Legend, make } from "./legend.ts";
import { type Crosshair, paintCrosshair } from "./paint_crosshair.ts";
import { markAt, markTip } from "./paint_marks.ts";
import { shortNumber } from "./price_ticks.ts";
import { Scene } from "./scene.ts";
import type { Theme } from "./theme.ts";
import type {
  CandleChart,
  CandleChartOptions,
  ChartCandle,
  ChartMark,
  ChartView,
  FutureForecast,
  PastForecast,
  ViewState,
} from "./types.ts";

export type * from "./types.ts";
export { themeFor } from "./theme.ts";

const GLIDE_MS = 220;
const KEY_ZOOM = 1.25;

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

/** The scene on a screen: elements, input, and one animation frame for all of it. */
class MountedChart implements CandleChart {
  readonly #host: HTMLElement;
  readonly #options: CandleChartOptions;
  readonly #symbol: string;
  readonly #scene: Scene;
  readonly #root: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #overlay: HTMLCanvasElement;
  readonly #legend: Legend;
  readonly #tip: HTMLElement;
  readonly #goLive: HTMLElement;
  readonly #spoken: HTMLElement;
  readonly #chart: Chart;
  readonly #observer: ResizeObserver;
  readonly #listeners = new AbortController();
  readonly #calm: MediaQueryList;
  #crosshair: Crosshair | null = null;
  #pointer: { readonly x: number; readonly y: number } | null = null;
  #frameRequest = 0;
  #clock: ReturnType<typeof setTimeout> | undefined;
  #dirty = true;
  #resized = true;
  #overlayPainted = false;
  #glide: { readonly from: number; readonly start: number } | null = null;
  #askedBefore = NaN;
  #toldView = "";
  #toldSlot = NaN;

  constructor(host: HTMLElement, options: CandleChartOptions) {
    this.#host = host;
    this.#options = options;
    this.#symbol = options.symbol ?? "";
    this.#scene = new Scene(options);
    this.#calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.#canvas = make("canvas", "tc-canvas") as HTMLCanvasElement;
    this.#overlay = make("canvas", "tc-overlay") as HTMLCanvasElement;
    this.#overlay.hidden = true;
    this.#legend = new Legend(this.#scene, this.#symbol);
    this.#tip = make("div", "tc-tip");
    this.#tip.hidden = true;
    this.#goLive = make("button", "tc-live", "Go live");
    this.#goLive.setAttribute("type", "button");
    this.#goLive.hidden = true;
    this.#spoken = make("div", "tc-spoken");
    this.#spoken.setAttribute("aria-live", "polite");
    const stage = make("div", "tc-stage");
    stage.tabIndex = 0;
    stage.setAttribute("role", "application");
    stage.setAttribute("aria-roledescription", "candle chart");
    stage.setAttribute(
      "aria-label",
      `${this.#symbol} candles. Arrow keys move, with Shift one candle at a ` +
        "time; plus and minus zoom; End goes live; Enter reads a summary.",
    );
    this.#root = make("div", "tc-chart");
    stage.append(this.#canvas, this.#overlay, this.#legend.element, this.#tip);
    this.#root.append(stage, this.#goLive, this.#spoken);
    host.classList.add("tc-host");
    host.append(this.#root);

    this.#applyTheme(this.#scene.frame.theme);
    this.#measure(host.clientWidth, host.clientHeight);
    const scene = this.#scene;
    this.#chart = createChart(this.#canvas, {
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
    this.#observer.observe(this.#root);
    this.#listen(stage);
    this.#watchPixelRatio();
    this.#invalidate();
  }

  // Data.

  setHistory(candles: readonly ChartCandle[]): void {
    this.#scene.setHistory(candles);
    this.#askedBefore = NaN;
    this.#invalidate();
  }

  addHistory(candles: readonly ChartCandle[]): void {
    const { store } = this.#scene;
    const before = store.length;
    this.#scene.addHistory(candles);
    const after = store.length;
    if (this.#crosshair) this.#shiftCrosshair(after - before);
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

  setInterval(intervalMs: number): void {
    this.#scene.setInterval(intervalMs);
    this.#clearCrosshair();
    this.#invalidate();
  }

  // View.

  get view(): ViewState {
    return this.#scene.viewState;
  }

  setView(view: ChartView): void {
    this.#glide = null;
    this.#scene.setView(view);
    this.#invalidate();
  }

  goLive(): void {
    const away = this.#scene.slotsToLive;
    // A long way is not worth watching.
    if (this.#calm.matches || Math.abs(away) > 4 * this.#scene.slots) {
      this.#scene.moveBySlots(away);
    } else {
      this.#glide = { from: away, start: performance.now() };
    }
    this.#invalidate();
  }

  setTheme(theme: Theme): void {
    this.#scene.setTheme(theme);
    this.#applyTheme(theme);
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
    ctx.drawImage(this.#canvas, 0, 0);
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
    this.#root.remove();
    this.#host.classList.remove("tc-host", "tc-ready");
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
    if (this.#glide) this.#stepGlide(now);
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
      this.#root.style.setProperty("--tc-axis", `${this.#scene.axisPx}px`);
      this.#chart.update("none");
    } else this.#chart.draw();
    if (this.#scene.store.length > 0) this.#host.classList.add("tc-ready");
    this.#dirty = false;
    this.#resized = false;
    // The candles may have moved under a pointer at rest.
    if (this.#pointer) this.#pointAt(this.#pointer.x, this.#pointer.y);
    const away = !this.#scene.live && this.#scene.store.length > 0;
    if (this.#goLive.hidden === away) this.#goLive.hidden = !away;
  }

  #resizeCanvases(): void {
    const { frame } = this.#scene;
    const { dpr } = frame;
    this.#chart.options.devicePixelRatio = dpr;
    this.#chart.resize(frame.width / dpr, frame.height / dpr);
    this.#overlay.width = frame.width;
    this.#overlay.height = frame.height;
    for (const { style } of [this.#canvas, this.#overlay]) {
      style.width = `${frame.width / dpr}px`;
      style.height = `${frame.height / dpr}px`;
    }
  }

  #drawOverlay(): void {
    const ctx = this.#overlay.getContext("2d")!;
    if (this.#overlayPainted) {
      ctx.clearRect(0, 0, this.#overlay.width, this.#overlay.height);
    }
    // An empty canvas on top would still cost the browser a blend of every pixel.
    if (this.#overlayPainted !== (this.#crosshair !== null)) {
      this.#overlayPainted = this.#crosshair !== null;
      this.#overlay.hidden = !this.#overlayPainted;
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
      return this.#scene.priceLabel(priceAt(frame, y));
    }
    if (frame.volumeTop >= frame.plotBottom || y < frame.volumeTop) return "";
    const share = (frame.plotBottom - y) / (frame.plotBottom - frame.volumeTop);
    return shortNumber(Math.max(0, share) * frame.volumeMax);
  }

  #showLegend(): void {
    const { store } = this.#scene;
    this.#legend.show(this.#crosshair?.slot ?? store.length - 1);
  }

  #stepGlide(now: number): void {
    const { from, start } = this.#glide!;
    const share = Math.min(1, Math.max(0, (now - start) / GLIDE_MS));
    const left = from * (1 - share) ** 3;
    this.#scene.moveBySlots(this.#scene.slotsToLive - left);
    this.#dirty = true;
    if (share < 1) this.#request();
    else this.#glide = null;
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
    const view = this.#scene.viewState;
    const told = JSON.stringify(view);
    if (told !== this.#toldView && this.#scene.store.length > 0) {
      this.#toldView = told;
      this.#options.onViewChange?.(view);
    }
    const before = this.#scene.needsHistoryBefore;
    if (before !== null && before !== this.#askedBefore) {
      this.#askedBefore = before;
      this.#options.onNeedHistory?.(before);
    }
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
      this.#measure(this.#root.clientWidth, this.#root.clientHeight);
      this.#invalidate();
      this.#watchPixelRatio();
    }, { once: true, signal: this.#listeners.signal });
  }

  #applyTheme(theme: Theme): void {
    const { style } = this.#root;
    style.setProperty("--tc-background", theme.background);
    style.setProperty("--tc-text", theme.text);
    style.setProperty("--tc-strong", theme.textStrong);
    style.setProperty("--tc-up", theme.up);
    style.setProperty("--tc-down", theme.down);
    style.setProperty("--tc-forecast", theme.forecast);
    style.setProperty("--tc-pill", theme.pill);
    style.setProperty("--tc-pill-text", theme.pillText);
    style.setProperty("--tc-line", theme.sessionLine);
    style.setProperty("color-scheme", theme.dark ? "dark" : "light");
    this.#scene.frame.fontFamily = getComputedStyle(this.#root).fontFamily ||
      "sans-serif";
  }

  // Input.

  #listen(stage: HTMLElement): void {
    const { signal } = this.#listeners;
    listenGestures(stage, {
      pan: (dxPx) => {
        this.#glide = null;
        this.#scene.panBy(dxPx);
        this.#invalidate();
      },
      zoom: (factor, xPx, by) => {
        this.#glide = null;
        // A wheel must not turn a live view away from what is to come.
        const stays = by === "wheel" && this.#scene.live;
        this.#scene.zoomBy(factor, stays ? undefined : xPx);
        this.#invalidate();
      },
      hover: (x, y) => {
        this.#pointAt(x, y);
        this.#request();
      },
      leave: () => this.#clearCrosshair(),
      tap: (x, y, touch) => this.#tap(x, y, touch),
    }, signal);
    stage.addEventListener("keydown", (event) => this.#onKey(event), {
      signal,
    });
    stage.addEventListener("blur", () => {
      if (this.#pointer === null) this.#clearCrosshair();
    }, { signal });
    this.#goLive.addEventListener("click", () => {
      this.goLive();
      stage.focus({ preventScroll: true });
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
    this.#showTip(x, y, 4);
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
    const { dpr } = this.#scene.frame;
    this.#showTip(xPx * dpr, yPx * dpr, 14);
  }

  #clearCrosshair(): void {
    this.#pointer = null;
    this.#crosshair = null;
    this.#tip.hidden = true;
    this.#tellCrosshair();
    this.#request();
  }

  #shiftCrosshair(slots: number): void {
    const at = this.#crosshair!;
    this.#crosshair = { slot: at.slot + slots, y: at.y };
  }

  #showTip(x: number, y: number, marginPx: number): void {
    const { frame } = this.#scene;
    const placed = markAt(frame, x, y, marginPx);
    if (!placed) {
      this.#tip.hidden = true;
      return;
    }
    const { mark } = placed;
    const title = `${mark.side} ${
      this.#scene.priceLabel(mark.price)
    }\n${mark.title}`;
    if (this.#tip.textContent !== title) this.#tip.textContent = title;
    this.#tip.classList.toggle("tc-buy", mark.side === "BUY");
    this.#tip.hidden = false;
    const tip = markTip(frame, placed);
    const { dpr } = frame;
    const width = this.#tip.offsetWidth;
    const left = Math.min(
      Math.max(6, tip.x / dpr - width / 2),
      Math.max(6, frame.plotRight / dpr - width - 6),
    );
    const top = mark.side === "BUY"
      ? tip.y / dpr + 16
      : tip.y / dpr - 16 - this.#tip.offsetHeight;
    this.#tip.style.transform = `translate(${Math.round(left)}px, ${
      Math.round(Math.max(4, top))
    }px)`;
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
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!this.#doKey(event.key, event.shiftKey)) return;
    event.preventDefault();
    this.#glide = event.key === "End" ? this.#glide : null;
    this.#invalidate();
  }

  /** @returns Whether the key means something here. */
  #doKey(key: string, shift: boolean): boolean {
    const scene = this.#scene;
    const step = Math.max(1, Math.round(scene.slots / 15));
    switch (key) {
      case "ArrowLeft":
        if (shift) this.#stepCrosshair(-1);
        else scene.moveBySlots(-step);
        return true;
      case "ArrowRight":
        if (shift) this.#stepCrosshair(1);
        else scene.moveBySlots(step);
        return true;
      case "PageUp":
        scene.moveBySlots(-scene.slots * 0.9);
        return true;
      case "PageDown":
        scene.moveBySlots(scene.slots * 0.9);
        return true;
      case "Home":
        scene.goToStart();
        return true;
      case "End":
        this.goLive();
        return true;
      case "+":
      case "=":
      case "ArrowUp":
        scene.zoomBy(KEY_ZOOM);
        return true;
      case "-":
      case "_":
      case "ArrowDown":
        scene.zoomBy(1 / KEY_ZOOM);
        return true;
      case "Enter":
        this.#speak();
        return true;
      case "Escape":
        this.#clearCrosshair();
        return true;
      default:
        return false;
    }
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
    if (x < 0) this.#scene.moveBySlots(x / frame.slotWidth - 2);
    else if (x > frame.plotRight) {
      this.#scene.moveBySlots((x - frame.plotRight) / frame.slotWidth + 2);
    }
    this.#tellCrosshair();
  }

  #speak(): void {
    const { store } = this.#scene;
    const slot = this.#crosshair?.slot ?? store.length - 1;
    const text = describeSlot(this.#scene, slot, this.#symbol);
    // The same text twice would not be read again.
    this.#spoken.textContent = this.#spoken.textContent === text
      ? `${text}.`
      : text;
  }
}
