import { CandleStore } from "./candle_store.ts";
import { emptyFrame, type Frame } from "./frame.ts";
import { FramePlan, type SceneSize, type Shown } from "./frame_plan.ts";
import { firstSlots, firstViewOf } from "./geometry.ts";
import { HeldView } from "./held_view.ts";
import { LocalTime, TimeWords } from "./local_time.ts";
import { NewestAside } from "./newest_aside.ts";
import { placeMarks } from "./place_marks.ts";
import { PriceAxis } from "./price_axis.ts";
import { DEFAULT_FUTURE_SLOTS, type SlotBounds } from "./slot_view.ts";
import { DARK, type Theme } from "./theme.ts";
import type {
  CandleChartOptions,
  ChartCandle,
  ChartLevel,
  ChartLine,
  ChartMark,
  ChartOutage,
  ChartSession,
  FutureForecast,
  PastForecast,
  PriceScaleKind,
} from "./types.ts";

const FUTURE_TIMES_MAX = 500;
/** Candles held at most, where the page can load both ways: 100 bytes each. */
const HELD_MAX = 50_000;
/** Candles let go at once, so that it seldom happens. */
const LET_GO = 10_000;

/**
 * What is shown, without a screen: candles, forecasts, marks and the view in,
 * a frame ready to paint out. Knows no DOM, so a test can hold it to its word.
 */
export class Scene implements Shown {
  readonly store: CandleStore;
  readonly frame: Frame;
  readonly words: TimeWords;
  readonly view: HeldView;
  readonly prices: PriceAxis;
  intervalMs: number;
  readonly #options: CandleChartOptions;
  readonly #format: Intl.NumberFormat;
  #local: LocalTime;
  readonly #plan: FramePlan;
  #forecasts: readonly FutureForecast[] = [];
  #futureTimes: number[] = [];
  #marks: readonly ChartMark[] = [];
  /** In sight or not, as all that follows. */
  levels: readonly ChartLevel[] = [];
  lines: readonly ChartLine[] = [];
  outages: readonly ChartOutage[] = [];
  sessions: readonly ChartSession[] = [];
  /** Set while the store ends before the newest candle. */
  #aside: NewestAside | null = null;

  constructor(options: CandleChartOptions) {
    this.#options = options;
    this.intervalMs = options.intervalMs;
    this.#local = new LocalTime(options.timeZone ?? "UTC");
    const locale = options.locale ?? "en-GB";
    this.words = new TimeWords(locale);
    const decimals = options.priceDecimals ?? 2;
    this.#format = new Intl.NumberFormat(locale, {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
    this.prices = new PriceAxis({
      tickSize: options.tickSize ?? 10 ** -decimals,
      format: (price) => this.#format.format(price),
    });
    this.prices.kind = options.priceScale ?? "linear";
    this.store = new CandleStore((t) => this.#local.wallOf(t));
    this.frame = emptyFrame(this.store, options.theme ?? DARK);
    this.view = new HeldView(this, options.view);
    this.#plan = new FramePlan(this);
  }

  // What comes in.

  /** @param newest Of all, if it is not among them. */
  setHistory(candles: readonly ChartCandle[], newest?: ChartCandle): void {
    const aside = this.#aside;
    const last = candles.at(-1)?.t ?? Infinity;
    const isPart = newest !== undefined && newest.t > last;
    this.#aside = isPart ? new NewestAside(newest) : null;
    this.view.keepingPlace(() => {
      this.store.replaceAll(candles);
      if (isPart) return;
      for (const newer of aside?.candles ?? []) {
        if (newer.t >= last) this.store.upsert(newer);
      }
    });
    this.#afterData();
    this.#plan.forgetAxis();
    this.prices.reset();
  }

  /**
   * Adds candles at either end, or over those held. Newer ones that do not
   * begin with one that is held wait aside, as a hole is before them.
   */
  addHistory(candles: readonly ChartCandle[]): void {
    if (this.#aside !== null && candles[0]?.t > this.#lastT) {
      for (const candle of candles) this.#aside.add(candle);
      return;
    }
    const first = this.store.length > 0 ? this.store.t[0] : NaN;
    this.view.keepingPlace(() => {
      this.store.merge(candles);
      const aside = this.#aside;
      if (aside !== null && this.#lastT >= aside.joinsAt) {
        this.store.merge(aside.candles);
        this.#aside = null;
      }
    });
    const older = this.store.length > 0 && this.store.t[0] < first;
    this.#letGo(older ? "newest" : "oldest");
    this.#afterData();
  }

  upsert(candle: ChartCandle): void {
    if (this.#aside !== null && candle.t > this.#lastT) {
      this.#aside.add(candle);
      return;
    }
    const live = this.view.live;
    const placed = this.store.upsert(candle);
    if (placed.kind === "updated") {
      if (placed.index < this.store.length - 1) this.#plan.repaintAll();
      return;
    }
    // A candle to the left of the edge moves every slot; the picture must not.
    const follows = placed.kind === "appended"
      ? live
      : placed.index < this.view.right;
    if (follows) this.view.shift(1);
    if (live) this.#letGo("oldest");
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
    this.#plan.repaintAll();
  }

  setMarks(marks: readonly ChartMark[]): void {
    this.#marks = [...marks].sort((a, b) => a.t - b.t);
    this.frame.marks = placeMarks(this.store, this.#marks);
    this.#plan.repaintAll();
  }

  setLevels(levels: readonly ChartLevel[]): void {
    this.levels = levels.filter(({ price }) => Number.isFinite(price));
    this.#plan.repaintAll();
  }

  setLines(lines: readonly ChartLine[]): void {
    this.lines = lines.map((line) => ({
      ...line,
      points: [...line.points].sort((a, b) => a.t - b.t),
    }));
    this.#plan.placeAgain();
  }

  setOutages(outages: readonly ChartOutage[]): void {
    this.outages = outages;
    this.#plan.placeAgain();
  }

  setSessions(sessions: readonly ChartSession[]): void {
    this.sessions = sessions;
    this.#plan.placeAgain();
  }

  setInterval(intervalMs: number): void {
    this.intervalMs = intervalMs;
    this.#aside = null;
    if (!this.view.waits) this.view.wantLive();
    this.store.replaceAll([]);
    this.store.setForecasts([]);
    this.#forecasts = [];
    this.#marks = [];
    this.prices.reset();
    this.#plan.forgetAxis();
    this.#afterData();
  }

  setTheme(theme: Theme): void {
    this.frame.theme = theme;
    this.#plan.repaintAll();
  }

  setTimeZone(timeZone: string): void {
    this.#local = new LocalTime(timeZone);
    this.store.relocate((t) => this.#local.wallOf(t));
    this.#plan.placeAgain();
  }

  get timeZone(): string {
    return this.#local.timeZone;
  }

  setPriceScale(kind: PriceScaleKind): void {
    this.prices.kind = kind;
    this.#plan.forgetAxis();
  }

  setSize(size: SceneSize): void {
    this.#plan.size = size;
    this.view.touch();
  }

  // The view.

  /** Whether the newest candles were let go, and must be loaded to go live. */
  get aside(): boolean {
    return this.#aside !== null;
  }

  /** Zooms around `xPx`; with none, stays live when it is, else keeps the right edge. */
  zoomBy(factor: number, xPx?: number): void {
    this.view.zoomBy(factor, xPx, this.frame.future.length + 1);
  }

  /** Older candles are wanted once fewer than half a view of them are left. */
  get needsHistoryBefore(): number | null {
    if (this.store.length === 0 || this.view.waits) return null;
    const left = this.view.right - this.view.slots;
    return left < this.view.slots / 2 ? this.store.t[0] : null;
  }

  /** Newer candles are wanted likewise, while the newest are not held. */
  get needsHistoryAfter(): number | null {
    if (this.#aside === null || this.view.waits) return null;
    const right = this.store.length - this.view.right;
    return right < this.view.slots / 2 ? this.#lastT : null;
  }

  // What the view is held against.

  get bounds(): SlotBounds {
    return {
      widthPx: Math.max(1, this.#plan.size.width - this.#plan.axisPx),
      count: this.store.length,
      future: this.#aside !== null ? 0 : Math.max(
        this.#options.futureSlots ?? DEFAULT_FUTURE_SLOTS,
        this.frame.future.length + 1,
      ),
    };
  }

  get reachesNewest(): boolean {
    return this.#aside === null;
  }

  get firstSlots(): number {
    const { count, future } = this.bounds;
    const { firstCandles } = this.#options;
    return firstCandles !== undefined && firstCandles > 0
      ? firstCandles + future
      : firstSlots(firstViewOf(this.#plan.size.width), count + future);
  }

  /** The axis' width is known only after the first fit of the prices. */
  get settled(): boolean {
    return this.#plan.axisPx > 0;
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

  closeTimeOf(t: number): number {
    return this.#options.closeTimeOf?.(t) ?? t + this.intervalMs;
  }

  nextTimeOf(t: number): number {
    return this.#options.nextTimeOf?.(t) ?? this.closeTimeOf(t);
  }

  get newest(): ChartCandle | null {
    return this.#aside?.newest ?? this.store.candleAt(this.store.length - 1);
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
    return this.#format.format(price);
  }

  get axisPx(): number {
    return this.#plan.axisPx;
  }

  /**
   * Works the frame out anew.
   *
   * @returns Whether the layout changed, so that Chart.js must place its axes again.
   */
  prepare(nowMs: number): boolean {
    return this.#plan.prepare(nowMs);
  }

  /** What is on the screen was lost. */
  repaintAll(): void {
    this.#plan.repaintAll();
  }

  get #lastT(): number {
    const { store } = this;
    return store.length > 0 ? store.t[store.length - 1] : NaN;
  }

  /** Keeps what is held in bounds, where the page can load it again. */
  #letGo(end: "oldest" | "newest"): void {
    const { store, view } = this;
    const { onNeedHistory, onNeedNewer, onNeedLatest } = this.#options;
    if (store.length <= HELD_MAX + LET_GO || !onNeedHistory) return;
    const far = 2 * view.slots;
    if (end === "oldest") {
      if (view.right - view.slots - far < LET_GO) return;
      store.dropOldest(LET_GO);
      view.shift(-LET_GO);
    } else {
      if (!onNeedNewer || !onNeedLatest) return;
      if (view.right + far > store.length - LET_GO) return;
      this.#aside ??= new NewestAside(store.candleAt(store.length - 1)!);
      store.dropNewest(LET_GO);
    }
    view.touch();
  }

  #afterData(): void {
    const { store, frame } = this;
    const lastT = this.#lastT;
    for (const forecast of this.#forecasts) {
      if (!(forecast.t < lastT)) break;
      const index = store.indexOf(forecast.t);
      if (index >= 0 && Number.isNaN(store.fc[index])) {
        store.upsertForecast(forecast);
      }
    }
    const ends = this.#aside === null && store.length > 0;
    frame.future = ends
      ? this.#forecasts.filter((forecast) => forecast.t > lastT)
      : [];
    const forming = this.#forecasts.find((forecast) => forecast.t === lastT);
    const known = store.length > 0 && !Number.isNaN(store.fc[store.length - 1]);
    frame.forming = ends && forming && !known ? forming : null;
    frame.marks = placeMarks(store, this.#marks);
    this.#futureTimes = frame.future.map((forecast) => forecast.t);
    this.#plan.placeAgain();
  }

  #futureTime(index: number): number {
    const times = this.#futureTimes;
    if (index >= FUTURE_TIMES_MAX) return NaN;
    while (times.length <= index) {
      times.push(this.nextTimeOf(times.at(-1) ?? this.#lastT));
    }
    return times[index];
  }
}
