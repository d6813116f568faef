import { placeLevels } from "./axis_pills.ts";
import type { CandleStore } from "./candle_store.ts";
import type { Frame, LastPrice } from "./frame.ts";
import { axisPxFor, firstViewOf, geometryOf } from "./geometry.ts";
import type { HeldView } from "./held_view.ts";
import { countdown, type TimeWords } from "./local_time.ts";
import { placeLine } from "./place_lines.ts";
import {
  placeDays,
  placeOutages,
  placeSessions,
  quietSeams,
} from "./place_spans.ts";
import type { PriceAxis } from "./price_axis.ts";
import { shortNumber } from "./price_ticks.ts";
import { keptPxOf, paintFirstOf, sameRows } from "./repaint.ts";
import { SeenRange } from "./seen_range.ts";
import { chooseTimes } from "./time_axis.ts";
import type {
  ChartCandle,
  ChartLevel,
  ChartLine,
  ChartOutage,
  ChartSession,
} from "./types.ts";

/** Size of the drawing: CSS pixels, and device pixels for each of them. */
export interface SceneSize {
  readonly width: number;
  readonly height: number;
  readonly dpr: number;
}

/** What there is to show; asked anew for each frame, as it changes. */
export interface Shown {
  readonly store: CandleStore;
  readonly frame: Frame;
  readonly view: HeldView;
  readonly prices: PriceAxis;
  readonly words: TimeWords;
  readonly intervalMs: number;
  readonly levels: readonly ChartLevel[];
  readonly lines: readonly ChartLine[];
  readonly outages: readonly ChartOutage[];
  readonly sessions: readonly ChartSession[];
  /** The newest candle known, held in the store or not. */
  readonly newest: ChartCandle | null;
  wallOf(slot: number): number;
  nextTimeOf(t: number): number;
  closeTimeOf(t: number): number;
}

const NO_LEVELS = [] as const;

/**
 * Works out the frame from what is shown: where everything is, and how much of
 * it must be painted anew.
 */
export class FramePlan {
  readonly #shown: Shown;
  readonly #seen = new SeenRange();
  #size: SceneSize = { width: 0, height: 0, dpr: 1 };
  #axisPx = 0;
  #timesStale = true;
  #relaid = true;
  #allStale = true;

  constructor(shown: Shown) {
    this.#shown = shown;
  }

  get size(): SceneSize {
    return this.#size;
  }

  set size(size: SceneSize) {
    this.#size = size;
  }

  /** Width of the price axis; 0 until the first fit of the prices. */
  get axisPx(): number {
    return this.#axisPx;
  }

  /** Other prices, whose labels may be shorter. */
  forgetAxis(): void {
    this.#axisPx = 0;
    this.repaintAll();
  }

  /** Other times, or other things that lie at times. */
  placeAgain(): void {
    this.#timesStale = true;
    this.repaintAll();
  }

  /** More changed than the newest candle and the clock. */
  repaintAll(): void {
    this.#allStale = true;
  }

  /**
   * Works the frame out anew.
   *
   * @returns Whether the layout changed, so that Chart.js must place its axes again.
   */
  prepare(nowMs: number): boolean {
    const { frame, view, levels, newest, prices } = this.#shown;
    const { priceTicks, volumeMax, levels: pills } = frame;
    view.settle();
    this.#layOut();
    this.#placeSlots();
    const moved = view.takeMoved();
    // A line to compare with begins at the first candle in sight.
    this.#allStale ||= moved || this.#timesStale ||
      frame.first >= frame.store.length - 1;
    if (this.#allStale) {
      this.#placeLines();
      this.#seen.forget();
    }
    this.#fitPrices(moved);
    const axisPx = this.#neededAxisPx();
    const changed = axisPx !== this.#axisPx;
    if (changed) {
      this.#axisPx = axisPx;
      view.settle();
      this.#layOut();
      this.#placeSlots();
      view.takeMoved();
      this.#placeLines();
      this.#seen.forget();
      this.#fitPrices(true);
    }
    if (moved || this.#timesStale || changed) this.#chooseTimes();
    this.#timesStale = false;
    frame.lastPrice = newest ? this.#lastPrice(newest, nowMs) : null;
    frame.levels = levels.length === 0
      ? NO_LEVELS
      : placeLevels(frame, levels, (price) => prices.label(price));
    const all = this.#allStale || changed || frame.priceTicks !== priceTicks ||
      frame.volumeMax !== volumeMax || !sameRows(frame.levels, pills);
    frame.keptPx = all ? 0 : keptPxOf(frame);
    frame.paintFirst = paintFirstOf(frame);
    this.#allStale = false;
    return changed;
  }

  #layOut(): void {
    const { width, height, dpr } = this.#size;
    const { frame, store, lines } = this.#shown;
    const geometry = geometryOf({ width, height }, {
      axisPx: this.#axisPx,
      hasVolume: store.hasVolume,
      hasLines: lines.length > 0,
    });
    const px = (css: number) => Math.round(css * dpr);
    const top = px(geometry.priceTop);
    const bottom = px(geometry.priceBottom);
    this.#relaid ||= top !== frame.priceTop || bottom !== frame.priceBottom ||
      dpr !== frame.dpr;
    frame.dpr = dpr;
    frame.hair = Math.max(1, Math.floor(dpr));
    frame.width = px(width);
    frame.height = px(height);
    frame.plotRight = px(geometry.plotRight);
    frame.plotBottom = px(geometry.plotBottom);
    frame.priceTop = top;
    frame.priceBottom = bottom;
    frame.volumeTop = px(geometry.volumeTop);
    frame.fontPx = geometry.fontPx;
  }

  #placeSlots(): void {
    const { frame, view } = this.#shown;
    frame.slotWidth = view.slotPx * frame.dpr;
    frame.origin = frame.plotRight - (view.right - 0.5) * frame.slotWidth;
    // What a division leaves over is not a candle in sight.
    frame.first = Math.floor(view.right - view.slots + 1e-6);
    frame.last = Math.ceil(view.right - 1e-6) - 1;
  }

  #placeLines(): void {
    const { frame, store, lines } = this.#shown;
    frame.lines = lines.map((line) =>
      placeLine(line, store, frame.first, frame.last)
    );
  }

  #fitPrices(moved: boolean): void {
    const { frame, store, prices: axis } = this.#shown;
    const { prices, volumeMax } = this.#seen.of(frame, moved);
    if (volumeMax !== frame.volumeMax) {
      frame.volumeMax = volumeMax;
      frame.volumeLabel = volumeMax > 0 ? shortNumber(volumeMax) : "";
    }
    const first = Math.min(Math.max(0, frame.first), store.length - 1);
    axis.fit(frame, prices, {
      hug: moved,
      relaid: this.#relaid,
      base: store.length > 0 ? store.c[first] : NaN,
    });
    this.#relaid = false;
  }

  #neededAxisPx(): number {
    const { frame, store, prices } = this.#shown;
    if (store.length === 0) return this.#axisPx || axisPxFor("10,000.00");
    return Math.max(
      this.#axisPx,
      prices.neededPx(frame, store.c[store.length - 1]),
    );
  }

  #chooseTimes(): void {
    const shown = this.#shown;
    const { frame, store, intervalMs } = shown;
    const { first, last } = frame;
    const { times } = firstViewOf(this.#size.width);
    const wallAt = (slot: number) => shown.wallOf(slot);
    const { ticks, days } = chooseTimes({
      store,
      wallAt,
      first,
      last,
      slotPx: shown.view.slotPx,
      spacingPx: Math.max(1, this.#size.width - this.#axisPx) / times,
      intervalMs,
      words: shown.words,
    });
    frame.timeTicks = ticks;
    frame.days = days;
    frame.dayShades = placeDays(days, wallAt, frame);
    const window = { store, intervalMs, first, last };
    frame.outages = placeOutages(shown.outages, window);
    frame.sessions = placeSessions(shown.sessions, window);
    frame.quiet = quietSeams(
      window,
      (t) => shown.nextTimeOf(t),
      frame.outages,
    );
  }

  #lastPrice(newest: ChartCandle, nowMs: number): LastPrice {
    const left = this.#shown.closeTimeOf(newest.t) - nowMs;
    return {
      price: newest.c,
      rising: newest.c >= newest.o,
      label: this.#shown.prices.label(newest.c),
      countdown: !newest.closed && left > 0 ? countdown(left) : "",
    };
  }
}
