import { CandleStore } from "./candle_store.ts";
import type { Frame, LastPrice, PlacedMark } from "./frame.ts";
import {
  axisPxFor,
  firstSlots,
  firstViewOf,
  geometryOf,
  priceSpacingPx,
} from "./geometry.ts";
import { countdown, LocalTime, TimeWords } from "./local_time.ts";
import {
  neededRange,
  nextRange,
  paddedRange,
  type PriceRange,
} from "./price_range.ts";
import { priceTicks, shortNumber } from "./price_ticks.ts";
import {
  clampView,
  DEFAULT_FUTURE_SLOTS,
  isLive,
  liveRight,
  liveView,
  panBy,
  type SlotBounds,
  slotsAcross,
  type SlotView,
  zoomAt,
  zoomLive,
} from "./slot_view.ts";
import { DARK, type Theme } from "./theme.ts";
import {
  DAY,
  rankBetween,
  type TimeDensity,
  timeDensity,
  timeStep,
  timeTicks,
} from "./time_ticks.ts";
import type {
  CandleChartOptions,
  ChartCandle,
  ChartMark,
  ChartView,
  FutureForecast,
  PastForecast,
  ViewState,
} from "./types.ts";

const FUTURE_TIMES_MAX = 500;

/** Size of the drawing: CSS pixels, and device pixels for each of them. */
export interface SceneSize {
  readonly width: number;
  readonly height: number;
  readonly dpr: number;
}

/**
 * What is shown, without a screen: candles, forecasts, marks and the view in,
 * a frame ready to paint out. Knows no DOM, so a test can hold it to its word.
 */
export class Scene {
  readonly store: CandleStore;
  readonly frame: Frame;
  readonly words: TimeWords;
  intervalMs: number;
  readonly #options: CandleChartOptions;
  readonly #price: Intl.NumberFormat;
  readonly #tickSize: number;
  #local: LocalTime;
  #size: SceneSize = { width: 0, height: 0, dpr: 1 };
  #axisPx = 0;
  #view: SlotView = { slotPx: 8, right: 0 };
  /** The view to take once there are a size and candles. */
  #wanted: ChartView | "default" | null;
  #range: PriceRange | null = null;
  /** The reader moved the view: the range hugs what is seen, instead of keeping still. */
  #moved = true;
  #timesStale = true;
  #forecasts: readonly FutureForecast[] = [];
  #futureTimes: number[] = [];
  #marks: readonly ChartMark[] = [];

  constructor(options: CandleChartOptions) {
    this.#options = options;
    this.intervalMs = options.intervalMs;
    this.#local = new LocalTime(options.timeZone ?? "UTC");
    const locale = options.locale ?? "en-GB";
    this.words = new TimeWords(locale);
    const decimals = options.priceDecimals ?? 2;
    this.#tickSize = options.tickSize ?? 10 ** -decimals;
    this.#price = new Intl.NumberFormat(locale, {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
    this.#wanted = options.view ?? "default";
    this.store = new CandleStore((t) => this.#local.wallOf(t));
    this.frame = emptyFrame(this.store, options.theme ?? DARK);
  }

  // What comes in.

  setHistory(candles: readonly ChartCandle[]): void {
    this.#keepingPlace(() => this.store.replaceAll(candles));
    this.#axisPx = 0;
    this.#range = null;
  }

  addHistory(candles: readonly ChartCandle[]): void {
    this.#keepingPlace(() => this.store.merge(candles));
  }

  upsert(candle: ChartCandle): void {
    const live = this.live;
    const edge = this.#view.right;
    const placed = this.store.upsert(candle);
    if (placed.kind === "updated") return;
    // A candle to the left of the edge moves every slot; the picture must not.
    const follows = placed.kind === "appended" ? live : placed.index < edge;
    if (follows) this.#view = { ...this.#view, right: edge + 1 };
    this.#afterData();
  }

  setForecasts(
    past: readonly PastForecast[],
    future: readonly FutureForecast[],
  ): void {
    this.store.setForecasts(past);
    this.#forecasts = [...future].sort((a, b) => a.t - b.t);
    this.#afterData();
  }

  upsertForecast(past: PastForecast): void {
    this.store.upsertForecast(past);
  }

  setMarks(marks: readonly ChartMark[]): void {
    this.#marks = [...marks].sort((a, b) => a.t - b.t);
    this.frame.marks = placeMarks(this.store, this.#marks);
  }

  setInterval(intervalMs: number): void {
    this.intervalMs = intervalMs;
    if (this.#wanted === null) {
      this.#wanted = { slots: this.#slots, toT: null };
    }
    this.store.replaceAll([]);
    this.store.setForecasts([]);
    this.#forecasts = [];
    this.#marks = [];
    this.#range = null;
    this.#axisPx = 0;
    this.#afterData();
  }

  setTheme(theme: Theme): void {
    this.frame.theme = theme;
  }

  setTimeZone(timeZone: string): void {
    this.#local = new LocalTime(timeZone);
    this.store.relocate((t) => this.#local.wallOf(t));
    this.#timesStale = true;
  }

  setSize(size: SceneSize): void {
    this.#size = size;
    this.#moved = true;
    this.#timesStale = true;
  }

  // The view.

  get live(): boolean {
    return this.#wanted !== null
      ? this.#wanted === "default" || this.#wanted.toT === null
      : isLive(this.#view, this.#bounds);
  }

  get viewState(): ViewState {
    const { store } = this;
    const right = Math.ceil(this.#view.right) - 1;
    const left = Math.floor(this.#view.right - this.#slots);
    const from = Math.max(0, left);
    const to = Math.min(store.length - 1, right);
    const some = store.length > 0 && to >= from;
    const lastT = some ? store.t[to] : null;
    return {
      slots: Math.round(this.#slots * 100) / 100,
      toT: this.live ? null : lastT,
      fromT: some ? store.t[from] : null,
      lastT,
      live: this.live,
    };
  }

  setView(view: ChartView): void {
    this.#wanted = view;
    this.#settleView();
  }

  /** Slots the view would have to go right to be live; 0 when it is there. */
  get slotsToLive(): number {
    return liveRight(this.#bounds) - this.#view.right;
  }

  moveBySlots(slots: number): void {
    this.#move(panBy(this.#view, -slots * this.#view.slotPx, this.#bounds));
  }

  /** The oldest candle comes to the left edge. */
  goToStart(): void {
    const right = Math.min(this.#slots, liveRight(this.#bounds));
    this.#move(clampView({ ...this.#view, right }, this.#bounds));
  }

  panBy(dxPx: number): void {
    this.#move(panBy(this.#view, dxPx, this.#bounds));
  }

  /** Zooms around `xPx`; with none, stays live when it is, else keeps the right edge. */
  zoomBy(factor: number, xPx?: number): void {
    const bounds = this.#bounds;
    if (xPx === undefined && this.live) {
      const ahead = this.frame.future.length + 1;
      this.#move(zoomLive(this.#view, factor, ahead, bounds));
    } else {
      const anchor = xPx ?? bounds.widthPx;
      this.#move(zoomAt(this.#view, factor, anchor, bounds));
    }
  }

  get slots(): number {
    return this.#slots;
  }

  /** Older candles are wanted once fewer than half a view of them are left. */
  get needsHistoryBefore(): number | null {
    if (this.store.length === 0 || this.#wanted !== null) return null;
    const left = this.#view.right - this.#slots;
    return left < this.#slots / 2 ? this.store.t[0] : null;
  }

  // What goes out.

  /** Time of a slot, extrapolated into the future; NaN left of the history. */
  timeOf(slot: number): number {
    const { store } = this;
    if (slot < 0 || store.length === 0) return NaN;
    if (slot < store.length) return store.t[slot];
    return this.#futureTime(slot - store.length);
  }

  wallOf(slot: number): number {
    if (slot >= 0 && slot < this.store.length) return this.store.wall[slot];
    const t = this.timeOf(slot);
    return Number.isNaN(t) ? NaN : this.#local.wallOf(t);
  }

  /** The forecast shown for a slot, of the past or of the future. */
  forecastAt(slot: number): PastForecast | null {
    const { store, frame } = this;
    const future = slot - store.length;
    if (future >= 0) return frame.future[future] ?? null;
    const past = store.forecastAt(slot);
    return past ?? (future === -1 ? frame.forming : null);
  }

  priceLabel(price: number): string {
    return this.#price.format(price);
  }

  get axisPx(): number {
    return this.#axisPx;
  }

  /**
   * Works the frame out anew.
   *
   * @returns Whether the layout changed, so that Chart.js must place its axes again.
   */
  prepare(nowMs: number): boolean {
    const { frame, store } = this;
    this.#settleView();
    this.#layOut();
    this.#placeSlots();
    this.#fitPrices();
    const axisPx = this.#neededAxisPx();
    const changed = axisPx !== this.#axisPx;
    if (changed) {
      this.#axisPx = axisPx;
      this.#settleView();
      this.#layOut();
      this.#placeSlots();
    }
    if (this.#timesStale || changed) this.#chooseTimes();
    frame.lastPrice = store.length > 0 ? this.#lastPrice(nowMs) : null;
    this.#moved = false;
    this.#timesStale = false;
    return changed;
  }

  get #bounds(): SlotBounds {
    return {
      widthPx: Math.max(1, this.#size.width - this.#axisPx),
      count: this.store.length,
      future: Math.max(
        this.#options.futureSlots ?? DEFAULT_FUTURE_SLOTS,
        this.frame.future.length + 1,
      ),
    };
  }

  get #firstSlots(): number {
    const { count, future } = this.#bounds;
    return firstSlots(firstViewOf(this.#size.width), count + future);
  }

  get #slots(): number {
    return slotsAcross(this.#view, this.#bounds.widthPx);
  }

  #move(view: SlotView): void {
    this.#view = view;
    this.#moved = true;
    this.#timesStale = true;
  }

  /** Changes the candles while the one at the right edge stays where it is. */
  #keepingPlace(change: () => void): void {
    const { store } = this;
    const live = this.live;
    const before = store.length;
    const anchor = Math.min(before, Math.ceil(this.#view.right)) - 1;
    const anchorT = before > 0 && anchor >= 0 ? store.t[anchor] : NaN;
    change();
    const after = Number.isNaN(anchorT) ? -1 : store.indexAtOrBefore(anchorT);
    let right = this.#view.right;
    if (live) right += store.length - before;
    else if (after >= 0) right += after - anchor;
    this.#move({ ...this.#view, right });
    if (this.#wanted === null && (before === 0 || (!live && after < 0))) {
      this.#wanted = { slots: this.#slots, toT: null };
    }
    this.#afterData();
  }

  /** Takes the wanted view as soon as it can be placed. */
  #settleView(): void {
    const bounds = this.#bounds;
    if (this.#size.width <= 0 || bounds.count === 0) return;
    const wanted = this.#wanted;
    if (wanted === "default") {
      this.#move(liveView(this.#firstSlots, bounds));
    } else if (wanted !== null) {
      const index = wanted.toT === null
        ? -1
        : this.store.indexAtOrBefore(wanted.toT);
      const slots = wanted.slots > 0 ? wanted.slots : this.#firstSlots;
      this.#move(clampView({
        slotPx: bounds.widthPx / slots,
        right: index < 0 ? liveRight(bounds) : index + 1,
      }, bounds));
    } else {
      const held = clampView(this.#view, bounds);
      if (
        held.right !== this.#view.right || held.slotPx !== this.#view.slotPx
      ) this.#move(held);
    }
    // The axis' width is known only after the first fit of the prices.
    if (this.#axisPx > 0) this.#wanted = null;
  }

  #afterData(): void {
    const { store, frame } = this;
    const lastT = store.length > 0 ? store.t[store.length - 1] : NaN;
    for (const forecast of this.#forecasts) {
      if (!(forecast.t < lastT)) break;
      const index = store.indexOf(forecast.t);
      if (index >= 0 && Number.isNaN(store.fc[index])) {
        store.upsertForecast(forecast);
      }
    }
    frame.future = store.length > 0
      ? this.#forecasts.filter((forecast) => forecast.t > lastT)
      : [];
    const forming = this.#forecasts.find((forecast) => forecast.t === lastT);
    const known = store.length > 0 && !Number.isNaN(store.fc[store.length - 1]);
    frame.forming = forming && !known ? forming : null;
    frame.marks = placeMarks(store, this.#marks);
    this.#futureTimes = frame.future.map((forecast) => forecast.t);
    this.#timesStale = true;
  }

  #futureTime(index: number): number {
    const times = this.#futureTimes;
    if (index >= FUTURE_TIMES_MAX) return NaN;
    const next = this.#options.nextTimeOf ?? this.#options.closeTimeOf ??
      ((t: number) => t + this.intervalMs);
    while (times.length <= index) {
      const before = times.length > 0
        ? times[times.length - 1]
        : this.store.t[this.store.length - 1];
      times.push(next(before));
    }
    return times[index];
  }

  #layOut(): void {
    const { width, height, dpr } = this.#size;
    const { frame } = this;
    const geometry = geometryOf({ width, height }, {
      axisPx: this.#axisPx,
      hasVolume: this.store.hasVolume,
    });
    const px = (css: number) => Math.round(css * dpr);
    frame.dpr = dpr;
    frame.hair = Math.max(1, Math.floor(dpr));
    frame.width = px(width);
    frame.height = px(height);
    frame.plotRight = px(geometry.plotRight);
    frame.plotBottom = px(geometry.plotBottom);
    frame.priceTop = px(geometry.priceTop);
    frame.priceBottom = px(geometry.priceBottom);
    frame.volumeTop = px(geometry.volumeTop);
    frame.fontPx = geometry.fontPx;
  }

  #placeSlots(): void {
    const { frame } = this;
    frame.slotWidth = this.#view.slotPx * frame.dpr;
    frame.origin = frame.plotRight -
      (this.#view.right - 0.5) * frame.slotWidth;
    // What a division leaves over is not a candle in sight.
    frame.first = Math.floor(this.#view.right - this.#slots + 1e-6);
    frame.last = Math.ceil(this.#view.right - 1e-6) - 1;
  }

  #fitPrices(): void {
    const { frame } = this;
    const needed = seenRange(frame);
    if (needed === null) {
      this.#range ??= { min: 0, max: 1 };
    } else {
      const before = this.#moved ? null : this.#range;
      const range = before === null
        ? paddedRange(needed)
        : nextRange(before, needed);
      if (range === this.#range && !this.#timesStale) return;
      this.#range = range;
    }
    frame.priceMin = this.#range!.min;
    frame.priceMax = this.#range!.max;
    frame.volumeLabel = frame.volumeMax > 0 ? shortNumber(frame.volumeMax) : "";
    const heightPx = (frame.priceBottom - frame.priceTop) / frame.dpr;
    frame.priceTicks = needed === null ? [] : priceTicks(this.#range!, {
      heightPx,
      spacingPx: priceSpacingPx(heightPx),
      tickSize: this.#tickSize,
    }).map((price) => ({ price, label: this.priceLabel(price) }));
  }

  #neededAxisPx(): number {
    const { frame, store } = this;
    if (store.length === 0) return this.#axisPx || axisPxFor("10,000.00");
    return Math.max(
      this.#axisPx,
      axisPxFor(this.priceLabel(frame.priceMax)),
      axisPxFor(this.priceLabel(store.c[store.length - 1])),
    );
  }

  #chooseTimes(): void {
    const { frame } = this;
    const { times } = firstViewOf(this.#size.width);
    const spacingPx = this.#bounds.widthPx / times;
    const step = timeStep(this.#density(spacingPx));
    const wallAt = (slot: number) => this.wallOf(slot);
    frame.timeTicks = timeTicks(
      wallAt,
      { from: frame.first, to: frame.last },
      step,
      { slotPx: this.#view.slotPx, spacingPx, words: this.words },
    );
    const sessions: number[] = [];
    if (step.kind === "clock") {
      for (let i = Math.max(1, frame.first); i <= frame.last; i++) {
        const wall = wallAt(i);
        // Beyond the times known there are no sessions either.
        if (Number.isNaN(wall)) break;
        if (rankBetween(wallAt(i - 1), wall) >= DAY) sessions.push(i);
      }
    }
    frame.sessions = sessions;
  }

  #density(spacingPx: number): TimeDensity {
    const { store, intervalMs } = this;
    const { length, dayCount: days } = store;
    const spanMs = length > 0 ? store.wall[length - 1] - store.wall[0] : 0;
    return timeDensity(
      { slotPx: this.#view.slotPx, spacingPx, intervalMs },
      { length, days, spanMs },
    );
  }

  #lastPrice(nowMs: number): LastPrice {
    const { store } = this;
    const last = store.length - 1;
    const t = store.t[last];
    const close = this.#options.closeTimeOf?.(t) ?? t + this.intervalMs;
    const left = close - nowMs;
    const counts = !store.isClosed(last) && left > 0;
    return {
      price: store.c[last],
      rising: store.c[last] >= store.o[last],
      label: this.priceLabel(store.c[last]),
      countdown: counts ? countdown(left) : "",
    };
  }
}

/** Highest and lowest of what is in sight; also notes the largest volume. */
function seenRange(frame: Frame): PriceRange | null {
  const { store } = frame;
  const from = Math.max(0, frame.first);
  const to = Math.min(store.length - 1, frame.last);
  let min = Infinity;
  let max = -Infinity;
  let bandMin = Infinity;
  let bandMax = -Infinity;
  let volume = 0;
  for (let i = from; i <= to; i++) {
    if (store.l[i] < min) min = store.l[i];
    if (store.h[i] > max) max = store.h[i];
    if (store.v[i] > volume) volume = store.v[i];
    if (store.lo95[i] < bandMin) bandMin = store.lo95[i];
    if (store.hi95[i] > bandMax) bandMax = store.hi95[i];
  }
  // A little air above the highest column.
  frame.volumeMax = volume * 1.04;
  if (frame.last >= store.length - 1) {
    for (const forecast of [...frame.future, frame.forming]) {
      if (forecast === null) continue;
      bandMin = Math.min(bandMin, forecast.lo95, forecast.c);
      bandMax = Math.max(bandMax, forecast.hi95, forecast.c);
    }
  }
  if (min > max) return null;
  return neededRange(
    { min, max },
    bandMin <= bandMax ? { min: bandMin, max: bandMax } : null,
  );
}

/** Puts each mark on the candle its time falls in; several on one side are stacked. */
function placeMarks(
  store: CandleStore,
  marks: readonly ChartMark[],
): readonly PlacedMark[] {
  const placed: PlacedMark[] = [];
  const levels = new Map<string, number>();
  for (const mark of marks) {
    const slot = store.indexAtOrBefore(mark.t);
    if (slot < 0) continue;
    const key = `${slot} ${mark.side}`;
    const level = levels.get(key) ?? 0;
    levels.set(key, level + 1);
    placed.push({ slot, mark, level });
  }
  return placed;
}

function emptyFrame(store: CandleStore, theme: Theme): Frame {
  return {
    store,
    theme,
    dpr: 1,
    hair: 1,
    width: 0,
    height: 0,
    plotRight: 0,
    plotBottom: 0,
    priceTop: 0,
    priceBottom: 0,
    volumeTop: 0,
    fontPx: 12,
    fontFamily: "sans-serif",
    first: 0,
    last: 0,
    slotWidth: 8,
    origin: 0,
    priceMin: 0,
    priceMax: 1,
    volumeMax: 0,
    future: [],
    forming: null,
    marks: [],
    priceTicks: [],
    timeTicks: [],
    sessions: [],
    volumeLabel: "",
    lastPrice: null,
  };
}
